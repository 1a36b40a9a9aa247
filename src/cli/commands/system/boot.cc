// SPDX-License-Identifier: Apache-2.0
#include "engine/system/boot.h"

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "engine/container/lifecycle.h"

namespace skiff::cli {
namespace {

struct BootOptions {
    std::string action;
};

void declare(CommandBuilder& command, BootOptions& options) {
    command.usage("enable|disable|status|start|stop");
    command.argument("ACTION", options.action, complete::words("enable disable status start stop"));
}

ExitCode show_status(const engine::Engine& engine) {
    const engine::BootStatus status = engine::boot_status(engine);
    print_line(status.enabled ? "enabled" : "disabled");
    print_line("unit: " + status.path);
    for (const std::string& remark : status.remarks) engine.warn(remark);
    return status.enabled ? ExitCode::ok : ExitCode::not_found;
}

ExitCode run(engine::Engine& engine, const BootOptions& options) {
    if (options.action == "enable") {
        for (const std::string& remark : engine::enable_boot(engine)) engine.warn(remark);
        print_line(engine::boot_status(engine).path);
    } else if (options.action == "disable") {
        engine::disable_boot(engine);
    } else if (options.action == "status") {
        return show_status(engine);
    } else if (options.action == "stop") {
        engine::shut_down_containers(engine);
    } else if (options.action != "start") {
        throw Error(ErrorKind::usage,
                    "unknown action {}: it is enable, disable, status, start or stop",
                    quoted(options.action));
    }
    // `start` has nothing to do any more: every command begins by starting what is wanted.
    return ExitCode::ok;
}

}  // namespace

Command system_boot_command() {
    return make_command<BootOptions>(declare, run);
}

}  // namespace skiff::cli
