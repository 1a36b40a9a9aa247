// SPDX-License-Identifier: Apache-2.0
// Gives the calling process its seccomp filter: runs between clone and exec, by system calls alone.
#pragma once

#include <span>

#include <linux/filter.h>

namespace skiff::runtime {

/// Loads `program` for the calling thread, for good. Returns 0 or an errno: EACCES without
/// no_new_privs and without CAP_SYS_ADMIN (so: before that capability goes), EINVAL for a program
/// that the kernel refuses.
///
/// SECCOMP_FILTER_FLAG_SPEC_ALLOW, as Docker does: kernels before 5.16 otherwise slow every
/// filtered process down by the full speculative store bypass mitigation.
int load_filter(std::span<const sock_filter> program) noexcept;

}  // namespace skiff::runtime
