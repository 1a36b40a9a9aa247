// SPDX-License-Identifier: Apache-2.0
#include "engine/container/monitor_options.h"

#include <fcntl.h>

#include "engine/container/create.h"
#include "engine/container/exec_request.h"
#include "engine/container/exec_role.h"
#include "engine/container/health.h"
#include "engine/container/log_options.h"
#include "engine/container/log_servers.h"
#include "monitor/address.h"

namespace skiff::engine {
namespace {

constexpr int default_stop_timeout_seconds = 10;

}  // namespace

monitor::SupervisorOptions supervisor_options(const Engine& engine, const ContainerFiles& files,
                                              const ContainerRecord& record,
                                              const MonitorArguments& arguments,
                                              std::function<bool(monitor::HealthResult)> report) {
    monitor::SupervisorOptions options;
    if (is_checked(record.config.health)) {
        ExecRequest check;
        check.command = health_command(record.config.health, record.config.health_shell);
        check.dies_with_session = true;
        options.health = {health_settings(record.config.health), to_memory_file(check),
                          std::move(report)};
    }
    const Fd run = open_run_directory(engine);
    options.listener = monitor::listen_at(run.get(), record.id + ".sock");
    options.commands_are_outside = arguments.rootless;
    if (arguments.rootless && !has_process_limit(record) && !record.request.security.nested)
        options.user_namespace = open_file("/proc/self/ns/user", O_RDONLY);
    if (keeps_log(record.request.log))
        options.log = monitor::LogFile::open(files.directory(), log_settings(record));
    if (has_log_server(record.request.log)) options.delivery = open_log_delivery(record);
    options.longest_run = std::chrono::seconds(record.request.timeout);
    options.start_session = [arguments](int client, int request, int init_pidfd) {
        return start_exec_session(arguments, client, request, init_pidfd);
    };
    options.tty = record.request.tty;
    options.ends_with_first_client = !record.build_layer.empty();
    options.stdin_once = record.request.interactive && record.request.attaches("stdin");
    options.stop_signal = stop_signal_of(record);
    if (!record.config.stop_signal.empty()) options.ending_signal = options.stop_signal;
    const int timeout = record.request.stop_timeout.value_or(default_stop_timeout_seconds);
    options.stop_timeout = std::chrono::seconds(timeout < 0 ? 365 * 24 * 3600 : timeout);
    return options;
}

}  // namespace skiff::engine
