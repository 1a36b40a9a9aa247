// SPDX-License-Identifier: Apache-2.0
// The files that one log consists of, and how they are named.
//
//   json.log     the newest: it is written
//   json.log.1   the one before it, and so on: they do not change any more
//   json.log.new the next newest, for the moment of a rotation
//
// Rotation renames from the highest number down and puts the new file in place last, so a file only
// ever moves to a higher number. Whoever opens them from the newest to the oldest passes none by
// (and meets some twice, which their inode tells), whatever the writer does meanwhile.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/fd.h"
#include "monitor/log_entry.h"

namespace skiff::monitor {

/// Where a log lies: a directory (borrowed), and the name of its newest file.
struct LogPlace {
    int dir = -1;
    std::string name;
    LogFormat format = LogFormat::json_file;
};

/// "json.log" or "local.log".
std::string log_file_name(LogFormat format);
/// The name of the file `age` rotations ago; 0 is the newest.
std::string log_file_name(const std::string& newest, unsigned age);

/// One file of a log, open for reading.
struct OpenLogFile {
    Fd file;
    unsigned age = 0;  ///< when it was opened
    dev_t device = 0;
    ino_t inode = 0;  ///< stays the file's own for as long as it is open
    bool is(const OpenLogFile& other) const {
        return file.valid() && other.file.valid() && device == other.device && inode == other.inode;
    }
};

/// Opens the files from the newest to the oldest, each once, links not followed. In the middle of a
/// rotation the newest may have its next name already. Throws SystemError, and Error{invalid} for
/// what is no regular file.
std::vector<OpenLogFile> open_log_files(const LogPlace& place);

/// The file that came after `file`; nothing when it is the newest. When it is gone altogether, the
/// oldest that there is: what lay between was rotated away before it could be read.
OpenLogFile open_successor(const LogPlace& place, const OpenLogFile& file);

}  // namespace skiff::monitor
