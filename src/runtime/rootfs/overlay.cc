// SPDX-License-Identifier: Apache-2.0
#include "runtime/rootfs/overlay.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include "base/error.h"

namespace skiff::runtime {
namespace {

/// mount(2) takes one page of options.
constexpr size_t option_limit = 4095;

std::string options_of(const OverlayRequest& request) {
    // A layer's own redirect or metacopy mark would let it name files outside of its layers; all
    // off.
    std::string options = "redirect_dir=nofollow,metacopy=off,index=off";
    if (request.user_xattr) options += ",userxattr";
    if (request.is_volatile) options += ",volatile";
    options += ",lowerdir=";
    for (const std::string& lower : request.lower) {
        if (&lower != &request.lower.front()) options += ':';
        options += lower;
    }
    if (!request.spare_lower.empty()) options += ":" + request.spare_lower;
    if (request.upper.empty()) return options;
    return options + ",upperdir=" + request.upper + ",workdir=" + request.work;
}

[[noreturn]] void refuse(int error, const OverlayRequest& request) {
    struct statfs status{};
    constexpr long overlay = 0x794c7630;
    constexpr long nfs = 0x6969;
    constexpr long ecryptfs = 0xf15f;
    if (statfs(request.base_directory.c_str(), &status) == 0) {
        const char* name = status.f_type == overlay    ? "overlay"
                           : status.f_type == nfs      ? "NFS"
                           : status.f_type == ecryptfs ? "eCryptfs"
                                                       : nullptr;
        if (name != nullptr)
            throw Error(ErrorKind::unsupported,
                        "the store '{}' is on {}, which cannot hold a container's writable layer; "
                        "move it with --root or "
                        "SKIFF_ROOT to a local file system (ext4, xfs, btrfs, tmpfs)",
                        request.base_directory, name);
    }
    if (error == ENODEV)
        throw Error(ErrorKind::unsupported,
                    "this kernel has no overlay file system (try 'modprobe overlay' as root)");
    throw SystemError(error, "cannot mount the container's root file system (overlay of {} layers)",
                      request.lower.size());
}

/// Lower layers with the owners that the container's maps give them: each is covered by such a
/// mount of itself, in this mount namespace, for as long as overlay takes to get hold of it.
class MappedLayers {
  public:
    explicit MappedLayers(const OverlayRequest& request) {
        if (request.id_map < 0) return;
        for (const std::string& lower : request.lower)
            cover(fmt::format("{}/{}", request.base_directory, lower), request.id_map);
    }
    MappedLayers(const MappedLayers&) = delete;
    MappedLayers& operator=(const MappedLayers&) = delete;
    ~MappedLayers() {
        for (const std::string& path : covered_) umount2(path.c_str(), MNT_DETACH);
    }

  private:
    void cover(const std::string& path, int user_namespace) {
        const Fd tree = clone_directory(path);
        mount_attr attributes{};
        attributes.attr_set = MOUNT_ATTR_IDMAP;
        attributes.userns_fd = static_cast<std::uint64_t>(user_namespace);
        attributes.propagation = MS_PRIVATE;
        if (syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH, &attributes,
                    sizeof attributes) < 0) {
            if (errno == EINVAL || errno == ENOSYS)
                throw Error(ErrorKind::unsupported,
                            "the file system of the store cannot show an image's files with the "
                            "owners of this user namespace (idmapped mounts: ext4, xfs and tmpfs "
                            "have them on new kernels); move the store with --root");
            throw SystemError(errno, "cannot show the layer '{}' with other owners", path);
        }
        if (syscall(SYS_move_mount, tree.get(), "", AT_FDCWD, path.c_str(),
                    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) < 0)
            throw SystemError(errno, "cannot mount the layer '{}' with other owners", path);
        covered_.push_back(path);
    }
    std::vector<std::string> covered_;
};

}  // namespace

Fd mount_overlay(const OverlayRequest& request) {
    const std::string options = options_of(request);
    if (options.size() > option_limit && !request.spare_lower.empty()) {
        OverlayRequest without = request;
        without.spare_lower.clear();
        return mount_overlay(without);
    }
    if (options.size() > option_limit)
        throw Error(ErrorKind::unsupported,
                    "the image has {} layers, more than one overlay mount can take",
                    request.lower.size());
    if (chdir(request.base_directory.c_str()) < 0)
        throw SystemError(errno, "cannot enter '{}'", request.base_directory);
    const MappedLayers mapped(request);
    // fsmount(2) would give a detached mount at once, but its strings end at 255 characters before
    // Linux 6.8. This mount namespace is ours, so the moment on `base_directory` is seen by nobody.
    if (mount("overlay", ".", "overlay", request.no_devices ? MS_NODEV : 0, options.c_str()) < 0)
        refuse(errno, request);
    // "." still names the directory below; the mount is found by walking the path again.
    Fd tree(static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, request.base_directory.c_str(),
                                     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
    const int error = errno;
    umount2(request.base_directory.c_str(), MNT_DETACH);
    if (chdir("/") < 0) throw SystemError(errno, "cannot enter '/'");
    if (!tree.valid()) throw SystemError(error, "cannot detach the container's root file system");
    return tree;
}

Fd clone_directory(const std::string& path) {
    Fd tree(static_cast<int>(
        syscall(SYS_open_tree, AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
    if (!tree.valid()) throw SystemError(errno, "cannot clone the mount of '{}'", path);
    return tree;
}

}  // namespace skiff::runtime
