// SPDX-License-Identifier: Apache-2.0
// One line of Docker's json-file log, as text: {"log":"line\n","stream":"stdout","time":"2026-…Z"}.
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

/// Room that `write_entry` needs for `text_size` bytes of text.
constexpr std::size_t entry_room(std::size_t text_size) {
    return 6 * text_size + 128;
}

/// Writes one entry with its newline to `to`, which has entry_room(text.size()) bytes; returns its
/// end.
///
/// `text` is what the container wrote, without the newline; `ends_line` appends that. `time` is RFC
/// 3339. Bytes that are not UTF-8 become U+FFFD, one each, and '<', '>', '&' and the two Unicode
/// line ends are escaped, all as Docker's encoder does (moby, daemon/logger/jsonfilelog/jsonlog).
char* write_entry(char* to, std::string_view text, bool ends_line, Stream stream,
                  std::string_view time);

struct LogEntry {
    std::string text;
    Stream stream = Stream::output;
    std::string_view time;  ///< as written, inside the parsed line
};
/// Parses one line without its newline; false when it is no entry (cut, foreign). Keys may come in
/// any order and unknown ones are skipped. `entry.text` is reused.
bool parse_entry(std::string_view line, LogEntry& entry);

}  // namespace skiff::monitor
