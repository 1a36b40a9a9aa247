// SPDX-License-Identifier: Apache-2.0
// Traffic for tests/bench/net: one program at both ends, so that every contender carries the same.
//
//   traffic serve PORT                     until it is killed
//   traffic send|receive ADDRESS PORT SECONDS    prints Gbit/s
//   traffic connect ADDRESS PORT SECONDS   connections, one after the other in 8 threads; prints
//   them per second traffic latency ADDRESS PORT COUNT     connect, a byte there and back; prints
//   the median in microseconds
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t block_size = 1 << 18;
constexpr int threads_of_connect = 8;

/// Compiled alone, by tests/bench/net: without src/base.
class Fd {
  public:
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        if (fd_ >= 0) close(fd_);
    }
    int get() const { return fd_; }
    bool valid() const { return fd_ >= 0; }

  private:
    int fd_;
};

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

enum class Wish : char { sink = 's', source = 'r', echo = 'e' };

Fd tcp_socket() {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd.valid()) fail("no socket");
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return fd;
}

sockaddr_in address_of(const char* address, const char* port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
    if (inet_pton(AF_INET, address, &result.sin_addr) != 1)
        throw std::invalid_argument(std::string(address) + " is no address");
    return result;
}

/// False when the other side takes no more.
bool send_block(int fd, const std::vector<char>& block) {
    return send(fd, block.data(), block.size(), MSG_NOSIGNAL) > 0;
}

void serve_one(const Fd& client) {
    std::vector<char> block(block_size);
    char wish = 0;
    if (recv(client.get(), &wish, 1, 0) != 1) return;
    if (wish == static_cast<char>(Wish::echo)) {
        (void)send(client.get(), &wish, 1, MSG_NOSIGNAL);
    } else if (wish == static_cast<char>(Wish::sink)) {
        while (recv(client.get(), block.data(), block.size(), 0) > 0) {
        }
        (void)send(client.get(), &wish, 1, MSG_NOSIGNAL);
    } else {
        while (send_block(client.get(), block)) {
        }
    }
}

int serve(const char* port) {
    const Fd listener = tcp_socket();
    const sockaddr_in address = address_of("0.0.0.0", port);
    if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
        listen(listener.get(), 4096) < 0)
        fail("cannot listen");
    for (;;) {
        Fd client(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!client.valid()) continue;
        char wish = 0;
        // Short ones here: a thread would cost more than they do.
        if (recv(client.get(), &wish, 1, MSG_PEEK) == 1 && wish == static_cast<char>(Wish::echo))
            serve_one(client);
        else
            std::thread([socket = std::move(client)] { serve_one(socket); }).detach();
    }
}

Fd connect_to(const sockaddr_in& address, Wish wish) {
    Fd fd = tcp_socket();
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
        fail("cannot connect");
    const char byte = static_cast<char>(wish);
    if (send(fd.get(), &byte, 1, MSG_NOSIGNAL) != 1) fail("cannot send");
    return fd;
}

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

void print_rate(std::size_t bytes, double seconds) {
    std::printf("%.2f\n", static_cast<double>(bytes) * 8 / seconds / 1e9);
}

int send_for(const sockaddr_in& address, double seconds) {
    const std::vector<char> block(block_size);
    const Fd fd = connect_to(address, Wish::sink);
    const auto start = Clock::now();
    std::size_t bytes = 0;
    while (seconds_since(start) < seconds) {
        const ssize_t n = send(fd.get(), block.data(), block.size(), MSG_NOSIGNAL);
        if (n <= 0) fail("cannot send");
        bytes += static_cast<std::size_t>(n);
    }
    shutdown(fd.get(), SHUT_WR);
    char byte = 0;
    // Until the other side has had all of it.
    if (recv(fd.get(), &byte, 1, 0) != 1) fail("the server is gone");
    print_rate(bytes, seconds_since(start));
    return 0;
}

int receive_for(const sockaddr_in& address, double seconds) {
    std::vector<char> block(block_size);
    const Fd fd = connect_to(address, Wish::source);
    const auto start = Clock::now();
    std::size_t bytes = 0;
    while (seconds_since(start) < seconds) {
        const ssize_t n = recv(fd.get(), block.data(), block.size(), 0);
        if (n <= 0) fail("cannot receive");
        bytes += static_cast<std::size_t>(n);
    }
    print_rate(bytes, seconds_since(start));
    return 0;
}

void echo_once(const sockaddr_in& address) {
    const Fd fd = connect_to(address, Wish::echo);
    char byte = 0;
    if (recv(fd.get(), &byte, 1, 0) != 1) fail("no answer");
}

int connect_for(const sockaddr_in& address, double seconds) {
    std::atomic<int> count = 0;
    std::atomic<int> failures = 0;
    const auto start = Clock::now();
    std::vector<std::thread> threads;
    for (int i = 0; i < threads_of_connect; ++i)
        threads.emplace_back([&] {
            while (seconds_since(start) < seconds) {
                try {
                    echo_once(address);
                    ++count;
                } catch (const std::system_error&) {
                    ++failures;
                }
            }
        });
    for (std::thread& thread : threads) thread.join();
    if (failures > 0) std::fprintf(stderr, "%d connections failed\n", failures.load());
    std::printf("%.0f\n", count / seconds_since(start));
    return failures > 0 ? 1 : 0;
}

int latency(const sockaddr_in& address, int count) {
    std::vector<double> times;
    for (int i = 0; i < count; ++i) {
        const auto start = Clock::now();
        echo_once(address);
        times.push_back(seconds_since(start) * 1e6);
    }
    const auto middle = times.begin() + count / 2;
    std::nth_element(times.begin(), middle, times.end());
    std::printf("%.0f\n", *middle);
    return 0;
}

int run(int argc, char** argv) {
    const std::string_view verb = argc > 2 ? argv[1] : "";
    if (verb == "serve") return serve(argv[2]);
    if (argc < 5) throw std::invalid_argument("usage: see the head of tests/bench/traffic.cc");
    const sockaddr_in address = address_of(argv[2], argv[3]);
    if (verb == "send") return send_for(address, std::atof(argv[4]));
    if (verb == "receive") return receive_for(address, std::atof(argv[4]));
    if (verb == "connect") return connect_for(address, std::atof(argv[4]));
    if (verb == "latency") return latency(address, std::max(1, std::atoi(argv[4])));
    throw std::invalid_argument("unknown: " + std::string(verb));
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "traffic: %s\n", error.what());
        return 1;
    }
}
