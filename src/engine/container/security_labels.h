// SPDX-License-Identifier: Apache-2.0
// --security-opt label=… on a machine with SELinux.
//
// Skiff labels nothing: a process label alone would be of no use, since no policy lets such a
// process read files that are not labelled for it, as those of the store are not. So what is asked
// for is told of as missing, and with --strict refused. Where the kernel has no SELinux it means
// nothing, as in Docker; and label=disable is what every container has.
#pragma once

#include <optional>
#include <string>

#include "engine/container/request.h"

namespace skiff::engine {

/// The sentence for what is asked and not done; `selinuxfs` is replaced in tests.
std::optional<std::string> find_unapplied_labels(const SecurityRequest& security,
                                                 const std::string& selinuxfs = "/sys/fs/selinux");

}  // namespace skiff::engine
