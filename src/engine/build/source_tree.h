// SPDX-License-Identifier: Apache-2.0
// Where COPY and ADD take from: the build's context, a stage, an image.
//
// All of it is somebody else's. Paths are resolved beneath the tree's root, as after chroot: a
// link that points out of the context points to something inside of it, or to nothing.
#pragma once

#include <string>
#include <vector>

#include <sys/stat.h>

#include "base/fd.h"
#include "base/root_dir.h"
#include "dockerfile/ignore_rules.h"

namespace skiff::engine {

struct SourceTree {
    RootDir root;
    dockerfile::IgnoreRules rules = {};  ///< .dockerignore; what it excludes is not there
    std::string rules_name = {};         ///< the file they came from, for messages
    /// Owners are taken over. In a context they are the host's and mean nothing: root's then.
    bool owners = false;
};

struct FoundSource {
    std::string path;  ///< clean and relative to the root, links followed; "" : the root itself
    std::string name;  ///< by what it was asked for; "" : the root itself
    Fd fd;             ///< O_PATH
    struct stat status{};
};

/// What `pattern` (Go's filepath.Match, from the root; ".." stops there) means, sorted by name. A
/// pattern without wildcards that means nothing is Error{not_found}; with wildcards it is nothing,
/// as for BuildKit.
std::vector<FoundSource> find_sources(const SourceTree& tree, const std::string& pattern);

/// The one thing of this name; '*' and the like are characters. Throws Error{not_found}.
FoundSource find_source(const SourceTree& tree, const std::string& path);

/// Receives a tree in the order of its names, a directory before what is in it. Paths are relative
/// to where the walk began; "" is that directory itself. What it throws ends the walk.
class TreeVisitor {
  public:
    TreeVisitor() = default;
    TreeVisitor(const TreeVisitor&) = delete;
    TreeVisitor& operator=(const TreeVisitor&) = delete;
    virtual ~TreeVisitor() = default;

    virtual void enter(const std::string& path, int directory, const struct stat& status) = 0;
    virtual void leave(const std::string& path, int directory, const struct stat& status) = 0;
    /// Anything but a directory: `name` in `parent`.
    virtual void object(const std::string& path, int parent, const std::string& name,
                        const struct stat& status) = 0;
};

/// Walks what was found, without following links. `excluded`: patterns relative to the source.
/// Throws SystemError, Error{unsupported} for a tree that is too deep.
void walk_source(const SourceTree& tree, const FoundSource& source,
                 const dockerfile::IgnoreRules& excluded, TreeVisitor& visitor);

/// Opens `name` in `parent`, a regular file that is not a link, for reading.
Fd open_source_file(int parent, const std::string& name, const std::string& path);

}  // namespace skiff::engine
