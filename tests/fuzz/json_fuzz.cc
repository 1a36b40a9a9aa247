// SPDX-License-Identifier: Apache-2.0
// What parse_json accepts can be printed, and the print parses to the same text again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::string printed;
    try {
        printed = skiff::to_text(skiff::parse_json(text, "the input"));
    } catch (const skiff::Error&) {
        return 0;  // refused with a message: the other good outcome
    }
    if (skiff::to_text(skiff::parse_json(printed, "our own print")) != printed) std::abort();
    return 0;
}
