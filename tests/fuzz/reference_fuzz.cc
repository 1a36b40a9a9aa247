// SPDX-License-Identifier: Apache-2.0
// What the parser accepts is complete, is safe as a part of a path, and reads back as itself in
// both spellings.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "oci/reference.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using skiff::oci::Reference;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        const Reference reference = Reference::parse(text);
        if (Reference::parse(reference.text()) != reference) std::abort();
        if (Reference::parse(reference.familiar_text()) != reference) std::abort();
        const std::string printed = reference.text();
        for (const char c : printed)
            if (c <= ' ' || c > '~') std::abort();
        if (("/" + printed + "/").find("/../") != std::string::npos) std::abort();
    } catch (const skiff::Error&) {
        return 0;  // refused with a message: the other good outcome
    }
    return 0;
}
