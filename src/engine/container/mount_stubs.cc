// SPDX-License-Identifier: Apache-2.0
#include "engine/container/mount_stubs.h"

#include <algorithm>
#include <cerrno>
#include <set>

#include <fcntl.h>

#include "base/error.h"
#include "base/file.h"
#include "base/in_root.h"
#include "base/text.h"
#include "engine/container/systemd_mode.h"
#include "engine/secret/secrets.h"

namespace skiff::engine {
namespace {

std::string parent_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
}

class Search {
  public:
    explicit Search(const LayerStack& stack) : stack_(stack) {}

    void look_at(const std::string& path) {
        if (path.empty()) return;
        if (const auto fd = find_in_top(path); fd && !below(path)) {
            struct stat status{};
            if (fstat(fd->get(), &status) < 0)
                throw SystemError(errno, "cannot inspect {}", quoted(path));
            const bool is_stub = S_ISDIR(status.st_mode)
                                     ? is_empty(path)
                                     : S_ISREG(status.st_mode) && status.st_size == 0;
            if (is_stub) add(path);
        }
        climb(parent_of(path));
    }

    std::vector<std::string> take() { return std::move(found_); }

  private:
    std::optional<Fd> find_in_top(const std::string& path) const {
        const int fd = in_root::open_beneath(stack_.top().fd(), path.c_str(), O_PATH | O_NOFOLLOW);
        if (fd >= 0) return Fd(fd);
        if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP) return std::nullopt;
        throw SystemError(-fd, "cannot open {}", quoted(path));
    }

    /// What the trees below have there.
    std::optional<LayerStack::Object> below(const std::string& path) const {
        return stack_.find(path, 1);
    }

    Fd open_directory(const std::string& path) const {
        const int fd =
            in_root::open_beneath(stack_.top().fd(), path.c_str(), O_RDONLY | O_DIRECTORY);
        if (fd < 0) throw SystemError(-fd, "cannot open {}", quoted(path));
        return Fd(fd);
    }

    /// But for other stubs; and it hides nothing.
    bool is_empty(const std::string& path) const {
        const Fd directory = open_directory(path);
        return !is_opaque(directory.get(), stack_.xattrs()) &&
               std::ranges::all_of(list_directory(directory.get()), [&](const std::string& name) {
                   return known_.contains(path + "/" + name);
               });
    }

    /// A directory that is there for the sake of a stub alone says nothing.
    void climb(const std::string& path) {
        if (path.empty()) return;
        const auto directory = find_in_top(path);
        if (!directory) return;
        struct stat ours{};
        if (fstat(directory->get(), &ours) < 0)
            throw SystemError(errno, "cannot inspect {}", quoted(path));
        if (!S_ISDIR(ours.st_mode) || !is_empty(path)) return;
        if (const auto theirs = below(path)) {
            const struct stat& old = theirs->status;
            if (old.st_mode != ours.st_mode || old.st_uid != ours.st_uid ||
                old.st_gid != ours.st_gid)
                return;
        } else if ((ours.st_mode & 07777U) != 0755) {
            return;
        }
        add(path);
        climb(parent_of(path));
    }

    void add(const std::string& path) {
        if (known_.insert(path).second) found_.push_back(path);
    }

    const LayerStack& stack_;
    std::set<std::string> known_;
    std::vector<std::string> found_;
};

}  // namespace

const std::vector<std::string>& launcher_targets() {
    static const std::vector<std::string> targets = {
        "/dev", "/proc", "/sys", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"};
    return targets;
}

std::vector<std::string> mount_targets(const ContainerRecord& record) {
    std::vector<std::string> targets = launcher_targets();
    for (const char* name : {"localtime", "passwd", "group"})
        targets.push_back(fmt::format("/etc/{}", name));
    for (const MountRequest& mount : record.mounts) targets.push_back(mount.target);
    for (const SecretRequest& secret : record.request.secrets)
        if (!secret.variable) targets.push_back(secret_target(secret));
    if (runs_systemd(record.request.systemd, record.config))
        for (const std::string_view path : systemd_directories()) targets.emplace_back(path);
    return targets;
}

std::vector<std::string> find_mount_stubs(const LayerStack& stack,
                                          std::vector<std::string> targets) {
    for (std::string& target : targets) target = stack.resolve(target);
    // Inner ones first.
    std::ranges::sort(targets, std::greater<>{});
    Search search(stack);
    for (const std::string& target : targets) search.look_at(target);
    return search.take();
}

}  // namespace skiff::engine
