// SPDX-License-Identifier: Apache-2.0
// A config.json or auth.json, perhaps out of a variable that a CI system set; and the error
// documents of registries.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "registry/answer_error.h"
#include "registry/credentials.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        skiff::registry::parse_auth_document(text, "it");
    } catch (const skiff::Error&) {
        // Refused with a message: the other good outcome.
    }
    skiff::registry::HttpAnswer answer;
    answer.status = 500;
    answer.body = text;
    const std::string shown = skiff::registry::refusal(answer, "GET").message();
    for (const char c : shown)
        if (static_cast<unsigned char>(c) < ' ') std::abort();
    return 0;
}
