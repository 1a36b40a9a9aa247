// SPDX-License-Identifier: Apache-2.0
#include "monitor/health_check.h"

#include <algorithm>
#include <csignal>

#include <unistd.h>

#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/duration.h"
#include "base/error.h"
#include "monitor/protocol.h"

namespace skiff::monitor {

HealthCheck::HealthCheck(HealthOptions options)
    : options_(std::move(options)), buffer_(max_frame) {}

void HealthCheck::begin() {
    end();
    began_ = Clock::now();
    starting_ = true;
    due_ = began_ +
           (in_start_period() ? options_.settings.start_interval : options_.settings.interval);
}

void HealthCheck::end() {
    socket_.reset();
    due_.reset();
}

bool HealthCheck::in_start_period() const {
    return starting_ && Clock::now() - began_ < options_.settings.start_period;
}

void HealthCheck::attend(const Start& start) {
    if (socket_.valid()) {
        try {
            read_frames();
        } catch (const Error&) {
            finish(-1);  // the session died, or speaks nonsense
        }
    }
    if (!due_ || Clock::now() < *due_) return;
    if (!socket_.valid()) {
        start_check(start);
        return;
    }
    // The session itself, since a container may keep it from ever hearing us; its program dies with
    // it.
    syscall(SYS_pidfd_send_signal, session_.get(), SIGKILL, nullptr, 0);
    result_.output.insert(0, fmt::format("Health check exceeded timeout ({}){}",
                                         duration_text(options_.settings.timeout),
                                         result_.output.empty() ? "" : ": "));
    finish(-1);
}

void HealthCheck::start_check(const Start& start) {
    result_ = {};
    result_.start = now();
    result_.in_start_period = in_start_period();
    try {
        SocketPair pair = make_socket_pair(SOCK_SEQPACKET | SOCK_NONBLOCK);
        AttachFrame attach;
        attach.streams = {.input = false, .output = true, .errors = true};
        try_send_frame(pair.ours.get(), FrameType::attach, encode(attach));
        const pid_t session = start(pair.theirs.get(), options_.request.get());
        session_.reset(static_cast<int>(syscall(SYS_pidfd_open, session, 0)));
        socket_ = std::move(pair.ours);
        due_ = Clock::now() + options_.settings.timeout;
    } catch (const Error& error) {
        result_.output = error.message();
        finish(-1);
    }
}

void HealthCheck::read_frames() {
    constexpr int frames_per_turn = 16;
    for (int i = 0; i < frames_per_turn && socket_.valid(); ++i) {
        Frame frame;
        switch (receive_frame(socket_.get(), {buffer_.data(), buffer_.capacity()}, frame)) {
            case Arrival::nothing:
                return;
            case Arrival::end:
                finish(-1);
                return;
            case Arrival::frame:
                break;
        }
        if (frame.type == FrameType::output || frame.type == FrameType::errors)
            take_output(frame.payload);
        if (frame.type == FrameType::exited) finish(decode_number(frame.payload));
        if (frame.type == FrameType::failed) {
            const Error error = decode_failed(frame.payload);
            take_output(error.message());
            finish(error.kind() == ErrorKind::command_missing  ? 127
                   : error.kind() == ErrorKind::cannot_execute ? 126
                                                               : -1);
        }
    }
}

void HealthCheck::take_output(std::string_view bytes) {
    const size_t room = max_health_output - std::min(result_.output.size(), max_health_output);
    result_.output.append(bytes.substr(0, room));
}

void HealthCheck::finish(int exit_code) {
    socket_.reset();
    session_.reset();
    buffer_.release_pages();
    result_.exit_code = exit_code;
    result_.end = now();
    starting_ = options_.report(std::exchange(result_, {}));
    due_ = Clock::now() +
           (in_start_period() ? options_.settings.start_interval : options_.settings.interval);
}

}  // namespace skiff::monitor
