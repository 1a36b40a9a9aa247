// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/commands/container/container_choice.h"
#include "cli/commands/container/container_names.h"
#include "cli/output.h"
#include "engine/container/container_files.h"
#include "engine/container/port_text.h"

namespace skiff::cli {
namespace {

struct PortFlags {
    std::string container;
    std::string port;
    bool latest = false;
};

void declare(CommandBuilder& command, PortFlags& flags) {
    declare_latest(command, flags.latest);
    command.argument("CONTAINER", flags.container, complete::running_containers,
                     [&flags] { return flags.latest; });
    command.optional_argument("PRIVATE_PORT[/PROTO]", flags.port);
    command.usage("CONTAINER [PRIVATE_PORT[/PROTO]]");
}

/// The addresses of one port, or of all of them with the port in front.
std::vector<std::string> lines_of(const std::vector<engine::PublishedPort>& ports,
                                  const std::string& wanted, const std::string& container) {
    std::vector<std::string> lines;
    if (wanted.empty()) {
        for (const engine::PublishedPort& port : ports)
            lines.push_back(fmt::format("{} -> {}",
                                        engine::port_key(port.container_port, port.protocol),
                                        engine::address_text(port)));
        return lines;
    }
    const engine::PortKey key = engine::parse_port_key(wanted);
    if (key.port == 0)
        throw Error(ErrorKind::not_found, "invalid port ({})", cut(wanted, '/').before);
    for (const engine::PublishedPort& port : ports)
        if (port.container_port == key.port && port.protocol == key.protocol)
            lines.push_back(engine::address_text(port));
    if (lines.empty())
        throw Error(ErrorKind::not_found, "No public port '{}' published for {}", wanted,
                    container);
    return lines;
}

ExitCode run(engine::Engine& engine, const PortFlags& flags) {
    std::string container = flags.container;
    std::string port = flags.port;
    if (flags.latest) {
        // Then the only word is the port.
        if (!container.empty()) port = container;
        container = latest_container(engine);
    }
    const engine::ContainerState state = engine::find_container(engine, container).current_state();
    std::vector<std::string> lines = lines_of(state.ports, port, container);
    std::ranges::sort(lines, engine::natural_less);
    for (const std::string& line : lines) print_line(line);
    return ExitCode::ok;
}

}  // namespace

Command port_command() {
    return make_command<PortFlags>(declare, run);
}

}  // namespace skiff::cli
