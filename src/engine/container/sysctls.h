// SPDX-License-Identifier: Apache-2.0
// --sysctl: only what belongs to a namespace of the container. Docker's list, and runc's words for
// what the namespaces in use forbid. Pure.
#pragma once

#include <string>
#include <string_view>

#include "engine/container/request.h"

namespace skiff::engine {

struct Sysctl {
    std::string name;  ///< "net.ipv4.ip_forward", whatever separators were typed
    std::string value;
};
/// "NAME=VALUE". Throws Error{invalid} "sysctl 'TEXT' is not allowed" for what is no parameter of a
/// namespace.
Sysctl parse_sysctl(std::string_view text);

/// Throws Error{invalid} naming one that belongs to a namespace which is the host's, or another
/// container's and not to be changed from here.
void check_sysctls(const CreateRequest& request);

}  // namespace skiff::engine
