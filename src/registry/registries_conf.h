// SPDX-License-Identifier: Apache-2.0
// registries.conf of the containers tools, which people bring along in $CONTAINERS_REGISTRIES_CONF
// (containers-registries.conf(5), version 2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "registry/settings.h"

namespace skiff::registry {

/// The [[registry]] tables with their mirrors. TOML is read as far as that file uses it: strings,
/// booleans, numbers, lists, tables. What is not about where a registry is (short names, which are
/// Docker's here; credential helpers) is passed over. Throws Error{invalid} with `name`, line and
/// what was expected.
std::vector<RegistrySettings> parse_registries_conf(std::string_view text, std::string_view name);

}  // namespace skiff::registry
