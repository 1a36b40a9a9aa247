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

namespace skiff::monitor {
namespace {

// Twice the longest line that a writer makes, so that a block always holds a whole one.
constexpr std::size_t block_size = 2 * entry_room(max_entry_text, max_entry_attributes);

struct stat status_of(int file) {
    struct stat status{};
    if (fstat(file, &status) < 0) throw SystemError(errno, "cannot examine a log");
    return status;
}

std::size_t read_at(int file, char* to, std::size_t count, off_t offset) {
    for (;;) {
        const ssize_t n = pread(file, to, count, offset);
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno != EINTR) throw SystemError(errno, "cannot read a log");
    }
}

/// Where the last `count` lines of a file begin; nothing when it has fewer, and `count` is then
/// less by those that it has. What follows the last newline is not counted: it may be cut.
std::optional<off_t> start_of_tail(int file, std::uint64_t& count) {
    constexpr std::size_t step = 65536;
    std::vector<char> block(step);
    off_t end = status_of(file).st_size;
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
    count -= newlines;
    if (count == 0) return 0;
    return std::nullopt;
}

/// Reads one file after the other, and keeps what has to be known of the lines before.
class Reader {
  public:
    Reader(LogFormat format, const LogQuery& query, const LogSink& sink)
        : format_(format), query_(query), sink_(sink), block_(block_size) {}

    /// Begins where the lines that are wanted can begin; returns the index of that file. `files`:
    /// oldest first.
    std::size_t seek(std::span<const int> files) {
        if (files.empty()) return 0;
        if (query_.tail) {
            std::uint64_t count = *query_.tail;
            for (std::size_t i = files.size(); i-- > 0;) {
                if (const auto start = start_of_tail(files[i], count)) {
                    offset_ = *start;
                    return i;
                }
            }
            return 0;
        }
        // A file that was last written before `since` holds nothing later. The second is for the
        // clock that stamps files, which may lag behind the one that stamps lines.
        std::size_t first = 0;
        while (query_.since && first + 1 < files.size() &&
               last_write(files[first]) + std::chrono::seconds(1) < *query_.since)
            ++first;
        return first;
    }

    /// Begins the next file.
    void rewind() { offset_ = 0; }

    /// Delivers every complete line from here to the end of the file; false when the reading shall
    /// end.
    bool read_complete_lines(int file) {
        if (status_of(file).st_size < offset_) offset_ = 0;
        for (;;) {
            const std::size_t length = read_at(file, block_.data(), block_.size(), offset_);
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

    /// Delivers a last line that lacks nothing but its newline. Of the format `local` it cannot be
    /// told whether it is whole.
    bool read_last_line(int file) {
        if (format_ == LogFormat::local) return true;
        const std::size_t length = read_at(file, block_.data(), block_.size(), offset_);
        return length == block_.size() || deliver_line({block_.data(), length});
    }

  private:
    static Timestamp last_write(int file) {
        const timespec time = status_of(file).st_mtim;
        return Timestamp(std::chrono::seconds(time.tv_sec) +
                         std::chrono::nanoseconds(time.tv_nsec));
    }

    bool deliver(std::string_view lines) {
        while (!lines.empty()) {
            const std::size_t end = lines.find('\n');
            if (!deliver_line(lines.substr(0, end))) return false;
            lines.remove_prefix(end + 1);
        }
        return true;
    }

    bool deliver_line(std::string_view line) {
        if (!parse_entry(format_, line, entry_)) return true;
        bool& begins_line = begins_line_.at(entry_.stream == Stream::errors ? 1 : 0);
        const bool begins = begins_line;
        begins_line = entry_.text.ends_with('\n');
        if (query_.times || query_.since || query_.until) {
            // All lines that came in one read have one time.
            if (entry_.time != time_text_) {
                const auto time = parse_rfc3339(entry_.time);
                if (!time) return true;
                time_text_ = entry_.time;
                time_ = *time;
            }
            if (query_.since && time_ < *query_.since) return true;
            if (query_.until && time_ > *query_.until) return false;
        }
        return sink_({entry_.stream, entry_.text, time_, begins});
    }

    LogFormat format_;
    const LogQuery& query_;
    const LogSink& sink_;
    std::vector<char> block_;
    off_t offset_ = 0;  ///< always at the start of a line
    LogEntry entry_;
    std::string time_text_;  ///< of time_
    Timestamp time_{};
    std::array<bool, 2> begins_line_{true, true};  ///< stdout, stderr
};

/// Whatever happens to the files of a log: a write, or a rename. Other files beside them wake us,
/// too, which costs a look.
Fd watch_directory(int dir) {
    Fd inotify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!inotify.valid()) throw SystemError(errno, "cannot watch a log");
    const std::string path = fmt::format("/proc/self/fd/{}", dir);
    if (inotify_add_watch(inotify.get(), path.c_str(), IN_MODIFY | IN_MOVED_TO | IN_CREATE) < 0)
        throw SystemError(errno, "cannot watch a log");
    return inotify;
}

class Follower {
  public:
    Follower(const LogPlace& place, const LogQuery& query, const LogFollow& follow,
             const LogSink& sink)
        : place_(place),
          query_(query),
          follow_(follow),
          inotify_(watch_directory(place.dir)),  // before the first look: what comes later wakes us
          reader_(place.format, query, sink),
          ended_fd_(follow.ended_fd) {}

