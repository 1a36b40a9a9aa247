// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/systemd_scope.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/cgroup/container_groups.h"
#include "runtime/cgroup/location.h"
#include "runtime/cgroup/systemd_bus.h"

namespace skiff::runtime {
namespace {

constexpr std::string_view systemd = "org.freedesktop.systemd1";
constexpr std::string_view manager_path = "/org/freedesktop/systemd1";
constexpr std::string_view manager_interface = "org.freedesktop.systemd1.Manager";
constexpr std::string_view bus = "org.freedesktop.DBus";
constexpr std::string_view bus_path = "/org/freedesktop/DBus";
constexpr std::uint32_t hello_serial = 1;
constexpr std::uint32_t match_serial = 2;
constexpr std::uint32_t start_serial = 3;
constexpr int patience_ms = 10000;

Fd connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) return Fd();
    path.copy(address.sun_path, path.size());
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // The name of an abstract socket ends where the address does.
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() +
                                             (path[0] == '\0' ? 0 : 1));
    if (!socket.valid() ||
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) < 0)
        return Fd();
    // An environment variable led us here.
    ucred peer{};
    socklen_t length = sizeof peer;
    if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return Fd();
    return peer.uid == geteuid() || peer.uid == 0 ? std::move(socket) : Fd();
}

std::vector<std::string> candidates() {
    std::vector<std::string> paths;
    if (const char* addresses = std::getenv("DBUS_SESSION_BUS_ADDRESS"))
        paths = bus_socket_paths(addresses);
    if (const char* run = std::getenv("XDG_RUNTIME_DIR"))
        paths.push_back(fmt::format("{}/bus", run));
    // After su or from cron there is no environment, but the user's manager may run.
    paths.push_back(fmt::format("/run/user/{}/bus", geteuid()));
    return paths;
}

/// ssa(sv)a(sa(sv)): name, what to do about one that exists, properties, no further units.
std::string start_body(const std::string& name, std::string_view id, pid_t pid) {
    BusWriter body;
    body.text(name);
    body.text("fail");
    body.array(8, [&] {
        const auto property = [&](std::string_view key, std::string_view type) {
            body.align(8);
            body.text(key);
            body.signature(type);
        };
        property("Description", "s");
        body.text(fmt::format("skiff container {}", id));
        property("Delegate", "b");
        body.number(1);
        // A scope that failed to stop would otherwise keep its name taken.
        property("CollectMode", "s");
        body.text("inactive-or-failed");
        property("PIDs", "au");
        body.array(4, [&] { body.number(static_cast<std::uint32_t>(pid)); });
    });
    body.array(8, [] {});
    return body.bytes();
}

std::string match_body() {
    BusWriter body;
    body.text(fmt::format("type='signal',interface='{}',member='JobRemoved',path='{}'",
                          manager_interface, manager_path));
    return body.bytes();
}

Error refusal(const BusMessage& message) {
    const std::vector<std::string> words = leading_values(message);
    return Error(ErrorKind::system, "systemd gives no scope: {}",
                 printable(words.empty() ? message.error_name : words[0]));
}

}  // namespace

std::optional<ScopeRequest> ScopeRequest::connect() {
    for (const std::string& path : candidates())
        if (Fd socket = connect_to(path); socket.valid()) return ScopeRequest(std::move(socket));
    return std::nullopt;
}

void ScopeRequest::send(std::string_view id, pid_t pid) {
    name_ = scope_name(id);
    pid_ = pid;
    std::string words = bus_greeting(geteuid());
    words += encode({hello_serial, bus, bus_path, bus, "Hello", "", ""});
    words += encode({match_serial, bus, bus_path, bus, "AddMatch", "s", match_body()});
    words += encode({start_serial, systemd, manager_path, manager_interface, "StartTransientUnit",
                     "ssa(sv)a(sa(sv))", start_body(name_, id, pid)});
    // A write to a closed socket must be an error, not the signal.
    for (std::string_view left = words; !left.empty();) {
        const ssize_t n = ::send(socket_.get(), left.data(), left.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw SystemError(errno, "cannot speak with the user's bus");
        left.remove_prefix(static_cast<size_t>(n));
    }
}

void ScopeRequest::read_more() {
    pollfd entry{socket_.get(), POLLIN, 0};
    const int ready = poll(&entry, 1, patience_ms);
    if (ready < 0 && errno == EINTR) return;
    if (ready <= 0) throw Error(ErrorKind::system, "the user's systemd does not answer");
    std::array<char, 4096> block;
    const ssize_t n = recv(socket_.get(), block.data(), block.size(), 0);
    if (n < 0 && errno == EINTR) return;
    if (n <= 0) throw Error(ErrorKind::system, "the user's bus closed the connection");
    received_.append(block.data(), static_cast<size_t>(n));
}

void ScopeRequest::await_greeting() {
    size_t end = 0;
    while ((end = received_.find("\r\n")) == std::string::npos) {
        if (received_.size() > 16384)
            throw Error(ErrorKind::invalid, "the user's bus does not greet");
        read_more();
    }
    if (!received_.starts_with("OK "))
        throw Error(ErrorKind::denied, "the user's bus refuses us: {}",
                    printable(received_.substr(0, end)));
    received_.erase(0, end + 2);
}

/// The job may be done before the reply to the call is here, so the unit's name is what counts.
void ScopeRequest::await_job() {
    bool accepted = false;
    bool done = false;
    while (!accepted || !done) {
        const auto message = take_bus_message(received_);
        if (!message) {
            read_more();
            continue;
        }
        if (message->type == BusMessageType::error) throw refusal(*message);
        if (message->type == BusMessageType::reply && message->reply_serial == start_serial)
            accepted = true;
        if (message->type != BusMessageType::signal || message->member != "JobRemoved" ||
            message->interface != manager_interface)
            continue;
        // u number, o path, s unit, s result
        const std::vector<std::string> values = leading_values(*message);
        if (values.size() != 4 || values[2] != name_) continue;
        if (values[3] != "done")
            throw Error(ErrorKind::system, "systemd gives no scope: the job ended as '{}'",
                        printable(values[3]));
        done = true;
    }
}

std::string ScopeRequest::finish(const CgroupHierarchy& unified) {
    await_greeting();
    await_job();
    socket_.reset();
    // Where it is, the kernel knows best: slices differ from one systemd to the next.
    const std::string memberships =
        find_file(AT_FDCWD, fmt::format("/proc/{}/cgroup", pid_), 1U << 20U).value_or("");
    for (const std::string_view line : split(memberships, '\n')) {
        if (!line.starts_with("0::")) continue;
        const std::string_view path = line.substr(3);
        if (!is_plain_path(path) || !path.ends_with(fmt::format("/{}", name_))) break;
        std::string scope = fmt::format("{}{}", unified.mount_point, path);
        // Out of the scope itself: controllers are handed on only where no process is.
        const Fd group = open_monitor_group(locate_in_scope(scope));
        if (!group.valid()) break;
        const Fd members = open_at(group.get(), "cgroup.procs", O_WRONLY);
        write_all(members.get(), std::to_string(pid_), "the monitor's control group");
        return scope;
    }
    throw Error(ErrorKind::system, "systemd gave no scope that can be written to");
}

}  // namespace skiff::runtime
