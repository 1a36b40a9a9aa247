// SPDX-License-Identifier: Apache-2.0
#include "cli/port_flags.h"

#include <algorithm>
#include <iterator>

#include "cli/output.h"
#include "engine/container/container_network.h"
#include "engine/container/port_spec.h"

namespace skiff::cli {

void declare_port_flags(CommandBuilder& command, PortFlags& flags, engine::CreateRequest& request) {
    command.option("-p,--publish", flags.publish, "list",
                   "Publish a port on this machine (format: [<ip>:][<host port>:]<port>[/udp])");
    command.flag("-P,--publish-all", request.publish_all,
                 "Publish all exposed ports, each at any free port");
    command.option("--expose", flags.expose, "list",
                   "Expose a port or a range of ports (format: <port>[-<port>][/<protocol>])");
}

void apply_port_flags(const PortFlags& flags, engine::CreateRequest& request) {
    for (const std::string& text : flags.publish)
        std::ranges::move(engine::parse_publish(text), std::back_inserter(request.publish));
    for (const std::string& text : flags.expose)
        std::ranges::move(engine::parse_expose(text), std::back_inserter(request.expose));
}

void warn_of_discarded_ports(const engine::CreateRequest& request) {
    if (engine::has_private_network(request) || request.publish.empty()) return;
    print_warning(fmt::format("Published ports are discarded when using {} network mode",
                              request.namespaces.network));
}

}  // namespace skiff::cli
