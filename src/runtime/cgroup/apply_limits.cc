// SPDX-License-Identifier: Apache-2.0
// The part of ContainerGroups that enforces limits.
#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/container_groups.h"
#include "runtime/cgroup/group_files.h"

namespace skiff::runtime {

const ContainerGroups::Opened* ContainerGroups::controlling(std::string_view controller) const {
    if (const Opened* opened = find(controller)) return opened;
    const Opened* opened = find("unified");
    if (opened == nullptr) return nullptr;
    const std::string enabled = read_text(opened->directory.get(), "cgroup.controllers");
    return has_word(enabled, unified_controller_name(controller)) ? opened : nullptr;
}

std::vector<std::string> ContainerGroups::apply(const GroupLimits& limits) const {
    std::vector<std::string> less;
    std::vector<std::string_view> without;
    /// What the kernel does not take before another limit is there: a smaller sum of memory and
    /// swap only after a smaller memory, a larger memory only after a larger sum.
    struct Refused {
        LimitWrite write;
        const Opened* opened;
    };
    std::vector<Refused> refused;
    const auto set = [&](const LimitWrite& write, const Opened& opened, bool again) {
        Fd file = find_at(opened.directory.get(), std::string(write.file), O_WRONLY);
        if (!file.valid() && !write.other_file.empty())
            file = find_at(opened.directory.get(), std::string(write.other_file), O_WRONLY);
        if (!file.valid()) {
            if (!write.optional)
                less.push_back(fmt::format("{} is not enforced: the kernel has no {}", write.what,
                                           write.file));
            return;
        }
        if (::write(file.get(), write.value.data(), write.value.size()) >= 0) return;
        if (errno == EINVAL && !again)
            refused.push_back({write, &opened});
        else
            throw SystemError(errno, "cannot set {}: '{}' to {}/{}", write.what, write.value,
                              opened.group.path, write.file);
    };
    for (const std::string_view controller : needed_controllers(limits)) {
        const Opened* opened = controlling(controller);
        if (opened == nullptr) {
            without.push_back(controller);
            continue;
        }
        for (const LimitWrite& write : limit_writes(limits, opened->is_unified()))
            if (write.controller == controller) set(write, *opened, false);
    }
    for (const Refused& one : refused) set(one.write, *one.opened, true);
    for (const LimitWrite& write : limit_writes(limits, false))
        if (std::find(without.begin(), without.end(), write.controller) != without.end() &&
            !write.optional) {
            std::string sentence = fmt::format(
                "{} is not enforced: no control group with the controller "
                "'{}' can be made here (skiff info tells why)",
                write.what, write.controller);
            // One limit may be two files.
            if (std::ranges::find(less, sentence) == less.end())
                less.push_back(std::move(sentence));
        }
    const bool unified = find("unified") != nullptr && find("memory") == nullptr;
    for (std::string& sentence : impossible_limits(limits, unified))
        less.push_back(std::move(sentence));
    return less;
}

}  // namespace skiff::runtime
