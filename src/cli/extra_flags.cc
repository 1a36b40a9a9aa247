// SPDX-License-Identifier: Apache-2.0
#include "cli/extra_flags.h"

#include <algorithm>

#include <fcntl.h>

#include "base/error.h"
#include "base/size.h"
#include "base/text.h"
#include "cli/commands/container/container_names.h"
#include "cli/values.h"
#include "engine/container/storage_limit.h"
#include "engine/container/systemd_mode.h"
#include "engine/container/time_zone.h"

namespace skiff::cli {
namespace {

using engine::CreateRequest;

constexpr int highest_descriptor = 1023;

template <typename T>
T parse_whole(std::string_view value, const char* function) {
    const auto number = parse_number<T>(value);
    if (!number)
        throw Error(ErrorKind::invalid, "strconv.{}: parsing {}: invalid syntax", function,
                    quoted(value));
    return *number;
}

/// One that the caller was started with. Ours are all closed at an exec, and it has been one.
void keep_descriptor(int number, std::vector<int>& numbers) {
    const int flags = number < 3 || number > highest_descriptor ? -1 : fcntl(number, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC) != 0)
        throw Error(ErrorKind::usage,
                    "file descriptor {} is not available - the preserve-fds option requires that "
                    "file descriptors must be passed",
                    number);
    const auto place = std::ranges::lower_bound(numbers, number);
    if (place == numbers.end() || *place != number) numbers.insert(place, number);
}

void add_annotation(std::map<std::string, std::string>& annotations, std::string_view text) {
    const Cut parts = cut(text, '=');
    if (parts.before.empty())
        throw Error(ErrorKind::invalid,
                    "invalid Annotation: the empty string is not permitted as an annotation key");
    annotations[std::string(parts.before)] = parts.after;
}

unsigned parse_umask(std::string_view value) {
    const auto mask = parse_number<unsigned>(value, 8);
    if (!mask || *mask > 0777)
        throw Error(ErrorKind::invalid, "invalid umask {}: it is octal, 0 to 0777", quoted(value));
    return *mask;
}

/// One line, with the fields that the file has.
std::string parse_entry(std::string_view value, long colons, const char* file) {
    if (std::ranges::count(value, ':') != colons ||
        value.find_first_of("\n\r") != std::string_view::npos)
        throw Error(ErrorKind::invalid, "{} is no line of {}: {} fields between ':' are",
                    quoted(value), file, colons + 1);
    return std::string(value);
}

void declare_account_flags(CommandBuilder& command, engine::AccountRequest& accounts) {
    command.option("--hostuser", accounts.host_users, "list",
                   "Add a user of the host to the container's /etc/passwd");
    command.flag("--passwd", accounts.add,
                 "Add the container's user to its /etc/passwd and /etc/group where it is missing");
    command.parsed(
        "--passwd-entry",
        [&accounts](std::string_view value) {
            accounts.passwd_entry = parse_entry(value, 6, "/etc/passwd");
        },
        "string",
        "The line for that in /etc/passwd, with $USERNAME, $UID, $GID, $NAME and $HOME filled in");
    command.parsed(
        "--group-entry",
        [&accounts](std::string_view value) {
            accounts.group_entry = parse_entry(value, 3, "/etc/group");
        },
        "string", "The line for that in /etc/group, with $GROUPNAME and $GID filled in");
}

}  // namespace

