// SPDX-License-Identifier: Apache-2.0
#include "engine/image/export.h"

#include "base/error.h"
#include "cli/command.h"
#include "cli/commands/container/container_names.h"
#include "cli/transfer_display.h"

namespace skiff::cli {
namespace {

void declare(CommandBuilder& command, engine::ExportRequest& request) {
    command.option("-o,--output", request.target, "file",
                   "Write to a file instead of standard output", complete::files);
    command.argument("CONTAINER", request.container, complete::containers);
}

ExitCode run(engine::Engine& engine, const engine::ExportRequest& request) {
    try {
        engine::export_container(engine, request);
    } catch (const Error&) {
        end_by_transfer_signal();
        throw;
    }
    return ExitCode::ok;
}

}  // namespace

Command export_command() {
    return make_command<engine::ExportRequest>(declare, run);
}

}  // namespace skiff::cli
