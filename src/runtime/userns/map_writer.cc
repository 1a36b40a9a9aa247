// SPDX-License-Identifier: Apache-2.0
#include "runtime/userns/map_writer.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <linux/capability.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/process.h"
#include "runtime/userns/map_helper.h"

namespace skiff::runtime {
namespace {

bool may_write_any_map() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    if (syscall(SYS_capget, &header, data.data()) != 0) return false;
    constexpr std::uint32_t needed = 1U << CAP_SETUID | 1U << CAP_SETGID;
    return (data[0].effective & needed) == needed;
}

/// The kernel takes a map in exactly one write.
void write_once(pid_t pid, const char* name, const std::string& text) {
    const std::string path = fmt::format("/proc/{}/{}", pid, name);
    const Fd file = open_file(path, O_WRONLY);
    if (::write(file.get(), text.data(), text.size()) < 0)
        throw SystemError(errno, "cannot write '{}'", path);
}

void write_directly(pid_t pid, const IdMaps& maps) {
    write_once(pid, "uid_map", to_kernel_text(maps.uids));
    write_once(pid, "gid_map", to_kernel_text(maps.gids));
}

std::vector<std::string> helper_arguments(const std::string& program, pid_t pid,
                                          const std::vector<IdExtent>& map) {
    std::vector<std::string> arguments{program, std::to_string(pid)};
    for (const IdExtent& extent : map)
        for (const std::uint32_t number : {extent.inside, extent.outside, extent.count})
            arguments.push_back(std::to_string(number));
    return arguments;
}

void require_success(const std::string& program, const HelperResult& result,
                     std::string_view grant_file) {
    if (result.status.ok()) return;
    throw Error(ErrorKind::denied, "{}",
                explain_helper_failure(program, result, inspect_helper(program), grant_file));
}

void write_by_helpers(pid_t pid, const IdMaps& maps) {
    const std::string newuidmap = find_map_helper("newuidmap");
    const std::string newgidmap = find_map_helper("newgidmap");
    // Both at once: 1.5 ms instead of 3 ms.
    Helper uid_helper = Helper::start(newuidmap, helper_arguments(newuidmap, pid, maps.uids));
    Helper gid_helper = Helper::start(newgidmap, helper_arguments(newgidmap, pid, maps.gids));
    const HelperResult uid_result = uid_helper.finish();
    const HelperResult gid_result = gid_helper.finish();
    require_success(newuidmap, uid_result, "/etc/subuid");
    require_success(newgidmap, gid_result, "/etc/subgid");
}

}  // namespace

void write_id_maps(pid_t pid, const IdMaps& maps) {
    check_id_map(maps.uids, "the uid map");
    check_id_map(maps.gids, "the gid map");
    if (maps.single_id()) {
        // Without privilege the kernel wants setgroups denied first: dropping a group could
        // otherwise open files whose mode denies that group (CVE-2014-8989).
        write_once(pid, "setgroups", "deny");
        write_directly(pid, maps);
    } else if (may_write_any_map()) {
        write_directly(pid, maps);
    } else {
        write_by_helpers(pid, maps);
    }
}

}  // namespace skiff::runtime
