// SPDX-License-Identifier: Apache-2.0
#include "cli/unsupported_flags.h"

#include <array>

namespace skiff::cli {
namespace {

constexpr auto container_flags = std::to_array<UnsupportedFlag>({
    {"annotation"},
    {"blkio-weight"},
    {"blkio-weight-device"},
    {"cgroup-parent"},
    {"cgroupns"},
    {"cpu-count"},
    {"cpu-percent"},
    {"cpu-period"},
    {"cpu-quota"},
    {"cpu-rt-period"},
    {"cpu-rt-runtime"},
    {"cpu-shares", 'c'},
    {"cpus"},
    {"cpuset-cpus"},
    {"cpuset-mems"},
    {"device"},
    {"device-cgroup-rule"},
    {"device-read-bps"},
    {"device-read-iops"},
    {"device-write-bps"},
    {"device-write-iops"},
    {"disable-content-trust"},
    {"domainname"},
    {"gpus"},
    {"group-add"},
    {"io-maxbandwidth"},
    {"io-maxiops"},
    {"ip"},
    {"ip6"},
    {"isolation"},
    {"kernel-memory"},
    {"label-file"},
    {"link"},
    {"link-local-ip"},
    {"mac-address"},
    {"memory", 'm'},
    {"memory-reservation"},
    {"memory-swap"},
    {"memory-swappiness"},
    {"net-alias"},
    {"network-alias"},
    {"oom-kill-disable"},
    {"oom-score-adj"},
    {"pids-limit"},
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
