// SPDX-License-Identifier: Apache-2.0
#include "cli/unsupported_flags.h"

#include <array>

namespace skiff::cli {
namespace {

constexpr auto container_flags = std::to_array<UnsupportedFlag>({
    {"ip"},
    {"ip6"},
    {"link"},
    {"link-local-ip"},
    {"mac-address"},
    {"net-alias"},
    {"network-alias"},
    {"use-api-socket"},
});

}  // namespace

std::span<const UnsupportedFlag> unsupported_container_flags() {
    return container_flags;
}

}  // namespace skiff::cli
