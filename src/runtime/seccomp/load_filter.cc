// SPDX-License-Identifier: Apache-2.0
#include "runtime/seccomp/load_filter.h"

#include <cerrno>

#include <unistd.h>

#include <linux/seccomp.h>
#include <sys/syscall.h>

namespace skiff::runtime {

int load_filter(std::span<const sock_filter> program) noexcept {
    if (program.size() > BPF_MAXINSNS) return EINVAL;
    const sock_fprog argument{static_cast<unsigned short>(program.size()),
                              const_cast<sock_filter*>(program.data())};
    const long result =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &argument);
    return result == 0 ? 0 : errno;
}

}  // namespace skiff::runtime
