// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/commands/image/image_names.h"
#include "cli/each.h"
#include "cli/inspect_output.h"
#include "cli/inspect_types.h"
#include "cli/list_options.h"
#include "engine/image/list.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"platform"}};

struct InspectOptions {
    std::vector<std::string> images;
    std::string format;
};

void declare(CommandBuilder& command, InspectOptions& options) {
    declare_document_format(command, options.format);
    command.arguments("IMAGE", options.images, complete::images);
    command.unsupported(not_yet);
}

ExitCode run(engine::Engine& engine, const InspectOptions& options) {
    InspectOutput output(options.format);
    const ExitCode result = for_each_reporting(options.images, [&](const std::string& image) {
        output.add(engine::inspect_image(engine, image), image_inspect_type);
    });
    // What there is, also when some are missing: scripts read it either way.
    output.print_all();
    return result;
}

}  // namespace

Command image_inspect_command() {
    return make_command<InspectOptions>(declare, run);
}

}  // namespace skiff::cli
