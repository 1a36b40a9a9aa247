// SPDX-License-Identifier: Apache-2.0
// Why this machine does not let its users make user namespaces, and what its administrator can do
// about it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace skiff::runtime {

/// Where the switches are read; replaced in tests.
struct NamespaceSwitches {
    std::string sysctls = "/proc/sys";
};

/// The Error for an `errno_value` of making or using a user namespace: clone3(CLONE_NEWUSER), or,
/// on Ubuntu, where the namespace comes without capabilities, the first act in it. Names the sysctl
/// that forbids it and the commands that change it (Error{unsupported}); when none does, it is
/// "`act`: text of errno". `program` is the path of skiff, for the AppArmor profile.
Error explain_namespace_refusal(int errno_value, std::string_view act, std::string_view program,
                                const NamespaceSwitches& switches = {});

/// The same for network namespaces, which every container without --network host has; nothing when
/// the error is not about them.
std::optional<Error> explain_network_refusal(int errno_value,
                                             const NamespaceSwitches& switches = {});

/// True when kernel.apparmor_restrict_unprivileged_userns is 1.
bool apparmor_restricts_namespaces(const NamespaceSwitches& switches = {});

/// The AppArmor profile that gives `program` user namespaces back; belongs in
/// /etc/apparmor.d/skiff.
std::string apparmor_profile(std::string_view program);

/// The path this program was started from (/proc/self/exe).
std::string own_program_path();

}  // namespace skiff::runtime
