// SPDX-License-Identifier: Apache-2.0
#include "engine/container/lifecycle.h"

#include <algorithm>

#include <fcntl.h>
#include <signal.h>

#include "base/error.h"
#include "base/file.h"
#include "base/signal_name.h"
#include "base/text.h"
#include "engine/container/container_files.h"
#include "engine/container/create.h"
#include "monitor/address.h"
#include "monitor/client.h"

namespace skiff::engine {
namespace {

constexpr int default_timeout_seconds = 10;

int signal_for(const StopOptions& options, const ContainerRecord& record) {
    if (options.signal.empty()) return stop_signal_of(record);
    const auto number = find_signal(options.signal);
    if (!number) throw Error(ErrorKind::invalid, "Invalid signal: {}", printable(options.signal));
    return *number;
}

}  // namespace

std::optional<monitor::MonitorConnection> connect_to_monitor(const ContainerRecord& record) {
    const Fd run = find_at(AT_FDCWD, record.run_root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!run.valid()) return std::nullopt;
    return monitor::connect_at(run.get(), record.id + ".sock");
}

void stop_container(const Engine& engine, const std::string& name, const StopOptions& options) {
    const ContainerFiles files = find_container(engine, name);
    const ContainerRecord record = files.record();
    const int number = signal_for(options, record);
    if (files.current_state().status != ContainerStatus::running) return;
    const auto connection = connect_to_monitor(record);
    if (!connection) {
        // It ended a moment ago, or its run directory was taken away from under it.
        if (files.current_state().status != ContainerStatus::running) return;
        throw Error(ErrorKind::system,
                    "the monitor of container {} does not answer at '{}/{}.sock'", name,
                    record.run_root, record.id);
    }
    const int seconds = options.timeout_seconds.value_or(
        record.request.stop_timeout.value_or(default_timeout_seconds));
    constexpr int longest = 2'000'000;
    const monitor::StopFrame frame{number, seconds < 0 ? -1 : std::min(seconds, longest) * 1000};
    if (!monitor::send_frame(connection->socket.get(), monitor::FrameType::stop,
                             monitor::encode(frame), {}, connection->version))
        return;
    try {
        monitor::await_exit(connection->socket.get());
    } catch (const Error&) {
        // The monitor died while it stopped the container: then the container is dead, too.
        if (files.current_state().status == ContainerStatus::running) throw;
    }
}

std::vector<ContainerSummary> list_containers(const Engine& engine, bool all) {
    std::vector<ContainerSummary> list;
    for (const std::string& id : container_ids(engine)) {
        try {
            const ContainerFiles files(engine, id);
            ContainerState state = files.current_state();
            if (!all && state.status != ContainerStatus::running) continue;
            auto record = files.find_record();
            if (record) list.push_back({std::move(*record), std::move(state)});
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::not_found) throw;
        }
    }
    std::sort(list.begin(), list.end(), [](const ContainerSummary& a, const ContainerSummary& b) {
        return a.record.created > b.record.created;
    });
    return list;
}

}  // namespace skiff::engine