    void run() {
        if (!read_what_is_there()) return;
        for (;;) {
            const bool running = follow_.is_running();
            if (!read_on()) return;
            if (!running || !await_change()) break;
        }
        if (file_.file.valid()) reader_.read_last_line(file_.file.get());
    }

  private:
    bool read_what_is_there() {
        std::vector<OpenLogFile> files = open_log_files(place_);
        if (files.empty()) return true;
        std::reverse(files.begin(), files.end());
        std::vector<int> numbers;
        for (const OpenLogFile& file : files) numbers.push_back(file.file.get());
        for (std::size_t i = reader_.seek(numbers); i < files.size(); ++i) {
            if (file_.file.valid()) reader_.rewind();
            file_ = std::move(files[i]);
            if (!reader_.read_complete_lines(file_.file.get())) return false;
        }
        return true;
    }

    /// To the end of the newest file that there is now.
    bool read_on() {
        for (;;) {
            if (file_.file.valid() && !reader_.read_complete_lines(file_.file.get())) return false;
            OpenLogFile next = open_successor(place_, file_);
            if (!next.file.valid()) return true;
            if (file_.file.valid()) {
                // It is written no more; what was written between our last read and its end is
                // there.
                if (!reader_.read_complete_lines(file_.file.get()) ||
                    !reader_.read_last_line(file_.file.get()))
                    return false;
                reader_.rewind();
            }
            file_ = std::move(next);
        }
    }

    /// False when there is nothing to wait for any more.
    bool await_change() {
        if (follow_.before_wait) follow_.before_wait();
        // `ended_fd` is left out once it has spoken: it stays readable, and is_running may be a
        // moment late.
        std::array<pollfd, 3> entries{
            {{inotify_.get(), POLLIN, 0}, {ended_fd_, POLLIN, 0}, {follow_.output_fd, 0, 0}}};
        for (;;) {
            const auto timeout = timeout_ms();
            if (!timeout) return false;
            if (poll(entries.data(), entries.size(), *timeout) >= 0) break;
            if (errno != EINTR) throw SystemError(errno, "cannot wait for a log");
        }
        if ((entries[2].revents & (POLLERR | POLLHUP)) != 0) return false;
        if (entries[1].revents != 0) ended_fd_ = -1;
        std::array<char, 4096> events;
        while (read(inotify_.get(), events.data(), events.size()) > 0) {
        }
        return true;
    }

    /// -1: for ever. Nothing when `until` is past.
    std::optional<int> timeout_ms() const {
        using std::chrono::milliseconds;
        constexpr milliseconds recheck{200};
        constexpr milliseconds longest{24 * 3600 * 1000};
        std::optional<milliseconds> timeout;
        if (ended_fd_ < 0) timeout = recheck;
        if (query_.until) {
            const Timestamp current = now();
            if (current > *query_.until) return std::nullopt;
            const auto left = std::chrono::floor<milliseconds>(*query_.until - current);
            timeout = std::min(timeout.value_or(longest), left + milliseconds(1));
        }
        return timeout ? static_cast<int>(timeout->count()) : -1;
    }

    const LogPlace& place_;
    const LogQuery& query_;
    const LogFollow& follow_;
    Fd inotify_;
    Reader reader_;
    OpenLogFile file_;  ///< the one being read; invalid before there is any
    int ended_fd_;
};

}  // namespace

void read_log(std::span<const int> files, LogFormat format, const LogQuery& query,
              const LogSink& sink) {
    Reader reader(format, query, sink);
    const std::size_t first = reader.seek(files);
    for (std::size_t i = first; i < files.size(); ++i) {
        if (i > first) reader.rewind();
        if (!reader.read_complete_lines(files[i]) || !reader.read_last_line(files[i])) return;
    }
}

void read_log(const LogPlace& place, const LogQuery& query, const LogSink& sink) {
    const std::vector<OpenLogFile> files = open_log_files(place);
    std::vector<int> numbers;
    for (auto file = files.rbegin(); file != files.rend(); ++file)
        numbers.push_back(file->file.get());
    read_log(numbers, place.format, query, sink);
}

void follow_log(const LogPlace& place, const LogQuery& query, const LogFollow& follow,
                const LogSink& sink) {
    Follower(place, query, follow, sink).run();
}

}  // namespace skiff::monitor
