// SPDX-License-Identifier: Apache-2.0
#include "engine/image/export.h"

#include <cerrno>
#include <csignal>

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
        return ExitCode::ok;
    } catch (const SystemError& error) {
        if (error.errno_value() != EPIPE || request.target != "-") {
            end_by_transfer_signal();
            throw;
        }
        // The reader has had enough, and whoever writes to it ends by the signal: nothing to tell.
        return ExitCode{128 + SIGPIPE};
    } catch (const Error&) {
        end_by_transfer_signal();
        throw;
    }
}

}  // namespace

Command export_command() {
    return make_command<engine::ExportRequest>(declare, run);
}

}  // namespace skiff::cli
