// SPDX-License-Identifier: Apache-2.0
#include "engine/container/logs.h"

#include <fcntl.h>

#include "engine/container/container_files.h"
#include "engine/container/lifecycle.h"

namespace skiff::engine {

void read_container_log(const Engine& engine, const std::string& name,
                        const monitor::LogQuery& query, bool follow, const monitor::LogSink& sink) {
    const ContainerFiles files = find_container(engine, name);
    const ContainerRecord record = files.record();
    const Fd log = find_at(files.directory(), "json.log", O_RDONLY | O_NOFOLLOW);
    if (!log.valid()) return;  // never started
    if (!follow) return monitor::read_log(log.get(), query, sink);
    const auto connection = connect_to_monitor(record);
    const monitor::LogFollow watch{
        .is_running = [&] { return is_active(files.current_state().status); },
        .ended_fd = connection ? connection->socket.get() : -1,
    };
    monitor::follow_log(log.get(), query, watch, sink);
}

}  // namespace skiff::engine
