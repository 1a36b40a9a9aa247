// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/commands/container/container_names.h"
#include "cli/values.h"
#include "engine/container/container_files.h"

namespace skiff::cli {
namespace {

struct RenameFlags {
    std::string container;
    std::string name;
};

void declare(CommandBuilder& command, RenameFlags& flags) {
    command.argument("CONTAINER", flags.container, complete::containers);
    command.argument("NEW_NAME", flags.name);
}

ExitCode run(engine::Engine& engine, const RenameFlags& flags) {
    if (flags.container.empty() || flags.name.empty())
        throw Error(ErrorKind::usage, "neither old nor new names may be empty");
    // Docker shows its names with a slash, so they are typed with one.
    const std::string name = flags.name.substr(flags.name.starts_with('/') ? 1 : 0);
    check_container_name(name);
    const engine::ContainerFiles files = engine::find_container(engine, flags.container);
    engine::change_name(engine, files, name);
    return ExitCode::ok;
}

}  // namespace

Command rename_command() {
    return make_command<RenameFlags>(declare, run);
}

}  // namespace skiff::cli
