// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/commands/container/container_names.h"
#include "cli/each.h"
#include "cli/output.h"
#include "engine/container/lifecycle.h"
#include "engine/image/list.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"format", 'f'}, UnsupportedFlag{"size", 's'}};

struct InspectFlags {
    std::vector<std::string> names;
    std::string type;
    bool oci = false;
};

void declare(CommandBuilder& command, InspectFlags& flags) {
    command.flag("--oci", flags.oci, "Show the OCI runtime spec that the container runs by");
    command.option("--type", flags.type, "string", "Look only for a container or only for an image",
                   complete::words("container image"));
    command.arguments("NAME", flags.names, complete::containers);
    command.unsupported(not_yet);
}

Json inspect_any(const engine::Engine& engine, const InspectFlags& flags, const std::string& name) {
    if (flags.oci) return engine::inspect_oci(engine, name);
    if (flags.type == "image") return engine::inspect_image(engine, name);
    try {
        return engine::inspect_container(engine, name);
    } catch (const Error& error) {
        if (flags.type == "container" || error.kind() != ErrorKind::not_found) throw;
    }
    try {
        return engine::inspect_image(engine, name);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::not_found && error.kind() != ErrorKind::invalid) throw;
        throw Error(ErrorKind::not_found, "No such object: {}", skiff::printable(name));
    }
}

ExitCode run(engine::Engine& engine, const InspectFlags& flags) {
    if (!flags.type.empty() && flags.type != "container" && flags.type != "image")
        throw Error(ErrorKind::usage, "{} is not a valid value for --type",
                    skiff::quoted(flags.type));
    Json found = Json::array();
    const ExitCode result = for_each_reporting(flags.names, [&](const std::string& name) {
        found.push_back(inspect_any(engine, flags, name));
    });
    print_line(flags.oci && found.size() == 1 ? to_pretty_text(found[0]) : to_pretty_text(found));
    return result;
}

}  // namespace

Command inspect_command() {
    return make_command<InspectFlags>(declare, run);
}

}  // namespace skiff::cli
