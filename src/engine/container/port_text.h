// SPDX-License-Identifier: Apache-2.0
// Ports as `ps` and `port` show them. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/container/port_spec.h"

namespace skiff::engine {

/// The column PORTS: "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 9000/tcp". `exposed` are keys
/// ("80/tcp", also of published ports). As docker/cli's DisplayablePorts: sorted by the container's
/// port; neighbours with the same numbers outside and inside become a range.
std::string ports_column(std::span<const PublishedPort> published,
                         std::span<const std::string> exposed);

/// "0.0.0.0:8080", "[::]:8080"
std::string address_text(const PublishedPort& port);

/// Less where numbers inside the texts count as numbers: "80" before "443" (Go's sortorder).
bool natural_less(std::string_view a, std::string_view b);

}  // namespace skiff::engine
