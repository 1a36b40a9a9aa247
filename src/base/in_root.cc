// SPDX-License-Identifier: Apache-2.0
#include "base/in_root.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace skiff::in_root {
namespace {

constexpr int max_links = 40;  // as many as the kernel follows in one path (path_resolution(7))

int openat2(int root, const char* path, int flags, mode_t mode, uint64_t resolve) noexcept {
    open_how how{};
    how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) how.mode = mode;
    how.resolve = resolve;
    for (;;) {
        const long fd = syscall(SYS_openat2, root, path, &how, sizeof how);
        if (fd >= 0) return static_cast<int>(fd);
        // EAGAIN: a rename raced with a ".." walk; the kernel asks for another try (openat2(2)).
        if (errno != EINTR && errno != EAGAIN) return -errno;
    }
}

/// Replaces `path[0..end)`, whose last component starting at `start` is a link with the text
/// `link`. Returns 0 or -ENAMETOOLONG.
int splice_link(char* path, size_t start, size_t end, const char* link,
                size_t link_length) noexcept {
    char result[PATH_MAX];
    const size_t rest = strlen(path + end);
    const size_t keep = link[0] == '/' ? 0 : start;
    if (keep + link_length + rest + 1 > sizeof result) return -ENAMETOOLONG;
    memcpy(result, path, keep);
    memcpy(result + keep, link, link_length);
    memcpy(result + keep + link_length, path + end, rest + 1);
    memcpy(path, result, keep + link_length + rest + 1);
    return 0;
}

int make_one(int parent, const char* name, Target kind) noexcept {
    if (kind == Target::directory) return mkdirat(parent, name, 0755) < 0 ? -errno : 0;
    const int fd = openat(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0) return -errno;
    ::close(fd);
    return 0;
}

}  // namespace

int open(int root, const char* path, int flags, mode_t mode) noexcept {
    return openat2(root, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int open_beneath(int root, const char* path, int flags, mode_t mode) noexcept {
    return openat2(root, path, flags, mode,
                   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

int open_target(int root, const char* wanted, Target kind) noexcept {
    // The common case, and the only one on a prepared root.
    const int found = open(root, wanted, O_PATH);
    if (found != -ENOENT) return found;

    char path[PATH_MAX];
    const size_t length = strlen(wanted);
    if (length >= sizeof path) return -ENAMETOOLONG;
    memcpy(path, wanted, length + 1);

    int links = 0;
    size_t start = 0;  // of the component looked at; everything before it exists
    for (;;) {
        while (path[start] == '/') ++start;
        if (path[start] == '\0') return open(root, path[0] == '\0' ? "." : path, O_PATH);
        size_t end = start;
        while (path[end] != '/' && path[end] != '\0') ++end;
        size_t rest = end;
        while (path[rest] == '/') ++rest;
        const bool last = path[rest] == '\0';

        const char after = path[end];
        path[end] = '\0';
        int fd = open(root, path, O_PATH);
        if (fd == -ENOENT) {
            // Make it in the directory that the kernel finds for the part before; a single name,
            // never followed.
            const char first = path[start];
            path[start] = '\0';
            const int parent = open(root, start == 0 ? "." : path, O_PATH | O_DIRECTORY);
            path[start] = first;
            if (parent < 0) return parent;
            int made = make_one(parent, path + start, last ? kind : Target::directory);
            if (made == -EEXIST) {
                char link[PATH_MAX];
                const ssize_t n = readlinkat(parent, path + start, link, sizeof link);
                if (n > 0 && static_cast<size_t>(n) < sizeof link) {
                    path[end] = after;
                    ::close(parent);
                    if (++links > max_links) return -ELOOP;
                    const int spliced = splice_link(path, start, end, link, static_cast<size_t>(n));
                    if (spliced < 0) return spliced;
                    start = 0;
                    continue;
                }
                made = 0;  // somebody else made it meanwhile: open what is there
            }
            ::close(parent);
            if (made < 0) return made;
            fd = open(root, path, O_PATH);
        }
        path[end] = after;
        if (fd < 0 || last) return fd;
        ::close(fd);
        start = end;
    }
}

}  // namespace skiff::in_root
