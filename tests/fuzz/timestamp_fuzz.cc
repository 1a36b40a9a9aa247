// SPDX-License-Identifier: Apache-2.0
// A time that was read prints as the same instant, in both forms.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/timestamp.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto time = skiff::parse_rfc3339({reinterpret_cast<const char*>(data), size});
    if (!time) return 0;
    if (skiff::parse_rfc3339(skiff::to_rfc3339(*time)) != time) std::abort();
    if (skiff::parse_rfc3339(skiff::to_rfc3339_nine_digits(*time)) != time) std::abort();
    return 0;
}
