// SPDX-License-Identifier: Apache-2.0
#include "runtime/sealed_exec.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <linux/mount.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"

namespace skiff::runtime {
namespace {

constexpr int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

/// A detached read-only mount of our own file; invalid where that is not to be had.
///
/// While the program of a container is /proc/self/exe, it runs this file; opened for writing
/// through /proc/PID/exe later, the answer is EROFS whoever asks, since the mount is what is
/// read-only.
Fd clone_read_only(int self) {
    // /proc/self/exe belongs to the mount namespace that we were started in, which open_tree
    // refuses: the path is walked again in ours, and must lead to the same file.
    const auto path = find_link(AT_FDCWD, "/proc/self/exe");
    if (!path) return Fd();
    Fd tree(static_cast<int>(
        syscall(SYS_open_tree, AT_FDCWD, path->c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
    if (!tree.valid()) return Fd();
    struct stat ours{};
    struct stat found{};
    if (fstat(self, &ours) < 0 || fstat(tree.get(), &found) < 0 || ours.st_dev != found.st_dev ||
        ours.st_ino != found.st_ino)
        return Fd();
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    if (syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) <
        0)
        return Fd();
    return tree;
}

Fd copy_to_memory() {
    const Fd self = open_file("/proc/self/exe", O_RDONLY);
    struct stat status{};
    if (fstat(self.get(), &status) < 0) throw SystemError(errno, "cannot inspect our own binary");
    Fd copy(memfd_create("skiff", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!copy.valid()) throw SystemError(errno, "cannot copy our own binary");
    for (off_t left = status.st_size; left > 0;) {
        const ssize_t n = sendfile(copy.get(), self.get(), nullptr, static_cast<size_t>(left));
        if (n <= 0) throw SystemError(n == 0 ? EIO : errno, "cannot copy our own binary");
        left -= n;
    }
    if (fchmod(copy.get(), 0500) < 0 || fcntl(copy.get(), F_ADD_SEALS, all_seals) < 0)
        throw SystemError(errno, "cannot seal the copy of our own binary");
    return copy;
}

}  // namespace

void exec_sealed_self(const std::vector<std::string>& arguments) {
    Fd program = open_file("/proc/self/exe", O_PATH);
    // A process that runs sealed has no path to its file any more, and needs none.
    if (!runs_sealed()) {
        program = clone_read_only(program.get());
        if (!program.valid()) program = copy_to_memory();
    }
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    char* environment[] = {path, nullptr};
    syscall(SYS_execveat, program.get(), "", argv.data(), environment, AT_EMPTY_PATH);
    throw SystemError(errno, "cannot execute our own binary again");
}

bool runs_sealed() {
    const Fd self = find_at(AT_FDCWD, "/proc/self/exe", O_RDONLY);
    if (!self.valid()) return false;
    const int seals = fcntl(self.get(), F_GET_SEALS);
    if (seals >= 0 && (seals & all_seals) == all_seals) return true;
    struct statvfs status{};
    return fstatvfs(self.get(), &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

}  // namespace skiff::runtime