void declare_extra_flags(CommandBuilder& command, CreateRequest& request) {
    command.parsed(
        "--annotation",
        [&request](std::string_view value) { add_annotation(request.annotations, value); }, "map",
        "Add an annotation to the container (passed through to the OCI runtime)");
    command.option("--domainname", request.domainname, "string", "Container NIS domain name");
    declare_account_flags(command, request.accounts);
    command.flag("--no-hosts", request.no_hosts, "Leave /etc/hosts as the image has it");
    command.flag("--no-hostname", request.no_hostname, "Leave /etc/hostname as the image has it");
    command.parsed(
        "--requires",
        [&request](std::string_view value) {
            for (const std::string_view name : split(value, ','))
                if (!name.empty()) request.requirements.emplace_back(name);
        },
        "list", "Containers that are started before this one", complete::containers);
    command.flag("--rootfs", request.rootfs,
                 "The first argument is a directory with a root file system instead of an image");
    command.parsed(
        "--storage-opt",
        [&request](std::string_view value) { engine::add_storage_option(request.storage, value); },
        "list",
        "Limit the container's writable layer: size=, inodes=", complete::words("size= inodes="));
    command.option("--systemd", request.systemd, "string",
                   "Prepare what systemd needs when the program is one: true, false or always",
                   complete::words("true false always"));
    command.parsed(
        "--timeout",
        [&request](std::string_view value) {
            request.timeout = parse_whole<unsigned>(value, "ParseUint");
        },
        "uint", "Seconds after which the container is killed; 0: never");
    command.option(
        "--tz", request.timezone, "string",
        "Time zone of the container: a name such as Europe/Rome, or local for the host's",
        complete::words("local"));
    command.parsed(
        "--umask", [&request](std::string_view value) { request.umask = parse_umask(value); },
        "string", "File mode creation mask of the program, octal");
}

void declare_foreign_flags(CommandBuilder& command, engine::Resources& resources,
                           bool& disable_content_trust) {
    command.parsed(
        "--cpu-count",
        [&resources](std::string_view value) {
            resources.cpu_count = parse_whole<std::int64_t>(value, "ParseInt");
        },
        "int", "CPU count (Windows only: no effect)");
    command.parsed(
        "--cpu-percent",
        [&resources](std::string_view value) {
            resources.cpu_percent = parse_whole<std::int64_t>(value, "ParseInt");
        },
        "int", "CPU percent (Windows only: no effect)");
    // Notary, which this was about, is gone; what is pulled is verified by its digests always.
    command.flag("--disable-content-trust", disable_content_trust,
                 "Skip image verification by Notary, which is no more: no effect");
    command.parsed(
        "--io-maxbandwidth",
        [&resources](std::string_view value) {
            resources.io_max_bandwidth = parse_binary_size(value);
        },
        "bytes", "Maximum IO bandwidth of the system drive (Windows only: no effect)");
    command.parsed(
        "--io-maxiops",
        [&resources](std::string_view value) {
            resources.io_max_operations = parse_whole<std::uint64_t>(value, "ParseUint");
        },
        "uint", "Maximum IOps of the system drive (Windows only: no effect)");
    command.parsed(
        "--kernel-memory",
        [&resources](std::string_view value) {
            resources.kernel_memory = static_cast<std::int64_t>(
                std::min<std::uint64_t>(parse_binary_size(value), INT64_MAX));
        },
        "bytes", "Kernel memory limit (deprecated: kernels have none any more)");
}

void declare_preserved_descriptors(CommandBuilder& command, std::vector<int>& numbers) {
    command.parsed(
        "--preserve-fds",
        [&numbers](std::string_view value) {
            const auto count = parse_whole<unsigned>(value, "ParseUint");
            for (unsigned i = 0; i < std::min<unsigned>(count, highest_descriptor); ++i)
                keep_descriptor(static_cast<int>(3 + i), numbers);
        },
        "uint", "Pass so many open descriptors, from 3 on, to the program");
    command.parsed(
        "--preserve-fd",
        [&numbers](std::string_view value) {
            for (const std::string_view number : split(value, ','))
                keep_descriptor(parse_whole<int>(number, "Atoi"), numbers);
        },
        "list", "Pass these open descriptors to the program");
}

void check_extra_flags(const CreateRequest& request) {
    if (!request.domainname.empty())
        with_context([&] { check_hostname(request.domainname); }, "--domainname");
    if (request.namespaces.uts == "host" && !request.domainname.empty())
        throw Error(ErrorKind::usage, "conflicting options: domainname and the UTS mode");
    if (request.no_hosts && !request.add_hosts.empty())
        throw Error(ErrorKind::usage, "--no-hosts and --add-host cannot be set together");
    engine::check_systemd_mode(request.systemd);
    if (!request.timezone.empty()) engine::read_time_zone(request.timezone);
}

}  // namespace skiff::cli
