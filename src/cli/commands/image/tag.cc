// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/commands/image/image_names.h"
#include "engine/image/remove.h"

namespace skiff::cli {
namespace {

struct TagOptions {
    std::string source;
    std::string target;
};

void declare(CommandBuilder& command, TagOptions& options) {
    command.argument("SOURCE_IMAGE[:TAG]", options.source, complete::images);
    command.argument("TARGET_IMAGE[:TAG]", options.target, complete::images);
}

ExitCode run(engine::Engine& engine, const TagOptions& options) {
    engine::tag_image(engine, options.source, options.target);
    return ExitCode::ok;
}

}  // namespace

Command tag_command() {
    return make_command<TagOptions>(declare, run);
}

}  // namespace skiff::cli
