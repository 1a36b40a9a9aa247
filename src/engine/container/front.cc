// SPDX-License-Identifier: Apache-2.0
#include "engine/container/front.h"

#include <signal.h>

#include "base/error.h"
#include "base/text.h"
#include "monitor/client.h"
#include "monitor/detach_keys.h"

namespace skiff::engine {

RunResult stay_in_front(const Engine& engine, Fd socket, const Front& front,
                        std::uint16_t version) {
    RunResult outcome;
    const auto warn = [&](const std::vector<std::string>& sentences) {
        for (const std::string& sentence : sentences) engine.warn(printable(sentence));
    };
    if (!front.attach) {
        monitor::send_frame(socket.get(), monitor::FrameType::attach,
                            monitor::encode(monitor::AttachFrame{}), {}, version);
        monitor::await_start(socket.get(), &engine.phases(), warn);
        engine.phases().mark("wait for the start");
        return outcome;
    }
    monitor::AttachOptions options;
    options.version = version;
    options.tty = front.tty;
    if (engine.phases().on())
        options.on_timing = [&](std::vector<Phase> phases) {
            engine.phases().append(std::move(phases));
        };
    options.on_warnings = warn;
    options.signal_proxy = front.signal_proxy;
    options.detach_keys = monitor::parse_detach_keys(front.detach_keys);
    // A terminal has one output stream.
    if (front.streams)
        options.streams = {.input = front.interactive,
                           .output = front.output || (front.tty && front.errors),
                           .errors = front.errors && !front.tty};
    options.leave_after_input = front.leave_after_input;
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
        case monitor::AttachEnd::given_up:
            engine.warn(
                "got 3 SIGTERM/SIGINTs, forcefully exiting: the program goes on (end it with "
                "'skiff kill')");
            outcome.status = 1;
            break;
    }
    return outcome;
}

}  // namespace skiff::engine
