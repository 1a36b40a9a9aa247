// SPDX-License-Identifier: Apache-2.0
#include "network/sandbox.h"

#include <cerrno>
#include <functional>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace skiff::network {
namespace {

/// The status of a process that does `act` under the filter.
int under_filter(std::span<const AllowedCall> calls, const std::function<int()>& act) {
    const pid_t pid = fork();
    if (pid == 0) {
        load_filter(calls);
        // Not _exit: before what does not return, AddressSanitizer makes a call that the filter
        // refuses.
        syscall(SYS_exit_group, act());
    }
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int error_of(long result) {
    return result < 0 ? errno : 0;
}

class Sandbox : public testing::Test {
  protected:
    int main_part(const std::function<int()>& act) { return under_filter(calls_, act); }
    std::vector<AllowedCall> calls_ = calls_of_main_part();
};

TEST_F(Sandbox, InternetSocketsAreWhatItIsFor) {
    EXPECT_EQ(main_part([] { return error_of(socket(AF_INET, SOCK_STREAM, 0)); }), 0);
    EXPECT_EQ(main_part([] { return error_of(socket(AF_INET6, SOCK_DGRAM, 0)); }), 0);
}

TEST_F(Sandbox, NoUnixSocketReachesTheHost) {
    EXPECT_EQ(main_part([] { return error_of(socket(AF_UNIX, SOCK_STREAM, 0)); }), EPERM);
    EXPECT_EQ(main_part([] {
                  int ends[2];
                  return error_of(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends));
              }),
              EPERM);
    EXPECT_EQ(main_part([] {
                  int ends[2];
                  return error_of(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
              }),
              0);
    EXPECT_EQ(main_part([] { return error_of(socket(AF_NETLINK, SOCK_RAW, 0)); }), EPERM);
    EXPECT_EQ(main_part([] { return error_of(socket(AF_PACKET, SOCK_RAW, 0)); }), EPERM);
}

TEST_F(Sandbox, NoFileNoProcessNoSignal) {
    EXPECT_EQ(main_part([] { return error_of(open("/", O_RDONLY)); }), EPERM);
    EXPECT_EQ(main_part([] { return error_of(fork()); }), EPERM);
    EXPECT_EQ(main_part([] { return error_of(kill(getppid(), 0)); }), EPERM);
    EXPECT_EQ(main_part([] { return error_of(execl("/bin/true", "true", nullptr)); }), EPERM);
}

TEST_F(Sandbox, NoMemoryBecomesCode) {
    EXPECT_EQ(main_part([] {
                  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  if (page == MAP_FAILED) return 1;
                  return error_of(mprotect(page, 4096, PROT_READ | PROT_EXEC));
              }),
              EPERM);
    EXPECT_EQ(main_part([] {
                  return mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                              0) == MAP_FAILED
                             ? errno
                             : 0;
              }),
              EPERM);
}

TEST_F(Sandbox, TheMakerMakesInternetSocketsOnly) {
    const std::vector<AllowedCall> calls = calls_of_socket_maker();
    EXPECT_EQ(under_filter(calls, [] { return error_of(socket(AF_INET, SOCK_STREAM, 0)); }), 0);
    EXPECT_EQ(under_filter(calls, [] { return error_of(socket(AF_NETLINK, SOCK_RAW, 0)); }), EPERM);
    EXPECT_EQ(under_filter(calls, [] { return error_of(open("/", O_RDONLY)); }), EPERM);
    EXPECT_EQ(under_filter(calls,
                           [] {
                               sockaddr address{};
                               return error_of(connect(0, &address, sizeof address));
                           }),
              EPERM);
}

}  // namespace
}  // namespace skiff::network
