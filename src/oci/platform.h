// SPDX-License-Identifier: Apache-2.0
// The machine an image is made for: operating system, architecture and variant in Go's words (GOOS,
// GOARCH).
#pragma once

#include <string>
#include <string_view>

namespace skiff::oci {

struct Platform {
    std::string os;
    std::string architecture;
    std::string variant;  ///< "v7", "v8", mostly empty

    bool operator==(const Platform&) const = default;
};

/// The machine skiff was built for.
Platform host_platform();
/// "os/arch[/variant]", or an architecture alone; x86_64 and aarch64 are understood. Throws
/// Error{invalid}.
Platform parse_platform(std::string_view text);
/// "linux/arm64/v8".
std::string to_string(const Platform& platform);
/// How well an image for `offered` serves `wanted`; 0: not at all. Of variants the same one is
/// best, then the nearest older one (an ARM v7 machine runs v6 and v5, amd64/v3 runs v2); one that
/// is not named is what everybody means: arm/v7, arm64/v8, amd64/v1.
int suitability(const Platform& wanted, const Platform& offered);

}  // namespace skiff::oci
