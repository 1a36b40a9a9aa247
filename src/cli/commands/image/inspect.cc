// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/command.h"
#include "cli/commands/image/image_names.h"
#include "cli/each.h"
#include "cli/output.h"
#include "engine/image/list.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"format", 'f'}, UnsupportedFlag{"platform"}};

struct InspectOptions {
    std::vector<std::string> images;
};

void declare(CommandBuilder& command, InspectOptions& options) {
    command.arguments("IMAGE", options.images, complete::images);
    command.unsupported(not_yet);
}

ExitCode run(engine::Engine& engine, const InspectOptions& options) {
    Json found = Json::array();
    const ExitCode result = for_each_reporting(options.images, [&](const std::string& image) {
        found.push_back(engine::inspect_image(engine, image));
    });
    // A list of what there is, also when some are missing: scripts read it either way.
    print_line(to_pretty_text(found));
    return result;
}

}  // namespace

Command image_inspect_command() {
    return make_command<InspectOptions>(declare, run);
}

}  // namespace skiff::cli
