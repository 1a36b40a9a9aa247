// SPDX-License-Identifier: Apache-2.0
// COPY and ADD: puts files into a stage's root file system, into what is there.
//
// The rules are BuildKit's: a directory gives what is in it; a file goes into a destination that is
// a directory or ends with '/'; missing directories are made; a directory that is there keeps its
// own attributes when it is the destination, and gets those of the source further down; a file in
// the place of a directory, or the other way round, is an error.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/root_dir.h"
#include "dockerfile/file_mode.h"
#include "engine/build/source_tree.h"
#include "engine/build/tree_digest.h"

namespace skiff::engine {

struct MergeOptions {
    std::optional<std::pair<uid_t, gid_t>> owner = {};  ///< --chown
    std::optional<dockerfile::FileMode> mode = {};      ///< --chmod
    /// A store of a single id: owners are written down, not given (storage/archive/xattrs.h).
    bool record_owners = false;
    /// A directory takes the place of what is none (ADD of an archive).
    bool replace = false;
    /// Devices are left out: the tree is for this machine.
    bool no_devices = false;
};

class TreeMerge {
  public:
    /// Borrows all of it. What is copied is added to `digest`, which then is of these very bytes,
    /// whatever the sources have become since somebody looked.
    TreeMerge(const RootDir& root, const MergeOptions& options, TreeDigest& digest)
        : root_(root), options_(options), digest_(digest) {}

    /// `destination` is absolute; `into_directory`: it is one, there or not.
    void copy(const SourceTree& tree, const FoundSource& source, const std::string& destination,
              bool into_directory, const dockerfile::IgnoreRules& excluded);
    /// A file of the Dockerfile itself.
    void write(const std::string& name, std::string_view content, const std::string& destination,
               bool into_directory);
    /// Makes what is missing of a directory, with mode 0755.
    void make_directory(const std::string& path);

  private:
    friend class MergeVisitor;
    struct Place {
        int directory = -1;
        std::string name;
        std::string path;
        bool fresh = false;  ///< the directory was made a moment ago: nothing is in the way
        Fd owner = {};       ///< of `directory`, where a walk has not got it
    };

    /// What a walk has come to.
    struct Object {
        int parent;
        const std::string& name;
        const std::string& path;
        const struct stat& status;
    };
    struct Known {
        std::string path;     ///< in the stage
        std::string content;  ///< its digest
    };

    Fd open_directory(const std::string& path, unsigned links = 40);
    static Place owning(Fd directory, std::string name, std::string path);
    Place place_for(const std::string& name, const std::string& destination, bool into_directory);
    void copy_object(const SourceTree& tree, const Object& from, const Place& to);
    /// Returns the digest of the content.
    std::string copy_file(const Fd& source, const struct stat& status, bool owners,
                          const Place& to);
    bool link_known(const Object& from, const Place& to);
    Fd create(const Place& to, mode_t mode) const;
    std::string copy_bytes(int from, int to, const struct stat& status, const std::string& path);
    void make_room(const Place& to) const;
    Fd enter(const Place& at, const struct stat& status, bool& made);
    void finish_directory(int source, int target, const struct stat& status, bool owners,
                          const std::string& path) const;
    void give(int fd, uid_t uid, gid_t gid, mode_t mode, const std::string& path) const;
    void give_named(const Place& at, const struct stat& status, bool owners) const;
    mode_t mode_of(mode_t mode, bool directory) const;
    std::pair<uid_t, gid_t> owner_of(const struct stat& status, bool owners) const;
    [[noreturn]] void refuse_id(int error, uid_t uid, gid_t gid, const std::string& path) const;

    const RootDir& root_;
    MergeOptions options_;
    TreeDigest& digest_;
    /// Of files with several links, by what they are in the source.
    std::map<std::pair<dev_t, ino_t>, Known> known_;
    std::unique_ptr<char[]> buffer_;
};

}  // namespace skiff::engine
