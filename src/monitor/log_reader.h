// SPDX-License-Identifier: Apache-2.0
// Reads what log_file.h writes, also while it is being written and rotated.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/timestamp.h"
#include "monitor/log_files.h"
#include "monitor/protocol.h"

namespace skiff::monitor {

struct LogLine {
    Stream stream = Stream::output;
    std::string_view text;  ///< with its newline, if it has one; valid during the call
    Timestamp time{};       ///< only when LogQuery::times
    bool begins_line =
        true;  ///< false: the stream's last entry had no newline, so this continues its line
};

struct LogQuery {
    /// The last entries of the log, counted before `since` and `until` are applied, as Docker
    /// does.
    std::optional<std::uint64_t> tail{};
    std::optional<Timestamp> since{};  ///< inclusive
    std::optional<Timestamp> until{};  ///< inclusive; reading ends at the first later entry
    bool times = false;                ///< LogLine::time is wanted
};

/// How to follow a log that is being written.
struct LogFollow {
    /// False once the writer will write no more. Asked before a last look at the files.
    std::function<bool()> is_running;
    /// Readable or hung up when is_running may have changed (a connection to the monitor); -1:
    /// none, then is_running is asked five times a second.
    int ended_fd = -1;
    /// Called when all there is was delivered, before waiting for more.
    std::function<void()> before_wait{};
    /// Where the lines go: once nobody reads it any more (a pipe without reader), nothing is waited
    /// for; -1: not watched.
    int output_fd = -1;
};

/// Called for each line in the order of the log; false ends the reading.
using LogSink = std::function<bool(const LogLine&)>;

/// Reads a log from the beginning of its oldest file to the end of its newest; nothing when there
/// is none.
///
/// Lines that are no entries are skipped, so is a last line that is cut. Memory does not depend on
/// the size of the log. Throws SystemError.
void read_log(const LogPlace& place, const LogQuery& query, const LogSink& sink);
/// The same for files that are given (regular files, oldest first; their offsets are neither used
/// nor changed).
void read_log(std::span<const int> files, LogFormat format, const LogQuery& query,
              const LogSink& sink);
/// Like read_log; at the end waits for more (inotify) until the writer has ended or the time
/// `query.until` has come. A file that became shorter than what was read of it is read again from
/// its start.
void follow_log(const LogPlace& place, const LogQuery& query, const LogFollow& follow,
                const LogSink& sink);

}  // namespace skiff::monitor
