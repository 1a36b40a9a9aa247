// SPDX-License-Identifier: Apache-2.0
#include "base/tree_size.h"

#include <cerrno>
#include <set>
#include <utility>
#include <vector>

#include <fcntl.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/root_dir.h"

namespace skiff {
namespace {

/// What a tree that is in use may do at any time.
bool is_change(int errno_value) {
    return errno_value == ENOENT || errno_value == ENOTDIR || errno_value == ELOOP ||
           errno_value == ENAMETOOLONG;
}

class TreeMeter {
  public:
    explicit TreeMeter(Fd directory) : root_(std::move(directory)) {
        struct stat status{};
        if (fstat(root_.fd(), &status) < 0) throw SystemError(errno, "cannot measure a directory");
        device_ = status.st_dev;
    }

    std::uint64_t measure() {
        // Names of directories still to be read, not open ones: a tree may be deeper than a process
        // has descriptors.
        open_.emplace_back(".");
        while (!open_.empty()) {
            const std::string path = std::move(open_.back());
            open_.pop_back();
            try {
                read_directory(path);
            } catch (const SystemError& error) {
                if (!is_change(error.errno_value())) throw;
            }
        }
        return total_;
    }

  private:
    void read_directory(const std::string& path) {
        const Fd directory = path == "."
                                 ? duplicate(root_.fd())
                                 : root_.open_beneath(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
        for (const std::string& name : list_directory(directory.get())) {
            struct stat status{};
            if (fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) {
                if (is_change(errno)) continue;
                throw SystemError(errno, "cannot measure '{}/{}'", path, name);
            }
            if (status.st_dev != device_) continue;
            if (S_ISDIR(status.st_mode)) {
                open_.push_back(path == "." ? name : path + "/" + name);
            } else if (status.st_nlink < 2 || seen_.insert(status.st_ino).second) {
                total_ += static_cast<std::uint64_t>(status.st_size);
            }
        }
    }

    RootDir root_;
    dev_t device_{};
    std::uint64_t total_ = 0;
    std::vector<std::string> open_;
    std::set<ino_t> seen_;  ///< files with several links
};

}  // namespace

std::optional<std::uint64_t> find_tree_size(const std::string& directory) {
    Fd root = find_at(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY);
    if (!root.valid()) return std::nullopt;
    return TreeMeter(std::move(root)).measure();
}

}  // namespace skiff
