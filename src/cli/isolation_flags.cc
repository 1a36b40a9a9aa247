// SPDX-License-Identifier: Apache-2.0
#include "cli/isolation_flags.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/values.h"
#include "engine/container/id_layout.h"
#include "engine/container/sysctls.h"

namespace skiff::cli {
namespace {

using engine::CreateRequest;
using engine::shared_container;

constexpr size_t largest_seccomp_profile = 1 << 20;

bool is_one_of(std::string_view mode, std::span<const std::string_view> words) {
    return std::ranges::find(words, mode) != words.end();
}

void check_mode(std::string_view flag, std::string_view what, std::string_view mode,
                std::initializer_list<std::string_view> words, bool joins) {
    if (mode.empty() || is_one_of(mode, {words.begin(), words.size()})) return;
    if (joins && !shared_container(mode).empty()) return;
    throw Error(ErrorKind::usage, "--{}: invalid {} mode: {} (there are {}{})", flag, what, mode,
                join(std::vector<std::string>(words.begin(), words.end()), ", "),
                joins ? " and container:<name|id>" : "");
}

/// What the other one has settled already.
void check_shared_network(const CreateRequest& request) {
    if (shared_container(request.namespaces.network).empty()) return;
    const auto refuse = [](bool given, const char* what) {
        if (given) throw Error(ErrorKind::usage, "conflicting options: {}", what);
    };
    refuse(!request.hostname.empty(), "hostname and the network mode");
    refuse(!request.dns.empty() || !request.dns_search.empty() || !request.dns_options.empty(),
           "dns and the network mode");
    refuse(!request.add_hosts.empty(), "custom host-to-IP mapping and the network mode");
    refuse(!request.publish.empty() || request.publish_all,
           "port publishing and the container type network mode");
    refuse(!request.expose.empty(), "port exposing and the container type network mode");
}

void apply_seccomp(engine::SecurityRequest& security, const std::string& value) {
    security.seccomp.clear();
    security.seccomp_is_profile = false;
    security.seccomp_file.clear();
    security.seccomp = value;
    if (value == "builtin" || value == "unconfined") return;
    security.seccomp = with_context([&] { return read_file(value, largest_seccomp_profile); },
                                    "opening seccomp profile ({}) failed", value);
    security.seccomp_is_profile = true;
    security.seccomp_file = value;
}

[[noreturn]] void refuse_option(std::string_view text) {
    throw Error(ErrorKind::usage, "Invalid --security-opt: {}", quoted(text));
}

bool parse_switch(std::string_view value, std::string_view text) {
    if (value.empty() || value == "true" || value == "1") return true;
    if (value != "false" && value != "0") refuse_option(text);
    return false;
}

/// As SELinux's library has it; nothing is labelled where there is none.
void add_label(engine::SecurityRequest& security, const std::string& value) {
    constexpr std::array<std::string_view, 5> keys{"user", "role", "type", "level", "filetype"};
    const Cut parts = cut(value, ':');
    const bool good = value == "disable" ||
                      (parts.found && !parts.after.empty() && is_one_of(parts.before, keys));
    if (!good)
        throw Error(ErrorKind::usage,
                    "bad label option {}, valid options 'disable' or 'user, role, level, type, "
                    "filetype' followed by ':' and a value",
                    quoted(value));
    security.labels.push_back(value);
}

void add_paths(std::vector<std::string>& paths, std::string_view value, std::string_view text) {
    for (const std::string_view path : split(value, ':')) {
        const bool plain = path.starts_with('/') && path.find("/../") == std::string_view::npos &&
                           !path.ends_with("/..");
        if (!plain) refuse_option(text);
        paths.emplace_back(path);
    }
}

void unmask(engine::SecurityRequest& security, std::string_view value, std::string_view text) {
    if (to_upper(value) == "ALL") {
        security.open_system_paths = true;
    } else {
        add_paths(security.unmasked, value, text);
    }
}

}  // namespace

void apply_security_option(engine::SecurityRequest& security, std::string_view text) {
    // "key", "key=value" or, in Docker's older form, "key:value".
    const size_t equals = text.find('=');
    const size_t separator = equals != std::string_view::npos ? equals : text.find(':');
    const std::string_view key = text.substr(0, separator);
    const bool has_value = separator != std::string_view::npos;
    const std::string value(has_value ? text.substr(separator + 1) : "");
    if (key == "no-new-privileges") {
        if (has_value && value.empty()) refuse_option(text);
        security.no_new_privileges = parse_switch(value, text);
        return;
    }
    if (value.empty()) refuse_option(text);
    if (key == "seccomp") {
        apply_seccomp(security, value);
    } else if (key == "apparmor") {
        security.apparmor = value;
    } else if (key == "label") {
        add_label(security, value);
    } else if (key == "systempaths") {
        if (value != "unconfined") refuse_option(text);
        security.open_system_paths = true;
    } else if (key == "mask") {
        add_paths(security.masked, value, text);
    } else if (key == "unmask") {
        unmask(security, value, text);
    } else if (key == "writable-cgroups" || key == "credentialspec" || key == "proc-opts") {
        throw Error(ErrorKind::unsupported,
                    "--security-opt {} is not supported by this version of skiff", key);
    } else {
        refuse_option(text);
    }
}

void settle_isolation(CreateRequest& request) {
    engine::NamespaceModes& modes = request.namespaces;
    for (std::string* mode : {&modes.pid, &modes.ipc, &modes.uts, &modes.cgroup})
        if (*mode == "private") mode->clear();
}

void check_isolation(const CreateRequest& request) {
    const engine::NamespaceModes& modes = request.namespaces;
    check_mode("pid", "PID", modes.pid, {"host", "private"}, true);
    check_mode("ipc", "IPC", modes.ipc, {"none", "private", "shareable", "host"}, true);
    check_mode("uts", "UTS", modes.uts, {"host", "private"}, false);
    check_mode("cgroupns", "CGROUP", modes.cgroup, {"host", "private"}, false);
    engine::parse_id_layout(modes.user);
    if (modes.uts == "host" && !request.hostname.empty())
        throw Error(ErrorKind::usage, "conflicting options: hostname and the UTS mode");
    check_shared_network(request);
    if (request.group_add.size() > 1 &&
        std::ranges::find(request.group_add, engine::keep_groups) != request.group_add.end())
        throw Error(ErrorKind::usage,
                    "the '--group-add keep-groups' option is not allowed with any other "
                    "--group-add options");
    engine::check_sysctls(request);
}

void declare_isolation_flags(CommandBuilder& command, CreateRequest& request,
                             std::vector<std::string>& security_options) {
    command.flag("--privileged", request.security.privileged,
                 "Give all capabilities and devices that the caller has");
    command.flag("--nested", request.security.nested,
                 "Let an engine in the container have containers of its own");
    command.parsed(
        "--cap-add",
        [&request](std::string_view value) {
            request.security.cap_add.push_back(normalised_capability(value));
        },
        "list", "Add Linux capabilities");
    command.parsed(
        "--cap-drop",
        [&request](std::string_view value) {
            request.security.cap_drop.push_back(normalised_capability(value));
        },
        "list", "Drop Linux capabilities");
    command.option("--group-add", request.group_add, "list",
                   "Add groups to the user, by name or number; keep-groups: those of the caller",
                   complete::words("keep-groups"));
    command.option(
        "--security-opt", security_options, "list",
        "no-new-privileges, seccomp=<file>|unconfined, apparmor=<profile>|unconfined, "
        "label=<option>, systempaths=unconfined, mask=<paths>, unmask=ALL|<paths>",
        complete::words("no-new-privileges seccomp=unconfined seccomp= apparmor=unconfined "
                        "apparmor= label=disable systempaths=unconfined mask= unmask=ALL unmask="));
    command.parsed(
        "--sysctl",
        [&request](std::string_view value) {
            engine::Sysctl sysctl = engine::parse_sysctl(value);
            request.sysctls[std::move(sysctl.name)] = std::move(sysctl.value);
        },
        "map", "Set a kernel parameter of the container's namespaces (format: <name>=<value>)");
    command.option("--pid", request.namespaces.pid, "string",
                   "PID namespace: private, host or container:<name|id>",
                   complete::words("host private container:"));
    command.option("--ipc", request.namespaces.ipc, "string",
                   "IPC namespace: private, shareable, none, host or container:<name|id>",
                   complete::words("host none private shareable container:"));
    command.option("--uts", request.namespaces.uts, "string",
                   "UTS namespace (host name): private or host", complete::words("host private"));
    command.option("--cgroupns", request.namespaces.cgroup, "string",
                   "Cgroup namespace: private or host", complete::words("host private"));
    command.option("--userns", request.namespaces.user, "string",
                   "User namespace: host for none beside that of the caller's containers, "
                   "keep-id[:uid=,gid=,size=], nomap, auto[:size=,uidmapping=,gidmapping=]",
                   complete::words("host keep-id nomap auto keep-id: auto:"));
    command.option("-h,--hostname", request.hostname, "string", "Host name of the container");
}

void declare_isolation_technology(CommandBuilder& command) {
    command.parsed(
        "--isolation",
        [](std::string_view value) {
            // Other systems have others.
            if (!value.empty() && value != "default")
                throw Error(ErrorKind::invalid,
                            "Invalid isolation: {} - linux only supports 'default'", quoted(value));
        },
        "string", "Isolation technology: default", complete::words("default"));
}

}  // namespace skiff::cli
