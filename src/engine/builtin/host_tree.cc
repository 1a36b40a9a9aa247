// SPDX-License-Identifier: Apache-2.0
#include "engine/builtin/host_tree.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "engine/builtin/built_in_image.h"
#include "engine/builtin/host_etc.h"

namespace skiff::engine {
namespace {

void make_directory(int tree, const std::string& name, mode_t mode, unsigned owner) {
    if (mkdirat(tree, name.c_str(), 0700) < 0 ||
        fchownat(tree, name.c_str(), owner, owner, 0) < 0 ||
        fchmodat(tree, name.c_str(), mode, 0) < 0)
        throw SystemError(errno, "cannot make '{}' for the image 'host'", name);
}

}  // namespace

void make_host_tree(int tree, unsigned owner) {
    for (const char* name : {"home", "srv", "mnt", "media", "dev", "proc", "sys", "run", "var",
                             "var/lib", "var/cache", "var/log", "etc"})
        make_directory(tree, name, 0755, owner);
    make_directory(tree, "root", 0700, owner);
    make_directory(tree, "tmp", 01777, owner);
    make_directory(tree, "var/tmp", 01777, owner);
    for (const std::string& directory : host_directories())
        make_directory(tree, directory.substr(1), 0755, owner);
    // Debian and its like have /bin -> usr/bin.
    for (const char* name : {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}) {
        const auto text = find_link(AT_FDCWD, std::string("/") + name);
        if (!text) continue;
        if (symlinkat(text->c_str(), tree, name) < 0 ||
            fchownat(tree, name, owner, owner, AT_SYMLINK_NOFOLLOW) < 0)
            throw SystemError(errno, "cannot make '/{}' for the image 'host'", name);
    }
    const Fd etc = open_at(tree, "etc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    copy_etc("/etc", etc.get(), owner);
}

}  // namespace skiff::engine
