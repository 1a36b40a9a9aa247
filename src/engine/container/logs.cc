// SPDX-License-Identifier: Apache-2.0
#include "engine/container/logs.h"

#include "base/error.h"
#include "engine/container/container_files.h"
#include "engine/container/lifecycle.h"
#include "engine/container/log_options.h"

namespace skiff::engine {

void read_container_log(const Engine& engine, const std::string& name, const LogReading& reading,
                        const monitor::LogSink& sink) {
    const ContainerFiles files = find_container(engine, name);
    const ContainerRecord record = files.record();
    files.refuse_newer_state();
    if (!keeps_log(record.request.log))
        throw Error(ErrorKind::invalid, "configured logging driver does not support reading");
    const monitor::LogFormat format = log_format(record.request.log);
    const monitor::LogPlace place{files.directory(), monitor::log_file_name(format), format};
    if (!reading.follow) return monitor::read_log(place, reading.query, sink);
    const auto connection = connect_to_monitor(record);
    const monitor::LogFollow follow{
        .is_running = [&] { return is_active(files.current_state().status); },
        .ended_fd = connection ? connection->socket.get() : -1,
        .before_wait = reading.before_wait,
        .output_fd = reading.output_fd,
    };
    monitor::follow_log(place, reading.query, follow, sink);
}

std::string container_log_details(const Engine& engine, const std::string& name) {
    return log_details(find_container(engine, name).record());
}

}  // namespace skiff::engine
