// SPDX-License-Identifier: Apache-2.0
#include "monitor/connection.h"

#include <algorithm>
#include <cerrno>

namespace skiff::monitor {
namespace {

// started, exited, warnings, two of timing, and a stream_closed for each stream are all that is
// ever due to an attached client.
constexpr std::size_t outbox_limit = 8;

}  // namespace

void Connection::attach(const AttachFrame& frame, std::vector<Fd> fds) {
    if (attached_) throw Error(ErrorKind::invalid, "malformed monitor message: attached twice");
    const std::array<bool, 3> handed{frame.handed.input, frame.handed.output, frame.handed.errors};
    if (fds.size() != static_cast<std::size_t>(std::count(handed.begin(), handed.end(), true)))
        throw Error(ErrorKind::invalid, "malformed monitor message: wrong number of descriptors");
    attached_ = true;
    streams_ = frame.streams;
    auto next = fds.begin();
    if (handed[0]) direct_input_ = Endpoint::borrow_for_reading(std::move(*next++));
    if (handed[1]) direct_output_[0] = Endpoint::borrow_for_writing(std::move(*next++));
    if (handed[2]) direct_output_[1] = Endpoint::borrow_for_writing(std::move(*next++));
}

bool Connection::attached_to(Stream stream) const {
    switch (stream) {
        case Stream::input:
            return streams_.input;
        case Stream::output:
            return streams_.output;
        case Stream::errors:
            return streams_.errors;
    }
    return false;
}

void Connection::push(FrameType type, std::string payload) {
    if (gone_ || leaving_) return;
    if (outbox_.size() >= outbox_limit) {
        drop();
        return;
    }
    outbox_.push_back({type, std::move(payload)});
    flush();
}

void Connection::leave(FrameType type, const std::string& payload,
                       const std::array<std::string_view, 2>& contents) {
    if (gone_ || std::exchange(leaving_, true)) return;
    for (const Stream stream : {Stream::output, Stream::errors}) {
        const std::size_t i = index(stream);
        if (!attached_to(stream)) continue;
        std::string_view rest =
            contents.at(i).substr(std::min(delivered_.at(i), contents.at(i).size()));
        if (direct_output_.at(i).valid()) {
            left_.at(i) = rest;
            continue;
        }
        for (; !rest.empty(); rest.remove_prefix(std::min(rest.size(), max_payload)))
            outbox_.push_back({stream == Stream::errors ? FrameType::errors : FrameType::output,
                               std::string(rest.substr(0, max_payload))});
    }
    if (!std::exchange(concluded_, true)) last_word_ = Queued{type, payload};
    refuse_input();
    streams_ = {};
    flush();
}

void Connection::write_left() {
    for (const Stream stream : {Stream::output, Stream::errors}) {
        std::string& left = left_.at(index(stream));
        Endpoint& direct = direct_output_.at(index(stream));
        while (!left.empty()) {
            const Transfer transfer = direct.write(left);
            if (transfer.outcome == Transfer::Outcome::blocked) break;
            left.erase(0, transfer.count);
            if (transfer.outcome != Transfer::Outcome::failed) continue;
            left.clear();
            direct.close();
            outbox_.push_back(
                {FrameType::stream_closed, encode(StreamClosedFrame{stream, transfer.error})});
        }
    }
    if (!last_word_ || owes(Stream::output) || owes(Stream::errors)) return;
    outbox_.push_back(std::move(*last_word_));
    last_word_.reset();
}

void Connection::flush() {
    if (leaving_) write_left();
    while (!gone_ && !outbox_.empty()) {
        const Queued& next = outbox_.front();
        const Sending result = try_send_frame(socket_.get(), next.type, next.payload);
        if (result == Sending::blocked) return;
        if (result == Sending::gone) drop();
        outbox_.erase(outbox_.begin());
    }
    if (leaving_ && outbox_.empty() && !owes(Stream::output) && !owes(Stream::errors)) drop();
    if (gone_ || taken_ == 0) return;
    const Sending result = try_send_frame(socket_.get(), FrameType::input_taken,
                                          encode_number(static_cast<std::int32_t>(taken_)));
    if (result == Sending::gone) drop();
    if (result == Sending::sent) taken_ = 0;
}

void Connection::conclude(FrameType type, const std::string& payload) {
    if (!std::exchange(concluded_, true)) push(type, payload);
}

void Connection::answer(FrameType type, std::string_view payload, std::span<const int> fds) {
    if (gone_) return;
    if (!outbox_.empty() || try_send_frame(socket_.get(), type, payload, fds) != Sending::sent)
        drop();
}

bool Connection::behind(Stream stream, std::size_t filled) const {
    return !gone_ && attached_to(stream) && delivered_.at(index(stream)) < filled;
}

int Connection::output_fd(Stream stream) const {
    const Endpoint& direct = direct_output_.at(index(stream));
    return direct.valid() ? direct.fd() : socket_.get();
}

void Connection::deliver(Stream stream, std::string_view chunk) {
    std::size_t& delivered = delivered_.at(index(stream));
    Endpoint& direct = direct_output_.at(index(stream));
    while (behind(stream, chunk.size())) {
        const std::string_view rest = chunk.substr(delivered);
        if (direct.valid()) {
            const Transfer transfer = direct.write(rest);
            if (transfer.outcome == Transfer::Outcome::blocked) return;
            delivered += transfer.count;
            if (transfer.outcome != Transfer::Outcome::failed) continue;
            direct.close();
            (stream == Stream::errors ? streams_.errors : streams_.output) = false;
            push(FrameType::stream_closed, encode(StreamClosedFrame{stream, transfer.error}));
        } else {
            const std::string_view part = rest.substr(0, max_payload);
            const FrameType type = stream == Stream::errors ? FrameType::errors : FrameType::output;
            // What was queued before this output goes before it.
            const Sending result =
                outbox_.empty() ? try_send_frame(socket_.get(), type, part) : Sending::blocked;
            if (result == Sending::blocked) return;
            if (result == Sending::gone) drop();
            delivered += part.size();
        }
    }
}

void Connection::take_input(std::string_view bytes) {
    if (!streams_.input || direct_input_.valid() || input_ended_)
        throw Error(ErrorKind::invalid, "malformed monitor message: unexpected input");
    if (input_.size() - input_taken_ + taken_ + bytes.size() > input_window)
        throw Error(ErrorKind::invalid, "malformed monitor message: more input than allowed");
    if (input_refused_) {
        taken_ += bytes.size();
        return;
    }
    if (input_taken_ > 0) input_.erase(0, std::exchange(input_taken_, 0));
    input_ += bytes;
}

void Connection::end_input() {
    input_ended_ = true;
}

int Connection::input_fd() const {
    return direct_input_.valid() && input_.empty() ? direct_input_.fd() : -1;
}

void Connection::read_input(std::span<char> space) {
    if (input_fd() < 0) return;
    const Transfer transfer =
        direct_input_.read(space.subspan(0, std::min(space.size(), input_window)));
    switch (transfer.outcome) {
        case Transfer::Outcome::blocked:
            break;
        case Transfer::Outcome::progressed:
            input_.assign(space.data(), transfer.count);
            break;
        case Transfer::Outcome::ended:
        case Transfer::Outcome::failed:
            direct_input_.close();
            input_ended_ = true;
            break;
    }
}

void Connection::input_written(std::size_t count) {
    input_taken_ += count;
    if (!direct_input_.valid()) taken_ += count;
    if (input_taken_ < input_.size()) return;
    input_.clear();
    input_taken_ = 0;
}

void Connection::refuse_input() {
    if (!direct_input_.valid()) taken_ += input_.size() - input_taken_;
    direct_input_.close();
    input_.clear();
    input_taken_ = 0;
    input_refused_ = true;
}

void Connection::release_memory() {
    if (input_.empty()) input_.shrink_to_fit();
}

}  // namespace skiff::monitor
