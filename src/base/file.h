// SPDX-License-Identifier: Apache-2.0
// Files of our own (trusted paths): state, records, configuration. For anything inside a
// container's or image's tree use base/root_dir.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/fd.h"

namespace skiff {

enum class Durability {
    none,  ///< survives a kill of any process, not a power cut
    sync,  ///< file and directory are on disk on return
};

/// Nothing when absent; Error{invalid} when larger than `limit` bytes. `dir` may be AT_FDCWD.
std::optional<std::string> find_file(int dir, const std::string& name, size_t limit);
/// The same for a file that may have been replaced by something else: a link, a directory or a FIFO
/// (which would hang us) is Error{invalid} too.
std::optional<std::string> find_regular_file(int dir, const std::string& name, size_t limit);
/// Throws SystemError when absent.
std::string read_file(const std::string& path, size_t limit);

/// Replaces `name` in `dir` by a new file with `content`: a temporary in the same directory,
/// renamed. A reader sees the old or the new content, never a part. The mode is exact (no umask).
void replace_file(int dir, const std::string& name, std::string_view content, mode_t mode,
                  Durability durability);
/// Makes `name` with `content`; false when it exists already. Appears complete or not at all.
bool create_file(int dir, const std::string& name, std::string_view content, mode_t mode,
                 Durability durability);

/// Makes the directories of the absolute `path` that are missing, each with `mode`.
void make_directories(const std::string& path, mode_t mode);
/// Makes (if missing) and opens the directory `name` in `dir`, read-only, O_NOFOLLOW.
Fd open_or_make_directory(int dir, const std::string& name, mode_t mode);
/// Names in a directory, without "." and "..", unsorted. An absent directory is SystemError.
std::vector<std::string> list_directory(int dir);
void sync_directory(int dir);

/// Text of a symbolic link; nothing when absent or no link.
std::optional<std::string> find_link(int dir, const std::string& name);

/// A directory made by mkdtemp under $TMPDIR or /tmp, removed with its content at the end.
class TempDir {
  public:
    TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir();
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace skiff
