// SPDX-License-Identifier: Apache-2.0
#include "monitor/log_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "monitor/log_entry.h"

namespace skiff::monitor {
namespace {

// The largest entry, and enough beside it that a write(2) carries many lines.
constexpr std::size_t buffer_size = entry_room(max_entry_text) + 128UL * 1024;

/// How much of `text` to put in one entry when it has max_entry_text bytes or more: a character of
/// UTF-8 that the limit would cut goes to the next entry as a whole (Docker cuts, and loses it).
std::size_t cut_length(std::string_view text) {
    std::size_t start = max_entry_text;
    // Back to the first byte of the character at the limit, at most three bytes.
    for (int i = 0;
         i < 3 && start > 0 && (static_cast<unsigned char>(text[start - 1]) & 0xc0) == 0x80; ++i)
        --start;
    if (start == 0) return max_entry_text;
    const auto first = static_cast<unsigned char>(text[start - 1]);
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    return start - 1 + length > max_entry_text ? start - 1 : max_entry_text;
}

}  // namespace

LogFile::LogFile(Fd file) : file_(std::move(file)), buffer_(buffer_size) {}

LogFile LogFile::open(int dir, const std::string& name) {
    Fd file =
        open_at(dir, name, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
    struct stat status{};
    if (fstat(file.get(), &status) < 0) throw SystemError(errno, "cannot examine '{}'", name);
    if (!S_ISREG(status.st_mode))
        throw Error(ErrorKind::invalid, "the log '{}' is no regular file", name);
    // A monitor that was killed may have left half a line; ours must not be glued to it.
    char last = '\n';
    if (status.st_size > 0 && pread(file.get(), &last, 1, status.st_size - 1) < 0)
        throw SystemError(errno, "cannot read '{}'", name);
    LogFile log(std::move(file));
    log.ends_cut_ = last != '\n';
    return log;
}

void LogFile::append(Stream stream, std::string_view bytes, Timestamp time) {
    if (time != time_ || time_text_.empty()) {
        time_ = time;
        time_text_ = to_rfc3339_nine_digits(time);
    }
    Partial& partial = partial_.at(stream == Stream::errors ? 1 : 0);
    while (!bytes.empty()) {
        const void* newline = std::memchr(bytes.data(), '\n', bytes.size());
        const std::size_t length =
            newline == nullptr
                ? bytes.size()
                : static_cast<std::size_t>(static_cast<const char*>(newline) - bytes.data());
        if (newline != nullptr && length < max_entry_text && partial.text.empty() &&
            !partial.continues) {
            add_entry(stream, bytes.substr(0, length), true,
                      time_text_);  // the usual case: no copy
        } else {
            add_unfinished(stream, partial, bytes.substr(0, length));
            if (newline != nullptr) {
                add_entry(stream, partial.text, true, partial.time);
                partial = {};
            }
        }
        bytes.remove_prefix(newline == nullptr ? length : length + 1);
    }
}

void LogFile::add_unfinished(Stream stream, Partial& partial, std::string_view text) {
    if (partial.time.empty()) partial.time = time_text_;
    while (!text.empty()) {
        const std::size_t part = std::min(text.size(), max_entry_text - partial.text.size());
        partial.text += text.substr(0, part);
        text.remove_prefix(part);
        if (partial.text.size() < max_entry_text) return;
        const std::size_t cut = cut_length(partial.text);
        add_entry(stream, std::string_view(partial.text).substr(0, cut), false, partial.time);
        partial.text.erase(0, cut);
        partial.continues = true;
    }
}

void LogFile::add_entry(Stream stream, std::string_view text, bool ends_line,
                        std::string_view time) {
    if (buffer_.capacity() - used_ < entry_room(text.size())) flush();
    char* const begin = buffer_.data() + used_;
    used_ += static_cast<std::size_t>(write_entry(begin, text, ends_line, stream, time) - begin);
}

void LogFile::finish() {
    for (const Stream stream : {Stream::output, Stream::errors}) {
        Partial& partial = partial_.at(stream == Stream::errors ? 1 : 0);
        if (!partial.text.empty()) add_entry(stream, partial.text, false, partial.time);
        partial = {};
    }
    flush();
    if (dropped_ > 0) write_marker();
}

void LogFile::flush() {
    if (used_ == 0) return;
    const std::string_view entries(buffer_.data(), used_);
    used_ = 0;
    if (dropped_ > 0 && !write_marker()) {
        drop_lines(entries, drop_error_);
        return;
    }
    write_entries(entries);
}

bool LogFile::write_marker() {
    const std::string text =
        fmt::format("skiff: {} lines of this log were lost: {}", dropped_, errno_text(drop_error_));
    std::string entry(entry_room(text.size()), '\0');
    const char* end =
        write_entry(entry.data(), text, true, Stream::errors, to_rfc3339_nine_digits(now()));
    entry.resize(static_cast<std::size_t>(end - entry.data()));
    const std::uint64_t told = dropped_;
    dropped_ = 0;
    if (write_entries(entry)) return true;
    dropped_ = told;  // the marker itself is no line of the container
    return false;
}

/// Writes all, or drops the lines that are not completely in the file and returns false.
bool LogFile::write_entries(std::string_view entries) {
    if (ends_cut_ && write(file_.get(), "\n", 1) != 1) {
        drop_lines(entries, errno);
        return false;
    }
    ends_cut_ = false;
    std::string_view rest = entries;
    while (!rest.empty()) {
        const ssize_t n = write(file_.get(), rest.data(), rest.size());
        if (n >= 0) {
            rest.remove_prefix(static_cast<std::size_t>(n));
            continue;
        }
        const int error = errno;
        if (error == EINTR) continue;
        // A line that is half in the file is taken out again: readers then never see one, and the
        // next fits.
        const std::string_view written = entries.substr(0, entries.size() - rest.size());
        const std::size_t whole = written.rfind('\n') + 1;  // npos + 1 is 0
        struct stat status{};
        if (whole < written.size() && fstat(file_.get(), &status) == 0) {
            const auto excess = static_cast<off_t>(written.size() - whole);
            ends_cut_ =
                status.st_size < excess || ftruncate(file_.get(), status.st_size - excess) < 0;
        }
        drop_lines(entries.substr(whole), error);
        return false;
    }
    return true;
}

void LogFile::drop_lines(std::string_view entries, int error) {
    dropped_ += static_cast<std::uint64_t>(std::count(entries.begin(), entries.end(), '\n'));
    drop_error_ = error;
}

void LogFile::release_memory() {
    buffer_.release_pages();
    for (Partial& partial : partial_)
        if (partial.text.empty()) partial.text.shrink_to_fit();
}

}  // namespace skiff::monitor
