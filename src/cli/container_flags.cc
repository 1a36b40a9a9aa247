// SPDX-License-Identifier: Apache-2.0
#include "cli/container_flags.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iterator>

#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/signal_name.h"
#include "base/size.h"
#include "base/text.h"
#include "cli/commands/container/container_names.h"
#include "cli/commands/image/image_names.h"
#include "cli/commands/secret/secret_names.h"
#include "cli/device_flags.h"
#include "cli/extra_flags.h"
#include "cli/health_flags.h"
#include "cli/isolation_flags.h"
#include "cli/mount_flags.h"
#include "cli/network_flags.h"
#include "cli/port_flags.h"
#include "cli/resource_flags.h"
#include "cli/unsupported_flags.h"
#include "cli/values.h"
#include "engine/container/log_options.h"
#include "engine/container/restart_policy.h"
#include "engine/secret/secrets.h"

namespace skiff::cli {
namespace {

using engine::CreateRequest;

engine::PullPolicy parse_pull(std::string_view policy) {
    if (policy == "missing") return engine::PullPolicy::missing;
    if (policy == "never") return engine::PullPolicy::never;
    if (policy == "always") return engine::PullPolicy::always;
    if (policy == "newer") return engine::PullPolicy::newer;
    throw Error(ErrorKind::usage,
                "invalid pull option: '{}': must be one of \"always\", \"missing\", \"newer\" or "
                "\"never\"",
                policy);
}

/// The path of an OCI runtime: as given when it has a '/', else found in PATH.
std::string find_runtime(const std::string& name) {
    if (name.empty()) return "";
    if (name.find('/') != std::string::npos) {
        if (name.starts_with('/')) return name;
        throw Error(ErrorKind::usage, "--runtime {}: neither an absolute path nor a name in $PATH",
                    quoted(name));
    }
    const char* path = std::getenv("PATH");
    for (std::string_view directory : split(path == nullptr ? "/usr/bin:/usr/sbin" : path, ':')) {
        std::string candidate = fmt::format("{}/{}", directory, name);
        if (directory.starts_with('/') && access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    throw Error(ErrorKind::usage, "unknown or invalid runtime name: {} (no such program in $PATH)",
                name);
}

void check_init(const std::string& path) {
    if (!path.starts_with('/'))
        throw Error(ErrorKind::usage, "--init-path {}: the path needs to be absolute",
                    quoted(path));
    if (access(path.c_str(), X_OK) < 0)
        throw SystemError(errno, "--init-path {} cannot be executed", quoted(path));
}

void check(const CreateRequest& request) {
    if (!request.runtime.empty() && request.init)
        throw Error(ErrorKind::unsupported,
                    "--init works with skiff's own launcher only, not with --runtime");
    if (!request.init_path.empty()) check_init(request.init_path);
    if (request.detach && !request.attach.empty())
        throw Error(ErrorKind::usage,
                    "conflicting options: cannot specify both --attach and --detach");
    if (request.replace && request.name.empty())
        throw Error(ErrorKind::usage, "cannot replace a container without --name being set");
    if (!request.name.empty()) check_container_name(request.name);
    if (!request.hostname.empty()) check_hostname(request.hostname);
    if (!request.stop_signal.empty() && !find_signal(request.stop_signal))
        throw Error(ErrorKind::usage, "Invalid signal: {}", request.stop_signal);
    if (request.stop_timeout && *request.stop_timeout < -1)
        throw Error(ErrorKind::usage, "invalid --stop-timeout: {} (-1 waits for ever)",
                    *request.stop_timeout);
    if (!request.working_directory.empty() && !request.working_directory.starts_with('/')) {
        throw Error(ErrorKind::usage,
                    "the working directory '{}' is invalid, it needs to be an absolute path",
                    request.working_directory);
    }
    check_isolation(request);
    engine::check_log_request(request.log);
    if (request.tty && request.log.driver == engine::passthrough_log_driver)
        throw Error(ErrorKind::conflict, "--tty and --log-driver passthrough exclude each other");
    check_extra_flags(request);
    check_mount_targets(request.mounts);
    check_health(request.health);
    const engine::RestartPolicy restart = engine::parse_restart_policy(request.restart);
    if (request.auto_remove && restart.kind != engine::RestartPolicy::Kind::no)
        throw Error(ErrorKind::usage,
                    "conflicting options: cannot specify both --restart and --rm");
}

void declare_process_flags(CommandBuilder& command, ContainerFlags& flags) {
    CreateRequest& request = flags.request;
    command.parsed(
        "-a,--attach",
        [&request](std::string_view value) { request.attach.push_back(parse_stream(value)); },
        "list", "Attach to stdin, stdout or stderr only", complete::words("stdin stdout stderr"));
    command.flag("-i,--interactive", request.interactive, "Keep standard input open");
    command.flag("-t,--tty", request.tty, "Allocate a terminal");
    command.parsed(
        "-e,--env",
        [&request](std::string_view value) {
            request.environment.push_back(parse_environment_entry(value));
        },
        "list", "Set environment variables");
    command.option("--env-file", flags.env_files, "list", "Read environment variables from a file",
                   complete::files);
    command.option("-w,--workdir", request.working_directory, "string",
                   "Working directory inside the container");
    command.option("-u,--user", request.user, "string",
                   "Name or number of user and group (format: <name|uid>[:<group|gid>])");
    command.parsed(
        "--entrypoint",
        [&flags](std::string_view value) {
            flags.entrypoint = value;
            flags.entrypoint_given = true;
        },
        "string", "Replace the entry point of the image; an empty one removes it");
    command.flag("--init", request.init,
                 "Run an init inside the container that forwards signals and reaps processes");
    command.option("--init-path", request.init_path, "path",
                   "Program of the host to run as that init instead of skiff's own",
                   complete::files);
    command.parsed(
        "--ulimit",
        [&request](std::string_view value) {
            engine::Ulimit limit = parse_ulimit(value);
            std::erase_if(request.ulimits,
                          [&](const engine::Ulimit& other) { return other.name == limit.name; });
            request.ulimits.push_back(std::move(limit));
        },
        "ulimit", "Limit of a process (format: <name>=<soft>[:<hard>], -1 is unlimited)");
    command.option("--stop-signal", request.stop_signal, "string",
                   "Signal that stops the container (the image's, else SIGTERM)");
    command.option("--stop-timeout", request.stop_timeout, "int",
                   "Seconds that stop waits before it kills; -1 waits for ever");
}

void declare_log_flags(CommandBuilder& command, CreateRequest& request) {
    command.option("--log-driver", request.log.driver, "string",
                   "Where the output goes: json-file, local, journald, syslog, gelf, fluentd, none "
                   "or passthrough",
                   complete::words("json-file local journald syslog gelf fluentd none "
                                   "passthrough"));
    command.parsed(
        "--log-opt",
        [&request](std::string_view value) {
            const Cut parts = cut(value, '=');
            request.log.options[std::string(parts.before)] = parts.after;
        },
        "list", "Options of the log driver: max-size, max-file, labels, env, tag and its own",
        complete::words("max-size= max-file= labels= env= tag= mode= syslog-address= "
                        "gelf-address= fluentd-address="));
}

void declare_file_flags(CommandBuilder& command, ContainerFlags& flags) {
    CreateRequest& request = flags.request;
    command.option("-v,--volume", flags.volumes, "list",
                   "Mount a volume, or a directory or file of the host (format: "
                   "[<volume|host path>:]<container>[:<options>])",
                   complete::directories);
    command.option("--volume-driver", request.volume_driver, "string",
                   "Driver of the volumes that -v makes: local is the only one",
                   complete::words("local"));
    command.parsed(
        "--volumes-from",
        [&request](std::string_view value) {
            request.volumes_from.push_back(checked_volumes_from(value));
        },
        "list", "Mount what another container has mounted (format: <container>[:<options>])",
        complete::containers);
    command.parsed(
        "--mount",
        [&request](std::string_view value) { request.mounts.push_back(parse_mount_flag(value)); },
        "mount", "Mount a volume, or with type=bind, tmpfs or image something else");
    command.option("--tmpfs", flags.tmpfs, "list",
                   "Mount an empty directory in memory (format: <container>[:<options>])");
    command.option("--secret", flags.secrets, "list",
                   "Give a secret to the container (format: <name>[,type=mount|env][,target=…]"
                   "[,uid=…][,gid=…][,mode=…])",
                   complete::secrets);
    command.flag("--read-only", request.read_only, "Mount the root file system read-only");
    command.parsed(
        "--shm-size",
        [&request](std::string_view value) {
            const std::uint64_t size = parse_binary_size(value);
            if (size == 0) throw Error(ErrorKind::invalid, "it must be greater than 0");
            request.shm_size = size;
        },
        "bytes", "Size of /dev/shm");
}

}  // namespace

void declare_container_flags(CommandBuilder& command, ContainerFlags& flags) {
    CreateRequest& request = flags.request;
    declare_process_flags(command, flags);
    declare_isolation_flags(command, request, flags.security_options);
    declare_device_flags(command, request);
    declare_network_flags(command, request, flags.network);
    declare_port_flags(command, flags.ports, request);
    declare_file_flags(command, flags);
    declare_health_flags(command, request.health);
    declare_resource_flags(command, request.resources);
    declare_fixed_resource_flags(command, request.resources);
    declare_environment_flags(command, flags.environment);
    declare_extra_flags(command, request);
    declare_foreign_flags(command, request.resources, flags.disable_content_trust);
    declare_log_flags(command, request);
    command.option("--name", request.name, "string", "Name of the container");
    command.flag("--replace", request.replace, "Remove a container that has the name first");
    command.parsed(
        "-l,--label", [&request](std::string_view value) { add_label(request.labels, value); },
        "list", "Attach a label to the container");
    command.option("--label-file", flags.label_files, "list",
                   "Read labels from a file, a line each", complete::files);
    declare_isolation_technology(command);
    command.option("--cidfile", flags.cidfile, "string", "Write the container's ID to a new file",
                   complete::files);
    command.option("--restart", request.restart, "string",
                   "Restart policy to apply when a container exits",
                   complete::words("no always unless-stopped on-failure"));
    command.flag("--rm", request.auto_remove, "Remove the container once it has ended");
    command.option("--platform", request.platform, "string",
                   "Take the image for this os/architecture");
    command.option("--pull", flags.pull, "string",
                   "Pull the image before: missing, always, newer or never",
                   complete::words("missing always newer never"));
    command.flag("-q,--quiet", flags.quiet, "Show nothing of a pull");
    command.option("--runtime", flags.runtime, "path",
                   "Run by an OCI runtime such as runc instead of skiff's own launcher",
                   complete::files);
    command.unsupported(unsupported_container_flags());
    command.argument("IMAGE", request.image, complete::images);
    command.program(request.command);
}

CreateRequest make_request(const ContainerFlags& flags) {
    CreateRequest request = flags.request;
    // Files first, so that -e wins; an entry later in the list replaces an earlier one.
    prepend_environment_files(flags.env_files, request.environment);
    apply_environment_flags(flags.environment, request);
    add_label_files(flags.label_files, request.labels);
    if (flags.entrypoint_given) {
        request.entrypoint.emplace();
        if (!flags.entrypoint.empty()) request.entrypoint->push_back(flags.entrypoint);
    }
    for (const std::string& text : flags.security_options)
        apply_security_option(request.security, text);
    settle_isolation(request);
    apply_port_flags(flags.ports, request);
    // In Docker's order, whatever order they were typed in: -v, --mount, --tmpfs.
    request.mounts.clear();
    for (const std::string& text : flags.volumes) request.mounts.push_back(parse_volume_flag(text));
    std::ranges::copy(flags.request.mounts, std::back_inserter(request.mounts));
    for (const std::string& text : flags.tmpfs) request.mounts.push_back(parse_tmpfs_flag(text));
    set_network(request, flags.network);
    request.secrets.clear();
    for (const std::string& text : flags.secrets)
        request.secrets.push_back(
            with_context([&] { return engine::parse_secret_request(text); }, "--secret"));
    request.pull = parse_pull(flags.pull);
    request.runtime = find_runtime(flags.runtime);
    if (!request.init_path.empty()) request.init = true;
    check(request);
    return request;
}

}  // namespace skiff::cli
