// SPDX-License-Identifier: Apache-2.0
// Numbers of system calls that the libseccomp at hand may not know yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace skiff::runtime {

/// The number of a system call newer than Linux 5.16 on the architecture `architecture` (a
/// SCMP_ARCH_ value).
///
/// From 424 on all architectures share their numbers, so one table serves. Without it a filter made
/// with Debian 12's libseccomp answers fchmodat2 and its like with EPERM, which no libc takes as
/// "not there".
std::optional<int> find_newer_syscall(std::string_view name, std::uint32_t architecture);

}  // namespace skiff::runtime
