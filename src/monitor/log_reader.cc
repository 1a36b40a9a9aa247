// SPDX-License-Identifier: Apache-2.0
#include "monitor/log_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/error.h"
#include "monitor/log_entry.h"

namespace skiff::monitor {
namespace {

// Twice the longest line that a writer makes, so that a block always holds a whole one.
constexpr std::size_t block_size = 2 * (entry_room(max_entry_text) + 32768);

off_t size_of(int file) {
    struct stat status{};
    if (fstat(file, &status) < 0) throw SystemError(errno, "cannot examine a log");
    return status.st_size;
}

std::size_t read_at(int file, char* to, std::size_t count, off_t offset) {
    for (;;) {
        const ssize_t n = pread(file, to, count, offset);
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno != EINTR) throw SystemError(errno, "cannot read a log");
    }
}

/// Where the last `count` lines begin. What follows the last newline is not counted: it may be cut.
off_t start_of_tail(int file, std::uint64_t count) {
    constexpr std::size_t step = 65536;
    std::vector<char> block(step);
    off_t end = size_of(file);
    std::uint64_t newlines =
        0;  // the first one found ends the last line, it does not start a line of the tail
    while (end > 0) {
        const auto part = static_cast<std::size_t>(std::min<off_t>(end, step));
        const off_t begin = end - static_cast<off_t>(part);
        std::size_t length = read_at(file, block.data(), part, begin);
        if (length < part) return 0;  // became shorter meanwhile
        while (const void* found = memrchr(block.data(), '\n', length)) {
            const auto at =
                static_cast<std::size_t>(static_cast<const char*>(found) - block.data());
            if (newlines++ == count) return begin + static_cast<off_t>(at) + 1;
            length = at;
        }
        end = begin;
    }
    return 0;
}

/// The place in the file, and what has to be known of the lines before it.
class Reader {
  public:
    Reader(int file, const LogQuery& query, const LogSink& sink)
        : file_(file), query_(query), sink_(sink), block_(block_size) {
        if (query.tail) offset_ = start_of_tail(file, *query.tail);
    }

    /// Delivers every complete line from here to the end of the file; false when the reading shall
    /// end.
    bool read_complete_lines() {
        if (size_of(file_) < offset_) offset_ = 0;
        for (;;) {
            const std::size_t length = read_at(file_, block_.data(), block_.size(), offset_);
            const std::string_view text(block_.data(), length);
            const std::size_t end = text.rfind('\n') + 1;  // npos + 1 is 0
            if (end == 0) {
                if (length < block_.size()) return true;
                offset_ +=
                    static_cast<off_t>(length);  // no writer makes such a line: skip to its end
                continue;
            }
            offset_ += static_cast<off_t>(end);
            if (!deliver(text.substr(0, end))) return false;
        }
    }

    /// Delivers a last line that lacks nothing but its newline.
    void read_last_line() {
        const std::size_t length = read_at(file_, block_.data(), block_.size(), offset_);
        if (length < block_.size()) deliver_line({block_.data(), length});
    }

  private:
    bool deliver(std::string_view lines) {
        while (!lines.empty()) {
            const std::size_t end = lines.find('\n');
            if (!deliver_line(lines.substr(0, end))) return false;
            lines.remove_prefix(end + 1);
        }
        return true;
    }

    bool deliver_line(std::string_view line) {
        if (!parse_entry(line, entry_)) return true;
        bool& begins_line = begins_line_.at(entry_.stream == Stream::errors ? 1 : 0);
        const bool begins = begins_line;
        begins_line = entry_.text.ends_with('\n');
        if (query_.since || query_.until) {
            const auto time = parse_rfc3339(entry_.time);
            if (!time || (query_.since && *time < *query_.since)) return true;
            if (query_.until && *time > *query_.until) return false;
        }
        return sink_({entry_.stream, entry_.text, entry_.time, begins});
    }

    int file_;
    const LogQuery& query_;
    const LogSink& sink_;
    std::vector<char> block_;
    off_t offset_ = 0;  ///< always at the start of a line
    LogEntry entry_;
    std::array<bool, 2> begins_line_{true, true};  ///< stdout, stderr
};

Fd watch_file(int file) {
    Fd inotify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!inotify.valid()) throw SystemError(errno, "cannot watch a log");
    const std::string path = fmt::format("/proc/self/fd/{}", file);
    if (inotify_add_watch(inotify.get(), path.c_str(), IN_MODIFY | IN_CLOSE_WRITE) < 0)
        throw SystemError(errno, "cannot watch a log");
    return inotify;
}

/// `ended_fd` becomes -1 when it has spoken: it stays readable, and is_running may be a moment
/// late.
void await_change(int inotify, int& ended_fd) {
    constexpr int recheck_ms = 200;
    std::array<pollfd, 2> entries{{{inotify, POLLIN, 0}, {ended_fd, POLLIN, 0}}};
    while (poll(entries.data(), entries.size(), ended_fd < 0 ? recheck_ms : -1) < 0)
        if (errno != EINTR) throw SystemError(errno, "cannot wait for a log");
    if (entries[1].revents != 0) ended_fd = -1;
    std::array<char, 4096> events;
    while (read(inotify, events.data(), events.size()) > 0) {
    }
}

}  // namespace

void read_log(int file, const LogQuery& query, const LogSink& sink) {
    Reader reader(file, query, sink);
    if (reader.read_complete_lines()) reader.read_last_line();
}

void follow_log(int file, const LogQuery& query, const LogFollow& follow, const LogSink& sink) {
    const Fd inotify =
        watch_file(file);  // before the first look: what is written after it wakes us
    Reader reader(file, query, sink);
    int ended_fd = follow.ended_fd;
    for (;;) {
        const bool running = follow.is_running();
        if (!reader.read_complete_lines()) return;
        if (!running) break;
        await_change(inotify.get(), ended_fd);
    }
    reader.read_last_line();
}

std::string nine_digits(std::string_view time) {
    const auto parsed = parse_rfc3339(time);
    return parsed ? to_rfc3339_nine_digits(*parsed) : std::string(time);
}

}  // namespace skiff::monitor
