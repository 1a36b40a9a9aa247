// SPDX-License-Identifier: Apache-2.0
#include "engine/image/commit.h"

#include "base/error.h"
#include "cli/command.h"
#include "cli/commands/container/container_names.h"
#include "cli/commands/image/image_names.h"
#include "cli/output.h"
#include "cli/transfer_display.h"

namespace skiff::cli {
namespace {

void declare(CommandBuilder& command, engine::CommitRequest& request) {
    command.option("-a,--author", request.author, "string",
                   "Author (e.g., \"Jane Doe <jane@example.org>\")");
    command.option("-c,--change", request.changes, "list",
                   "Apply an instruction of a Dockerfile to the image's configuration");
    command.option("-m,--message", request.message, "string", "Commit message");
    command.flag("-p,--pause", request.pause, "Let the container stand still meanwhile");
    command.argument("CONTAINER", request.container, complete::containers);
    command.optional_argument("REPOSITORY[:TAG]", request.target, complete::images);
}

ExitCode run(engine::Engine& engine, const engine::CommitRequest& request) {
    try {
        print_line(engine::commit_container(engine, request).text());
    } catch (const Error&) {
        end_by_transfer_signal();
        throw;
    }
    return ExitCode::ok;
}

}  // namespace

Command commit_command() {
    return make_command<engine::CommitRequest>(declare, run);
}

}  // namespace skiff::cli
