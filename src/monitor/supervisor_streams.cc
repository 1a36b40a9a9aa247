// SPDX-License-Identifier: Apache-2.0
// The bytes between the container, its log and its clients.
#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <sys/ioctl.h>

#include "monitor/supervisor.h"

namespace skiff::monitor {
namespace {

// As much as a pipe holds by default, and as one frame carries.
constexpr std::size_t chunk_size = max_payload;

// The kernel buffers at most 64 KiB behind a pty (TTYB_DEFAULT_MEM_LIMIT), and one page in its line
// discipline.
constexpr std::size_t pty_limit = 256UL * 1024;

}  // namespace

void Supervisor::adopt(ContainerIo io) {
    if (io.pty_master.valid()) {
        // Both directions of a terminal are one open file description; it is ours alone.
        input_ = Endpoint::own(duplicate(io.pty_master.get()));
        pty_master_ = duplicate(io.pty_master.get());
        // While nobody has the slave open, a master reads EIO and polls ready for ever. A program
        // may close and reopen its terminal (getty does): with our descriptor of it this is no end.
        pty_peer_.reset(ioctl(io.pty_master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
        add_output(Stream::output, std::move(io.pty_master));
    } else {
        if (io.stdin_write.valid()) input_ = Endpoint::own(std::move(io.stdin_write));
        add_output(Stream::output, std::move(io.stdout_read));
        add_output(Stream::errors, std::move(io.stderr_read));
    }
    if (!input_.valid())
        for (Connection& client : clients_) client.refuse_input();
}

void Supervisor::add_output(Stream stream, Fd source) {
    if (!source.valid()) return;
    outputs_.push_back({stream, Endpoint::own(std::move(source)), PageBuffer(chunk_size), 0});
}

void Supervisor::feed_input() {
    if (!input_.valid()) return;
    for (Connection& client : clients_) {
        while (input_.valid() && !client.pending_input().empty()) {
            const Transfer transfer = input_.write(client.pending_input());
            if (transfer.outcome == Transfer::Outcome::blocked) break;
            if (transfer.outcome == Transfer::Outcome::failed) {
                close_input();
            } else {
                client.input_written(transfer.count);
            }
        }
        // In a terminal an end of input is a character that the user types, not an end of file.
        if (client.attached_to(Stream::input) && client.input_finished() && options_.stdin_once &&
            !options_.tty)
            close_input();
    }
    if (!options_.tty && input_.valid() &&
        std::any_of(polls_.begin(), polls_.end(), [&](const pollfd& entry) {
            return entry.fd == input_.fd() && (entry.revents & POLLERR) != 0;
        }))
        close_input();  // nobody in the container reads it any more: who writes to us shall learn
                        // it
}

void Supervisor::close_input() {
    input_.close();
    for (Connection& client : clients_) client.refuse_input();
}

void Supervisor::read_output(OutputStream& output) {
    used_memory_ = true;
    const std::size_t before = output.filled;
    while (output.filled < output.chunk.capacity()) {
        const Transfer transfer = output.source.read(
            {output.chunk.data() + output.filled, output.chunk.capacity() - output.filled});
        if (transfer.outcome == Transfer::Outcome::progressed) {
            output.filled += transfer.count;
            if (!options_.tty)
                break;  // one read takes all that a pipe has; a terminal gives 4 KiB at a time
            continue;
        }
        if (transfer.outcome != Transfer::Outcome::blocked) output.source.close();
        break;
    }
    if (output.filled > before) log(output.stream, output.content().substr(before));
}

void Supervisor::log(Stream stream, std::string_view bytes) {
    const Timestamp time = now();
    if (options_.log) options_.log->append(stream, bytes, time);
    if (!options_.delivery) return;
    options_.delivery->append(stream, bytes, time);
    options_.delivery->act();
}

/// The program has ended. A log server has time for what is queued as long as it takes something.
void Supervisor::finish_logs() {
    constexpr std::chrono::seconds patience{10};
    if (options_.log) options_.log->finish();
    if (!options_.delivery) return;
    LogDelivery& delivery = *options_.delivery;
    delivery.finish();
    delivery.act();
    const auto end_of_patience = [&, begun = Clock::now()] {
        return std::max(begun, delivery.last_progress()) + patience;
    };
    while (delivery.pending() && Clock::now() < end_of_patience()) {
        finish_by_ = end_of_patience();
        turn();
    }
    finish_by_.reset();
    delivery.give_up();
}

/// `fresh`: the chunk was just read, so every client is tried; else those that became writable.
void Supervisor::deliver(OutputStream& output, bool fresh) {
    if (output.filled == 0) return;
    for (Connection& client : clients_)
        if (client.behind(output.stream, output.filled) &&
            (fresh || ready(client.output_fd(output.stream))))
            client.deliver(output.stream, output.content());
    if (behind(output)) return;
    output.filled = 0;
    for (Connection& client : clients_) client.rewind(output.stream);
}

bool Supervisor::behind(const OutputStream& output) const {
    return std::any_of(clients_.begin(), clients_.end(), [&](const Connection& client) {
        return client.behind(output.stream, output.filled);
    });
}

/// After the end of init: takes what it and its children have written, and no more than that.
///
/// With a pid namespace all of them are dead and end of file follows. Without one, a process that
/// was left behind may hold the pipe open and even write on: Docker's answer, and ours, is not to
/// wait for it.
void Supervisor::drain(OutputStream& output) {
    std::size_t left = pty_limit;
    if (int available = 0; !options_.tty && output.source.valid()) {
        if (ioctl(output.source.fd(), FIONREAD, &available) < 0)
            throw SystemError(errno, "cannot examine the container's output");
        left = static_cast<std::size_t>(available);
    }
    deliver(output, true);
    while (output.source.valid() && left > 0) {
        output.chunk.grow(output.filled + chunk_size);
        const std::size_t before = output.filled;
        read_output(output);
        const std::size_t count = output.filled - before;
        if (count == 0) break;
        left -= std::min(left, count);
        deliver(output, true);
    }
    output.source.close();
}

}  // namespace skiff::monitor
