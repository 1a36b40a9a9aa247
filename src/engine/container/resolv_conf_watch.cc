// SPDX-License-Identifier: Apache-2.0
#include "engine/container/resolv_conf_watch.h"

#include <array>
#include <cstdlib>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include <sys/inotify.h>

#include "base/error.h"
#include "base/file.h"

namespace skiff::engine {
namespace {

constexpr const char* path = "/etc/resolv.conf";
constexpr size_t limit = 64U << 10U;

}  // namespace

std::string host_resolv_conf() {
    try {
        return find_file(AT_FDCWD, path, limit).value_or("");
    } catch (const Error&) {
        return "";  // not for us to read, or no such thing as it should be
    }
}

ResolvConfWatch::ResolvConfWatch() : events_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    watch();
}

/// The directories, since files are replaced; and the file, for whoever writes into it. The same
/// thing twice is one watch for the kernel.
void ResolvConfWatch::watch() {
    if (!events_.valid()) return;
    constexpr std::uint32_t replaced = IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR;
    inotify_add_watch(events_.get(), "/etc", replaced);
    inotify_add_watch(events_.get(), path, IN_CLOSE_WRITE);
    const std::unique_ptr<char, decltype(&std::free)> real(realpath(path, nullptr), &std::free);
    if (!real) return;
    std::string directory = real.get();
    directory.erase(directory.rfind('/'));
    if (directory != "/etc" && !directory.empty())
        inotify_add_watch(events_.get(), directory.c_str(), replaced);
}

std::optional<std::string> ResolvConfWatch::changed() {
    std::array<char, 4096> events;
    while (read(events_.get(), events.data(), events.size()) > 0) {
    }
    watch();  // a link may lead elsewhere by now
    std::string content = host_resolv_conf();
    if (content == known_) return std::nullopt;
    known_ = std::move(content);
    return known_;
}

}  // namespace skiff::engine
