// SPDX-License-Identifier: Apache-2.0
#include "runtime/userns/namespace_refusal.h"

#include <cerrno>

#include <fcntl.h>

#include "base/file.h"
#include "base/text.h"

namespace skiff::runtime {
namespace {

/// Nothing when the kernel has no such switch.
std::optional<long long> read_switch(const NamespaceSwitches& switches, const char* name) {
    const auto text = find_file(AT_FDCWD, fmt::format("{}/{}", switches.sysctls, name), 64);
    return text ? parse_number<long long>(trim(*text)) : std::nullopt;
}

std::string sysctl_commands(std::string_view assignment) {
    return fmt::format(
        "as root:\n"
        "  echo '{0}' > /etc/sysctl.d/90-skiff.conf\n"
        "  sysctl -w {0}",
        assignment);
}

}  // namespace

bool apparmor_restricts_namespaces(const NamespaceSwitches& switches) {
    return read_switch(switches, "kernel/apparmor_restrict_unprivileged_userns").value_or(0) == 1;
}

std::string apparmor_profile(std::string_view program) {
    // "unconfined" with the one rule "userns": the profile restricts nothing, it only names who
    // may.
    return fmt::format(
        "abi <abi/4.0>,\n"
        "include <tunables/global>\n"
        "profile skiff \"{}\" flags=(unconfined) {{\n"
        "  userns,\n"
        "}}\n",
        program);
}

std::string own_program_path() {
    return find_link(AT_FDCWD, "/proc/self/exe").value_or("skiff");
}

Error explain_namespace_refusal(int errno_value, std::string_view act, std::string_view program,
                                const NamespaceSwitches& switches) {
    const bool forbidden = errno_value == EPERM || errno_value == EACCES;
    if (forbidden && read_switch(switches, "kernel/unprivileged_userns_clone") == 0)
        return {ErrorKind::unsupported,
                "this machine forbids user namespaces to its users "
                "(kernel.unprivileged_userns_clone is 0); {}",
                sysctl_commands("kernel.unprivileged_userns_clone=1")};
    if ((forbidden || errno_value == ENOSPC) &&
        read_switch(switches, "user/max_user_namespaces") == 0)
        return {ErrorKind::unsupported,
                "this machine has switched off user namespaces (user.max_user_namespaces is 0); {}",
                sysctl_commands("user.max_user_namespaces=28633")};
    if (forbidden && apparmor_restricts_namespaces(switches))
        return {ErrorKind::unsupported,
                "AppArmor keeps programs without a profile from using user namespaces "
                "(kernel.apparmor_restrict_unprivileged_userns is 1); give skiff one, as root:\n"
                "  cat > /etc/apparmor.d/skiff <<'EOF'\n"
                "{}"
                "EOF\n"
                "  apparmor_parser -r /etc/apparmor.d/skiff",
                apparmor_profile(program)};
    if (errno_value == ENOSPC)
        return {ErrorKind::unsupported,
                "{}: all {} user namespaces this user may have are in use "
                "(user.max_user_namespaces), or they are "
                "nested too deeply",
                act, read_switch(switches, "user/max_user_namespaces").value_or(0)};
    if (errno_value == EINVAL && !read_switch(switches, "user/max_user_namespaces"))
        return {ErrorKind::unsupported,
                "{}: this kernel was built without user namespaces (CONFIG_USER_NS)", act};
    return SystemError(errno_value, "{}", act);
}

std::optional<Error> explain_network_refusal(int errno_value, const NamespaceSwitches& switches) {
    const auto most = read_switch(switches, "user/max_net_namespaces");
    if (errno_value == ENOSPC && most == 0)
        return Error(ErrorKind::unsupported,
                     "this machine has switched off network namespaces (user.max_net_namespaces is "
                     "0), and only --network host does without; {}",
                     sysctl_commands("user.max_net_namespaces=28633"));
    // One of another kind may be missing as well; the user's own namespace exists by now.
    if (errno_value == EINVAL && !most)
        return Error(ErrorKind::unsupported,
                     "this kernel was built without network namespaces (CONFIG_NET_NS): use "
                     "--network host");
    return std::nullopt;
}

}  // namespace skiff::runtime
