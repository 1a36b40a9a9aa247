// SPDX-License-Identifier: Apache-2.0
#include "engine/container/run.h"

#include <csignal>

#include <unistd.h>

#include "cli/command.h"
#include "cli/commands/container/cid_file.h"
#include "cli/commands/container/front.h"
#include "cli/container_flags.h"
#include "cli/extra_flags.h"
#include "cli/output.h"
#include "cli/transfer_display.h"

namespace skiff::cli {
namespace {

struct RunFlags {
    ContainerFlags container;
    std::string detach_keys = engine::RunOptions{}.detach_keys;
    bool signal_proxy = true;
};

void declare(CommandBuilder& command, RunFlags& flags) {
    command.flag("-d,--detach", flags.container.request.detach,
                 "Run in the background and print the container's ID");
    command.option("--detach-keys", flags.detach_keys, "string",
                   "Keys that leave the container running in the background");
    command.flag("--sig-proxy", flags.signal_proxy,
                 "Pass signals that reach this command on to the program");
    declare_preserved_descriptors(command, flags.container.request.preserved_fds);
    declare_container_flags(command, flags.container);
}

ExitCode run(engine::Engine& engine, const RunFlags& flags) {
    const engine::CreateRequest request = make_request(flags.container);
    warn_of_discarded_ports(request);
    if (request.tty && request.interactive && !request.detach && isatty(STDIN_FILENO) != 1) {
        print_error(Error(ErrorKind::usage, "the input device is not a TTY"));
        return ExitCode{1};  // Docker's status for this one
    }
    CidFile cid_file(flags.container.cidfile);
    const engine::RunOptions options{
        .created = [&](const std::string& id) { cid_file.write(id); },
        .detach_keys = flags.detach_keys,
        .signal_proxy = flags.signal_proxy,
        .bring = bring_image(engine, request.platform, flags.container.quiet),
    };
    const engine::RunResult result = engine::run_container(engine, request, options);
    // Also in front of its input alone: as Docker, the rest goes on behind us.
    if (!request.attaches("stdout") && !request.attaches("stderr")) print_line(result.id);
    print_phases(engine.phases());
    if (result.end_signal != 0) {
        flush_output();
        std::signal(result.end_signal, SIG_DFL);
        std::raise(result.end_signal);
    }
    return end_as(result);
}

}  // namespace

Command run_command() {
    return make_command<RunFlags>(declare, run);
}

}  // namespace skiff::cli
