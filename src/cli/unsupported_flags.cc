// SPDX-License-Identifier: Apache-2.0
#include "cli/unsupported_flags.h"

#include <array>

namespace skiff::cli {
namespace {

constexpr auto container_flags = std::to_array<UnsupportedFlag>({
    {"annotation"},
    {"cpu-count"},
    {"cpu-percent"},
    {"disable-content-trust"},
    {"domainname"},
    {"gpus"},
    {"io-maxbandwidth"},
    {"io-maxiops"},
    {"ip"},
    {"ip6"},
    {"kernel-memory"},
    {"link"},
    {"link-local-ip"},
    {"mac-address"},
    {"net-alias"},
    {"network-alias"},
    {"storage-opt"},
    {"use-api-socket"},
});

}  // namespace

std::span<const UnsupportedFlag> unsupported_container_flags() {
    return container_flags;
}

}  // namespace skiff::cli
