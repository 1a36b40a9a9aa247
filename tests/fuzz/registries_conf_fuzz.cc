// SPDX-License-Identifier: Apache-2.0
// Somebody's registries.conf: read or refused with a line; what was read says where everything is.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "registry/registries_conf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try {
        for (const auto& entry : skiff::registry::parse_registries_conf(text, "it")) {
            if (entry.prefix.empty()) std::abort();
            for (const auto& mirror : entry.mirrors)
                if (mirror.location.empty()) std::abort();
        }
    } catch (const skiff::Error& error) {
        if (!error.message().starts_with("it:")) std::abort();
    }
    return 0;
}
