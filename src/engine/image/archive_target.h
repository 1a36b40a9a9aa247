// SPDX-License-Identifier: Apache-2.0
// Where an archive goes that the user has named.
#pragma once

#include <string>

#include <sys/types.h>

#include "base/fd.h"

namespace skiff::engine {

/// Standard output ("-"), a device or FIFO as it is, else a file that replaces `path` at the end:
/// it appears complete or not at all.
class ArchiveTarget {
  public:
    /// `mode` is a new file's, before the umask. Throws Error{usage} for a terminal,
    /// Error{not_found} for a directory that is missing (it is not made: as in Docker), SystemError.
    ArchiveTarget(const std::string& path, mode_t mode);
    ArchiveTarget(const ArchiveTarget&) = delete;
    ArchiveTarget& operator=(const ArchiveTarget&) = delete;
    ~ArchiveTarget();

    int fd() const { return fd_.get(); }
    /// For messages about writing.
    std::string name() const;
    /// The archive is complete.
    void commit();

  private:
    std::string path_;
    std::string temporary_;  ///< "" when there is none
    Fd fd_;
};

}  // namespace skiff::engine
