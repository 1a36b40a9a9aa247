// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/values.h"
#include "engine/volume/volumes.h"

namespace skiff::cli {
namespace {

/// Docker's for volumes of a cluster.
constexpr auto not_yet = std::to_array<UnsupportedFlag>({{"availability"},
                                                         {"group"},
                                                         {"limit-bytes"},
                                                         {"required-bytes"},
                                                         {"scope"},
                                                         {"secret"},
                                                         {"sharing"},
                                                         {"topology-preferred"},
                                                         {"topology-required"},
                                                         {"type"}});

struct CreateOptions {
    engine::VolumeRequest request;
    std::string name;
};

void declare(CommandBuilder& command, CreateOptions& options) {
    command.option("-d,--driver", options.request.driver, "string",
                   "Volume driver name: local is the only one", complete::words("local"));
    command.parsed(
        "--label", [&options](std::string_view value) { add_label(options.request.labels, value); },
        "list", "Set metadata for a volume");
    command.option("--name", options.name, "string", "Name of the volume, as the argument");
    command.parsed(
        "-o,--opt",
        [&options](std::string_view value) {
            const Cut parts = cut(value, '=');
            options.request.options[std::string(parts.before)] = parts.after;
        },
        "map", "Option of the driver: type=, device= and o= as mount(8) has them",
        complete::words("type= device= o="));
    command.optional_argument("VOLUME", options.request.name);
    command.unsupported(not_yet);
}

ExitCode run(engine::Engine& engine, const CreateOptions& options) {
    engine::VolumeRequest request = options.request;
    if (!options.name.empty()) {
        if (!request.name.empty())
            throw Error(ErrorKind::usage,
                        "conflicting options: cannot specify a volume-name through both --name and "
                        "as a positional arg");
        request.name = options.name;
    }
    print_line(engine::create_volume(engine, request));
    return ExitCode::ok;
}

}  // namespace

Command volume_create_command() {
    return make_command<CreateOptions>(declare, run);
}

}  // namespace skiff::cli
