// SPDX-License-Identifier: Apache-2.0
// The one module that opens a path inside a root file system (upper half: owners and exceptions).
// See base/in_root.h for why there is only one, and for the half that runs between clone and exec.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sys/stat.h>
#include <sys/types.h>

#include "base/fd.h"

namespace skiff {

/// A directory whose content is not trusted: the root of a container, a layer, a volume.
///
/// Paths given to it may begin with '/' or not; both mean "from this root". Methods throw
/// SystemError with the path in the message.
class RootDir {
  public:
    /// Takes a directory descriptor (O_PATH is enough).
    explicit RootDir(Fd directory) : fd_(std::move(directory)) {}

    int fd() const { return fd_.get(); }

    /// Follows links as after chroot. O_CLOEXEC is added.
    Fd open(const std::string& path, int flags, mode_t mode = 0) const;
    /// Like open; nothing where a component is absent or no directory.
    std::optional<Fd> find(const std::string& path, int flags) const;
    /// fstat of the object after following links; nothing when absent.
    std::optional<struct stat> find_status(const std::string& path) const;
    /// Content of a regular file of at most `limit` bytes, nothing when absent. Anything but a
    /// regular file (a FIFO would hang us) and anything larger is Error{invalid}.
    std::optional<std::string> find_file(const std::string& path, size_t limit) const;
    /// Makes what is missing of the directory `path` (0755) and opens it O_PATH.
    RootDir make_directories(const std::string& path) const;

    struct Parent {
        Fd directory;
        std::string name;  ///< one component, never ".", ".." or empty
    };
    /// For archive members: the directory that holds `path`, reached without following any link.
    /// `path` is cleaned of leading "./" and "/" and of "." components; ".." is Error{invalid}; the
    /// root itself too. Missing parents are made 0755 when `create` is true.
    Parent open_parent_beneath(std::string_view path, bool create) const;
    /// Opens an archive member itself without following any link.
    Fd open_beneath(const std::string& path, int flags, mode_t mode = 0) const;

  private:
    Fd fd_;
};

/// Removes everything below (and then `name` itself in) the trusted directory `parent`; what is
/// below is not trusted: links are never followed, other file systems never entered. Directories
/// without permission bits are opened up first. Absence is fine. Throws SystemError naming the
/// first object that stays.
void remove_tree(int parent, const std::string& name);

}  // namespace skiff
