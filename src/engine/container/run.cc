// SPDX-License-Identifier: Apache-2.0
#include "engine/container/run.h"

#include <signal.h>

#include "base/error.h"
#include "engine/container/create.h"
#include "engine/container/monitor_process.h"
#include "engine/container/remove.h"
#include "monitor/client.h"
#include "monitor/detach_keys.h"

namespace skiff::engine {
namespace {

struct Front {
    bool attach = true;
    bool interactive = false;
    std::string detach_keys;
    bool signal_proxy = true;
};

/// Starts the monitor and stays in front of it, or returns once the program runs.
RunResult start_and_front(const Engine& engine, const ContainerRecord& record, FileLock lock,
                          const Front& front) {
    RunResult outcome;
    outcome.id = record.id;
    Fd socket = start_monitor(engine, record, std::move(lock));
    monitor::AttachOptions options;
    options.tty = record.request.tty;
    if (engine.phases().on())
        options.on_timing = [&](std::vector<Phase> phases) {
            engine.phases().append(std::move(phases));
        };
    options.signal_proxy = front.signal_proxy;
    options.detach_keys = monitor::parse_detach_keys(front.detach_keys);
    if (front.attach) {
        // A terminal has one output stream.
        options.streams = {.input = front.interactive && record.request.interactive,
                           .output = true,
                           .errors = !record.request.tty};
    }
    if (!front.attach) {
        monitor::send_frame(socket.get(), monitor::FrameType::attach,
                            monitor::encode(monitor::AttachFrame{}));
        monitor::await_start(socket.get(), &engine.phases());
        engine.phases().mark("wait for the start");
        return outcome;
    }
    const monitor::AttachResult result = monitor::attach(std::move(socket), options);
    engine.phases().mark("wait for the end");
    if (result.output_error) throw *result.output_error;
    switch (result.end) {
        case monitor::AttachEnd::exited:
            outcome.status = result.code;
            break;
        case monitor::AttachEnd::detached:
            break;
        case monitor::AttachEnd::output_gone:
            outcome.end_signal = SIGPIPE;
            break;
        case monitor::AttachEnd::signaled:
            outcome.end_signal = result.signal;
            break;
    }
    return outcome;
}

}  // namespace

RunResult run_container(const Engine& engine, const CreateRequest& request,
                        const RunOptions& options) {
    engine.phases().mark("command line");
    CreatedContainer created = make_container(engine, request, true);
    engine.phases().mark("record and name");
    if (options.created) options.created(created.record.id);
    Front front;
    front.attach = !request.detach;
    front.interactive = request.interactive;
    front.detach_keys = options.detach_keys;
    front.signal_proxy = options.signal_proxy;
    const ContainerRecord record = std::move(created.record);
    try {
        return start_and_front(engine, record, std::move(created.lock), front);
    } catch (const Error&) {
        // The monitor removes its container when a start fails; one that never got that far cannot.
        if (request.auto_remove) remove_if_left(engine, record);
        throw;
    }
}

std::string create_container(const Engine& engine, const CreateRequest& request) {
    return make_container(engine, request, false).record.id;
}

RunResult start_container(const Engine& engine, const std::string& name,
                          const StartOptions& options) {
    const ContainerFiles files = find_container(engine, name);
    auto lock = files.try_lock();
    ContainerRecord record = files.record();
    engine.phases().mark("command line and record");
    if (!lock) {
        if (files.current_state().status != ContainerStatus::running)
            throw Error(ErrorKind::in_use, "container {} is being changed by another command",
                        name);
        if (options.attach)
            throw Error(ErrorKind::conflict,
                        "you cannot start and attach to container {}: it is running already", name);
        RunResult outcome;
        outcome.id = record.id;
        return outcome;
    }
    // Its monitor will listen in the run directory of this session, which need not be the one that
    // made the container (ssh, cron, su).
    if (record.run_root != engine.run_root()) {
        record.run_root = engine.run_root();
        files.write_record(record, Durability::none);
    }
    Front front;
    front.attach = options.attach;
    front.interactive = options.interactive;
    front.detach_keys = options.detach_keys;
    front.signal_proxy = options.signal_proxy;
    return start_and_front(engine, record, std::move(*lock), front);
}

}  // namespace skiff::engine
