// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/group_files.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/cgroup/limits.h"

namespace skiff::runtime {
namespace {

constexpr size_t file_limit = 16U << 20U;

/// Lets the children of `directory` have the memory controller, whose events we want, and those
/// that limits need. Where it cannot be (processes beside the children, a controller that is not
/// delegated) there are no events, and the limit's file is missing.
void hand_on(int directory, const std::vector<std::string_view>& controllers) {
    const std::string enabled = read_text(directory, "cgroup.subtree_control");
    const auto add = [&](std::string_view name) {
        if (!has_word(enabled, name))
            write_text(directory, "cgroup.subtree_control", fmt::format("+{}", name));
    };
    add("memory");
    for (const std::string_view controller : controllers) add(unified_controller_name(controller));
}

/// How far up a group's place is ours to change: a scope is systemd's, and so is what it lies in;
/// "skiff" lies in a group that was left to us; what --cgroup-parent names is for root.
size_t levels_above(const ContainerGroup& group) {
    const std::string parent = directory_of(group.path);
    if (name_of(group.path).starts_with("skiff-")) return std::string::npos;
    return name_of(parent) == "skiff" ? 1 : 0;
}

/// The groups that `path` lies in, nearest first.
std::vector<Fd> open_above(const std::string& path, size_t levels) {
    std::vector<Fd> above;
    for (std::string each = directory_of(path); each.size() > 1 && above.size() < levels;
         each = directory_of(each)) {
        Fd directory = find_at(AT_FDCWD, each, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (!directory.valid() || !is_control_group(directory.get(), true)) break;
        above.push_back(std::move(directory));
    }
    return above;
}

}  // namespace

bool is_control_group(int directory, bool unified) {
    struct statfs status{};
    return fstatfs(directory, &status) == 0 &&
           static_cast<unsigned long>(status.f_type) ==
               (unified ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC);
}

std::string directory_of(const std::string& path) {
    return path.substr(0, path.find_last_of('/'));
}
std::string name_of(const std::string& path) {
    return path.substr(path.find_last_of('/') + 1);
}

std::string read_text(int directory, const std::string& name) {
    try {
        return find_file(directory, name, file_limit).value_or("");
    } catch (const SystemError& error) {
        // A group that was removed meanwhile.
        if (error.errno_value() == ENODEV) return "";
        throw;
    }
}

/// False when there is no such file or the kernel refuses.
bool write_text(int directory, const std::string& name, std::string_view text) {
    const Fd file = find_at(directory, name, O_WRONLY);
    return file.valid() &&
           ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

bool has_word(std::string_view text, std::string_view word) {
    const auto words = split(trim(text), ' ');
    return std::find(words.begin(), words.end(), word) != words.end();
}

void inherit_cpuset(int parent, int group) {
    for (const char* file : {"cpuset.cpus", "cpuset.mems"})
        if (trim(read_text(group, file)).empty())
            write_text(group, file, trim(read_text(parent, file)));
}

Fd open_parent(const ContainerGroup& group, const std::vector<std::string_view>& controllers) {
    const bool unified = group.hierarchy == "unified";
    // From the nearest directory that is there, upwards as far as it is this file system.
    std::string there = directory_of(group.path);
    std::vector<std::string> missing;
    Fd at = find_at(AT_FDCWD, there, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    while (!at.valid() && there.size() > 1) {
        missing.insert(missing.begin(), name_of(there));
        there = directory_of(there);
        at = find_at(AT_FDCWD, there.empty() ? "/" : there, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    }
    if (!at.valid() || !is_control_group(at.get(), unified))
        throw SystemError(ENOTDIR, "'{}' is no control group", there);
    if (unified) {
        const size_t levels = levels_above(group);
        const std::vector<Fd> above = open_above(there, levels - std::min(levels, missing.size()));
        for (auto each = above.rbegin(); each != above.rend(); ++each)
            hand_on(each->get(), controllers);
        hand_on(at.get(), controllers);
    }
    for (const std::string& name : missing) {
        Fd below = open_or_make_directory(at.get(), name, 0755);
        if (unified) hand_on(below.get(), controllers);
        if (group.hierarchy == "cpuset") inherit_cpuset(at.get(), below.get());
        at = std::move(below);
    }
    return at;
}

}  // namespace skiff::runtime
