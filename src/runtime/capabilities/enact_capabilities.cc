// SPDX-License-Identifier: Apache-2.0
#include "runtime/capabilities/enact_capabilities.h"

#include <cerrno>

#include <unistd.h>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

namespace skiff::runtime {

int limit_bounding_set(std::uint64_t keep) noexcept {
    for (unsigned number = 0; number < 64; ++number) {
        // Read first: dropping what is already gone needs CAP_SETPCAP too.
        const int present = prctl(PR_CAPBSET_READ, number, 0, 0, 0);
        if (present < 0) return errno == EINVAL ? 0 : errno;  // EINVAL: past the kernel's last one
        if (present == 1 && (keep >> number & 1) == 0 &&
            prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0)
            return errno;
    }
    return 0;
}

int set_capabilities(std::uint64_t wanted) noexcept {
    const auto low = static_cast<std::uint32_t>(wanted);
    const auto high = static_cast<std::uint32_t>(wanted >> 32);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct data[2] = {{low, low, 0}, {high, high, 0}};
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return errno;
    if (syscall(SYS_capset, &header, data) != 0) return errno;
    return 0;
}

}  // namespace skiff::runtime
