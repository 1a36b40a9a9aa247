// SPDX-License-Identifier: Apache-2.0
#include "engine/build/source_tree.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>

#include "base/error.h"
#include "base/file.h"
#include "base/in_root.h"
#include "base/text.h"
#include "dockerfile/wildcard.h"
#include "engine/container/mount_request.h"

namespace skiff::engine {
namespace {

/// Two descriptors per level, with the one of the copy: below the limit that every process has.
constexpr unsigned max_depth = 400;

struct stat status_of(int fd, const std::string& path) {
    struct stat status{};
    if (fstat(fd, &status) < 0) throw SystemError(errno, "cannot inspect {}", quoted(path));
    return status;
}

/// Whether the walk has no business at `path`, seen from `rules`.
bool hidden(const dockerfile::IgnoreRules& rules, const std::string& path, bool directory) {
    if (path.empty() || rules.empty() || !rules.excludes(path)) return false;
    return !directory || !rules.may_contain_included(path);
}

std::string joined(const std::string& directory, const std::string& name) {
    return directory.empty() ? name : directory + "/" + name;
}

/// Where it is after all links, from the root of the tree.
std::string real_path(const SourceTree& tree, int fd, const std::string& asked) {
    if (tree.rules.empty()) return asked;
    const auto name_of = [](int number) {
        return find_link(AT_FDCWD, fmt::format("/proc/self/fd/{}", number)).value_or("");
    };
    const std::string root = name_of(tree.root.fd());
    const std::string path = name_of(fd);
    if (path == root) return "";
    const std::string prefix = root == "/" ? root : root + "/";
    return path.starts_with(prefix) ? path.substr(prefix.size()) : asked;
}

class Finder {
  public:
    Finder(const SourceTree& tree, bool literal) : tree_(tree), literal_(literal) {}

    std::vector<FoundSource> find(const std::string& pattern) {
        const std::string clean = clean_path("/" + pattern).substr(1);
        std::vector<std::string> parts;
        for (const std::string_view part : split(clean, '/')) parts.emplace_back(part);
        if (clean.empty()) parts.clear();
        descend("", parts, 0);
        if (found_.empty() && (literal_ || !dockerfile::has_wildcard(clean))) refuse(clean);
        return std::move(found_);
    }

  private:
    void descend(const std::string& path, const std::vector<std::string>& parts, size_t at) {
        if (at == parts.size()) return add(path);
        if (literal_ || !dockerfile::has_wildcard(parts[at]))
            return descend(joined(path, parts[at]), parts, at + 1);
        dockerfile::check_wildcard(parts[at]);
        const auto directory = tree_.root.find(path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
        if (!directory) return;
        std::vector<std::string> names = list_directory(directory->get());
        std::ranges::sort(names);
        for (const std::string& name : names)
            if (dockerfile::match_wildcard(parts[at], name))
                descend(joined(path, name), parts, at + 1);
    }

    void add(const std::string& path) {
        auto fd = tree_.root.find(path.empty() ? "." : path, O_PATH);
        if (!fd) return;
        FoundSource source;
        source.status = status_of(fd->get(), path);
        source.path = real_path(tree_, fd->get(), path);
        source.name = path.substr(path.rfind('/') + 1);
        // A link that is excluded is not there, wherever it leads; nor is what it leads to.
        const bool directory = S_ISDIR(source.status.st_mode);
        if (hidden(tree_.rules, source.path, directory) || hidden(tree_.rules, path, directory)) {
            excluded_ = true;
            return;
        }
        source.fd = std::move(*fd);
        found_.push_back(std::move(source));
    }

    [[noreturn]] void refuse(const std::string& path) const {
        throw Error(ErrorKind::not_found, "failed to compute cache key: {}: not found{}",
                    quoted("/" + path),
                    excluded_ ? fmt::format(" ({} excludes it)", tree_.rules_name) : "");
    }

    const SourceTree& tree_;
    bool literal_;
    std::vector<FoundSource> found_;
    bool excluded_ = false;
};

class Walk {
  public:
    Walk(const SourceTree& tree, const dockerfile::IgnoreRules& excluded, TreeVisitor& visitor)
        : tree_(tree), excluded_(excluded), visitor_(visitor) {}

