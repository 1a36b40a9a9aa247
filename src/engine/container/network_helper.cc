// SPDX-License-Identifier: Apache-2.0
#include "engine/container/network_helper.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <sys/syscall.h>

#include "base/error.h"
#include "base/passed_fds.h"
#include "network/helper_role.h"
#include "runtime/sealed_exec.h"

namespace skiff::engine {
namespace {

constexpr int patience_ms = 60000;  ///< its work is a millisecond; a busy machine is another thing

/// In the new process: no stream of the container's, the channel at its place, all else closed by
/// the exec.
[[noreturn]] void become_helper(int channel) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
    const Fd safe_channel(fcntl(channel, F_DUPFD_CLOEXEC, 10));
    const Fd null(fcntl(open_file("/dev/null", O_RDWR).get(), F_DUPFD_CLOEXEC, 10));
    for (int number = 0; number < 3; ++number)
        if (dup2(null.get(), number) < 0)
            throw SystemError(errno, "cannot prepare the network helper's descriptors");
    if (dup2(safe_channel.get(), network::helper_channel_fd) < 0 ||
        syscall(SYS_close_range, network::helper_channel_fd + 1, ~0U, 4 /* CLOEXEC */) < 0)
        throw SystemError(errno, "cannot prepare the network helper's descriptors");
    runtime::exec_sealed_self({network::helper_program_name});
}

}  // namespace

NetworkHelper NetworkHelper::start() {
    SocketPair channel = make_socket_pair(SOCK_SEQPACKET);
    // First in a pid namespace of its own: whatever it starts ends with it, and it sees nobody.
    CloneResult cloned = clone_process(CLONE_NEWPID);
    if (cloned.in_child) {
        try {
            become_helper(channel.theirs.get());
        } catch (const Error& error) {
            try {
                send_with_fds(channel.theirs.get(),
                              to_text(network::MessageType::failure, network::to_text(error)), {});
            } catch (const Error&) {
                // The monitor has ended.
            }
        }
        _exit(125);
    }
    return {std::move(cloned.child), std::move(channel.ours)};
}

void NetworkHelper::send(network::MessageType type, std::string_view content,
                         std::span<const int> fds) {
    try {
        send_with_fds(channel_.get(), to_text(type, content), fds);
    } catch (const SystemError& error) {
        // It has ended, and said why: await_ready reads it.
        if (error.errno_value() != EPIPE) throw;
    }
}

void NetworkHelper::give_listeners(std::vector<network::PublishedListener> listeners) {
    has_listeners_ = has_listeners_ || !listeners.empty();
    for (std::size_t i = 0; i < listeners.size(); i += PassedFds::capacity) {
        std::vector<network::PublishedListener> some;
        std::vector<int> fds;
        for (std::size_t n = i; n < std::min(i + PassedFds::capacity, listeners.size()); ++n) {
            fds.push_back(listeners[n].socket.get());
            some.push_back(std::move(listeners[n]));
        }
        send(network::MessageType::listeners, network::listeners_text(some), fds);
    }
}

void NetworkHelper::configure(const network::HelperConfig& config) {
    send(network::MessageType::configuration, network::to_text(config), {});
}

void NetworkHelper::give_namespace_of(pid_t host_pid) {
    const Fd name_space = open_file(fmt::format("/proc/{}/ns/net", host_pid), O_RDONLY);
    send(network::MessageType::name_space, {}, std::array{name_space.get()});
}

void NetworkHelper::await_ready() {
    pollfd entry{channel_.get(), POLLIN, 0};
    if (poll(&entry, 1, patience_ms) == 0)
        throw Error(ErrorKind::system, "the container's network helper does not answer");
    const std::optional<std::string> text = receive();
    if (!text) throw Error(ErrorKind::system, "the container's network helper ended unexpectedly");
    const network::Message message = network::parse_message(*text);
    if (message.type == network::MessageType::failure) {
        Error error = network::parse_error(message.content);
        error.prepend("the container's network");
        throw error;
    }
    if (message.type != network::MessageType::ready)
        throw Error(ErrorKind::invalid, "the container's network helper says something unexpected");
}

void NetworkHelper::send_resolv_conf(const std::string& content) {
    try {
        send_with_fds(channel_.get(), to_text(network::MessageType::resolv_conf, content), {});
    } catch (const SystemError&) {
        // It has ended, which its channel tells as well.
    }
}

std::optional<std::string> NetworkHelper::receive() {
    try {
        std::string data = receive_with_fds(channel_.get(), network::largest_message).data;
        if (data.empty()) return std::nullopt;
        return data;
    } catch (const SystemError&) {
        return std::nullopt;  // killed with messages of ours unread: ECONNRESET
    }
}

void NetworkHelper::end() {
    if (!process_.valid()) return;
    process_.kill(SIGKILL);
    // Published ports are free for others when it is gone.
    if (has_listeners_) wait_for(process_.pidfd(), POLLIN);
    process_.detach();
}

}  // namespace skiff::engine
