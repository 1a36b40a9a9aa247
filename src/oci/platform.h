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
/// Whether an image for `offered` serves `wanted`: equal, where a variant that only one of them
/// names matches (amd64 and arm64 have one variant each in practice).
bool matches(const Platform& wanted, const Platform& offered);

}  // namespace skiff::oci
