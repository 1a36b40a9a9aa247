// SPDX-License-Identifier: Apache-2.0
// One line of a log, as text, in two formats:
//
//   json_file  {"log":"line\n","stream":"stdout","time":"2026-11-22T03:28:07.015242816Z"}
//              Docker's format of that name. Bytes that are not UTF-8 become U+FFFD, as Docker has
//              it.
//   local      2026-11-22T03:28:07.015242816Z stdout F line
//              The format that Kubernetes gave to container logs (CRI) and podman calls k8s-file:
//              40 bytes beside the text instead of 72, every byte as it was, and grep reads it. 'P'
//              in the place of 'F': the line goes on in the next entry. Docker's own `local` files
//              are protobuf, which nobody but Docker reads, and one damaged byte makes the rest
//              unreadable.
//
// Pure functions; log_file.h writes such files, log_reader.h reads them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "monitor/protocol.h"

namespace skiff::monitor {

/// Bytes of container output in one entry at most; a longer line becomes several entries, all but
/// the last without a newline (Docker's copier, loggers' defaultBufSize).
inline constexpr std::size_t max_entry_text = 16384;

enum class LogFormat { json_file, local };

/// Room that `write_entry` needs for `text_size` bytes of text and as many of attributes.
constexpr std::size_t entry_room(std::size_t text_size, std::size_t attributes_size = 0) {
    return 6 * text_size + attributes_size + 128;
}

/// What `attributes` of an entry may have at most, so that readers know how long a line can be.
inline constexpr std::size_t max_entry_attributes = 32768;

/// Writes one entry with its newline to `to`, which has entry_room() bytes; returns its end.
///
/// `text` is what the container wrote, without the newline; `ends_line` says that there was one.
/// `time` is RFC 3339. `attributes` is a JSON object, or empty; the format `local` has no place for
/// it. In JSON '<', '>', '&' and the two Unicode line ends are escaped as well, as Docker's encoder
/// does (moby, daemon/logger/jsonfilelog/jsonlog).
char* write_entry(char* to, LogFormat format, std::string_view text, bool ends_line, Stream stream,
                  std::string_view time, std::string_view attributes = {});

/// `text` as a JSON string with its quotes, escaped as in entries.
std::string json_string(std::string_view text);

struct LogEntry {
    std::string text;
    Stream stream = Stream::output;
    std::string_view time;  ///< as written, inside the parsed line
};
/// Parses one line without its newline; false when it is no entry (cut, foreign). JSON keys may
/// come in any order and unknown ones are skipped. `entry.text` is reused.
bool parse_entry(LogFormat format, std::string_view line, LogEntry& entry);

}  // namespace skiff::monitor