    /// `inner` is the path from the tree's root, `path` from the source.
    void directory(int fd, const std::string& inner, const std::string& path, bool included,
                   unsigned depth) {
        if (depth == max_depth)
            throw Error(ErrorKind::unsupported,
                        "more than {} directories are inside each other: {}…", max_depth,
                        quoted(path.substr(0, 100)));
        const struct stat status = status_of(fd, inner);
        waiting_.push_back({path, fd, status});
        if (included) announce();
        std::vector<std::string> names = list_directory(fd);
        std::ranges::sort(names);
        for (const std::string& name : names)
            entry(fd, name, joined(inner, name), joined(path, name), depth);
        if (announced_ == waiting_.size()) visitor_.leave(path, fd, status);
        waiting_.pop_back();
        announced_ = std::min(announced_, waiting_.size());
    }

  private:
    struct Waiting {
        std::string path;
        int fd;
        struct stat status;
    };

    void entry(int parent, const std::string& name, const std::string& inner,
               const std::string& path, unsigned depth) {
        struct stat status{};
        if (fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0)
            throw SystemError(errno, "cannot inspect {}", quoted(inner));
        const bool is_directory = S_ISDIR(status.st_mode);
        if (hidden(tree_.rules, inner, is_directory) || hidden(excluded_, path, is_directory))
            return;
        const bool included = !tree_.rules.excludes(inner) && !excluded_.excludes(path);
        if (!is_directory) {
            if (!included) return;
            announce();
            return visitor_.object(path, parent, name, status);
        }
        const int fd =
            in_root::open_beneath(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (fd < 0) throw SystemError(-fd, "cannot open {}", quoted(inner));
        const Fd owner(fd);
        directory(fd, inner, path, included, depth + 1);
    }

    /// A directory that is excluded, but for something in it, appears with that.
    void announce() {
        for (; announced_ < waiting_.size(); ++announced_) {
            const Waiting& next = waiting_[announced_];
            visitor_.enter(next.path, next.fd, next.status);
        }
    }

    const SourceTree& tree_;
    const dockerfile::IgnoreRules& excluded_;
    TreeVisitor& visitor_;
    std::vector<Waiting> waiting_;  ///< the directories that are open, outermost first
    size_t announced_ = 0;          ///< of these, how many the visitor has entered
};

}  // namespace

std::vector<FoundSource> find_sources(const SourceTree& tree, const std::string& pattern) {
    return Finder(tree, false).find(pattern);
}

FoundSource find_source(const SourceTree& tree, const std::string& path) {
    return std::move(Finder(tree, true).find(path).front());
}

void walk_source(const SourceTree& tree, const FoundSource& source,
                 const dockerfile::IgnoreRules& excluded, TreeVisitor& visitor) {
    const Fd directory(in_root::open_beneath(source.fd.get(), ".", O_RDONLY | O_DIRECTORY));
    if (!directory.valid())
        throw SystemError(-directory.get(), "cannot open {}", quoted("/" + source.path));
    Walk(tree, excluded, visitor).directory(directory.get(), source.path, "", true, 0);
}

Fd open_source_file(int parent, const std::string& name, const std::string& path) {
    // O_NONBLOCK: it may have become a FIFO.
    const int fd =
        in_root::open_beneath(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) throw SystemError(-fd, "cannot open {}", quoted(path));
    Fd file(fd);
    if (!S_ISREG(status_of(fd, path).st_mode))
        throw Error(ErrorKind::invalid, "{} is not a regular file any more", quoted(path));
    return file;
}

}  // namespace skiff::engine
