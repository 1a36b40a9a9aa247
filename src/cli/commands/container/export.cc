// SPDX-License-Identifier: Apache-2.0
#include "engine/image/export.h"

#include <csignal>

#include <poll.h>
#include <unistd.h>

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

/// Asked of the pipe: the error comes from another process, without its number. poll(2)
bool is_reader_gone(int fd) {
    pollfd entry{fd, 0, 0};
    return poll(&entry, 1, 0) > 0 && (entry.revents & POLLERR) != 0;
}

ExitCode run(engine::Engine& engine, const engine::ExportRequest& request) {
    try {
        engine::export_container(engine, request);
        return ExitCode::ok;
    } catch (const Error&) {
        // The reader has had enough, and whoever writes to it ends by the signal: nothing to tell.
        if (request.target == "-" && is_reader_gone(STDOUT_FILENO)) return ExitCode{128 + SIGPIPE};
        end_by_transfer_signal();
        throw;
    }
}

}  // namespace

Command export_command() {
    return make_command<engine::ExportRequest>(declare, run);
}

}  // namespace skiff::cli
