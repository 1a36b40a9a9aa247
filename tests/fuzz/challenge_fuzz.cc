// SPDX-License-Identifier: Apache-2.0
// A server's WWW-Authenticate: whatever it is, the result is bounded and has schemes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "registry/challenge.h"
#include "registry/repository.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto challenges = skiff::registry::parse_challenges(text);
    if (challenges.size() > 16) std::abort();
    for (const auto& challenge : challenges)
        if (challenge.scheme.empty() || challenge.parameters.size() > 32) std::abort();
    // The other header that a server can write freely.
    if (const auto next = skiff::registry::next_link(text); next && next->size() > size)
        std::abort();
    return 0;
}
