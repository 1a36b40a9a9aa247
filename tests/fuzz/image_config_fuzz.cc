// SPDX-License-Identifier: Apache-2.0
// An image configuration that is accepted prints as one that reads the same, and holds no NUL where
// execve(2) would cut a string.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "oci/image_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace skiff::oci;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    ImageConfig image;
    try {
        image = parse_image_config(text, "the input");
    } catch (const skiff::Error&) {
        return 0;  // refused with a message: the other good outcome
    }
    for (const auto* list :
         {&image.config.environment, &image.config.command, &image.config.entrypoint})
        for (const std::string& entry : *list)
            if (entry.find('\0') != std::string::npos) std::abort();
    const std::string printed = print_image_config(image);
    if (print_image_config(parse_image_config(printed, "our own print")) != printed) std::abort();
    return 0;
}
