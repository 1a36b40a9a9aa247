// SPDX-License-Identifier: Apache-2.0
#include "engine/container/layer_stack.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>

#include <sys/xattr.h>

#include "base/error.h"
#include "base/file.h"
#include "base/in_root.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

constexpr int max_links = 40;  // as the kernel's own

Fd open_directory(int at, const char* name) {
    const int fd = in_root::open_beneath(at, name, O_RDONLY | O_DIRECTORY);
    if (fd < 0) throw SystemError(-fd, "cannot open a directory of a layer");
    return Fd(fd);
}

}  // namespace

bool is_opaque(int directory, storage::OverlayXattrs xattrs) {
    char value = 0;
    return fgetxattr(directory, storage::opaque_xattr(xattrs), &value, 1) == 1 &&
           value == storage::opaque_mark.front();
}

std::optional<LayerStack::Object> LayerStack::find(const std::string& path, size_t first) const {
    struct Place {
        Fd directory;
        size_t tree;
    };
    std::vector<Place> merged;  // the same directory in several trees, topmost first
    for (size_t i = first; i < trees_.size(); ++i)
        merged.push_back({open_directory(trees_[i].fd(), "."), i});
    if (merged.empty()) return std::nullopt;
    Object object;
    object.tree = first;
    if (fstat(merged.front().directory.get(), &object.status) < 0)
        throw SystemError(errno, "cannot inspect a layer");
    for (const std::string_view part : split(path, '/')) {
        if (part.empty()) continue;
        const std::string name(part);
        std::vector<Place> next;
        std::optional<Object> found;
        for (const auto& [directory, tree] : merged) {
            const int fd =
                in_root::open_beneath(directory.get(), name.c_str(), O_PATH | O_NOFOLLOW);
            if (fd == -ENOENT) continue;
            if (fd < 0) throw SystemError(-fd, "cannot open {}", quoted(path));
            const Fd entry(fd);
            Object here{.tree = tree};
            if (fstat(fd, &here.status) < 0)
                throw SystemError(errno, "cannot inspect {}", quoted(path));
            const bool is_directory = S_ISDIR(here.status.st_mode);
            const bool is_whiteout = S_ISCHR(here.status.st_mode) && here.status.st_rdev == 0;
            // Below a directory only directories merge with it.
            if (is_whiteout || (found && !is_directory)) break;
            if (S_ISLNK(here.status.st_mode))
                here.link_target = find_link(directory.get(), name).value_or("");
            if (!found) found = here;
            if (!is_directory) break;
            next.push_back({open_directory(fd, "."), tree});
            if (is_opaque(next.back().directory.get(), xattrs_)) break;
        }
        if (!found) return std::nullopt;
        object = *std::move(found);
        merged = std::move(next);
    }
    return object;
}

std::string LayerStack::resolve(const std::string& path) const {
    std::vector<std::string> waiting;  // components, the next one last
    const auto add = [&](const std::string& text) {
        const std::vector<std::string_view> parts = split(text, '/');
        for (auto part = parts.rbegin(); part != parts.rend(); ++part) waiting.emplace_back(*part);
    };
    add(path);
    std::string done;
    for (int links = 0; !waiting.empty();) {
        const std::string part = std::move(waiting.back());
        waiting.pop_back();
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            const size_t slash = done.rfind('/');
            done.resize(slash == std::string::npos ? 0 : slash);
            continue;
        }
        const std::string next = done.empty() ? part : done + "/" + part;
        const auto object = find(next);
        if (!object || object->link_target.empty() || ++links > max_links) {
            done = next;
            continue;
        }
        if (object->link_target.starts_with('/')) done.clear();
        add(object->link_target);
    }
    return done;
}

}  // namespace skiff::engine
