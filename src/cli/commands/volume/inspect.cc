// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/commands/volume/volume_names.h"
#include "cli/each.h"
#include "cli/inspect_output.h"
#include "cli/inspect_types.h"
#include "cli/list_options.h"
#include "engine/volume/volumes.h"

namespace skiff::cli {
namespace {

struct InspectOptions {
    std::vector<std::string> volumes;
    std::string format;
};

void declare(CommandBuilder& command, InspectOptions& options) {
    declare_document_format(command, options.format);
    command.arguments("VOLUME", options.volumes, complete::volumes);
}

ExitCode run(engine::Engine& engine, const InspectOptions& options) {
    InspectOutput output(options.format);
    const ExitCode result = for_each_reporting(options.volumes, [&](const std::string& volume) {
        output.add(engine::inspect_volume(engine, volume), volume_inspect_type);
    });
    output.print_all();
    return result;
}

}  // namespace

Command volume_inspect_command() {
    return make_command<InspectOptions>(declare, run);
}

}  // namespace skiff::cli
