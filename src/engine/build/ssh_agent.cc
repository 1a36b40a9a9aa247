// SPDX-License-Identifier: Apache-2.0
#include "engine/build/ssh_agent.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/die_with.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

constexpr size_t header = 4;
constexpr size_t largest_message = 256U << 10U;  // as OpenSSH's agent
constexpr char request_identities = 11;
constexpr char sign_request = 13;
constexpr std::string_view failure{"\0\0\0\1\5", 5};
/// Each is a process, and what a step starts is bounded by its own limits alone.
constexpr size_t most_connections = 32;

/// Paths are longer than the 107 bytes of an address: it names a descriptor.
sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(&address.sun_path[0], path.c_str(),
                std::min(path.size(), sizeof address.sun_path - 1));
    return address;
}

Fd make_socket() {
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.valid()) throw SystemError(errno, "cannot make a socket");
    return socket;
}

Fd listen_at(int directory, const std::string& name) {
    Fd socket = make_socket();
    const sockaddr_un address = address_of(fmt::format("/proc/self/fd/{}/{}", directory, name));
    if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
        listen(socket.get(), static_cast<int>(most_connections)) < 0)
        throw SystemError(errno, "cannot make the socket for an SSH agent");
    return socket;
}

Fd connect_to(const std::string& path) {
    Fd socket = make_socket();
    const Fd place = open_file(path, O_PATH);
    const sockaddr_un address = address_of(fmt::format("/proc/self/fd/{}", place.get()));
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
        throw SystemError(errno, "cannot reach the SSH agent at {}", quoted(path));
    return socket;
}

/// Of a message that begins with `bytes`; nothing where they are too few.
std::optional<size_t> message_size(std::string_view bytes) {
    if (bytes.size() < header) return std::nullopt;
    std::uint32_t length = 0;
    for (size_t i = 0; i < header; ++i)
        length = (length << 8U) | static_cast<unsigned char>(bytes[i]);
    return header + size_t{length};
}

/// More bytes; false at the end.
bool receive(int from, std::string& bytes) {
    constexpr size_t piece = 4096;
    const size_t before = bytes.size();
    bytes.resize(before + piece);
    ssize_t n = 0;
    do n = read(from, bytes.data() + before, piece);
    while (n < 0 && errno == EINTR);
    bytes.resize(before + static_cast<size_t>(std::max<ssize_t>(n, 0)));
    return n > 0;
}

void pass_answer(int agent, int client) {
    std::string answer;
    for (;;) {
        const auto size = message_size(answer);
        if (size && (*size == header || *size > largest_message))
            throw Error(ErrorKind::invalid, std::string("the SSH agent's answer is none"));
        if (size && answer.size() >= *size) break;
        if (!receive(agent, answer))
            throw Error(ErrorKind::system, std::string("the SSH agent is gone"));
    }
    write_all(client, answer, "an SSH agent's client");
}

/// Until one of them ends.
void serve_client(int client, const std::string& path) {
    const Fd agent = connect_to(path);
    std::string bytes;
    for (;;) {
        const AgentRequest request = judge_agent_request(bytes);
        switch (request.verdict) {
            case AgentRequest::Verdict::broken:
                return;
            case AgentRequest::Verdict::incomplete:
                if (!receive(client, bytes)) return;
                continue;
            case AgentRequest::Verdict::refuse:
                write_all(client, failure, "an SSH agent's client");
                break;
            case AgentRequest::Verdict::pass:
                write_all(agent.get(), std::string_view(bytes).substr(0, request.size), path);
                pass_answer(agent.get(), client);
                break;
        }
        bytes.erase(0, request.size);
    }
}

/// A process per connection: a client that is slow, or does not read, keeps nobody waiting.
Child serve_in_child(Fd client, const std::string& path) {
    const pid_t parent = getpid();
    CloneResult cloned = clone_process(0);
    if (!cloned.in_child) return std::move(cloned.child);
    try {
        die_with(parent);
        serve_client(client.get(), path);
    } catch (const Error&) {
        // The client sees an agent that is gone.
    }
    _exit(0);
}

/// Locks and files of the build are none of a process's that lives as long as a step.
void keep_only(int fd) {
    constexpr unsigned first = STDERR_FILENO + 1;
    const auto kept = static_cast<unsigned>(fd);
    if (kept > first) close_range(first, kept - 1, 0);
    close_range(kept + 1, ~0U, 0);
}

[[noreturn]] void serve_clients(int listener, const std::string& path) {
    std::vector<Child> children;
    for (;;) {
        std::vector<pollfd> polls;
        for (const Child& child : children) polls.push_back({child.pidfd(), POLLIN, 0});
        if (children.size() < most_connections) polls.push_back({listener, POLLIN, 0});
        if (poll(polls.data(), polls.size(), -1) < 0) continue;
        const bool knock = polls.size() > children.size() && polls.back().revents != 0;
        size_t number = 0;
        std::erase_if(children, [&](const Child&) { return polls[number++].revents != 0; });
        if (!knock) continue;
        Fd client(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
        if (client.valid()) children.push_back(serve_in_child(std::move(client), path));
    }
}

}  // namespace

AgentRequest judge_agent_request(std::string_view bytes) {
    const auto size = message_size(bytes);
    if (!size) return {};
    using Verdict = AgentRequest::Verdict;
    if (*size == header || *size > largest_message) return {Verdict::broken, *size};
    if (bytes.size() < *size) return {Verdict::incomplete, *size};
    const char type = bytes[header];
    const bool may = type == request_identities || type == sign_request;
    return {may ? Verdict::pass : Verdict::refuse, *size};
}

SshAgentForward::SshAgentForward(const Engine& engine, int directory, const std::string& name,
                                 const std::string& agent)
    : listener_(listen_at(directory, name)),
      worker_(engine, BuildWorker::Place::ours, [&]() -> std::string {
          keep_only(listener_.get());
          serve_clients(listener_.get(), agent);
      }) {
    listener_.reset();  // a step whose forward is gone is not to wait for an answer
}

void check_ssh_agent(const std::string& id, const std::string& path) {
    struct stat status{};
    if (stat(path.c_str(), &status) < 0)
        throw Error(ErrorKind::not_found, "--ssh {}: the socket of an SSH agent {}: {}", id,
                    quoted(path), errno_text(errno));
    if (!S_ISSOCK(status.st_mode))
        throw Error(ErrorKind::unsupported,
                    "--ssh {}: {} is no socket of an SSH agent, and keys themselves are not given "
                    "to builds: start ssh-agent, 'ssh-add {}', then --ssh {}=$SSH_AUTH_SOCK",
                    id, quoted(path), path, id);
}

}  // namespace skiff::engine
