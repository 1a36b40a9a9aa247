// SPDX-License-Identifier: Apache-2.0
// A manifest or index that is accepted is not both, and its print says the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "oci/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace skiff::oci;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::optional<ManifestOrIndex> document;
    try {
        document = parse_manifest_or_index(text, "", "the input");
    } catch (const skiff::Error&) {
        return 0;  // refused with a message: the other good outcome
    }
    if (const Manifest* manifest = std::get_if<Manifest>(&*document)) {
        const std::string printed = print_manifest(*manifest);
        if (print_manifest(parse_manifest(printed, manifest->type, "our own print")) != printed)
            std::abort();
    } else {
        const Index& index = std::get<Index>(*document);
        find_platform(index, host_platform());
        const std::string printed = print_index(index);
        const ManifestOrIndex again = parse_manifest_or_index(printed, index.type, "our own print");
        if (print_index(std::get<Index>(again)) != printed) std::abort();
    }
    return 0;
}
