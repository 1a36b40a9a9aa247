// SPDX-License-Identifier: Apache-2.0
// --tz: the host's zone file, which a container gets as its /etc/localtime.
#pragma once

#include <string>

namespace skiff::engine {

/// The zone's data, by a name such as "Europe/Zurich", or "local" for the host's own. Throws
/// Error{invalid} "unknown time zone …".
std::string read_time_zone(const std::string& name);

}  // namespace skiff::engine
