// SPDX-License-Identifier: Apache-2.0
#include "engine/image/save.h"

#include <array>

#include "base/error.h"
#include "cli/command.h"
#include "cli/commands/image/image_names.h"
#include "cli/transfer_display.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"platform"}};

void declare(CommandBuilder& command, engine::SaveRequest& request) {
    command.option("-o,--output", request.target, "file",
                   "Write to a file instead of standard output", complete::files);
    command.arguments("IMAGE", request.images, complete::images);
    command.unsupported(not_yet);
}

ExitCode run(engine::Engine& engine, const engine::SaveRequest& request) {
    try {
        engine::save_images(engine, request);
    } catch (const Error&) {
        end_by_transfer_signal();
        throw;
    }
    return ExitCode::ok;
}

}  // namespace

Command save_command() {
    return make_command<engine::SaveRequest>(declare, run);
}

}  // namespace skiff::cli
