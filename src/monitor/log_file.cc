// SPDX-License-Identifier: Apache-2.0
#include "monitor/log_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "monitor/log_files.h"

namespace skiff::monitor {
namespace {

// The largest entry, and enough beside it that a write(2) carries many lines.
constexpr std::size_t buffer_size = entry_room(max_entry_text) + 128UL * 1024;

/// Bytes in a file from which on blocks are reserved ahead.
constexpr std::uint64_t talkative = 1UL << 20U;

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

LogFile::LogFile(Fd dir, LogSettings settings)
    : settings_(std::move(settings)),
      name_(log_file_name(settings_.format)),
      dir_(std::move(dir)),
      buffer_(buffer_size + settings_.attributes.size()) {}

LogFile LogFile::open(int dir, LogSettings settings) {
    LogFile log(duplicate(dir), std::move(settings));
    Fd file = open_at(dir, log.name_,
                      O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
    struct stat status{};
    if (fstat(file.get(), &status) < 0) throw SystemError(errno, "cannot examine '{}'", log.name_);
    if (!S_ISREG(status.st_mode))
        throw Error(ErrorKind::invalid, "the log '{}' is no regular file", log.name_);
    // A monitor that was killed may have left blocks behind the end (see reserve),
    constexpr off_t block = 512;  // of st_blocks, whatever the file system's are; stat(2)
    if (status.st_blocks * block > status.st_size + static_cast<off_t>(talkative) &&
        ftruncate(file.get(), status.st_size) < 0)
        throw SystemError(errno, "cannot trim '{}'", log.name_);
    // or half a line; ours must not be glued to it.
    char last = '\n';
    if (status.st_size > 0 && pread(file.get(), &last, 1, status.st_size - 1) < 0)
        throw SystemError(errno, "cannot read '{}'", log.name_);
    log.file_ = std::move(file);
    log.size_ = static_cast<std::uint64_t>(status.st_size);
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
    if (buffer_.capacity() - used_ < entry_room(text.size(), settings_.attributes.size())) flush();
    char* const begin = buffer_.data() + used_;
    const char* const end =
        write_entry(begin, settings_.format, text, ends_line, stream, time, settings_.attributes);
    used_ += static_cast<std::size_t>(end - begin);
}

void LogFile::finish() {
    for (const Stream stream : {Stream::output, Stream::errors}) {
        Partial& partial = partial_.at(stream == Stream::errors ? 1 : 0);
        if (!partial.text.empty()) add_entry(stream, partial.text, false, partial.time);
        partial = {};
    }
    flush();
    if (dropped_ > 0) write_marker();
    give_back_reserve();
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
    std::string entry(entry_room(text.size(), settings_.attributes.size()), '\0');
    const char* end = write_entry(entry.data(), settings_.format, text, true, Stream::errors,
                                  to_rfc3339_nine_digits(now()), settings_.attributes);
    entry.resize(static_cast<std::size_t>(end - entry.data()));
    const std::uint64_t told = dropped_;
    dropped_ = 0;
    if (write_entries(entry)) return true;
    dropped_ = told;  // the marker itself is no line of the container
    return false;
}

/// Writes all, or drops the lines that are not completely in a file and returns false.
bool LogFile::write_entries(std::string_view entries) {
    while (!entries.empty()) {
        std::size_t length = fitting(entries);
        if (length == 0) {
            try {
                if (size_ > 0) rotate();
            } catch (const SystemError& error) {
                // The promised limit holds: without a new file there is no room.
                drop_lines(entries, error.errno_value());
                return false;
            }
            // A line that no file may hold gets one of its own.
            length = std::max(fitting(entries), entries.find('\n') + 1);
        }
        if (!write_to_file(entries.substr(0, length))) {
            drop_lines(entries.substr(length), drop_error_);
            return false;
        }
        entries.remove_prefix(length);
    }
    return true;
}

/// How many bytes of `entries`, whole lines, the file still takes; 0: a new one is needed first.
std::size_t LogFile::fitting(std::string_view entries) const {
    if (settings_.max_size == 0) return entries.size();
    const std::uint64_t room = settings_.max_size - std::min(size_, settings_.max_size);
    if (entries.size() <= room) return entries.size();
    return entries.substr(0, room).rfind('\n') + 1;  // npos + 1 is 0
}

/// Begins a new file. The order is what log_files.h promises to readers; a kill between two steps
/// leaves a gap in the numbers, which the next rotation closes. Throws SystemError; nothing was
/// changed then, or a gap is left.
void LogFile::rotate() {
    const std::string fresh = name_ + ".new";
    // What a killed writer left there is nobody's.
    if (unlinkat(dir_.get(), fresh.c_str(), 0) < 0 && errno != ENOENT)
        throw SystemError(errno, "cannot remove '{}'", fresh);
    // Before anything moves: this is what a full disk refuses.
    Fd file = open_at(dir_.get(), fresh,
                      O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK, 0600);
    const auto rename = [&](const std::string& from, const std::string& to) {
        if (renameat(dir_.get(), from.c_str(), dir_.get(), to.c_str()) < 0)
            throw SystemError(errno, "cannot rename '{}' to '{}'", from, to);
    };
    unsigned last = 0;  // the first age that is free, or the one that falls off the end
    while (last + 1 < settings_.max_files &&
           faccessat(dir_.get(), log_file_name(name_, last).c_str(), F_OK, 0) == 0)
        ++last;
    for (; last > 0; --last) rename(log_file_name(name_, last - 1), log_file_name(name_, last));
    rename(fresh, name_);
    give_back_reserve();
    file_ = std::move(file);
    size_ = 0;
    ends_cut_ = false;
}

/// Blocks for what a container that talks a lot will write next. Block by block they are a fifth of
/// what its output costs on ext4 (tests/bench/live, "foreground"). fallocate(2)
void LogFile::reserve(std::size_t bytes) {
    constexpr std::uint64_t most = 16UL << 20U;
    if (!reserves_ || size_ < talkative || size_ + bytes <= reserved_) return;
    // Somebody may have emptied it (truncate -s 0), which is no reason to write on far behind.
    struct stat status{};
    if (fstat(file_.get(), &status) < 0) return;
    size_ = static_cast<std::uint64_t>(status.st_size);
    std::uint64_t end = size_ + std::max<std::uint64_t>(bytes, std::min(size_, most));
    if (settings_.max_size != 0) end = std::min(end, settings_.max_size);
    if (end <= size_) return;
    // Not there, or no room: then as always. A full disk is write(2)'s to tell.
    reserves_ = fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(size_),
                          static_cast<off_t>(end - size_)) == 0;
    if (reserves_) reserved_ = end;
}

void LogFile::give_back_reserve() {
    // To where it ends, which is not where we ended when somebody has emptied it.
    struct stat status{};
    if (reserved_ > 0 &&
        (fstat(file_.get(), &status) < 0 || ftruncate(file_.get(), status.st_size) < 0))
        reserves_ = false;  // they go with the file
    reserved_ = 0;
}

/// Likewise for lines that go into this file.
bool LogFile::write_to_file(std::string_view entries) {
    reserve(entries.size());
    if (ends_cut_ && write(file_.get(), "\n", 1) != 1) {
        drop_lines(entries, errno);
        return false;
    }
    size_ += ends_cut_ ? 1 : 0;
    ends_cut_ = false;
    std::string_view rest = entries;
    while (!rest.empty()) {
        const ssize_t n = write(file_.get(), rest.data(), rest.size());
        if (n >= 0) {
            rest.remove_prefix(static_cast<std::size_t>(n));
            size_ += static_cast<std::uint64_t>(n);
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
            if (!ends_cut_) size_ = static_cast<std::uint64_t>(status.st_size - excess);
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
