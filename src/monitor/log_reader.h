// SPDX-License-Identifier: Apache-2.0
// Reads what log_file.h writes, also while it is being written.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/timestamp.h"
#include "monitor/protocol.h"

namespace skiff::monitor {

struct LogLine {
    Stream stream = Stream::output;
    std::string_view text;  ///< with its newline, if it has one; valid during the call
    std::string_view time;  ///< RFC 3339, as in the file
    bool begins_line =
        true;  ///< false: the stream's last entry had no newline, so this continues its line
};

struct LogQuery {
    /// The last entries of the file, counted before `since` and `until` are applied, as Docker
    /// does.
    std::optional<std::uint64_t> tail{};
    std::optional<Timestamp> since{};  ///< inclusive
    std::optional<Timestamp> until{};  ///< inclusive; reading ends at the first later entry
};

/// How to follow a log that is being written.
struct LogFollow {
    /// False once the writer will write no more. Asked before a last look at the file.
    std::function<bool()> is_running;
    /// Readable or hung up when is_running may have changed (a connection to the monitor); -1:
    /// none, then is_running is asked five times a second.
    int ended_fd = -1;
};

/// Called for each line in the order of the file; false ends the reading.
using LogSink = std::function<bool(const LogLine&)>;

/// Reads the log `file` (a regular file; its offset is neither used nor changed) to its end.
///
/// Lines that are no entries are skipped, so is a last line that is cut. A file that became shorter
/// than what was read is read again from its start. Throws SystemError.
void read_log(int file, const LogQuery& query, const LogSink& sink);
/// Like read_log; at the end waits for more (inotify) until the writer has ended.
void follow_log(int file, const LogQuery& query, const LogFollow& follow, const LogSink& sink);

/// `time` of a LogLine with nine digits of fraction, as `logs -t` prints it; unchanged when
/// malformed.
std::string nine_digits(std::string_view time);

}  // namespace skiff::monitor
