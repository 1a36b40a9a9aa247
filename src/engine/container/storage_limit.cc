// SPDX-License-Identifier: Apache-2.0
#include "engine/container/storage_limit.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/quota.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/size.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

constexpr long xfs_magic = 0x58465342;  // linux/magic.h has it since 6.1 only
/// The kernel counts limits in these, whatever the blocks of the file system.
constexpr std::uint64_t quota_block = 1024;

/// Through any descriptor of the file system: no search for its block device. 0 or an errno.
int quota_control(int fd, unsigned command, std::uint32_t id, void* argument) {
    const unsigned wanted = QCMD(command, PRJQUOTA);
    return syscall(SYS_quotactl_fd, fd, wanted, id, argument) < 0 ? errno : 0;
}

bool enforces_projects(int fd) {
    fs_quota_statv state{};
    state.qs_version = FS_QSTATV_VERSION1;
    return quota_control(fd, Q_XGETQSTATV, 0, &state) == 0 &&
           (state.qs_flags & FS_QUOTA_PDQ_ENFD) != 0;
}

/// No file has the project and nobody set it a limit; xfs has no entry for such an id at all.
bool is_free(int fd, std::uint32_t project) {
    if_dqblk quota{};
    const int error = quota_control(fd, Q_GETQUOTA, project, &quota);
    if (error == ENOENT) return true;
    if (error != 0) throw SystemError(error, "cannot read the quota of project {}", project);
    return quota.dqb_curinodes == 0 && quota.dqb_curspace == 0 && quota.dqb_bhardlimit == 0 &&
           quota.dqb_bsoftlimit == 0 && quota.dqb_ihardlimit == 0 && quota.dqb_isoftlimit == 0;
}

int set_quota(int fd, std::uint32_t project, const StorageRequest& storage) {
    if_dqblk quota{};
    quota.dqb_bhardlimit = storage.size / quota_block + (storage.size % quota_block == 0 ? 0 : 1);
    quota.dqb_ihardlimit = storage.inodes;
    quota.dqb_valid = QIF_LIMITS;
    return quota_control(fd, Q_SETQUOTA, project, &quota);
}

fsxattr attributes_of(int fd) {
    fsxattr attributes{};
    if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
        throw SystemError(errno, "cannot read a directory's project");
    return attributes;
}

enum class Inheritance { none, children };

void give_project(int fd, std::uint32_t project, Inheritance inheritance) {
    fsxattr attributes = attributes_of(fd);
    constexpr std::uint32_t inherit = FS_XFLAG_PROJINHERIT;
    attributes.fsx_projid = project;
    attributes.fsx_xflags =
        (attributes.fsx_xflags & ~inherit) | (inheritance == Inheritance::children ? inherit : 0);
    if (ioctl(fd, FS_IOC_FSSETXATTR, &attributes) < 0)
        throw SystemError(errno, "cannot give project {} to the container's layer", project);
}

Fd open_directory(int dir, const char* name) {
    return open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/// Far from the small numbers that administrators give, and from 0, which is no project.
std::uint32_t random_project() {
    constexpr std::uint32_t lowest = 1U << 24U;
    const auto number = static_cast<std::uint32_t>(std::stoul(random_hex(4), nullptr, 16));
    return lowest + number % ((1U << 31U) - lowest);
}

std::string why_not_enforced(int fd) {
    struct statfs status{};
    const long type = fstatfs(fd, &status) == 0 ? status.f_type : 0;
    if (type == xfs_magic)
        return "the xfs that holds the store was mounted without the option pquota";
    if (type == EXT4_SUPER_MAGIC)
        return "the ext4 that holds the store enforces no project quotas (tune2fs -O "
               "project,quota while it is not mounted, then the mount option prjquota)";
    return "the file system that holds the store has no project quotas (xfs with the mount option "
           "pquota has, and ext4 with prjquota)";
}

/// What the container has already, or a new one; it is then that of its directory.
std::uint32_t take_project(int container) {
    const Fd containers = open_directory(container, "..");
    // Of two starts at once the second sees what the first one took.
    if (flock(containers.get(), LOCK_EX) < 0)
        throw SystemError(errno, "cannot lock the containers' directory");
    std::uint32_t project = attributes_of(container).fsx_projid;
    // An administrator may count the whole store as one project, which is inherited.
    if (project != attributes_of(containers.get()).fsx_projid) return project;
    do project = random_project();
    while (!is_free(container, project));
    give_project(container, project, Inheritance::none);
    return project;
}

void count_layer(int container) {
    const std::uint32_t project = take_project(container);
    for (const char* name : {"upper", "work"})
        give_project(open_directory(container, name).get(), project, Inheritance::children);
    // A full layer has no room for what overlay makes in work/, which then mounts read-only.
    if (const int error = set_quota(container, project, {}); error != 0)
        throw SystemError(error, "cannot change the quota of project {}", project);
}

}  // namespace

void add_storage_option(StorageRequest& storage, std::string_view text) {
    const Cut option = cut(text, '=');
    if (!option.found) throw Error(ErrorKind::usage, "invalid storage option");
    const std::string key = to_lower(option.before);
    if (key == "size")
        storage.size = parse_binary_size(option.after);
    else if (key == "inodes")
        storage.inodes = parse_binary_size(option.after);
    else
        throw Error(ErrorKind::usage, "Unknown option {}", printable(option.before));
    storage.options[std::string(option.before)] = option.after;
}

StorageLimit::StorageLimit(const ContainerFiles& files, const StorageRequest& storage,
                           bool in_user_namespace)
    : files_(files), storage_(storage) {
    if (storage.size == 0 && storage.inodes == 0) return;
    const int container = files.directory();
    if (in_user_namespace) {
        reason_ = "quotas are root's alone to set (sudo skiff run …)";
    } else if (!enforces_projects(container)) {
        reason_ = why_not_enforced(container);
    } else {
        try {
            count_layer(container);
            counted_ = true;
        } catch (const SystemError& error) {
            reason_ = error.what();
        }
    }
}

std::optional<std::string> StorageLimit::enforce() {
    if (counted_) {
        const int container = files_.directory();
        const int error = set_quota(container, attributes_of(container).fsx_projid, storage_);
        if (error != 0) reason_ = SystemError(error, "cannot set a project's quota").what();
    }
    if (reason_.empty()) return std::nullopt;
    return fmt::format("--storage-opt has no effect: {}", reason_);
}

void release_storage_limit(const ContainerFiles& files) noexcept {
    const int container = files.directory();
    try {
        const std::uint32_t project = attributes_of(container).fsx_projid;
        if (project == 0) return;
        const fsxattr around = attributes_of(open_directory(container, "..").get());
        if (project == around.fsx_projid) return;
        set_quota(container, project, {});
        // Where the store is a project itself, nothing of another one could be moved to the trash.
        give_project(container, around.fsx_projid,
                     (around.fsx_xflags & FS_XFLAG_PROJINHERIT) != 0 ? Inheritance::children
                                                                     : Inheritance::none);
    } catch (const Error&) {
        // A file system without projects, or one that is not ours to change.
    }
}

}  // namespace skiff::engine
