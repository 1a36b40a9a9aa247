// SPDX-License-Identifier: Apache-2.0
// From a profile to the program that the kernel runs, through libseccomp.
#pragma once

#include <string>
#include <vector>

#include <linux/filter.h>

#include "runtime/seccomp/profile.h"

namespace skiff::runtime {

/// Which 32-bit ABI the native kernel offers beside its own is opened.
enum class OpenAbis {
    native,             ///< no other
    native_and_compat,  ///< for images of that ABI (i386 on x86-64)
};

/// What a profile's conditions are measured against.
struct SeccompTarget {
    CapabilitySet capabilities;  ///< the container's bounding set
    KernelVersion kernel;
    OpenAbis abis = OpenAbis::native;
};

/// The version of the running kernel.
KernelVersion running_kernel();

/// Whether `rule` applies (conditions only; names are another matter).
bool applies(const SyscallRule& rule, const SeccompTarget& target);

/// The filter program for the architecture that this code runs on.
///
/// A call of an ABI that is not open kills the process with SIGSYS: with an error code a 32-bit
/// program would run on without even the call that ends it. x32 calls answer ENOSYS, as kernels
/// without x32 do. So do, unless calls are allowed by default, numbers that the oldest supported
/// kernel does not have and that are above every one the profile names: programs probe for new
/// calls and have a way round ENOSYS, but none round EPERM. Names unknown here are left out, as
/// Docker does. socketcall(2), whose family a filter cannot see, is closed (ENOSYS) in the compat
/// ABI unless the profile names it. Throws Error{invalid} for a rule that libseccomp refuses,
/// Error{unsupported} past 4096 instructions.
std::vector<sock_filter> compile_profile(const SeccompProfile& profile,
                                         const SeccompTarget& target);

/// The profile in the OCI runtime spec's form (linux.seccomp): only the rules that apply, without
/// conditions. For `inspect --oci` and other runtimes.
std::string to_oci_text(const SeccompProfile& profile, const SeccompTarget& target);

}  // namespace skiff::runtime
