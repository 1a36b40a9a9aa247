// SPDX-License-Identifier: Apache-2.0
#include "engine/shared_namespace.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "engine/container/container_files.h"
#include "engine/container/monitor_process.h"
#include "engine/container/namespace_sharing.h"
#include "monitor/address.h"
#include "monitor/protocol.h"
#include "runtime/userns/stored_id_map.h"

namespace skiff::engine {
namespace {

constexpr const char* map_file = "idmap";
constexpr std::string_view no_range_text =
    "you have no range in /etc/subuid and /etc/subgid (as root: usermod --add-subuids "
    "100000-165535 "
    "--add-subgids 100000-165535 NAME)";
constexpr int patience_ms = 100;

std::optional<pid_t> peer_pid(int socket) {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0 ||
        credentials.pid <= 0)
        return std::nullopt;
    return credentials.pid;
}

constexpr std::array namespace_limits{RLIMIT_NPROC, RLIMIT_MEMLOCK, RLIMIT_SIGPENDING,
                                      RLIMIT_MSGQUEUE};

bool is_child_of_ours(int user_namespace) {
    uid_t owner = 0;
    if (ioctl(user_namespace, NS_GET_OWNER_UID, &owner) < 0 || owner != geteuid()) return false;
    const Fd parent(ioctl(user_namespace, NS_GET_PARENT));
    const Fd own = open_file("/proc/self/ns/user", O_RDONLY);
    struct stat theirs{};
    struct stat ours{};
    return parent.valid() && fstat(parent.get(), &theirs) == 0 && fstat(own.get(), &ours) == 0 &&
           theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

bool allows_what_we_have(pid_t pid) {
    return std::ranges::all_of(namespace_limits, [&](auto resource) {
        rlimit theirs{};
        rlimit ours{};
        return prlimit(pid, resource, nullptr, &theirs) == 0 && getrlimit(resource, &ours) == 0 &&
               ours.rlim_max <= theirs.rlim_max;
    });
}

/// The record says which namespaces are for their container alone.
bool lends_to_all(const Engine& engine, std::string_view socket_name) {
    const ContainerFiles files(engine, std::string(socket_name.substr(0, socket_name.find('.'))));
    const auto record = files.find_record();
    return record && !wants_own_namespace(*record) && joined_container(*record).empty();
}

bool wait_readable(int fd) {
    pollfd entry{fd, POLLIN, 0};
    return poll(&entry, 1, patience_ms) == 1;
}

/// Asks one monitor. Anything unexpected is a no: a new namespace is always possible.
std::optional<Fd> ask(int socket, std::uint16_t version) {
    using monitor::FrameType;
    if (monitor::try_send_frame(socket, FrameType::userns_request, {}, {}, version) !=
        monitor::Sending::sent)
        return std::nullopt;
    std::array<char, monitor::max_frame> buffer;
    while (wait_readable(socket)) {
        monitor::Frame frame;
        const monitor::Arrival arrival = monitor::receive_frame(socket, buffer, frame);
        if (arrival == monitor::Arrival::end) return std::nullopt;
        if (arrival == monitor::Arrival::nothing || frame.type != FrameType::userns) continue;
        if (frame.fds.size() != 1) return std::nullopt;
        return std::move(frame.fds[0]);
    }
    return std::nullopt;
}

}  // namespace

runtime::IdMaps caller_id_maps() {
    // Root, without rights over the namespace it is in: the ids of that are its own to give.
    if (geteuid() == 0) return runtime::own_id_maps();
    const char* login = std::getenv("USER");
    return runtime::default_id_maps(geteuid(), getegid(), login != nullptr ? login : "");
}

void refuse_other_kind_of_store(const Engine& engine) {
    if (geteuid() != 0) return;
    const Fd root = find_at(AT_FDCWD, engine.root(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!root.valid()) return;
    const bool of_namespace = find_at(root.get(), map_file, O_PATH | O_NOFOLLOW).valid();
    if (of_namespace == engine.rootless()) return;
    const Fd layers = find_at(root.get(), "layers", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!of_namespace && (!layers.valid() || list_directory(layers.get()).empty())) return;
    throw Error(ErrorKind::invalid,
                "the layers in '{}' were made by a root with{} CAP_SYS_ADMIN, and would show other "
                "files to one with{}; name another store (--root, SKIFF_ROOT)",
                engine.root(), of_namespace ? "out" : "", of_namespace ? "" : "out");
}

runtime::IdMaps store_id_maps(const Engine& engine) {
    const runtime::IdMaps current = caller_id_maps();
    const Fd root = open_data_directory(engine);
    refuse_other_kind_of_store(engine);
    const std::string path = fmt::format("{}/{}", engine.root(), map_file);
    constexpr size_t limit = 65536;
    const auto stored_text = find_file(root.get(), map_file, limit);
    if (stored_text) {
        const runtime::IdMaps stored = runtime::load_id_maps(*stored_text, path);
        if (stored == current) return current;
        runtime::require_compatible_id_maps(stored, current, path);
    }
    // Once for a store, since it is no mistake of the command that happens to be the first.
    if (!stored_text && current.single_id())
        engine.warn(fmt::format(
            "{}; containers of this store have a single user, root, and files belong to "
            "nobody else (--strict refuses that)",
            no_range_text));
    replace_file(root.get(), map_file, runtime::save_id_maps(current), 0600, Durability::none);
    return current;
}

void refuse_single_id(const Engine& engine) {
    if (engine.options().strict && engine.rootless() && caller_id_maps().single_id())
        throw Error(ErrorKind::unsupported, "--strict: {}", no_range_text);
}

bool may_join(int user_namespace, pid_t pid, const runtime::IdMaps& maps) {
    return runtime::read_id_maps(pid) == maps && is_child_of_ours(user_namespace) &&
           allows_what_we_have(pid);
}

RaisedLimits::RaisedLimits() {
    for (size_t i = 0; i < before_.size(); ++i) {
        getrlimit(namespace_limits[i], &before_[i]);
        const rlimit raised{before_[i].rlim_max, before_[i].rlim_max};
        setrlimit(namespace_limits[i], &raised);  // to the hard limit: always allowed
    }
}

void RaisedLimits::restore() const {
    for (size_t i = 0; i < before_.size(); ++i) setrlimit(namespace_limits[i], &before_[i]);
}

std::optional<Fd> find_shared_namespace(const Engine& engine, const runtime::IdMaps& maps) {
    const Fd run = find_at(AT_FDCWD, engine.run_root(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!run.valid()) return std::nullopt;
    for (const std::string& name : list_directory(run.get())) {
        if (!name.ends_with(".sock")) continue;
        try {
            const auto connection =
                monitor::connect_at(run.get(), name, std::chrono::milliseconds(patience_ms));
            if (!connection) continue;
            const auto pid = peer_pid(connection->socket.get());
            if (!pid || !lends_to_all(engine, name)) continue;
            auto fd = ask(connection->socket.get(), connection->version);
            if (fd && may_join(fd->get(), *pid, maps)) return fd;
        } catch (const Error&) {
            // It ended, or speaks another protocol: no reason to fail a start that can have its own
            // namespace.
        }
    }
    return std::nullopt;
}

}  // namespace skiff::engine
