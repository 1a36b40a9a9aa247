// SPDX-License-Identifier: Apache-2.0
// The container's mount tree. Every target is resolved inside the root by one openat2 to a
// descriptor, and mounted on by that descriptor: between look-up and mount no path is walked again
// (CVE-2021-30465, CVE-2026-41579).
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/in_root.h"
#include "runtime/init/steps.h"

namespace skiff::runtime::init {
namespace {

/// "/proc/self/fd/N": how mount(2), which knows only paths, gets a descriptor. The /proc is the
/// host's: we have not pivoted yet.
struct FdPath {
    explicit FdPath(int fd) noexcept {
        constexpr char prefix[] = "/proc/self/fd/";
        char* out = text;
        for (const char* c = prefix; *c != '\0'; ++c) *out++ = *c;
        char digits[12];
        int count = 0;
        do {
            digits[count++] = static_cast<char>('0' + fd % 10);
            fd /= 10;
        } while (fd > 0);
        while (count > 0) *out++ = digits[--count];
        *out = '\0';
    }
    char text[32];
};

int move_mount_to(int tree, int target) noexcept {
    return syscall(SYS_move_mount, tree, "", target, "",
                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0
               ? errno
               : 0;
}

/// The tree at `fd` once more, detached; negative: -errno.
int clone_tree(int fd) noexcept {
    const long tree =
        syscall(SYS_open_tree, fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    return tree < 0 ? -errno : static_cast<int>(tree);
}

int set_attributes(int tree, unsigned long long set, unsigned long long propagation,
                   unsigned flags) noexcept {
    mount_attr attributes{};
    attributes.attr_set = set;
    attributes.propagation = propagation;
    if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | flags, &attributes,
                sizeof attributes) == 0)
        return 0;
    if (errno != ENOSYS) return errno;
    // until Linux 5.12 is our oldest: no mount_setattr; the remount below covers one mount only, so
    // a tree that must be recursively read-only is refused instead.
    if ((flags & AT_RECURSIVE) != 0) return ENOSYS;
    const FdPath path(tree);
    if (propagation != 0 &&
        mount(nullptr, path.text, nullptr, static_cast<unsigned long>(propagation), nullptr) < 0)
        return errno;
    if ((set & MOUNT_ATTR_RDONLY) != 0 &&
        mount(nullptr, path.text, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) < 0)
        return errno;
    return 0;
}

bool is_below_proc(const char* path) noexcept {
    constexpr char prefix[] = "/proc/";
    for (size_t i = 0; i + 1 < sizeof prefix; ++i)
        if (path[i] != prefix[i]) return false;
    return true;
}

/// What is asked for at /x, and through a link of the image lands in procfs, would stand there for
/// what the kernel says (CVE-2019-16884, CVE-2023-27561). Who asked for a path below /proc was
/// judged before.
bool leads_into_proc(int target, const MountStep& step) noexcept {
    struct statfs status{};
    return !is_below_proc(step.target.c_str()) && fstatfs(target, &status) == 0 &&
           static_cast<unsigned long>(status.f_type) == PROC_SUPER_MAGIC;
}

int mount_one(int root, const MountStep& step, Position& at) noexcept {
    at.step = Step::mount_target;
    const int target = in_root::open_target(
        root, step.target.c_str(),
        step.target_is_file ? in_root::Target::file : in_root::Target::directory);
    if (target == -EACCES && step.skip_unreachable) return 0;
    if (target < 0) return -target;
    if (leads_into_proc(target, step)) {
        ::close(target);
        return EPERM;
    }
    at.step = Step::mount;
    int error = 0;
    if (step.kind == MountStep::Kind::attach) {
        error = move_mount_to(step.tree.get(), target);
        // What is private was made so as a whole before it was attached.
        if (error == 0 && step.propagation != 0 && step.propagation != MS_PRIVATE)
            error = set_attributes(step.tree.get(), 0, step.propagation,
                                   step.recursive ? AT_RECURSIVE : 0U);
    } else {
        const FdPath path(target);
        if (mount(step.source.c_str(), path.text, step.type.c_str(), step.flags,
                  step.data.empty() ? nullptr : step.data.c_str()) < 0)
            error = errno;
    }
    ::close(target);
    return error;
}

/// An empty directory that nobody can fill, to cover others with. Negative: -errno.
int make_empty_directory() noexcept {
    const long context = syscall(SYS_fsopen, "tmpfs", 1 /* FSOPEN_CLOEXEC */);
    if (context < 0) return -errno;
    const int fd = static_cast<int>(context);
    long tree = -1;
    // FSCONFIG_SET_STRING 1, FSCONFIG_CMD_CREATE 6: the enum is not in every libc's headers.
    if (syscall(SYS_fsconfig, fd, 1, "size", "0", 0) == 0 &&
        syscall(SYS_fsconfig, fd, 1, "mode", "555", 0) == 0 &&
        syscall(SYS_fsconfig, fd, 6, nullptr, nullptr, 0) == 0)
        tree =
            syscall(SYS_fsmount, fd, 1 /* FSMOUNT_CLOEXEC */,
                    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    const int error = errno;
    ::close(fd);
    return tree < 0 ? -error : static_cast<int>(tree);
}

struct Covers {
    int null_device;
    int empty_directory = -1;  ///< of fsmount; attached at its first use, cloned for the next ones
    bool empty_attached = false;
};

int cover_directory(Covers& covers, int target) noexcept {
    if (covers.empty_directory < 0) {
        const int made = make_empty_directory();
        if (made < 0) return -made;
        covers.empty_directory = made;
    }
    if (!covers.empty_attached) {
        covers.empty_attached = true;
        return move_mount_to(covers.empty_directory, target);
    }
    const int tree = clone_tree(covers.empty_directory);
    if (tree < 0) return -tree;
    const int error = move_mount_to(tree, target);
    ::close(tree);
    return error;
}

int cover_file(const Covers& covers, int target) noexcept {
    const int tree = clone_tree(covers.null_device);
    if (tree < 0) return -tree;
    // The node is the host's /dev/null: its mode and owner are not the container's to change.
    int error =
        set_attributes(tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, 0);
    if (error == 0) error = move_mount_to(tree, target);
    ::close(tree);
    return error;
}

bool same(const char* a, const char* b) noexcept {
    for (; *a != '\0' && *a == *b; ++a) ++b;
    return *a == *b;
}

/// A file system of the kernel's that the plan mounts at `path`. What is covered in it is found from
/// its own root: the path may lead elsewhere by now, where the root directory is shared with a
/// container that runs (--rootfs) and can move what a link at /proc leads to (CVE-2019-19921).
struct KernelTree {
    const char* path;
    const char* type;
    unsigned long magic;
    ino_t root;   ///< 0: any
    int fd = -1;  ///< -1: the plan mounts none there
};

int open_kernel_tree(const LaunchPlan& plan, KernelTree& tree) noexcept {
    bool is_planned = false;
    for (const MountStep& step : plan.mounts)
        is_planned |= !step.optional && same(step.target.c_str(), tree.path) &&
                      same(step.type.c_str(), tree.type);
    if (!is_planned) return 0;
    const int fd = in_root::open(plan.root.get(), tree.path, O_PATH | O_DIRECTORY);
    if (fd < 0) return -fd;
    struct statfs system{};
    struct stat status{};
    if (fstatfs(fd, &system) < 0 || fstat(fd, &status) < 0) return errno;
    if (static_cast<unsigned long>(system.f_type) != tree.magic ||
        (tree.root != 0 && status.st_ino != tree.root))
        return EXDEV;
    tree.fd = fd;
    return 0;
}

struct KernelTrees {
    KernelTree proc{"/proc", "proc", PROC_SUPER_MAGIC, 1};
    KernelTree sys{"/sys", "sysfs", SYSFS_MAGIC, 0};
};

/// Negative: -errno.
int open_covered(int root, const KernelTrees& trees, const char* path) noexcept {
    for (const KernelTree* tree : {&trees.proc, &trees.sys}) {
        const char* rest = path;
        const char* prefix = tree->path;
        while (*prefix != '\0' && *rest == *prefix) ++rest, ++prefix;
        if (tree->fd >= 0 && *prefix == '\0' && *rest == '/')
            return in_root::open(tree->fd, rest, O_PATH);
    }
    return in_root::open(root, path, O_PATH);
}

int mask_one(int target, Covers& covers) noexcept {
    if (target == -ENOENT || target == -ENOTDIR) return 0;  // this kernel has no such file
    if (target < 0) return -target;
    struct stat status{};
    int error = fstat(target, &status) < 0 ? errno : 0;
    if (error == 0)
        error =
            S_ISDIR(status.st_mode) ? cover_directory(covers, target) : cover_file(covers, target);
    ::close(target);
    return error;
}

/// Binds the object over itself, read-only with all below it.
int close_for_writing(int target) noexcept {
    if (target == -ENOENT || target == -ENOTDIR) return 0;
    if (target < 0) return -target;
    const long tree = syscall(SYS_open_tree, target, "",
                              OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
    int error = tree < 0 ? errno : 0;
    if (error == 0)
        error = set_attributes(static_cast<int>(tree), MOUNT_ATTR_RDONLY, 0, AT_RECURSIVE);
    if (error == 0) error = move_mount_to(static_cast<int>(tree), target);
    if (tree >= 0) ::close(static_cast<int>(tree));
    ::close(target);
    return error;
}

}  // namespace

int attach_root(const LaunchPlan& plan) noexcept {
    // What we mount must not travel to the host's namespace. Slave rather than private: unmounts on
    // the host still reach us, so that we do not keep its devices busy.
    if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) < 0) return errno;
    // On top of "/": nothing has to exist for it, and nobody can name it, since a look-up of "/"
    // starts below. Hooks have to name it.
    const char* const place = plan.root_path.empty() ? "/" : plan.root_path.c_str();
    return syscall(SYS_move_mount, plan.root.get(), "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH) <
                   0
               ? errno
               : 0;
}

int mount_all(const LaunchPlan& plan, Position& at) noexcept {
    for (unsigned i = 0; i < plan.mounts.size(); ++i) {
        at.index = i;
        const int error = mount_one(plan.root.get(), plan.mounts[i], at);
        if (error != 0 && !plan.mounts[i].optional) return error;
    }
    return 0;
}

int open_null_device() noexcept {
    const int fd = ::open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return -errno;
    struct stat status{};
    if (fstat(fd, &status) < 0) return -errno;
    if (!S_ISCHR(status.st_mode) || status.st_rdev != makedev(1, 3)) return -ENODEV;
    return fd;
}

int mask_paths(const LaunchPlan& plan, int null_device, Position& at) noexcept {
    if (plan.masked_paths.empty() && plan.read_only_paths.empty()) return 0;
    Covers covers{null_device};
    KernelTrees trees;
    at.step = Step::mask;
    for (KernelTree* tree : {&trees.proc, &trees.sys})
        if (const int error = open_kernel_tree(plan, *tree)) return error;
    const int root = plan.root.get();
    for (unsigned i = 0; i < plan.masked_paths.size(); ++i) {
        at.index = i;
        const char* const path = plan.masked_paths[i].c_str();
        if (const int error = mask_one(open_covered(root, trees, path), covers)) return error;
    }
    at.step = Step::read_only_path;
    for (unsigned i = 0; i < plan.read_only_paths.size(); ++i) {
        at.index = i;
        const char* const path = plan.read_only_paths[i].c_str();
        if (const int error = close_for_writing(open_covered(root, trees, path))) return error;
    }
    return 0;
}

int make_root_read_only(const LaunchPlan& plan) noexcept {
    return set_attributes(plan.root.get(), MOUNT_ATTR_RDONLY, 0, 0);
}

int pivot(const LaunchPlan& plan) noexcept {
    if (fchdir(plan.root.get()) < 0) return errno;
    // Both arguments ".": the old root ends up stacked on the new one, without a directory made for
    // it (pivot_root(2)).
    if (syscall(SYS_pivot_root, ".", ".") < 0) return errno;
    // A lazy unmount of a shared tree would propagate to the host: it was made slave above.
    if (umount2(".", MNT_DETACH) < 0) return errno;
    return chdir("/") < 0 ? errno : 0;
}

}  // namespace skiff::runtime::init
