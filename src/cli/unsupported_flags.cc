// SPDX-License-Identifier: Apache-2.0
#include "cli/unsupported_flags.h"

#include <array>

namespace skiff::cli {
namespace {

constexpr auto container_flags = std::to_array<UnsupportedFlag>({
    {"annotation"},
    {"cgroupns"},
    {"cpu-count"},
    {"cpu-percent"},
    {"device"},
    {"device-cgroup-rule"},
    {"disable-content-trust"},
    {"domainname"},
    {"gpus"},
    {"group-add"},
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
    {"sysctl"},
    {"use-api-socket"},
    {"userns"},
});

}  // namespace

std::span<const UnsupportedFlag> unsupported_container_flags() {
    return container_flags;
}

}  // namespace skiff::cli
