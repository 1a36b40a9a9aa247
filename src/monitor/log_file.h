// SPDX-License-Identifier: Apache-2.0
// The log of one container: the writer.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/timestamp.h"
#include "monitor/log_entry.h"
#include "monitor/page_buffer.h"
#include "monitor/protocol.h"

namespace skiff::monitor {

struct LogSettings {
    LogFormat format = LogFormat::json_file;
    /// Bytes that no file exceeds (but for a single line that is longer); 0: no limit.
    std::uint64_t max_size = 0;
    unsigned max_files = 1;  ///< at least 1, the one that is written included
    /// A JSON object that goes into each entry, or empty; at most max_entry_attributes bytes.
    std::string attributes{};
};

/// Appends what a container writes to its log, and begins a new file when one is full
/// (log_files.h).
///
/// Nothing here fails the container: when the file takes no more (disk full, quota, file size
/// limit), whole lines are dropped and counted, and one line says how many as soon as there is room
/// again.
class LogFile {
  public:
    /// Opens (makes, 0600) the newest file of the log in `dir`, once and without following a link.
    /// Throws SystemError.
    static LogFile open(int dir, LogSettings settings);

    /// Takes what was read from `stream` at `time`; lines may begin and end anywhere. A line that
    /// is not complete is kept until it is, until it has max_entry_text bytes, or until finish().
    void append(Stream stream, std::string_view bytes, Timestamp time);
    /// Writes the last lines, which have no newline, as such.
    void finish();

    /// Bytes were appended that are not in the file yet.
    bool pending() const { return used_ > 0; }
    /// Writes what is pending.
    void flush();
    /// Gives the memory of the buffers back. Nothing may be pending.
    void release_memory();
    /// Lines that could not be written and were not yet accounted for in the file.
    std::uint64_t dropped() const { return dropped_; }
    /// errno of the last write that failed; 0: none did.
    int drop_error() const { return drop_error_; }

  private:
    struct Partial {
        std::string text;        ///< a line without its end, less than max_entry_text bytes
        std::string time;        ///< of the line's first byte; Docker gives it to each part
        bool continues = false;  ///< parts of this line were written already
    };

    LogFile(Fd dir, LogSettings settings);
    void rotate();
    void add_entry(Stream stream, std::string_view text, bool ends_line, std::string_view time);
    void add_unfinished(Stream stream, Partial& partial, std::string_view text);
    void drop_lines(std::string_view entries, int error);
    bool write_marker();
    bool write_entries(std::string_view entries);
    bool write_to_file(std::string_view entries);
    void reserve(std::size_t bytes);
    void give_back_reserve();
    std::size_t fitting(std::string_view entries) const;

    LogSettings settings_;
    std::string name_;  ///< of the newest file
    Fd dir_;            ///< for the names of rotation
    Fd file_;
    std::uint64_t size_ = 0;      ///< of file_
    std::uint64_t reserved_ = 0;  ///< its blocks go to here, when that is beyond size_
    bool reserves_ = true;        ///< the file system can
    PageBuffer buffer_;
    std::size_t used_ = 0;
    std::array<Partial, 2> partial_;  ///< stdout, stderr
    Timestamp time_{};
    std::string time_text_;  ///< of time_
    bool ends_cut_ = false;  ///< the file's last line has no end; the next entry begins with one
    std::uint64_t dropped_ = 0;
    int drop_error_ = 0;  ///< errno of the last write that failed
};

}  // namespace skiff::monitor
