// SPDX-License-Identifier: Apache-2.0
#include "runtime/userns/map_helper.h"

#include <array>

#include <unistd.h>

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include "base/error.h"

namespace skiff::runtime {

HelperFacts inspect_helper(const std::string& path) {
    HelperFacts facts;
    struct stat status{};
    if (stat(path.c_str(), &status) == 0)
        facts.privileged = (status.st_mode & S_ISUID) != 0 && status.st_uid == 0;
    if (!facts.privileged)
        facts.privileged = getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
    struct statvfs mount{};
    facts.nosuid_mount = statvfs(path.c_str(), &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0;
    facts.no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    return facts;
}

std::string find_map_helper(std::string_view name) {
    for (const std::string_view directory : {"/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin",
                                             "/sbin", "/usr/local/sbin", "/run/wrappers/bin"}) {
        std::string path = fmt::format("{}/{}", directory, name);
        if (access(path.c_str(), X_OK) == 0) return path;
    }
    throw Error(ErrorKind::unsupported,
                "'{}' is not installed, and without it the ids granted in /etc/subuid and "
                "/etc/subgid cannot be used; "
                "install the package 'uidmap' (Debian, Ubuntu) or 'shadow-utils' (Fedora)",
                name);
}

std::string explain_helper_failure(std::string_view path, const HelperResult& result,
                                   const HelperFacts& facts, std::string_view grant_file) {
    const std::string said = !result.errors.empty() ? result.errors
                             : result.status.signal != 0
                                 ? fmt::format("killed by signal {}", result.status.signal)
                                 : fmt::format("exit status {}", result.status.code);
    const auto has = [&](std::string_view part) { return said.find(part) != std::string::npos; };
    std::string reason;
    if (has("not allowed"))
        reason = fmt::format("{} does not grant this range to the user any more", grant_file);
    else if (has("owned by a different user"))
        reason =
            "the process runs with another uid or primary group than the login account ('newgrp', "
            "'sg' and setgid "
            "programs do that), or is not dumpable; start skiff with the login group";
    else if (has("Cannot determine your user name"))
        reason = "the uid has no account; add one to /etc/passwd";
    else if (facts.no_new_privileges)
        reason =
            "this process runs with no_new_privs, which takes the privilege from setuid programs; "
            "start skiff outside "
            "of the sandbox or service that sets it (NoNewPrivileges= in a systemd unit)";
    else if (facts.nosuid_mount)
        reason = "it is on a file system mounted 'nosuid'; remount that with 'suid'";
    else if (!facts.privileged)
        reason = fmt::format(
            "it is neither setuid root nor has a file capability; as root: chmod u+s {}", path);
    if (reason.empty()) return fmt::format("{} failed: {}", path, said);
    return fmt::format("{} failed: {} ({})", path, said, reason);
}

}  // namespace skiff::runtime
