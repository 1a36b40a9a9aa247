// SPDX-License-Identifier: Apache-2.0
// The cache of programs, and programs at work in this kernel.
#include <algorithm>
#include <functional>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/seccomp/load_filter.h"
#include "runtime/seccomp/program.h"
#include "runtime/seccomp/program_cache.h"

namespace skiff::runtime {
namespace {

using Instructions = std::vector<sock_filter>;

bool equal(std::span<const sock_filter> a, std::span<const sock_filter> b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

class ProgramCacheTest : public testing::Test {
  protected:
    std::optional<Instructions> find() const { return cache_.find("key"); }
    void corrupt(const std::function<void(std::string&)>& act) {
        std::string text = read_file(cache_.path_of("key"), 1 << 20);
        act(text);
        const Fd directory = open_file(folder_.path() + "/seccomp", O_RDONLY | O_DIRECTORY);
        const std::string path = cache_.path_of("key");
        replace_file(directory.get(), path.substr(path.rfind('/') + 1), text, 0600,
                     Durability::none);
    }

    TempDir folder_;
    ProgramCache cache_{folder_.path() + "/seccomp"};
    Instructions program_{BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                          BPF_STMT(BPF_RET | BPF_K, 7)};
};

TEST_F(ProgramCacheTest, KeepsAProgramForItsKey) {
    EXPECT_EQ(find(), std::nullopt);
    cache_.keep("key", program_);
    ASSERT_TRUE(find());
    EXPECT_TRUE(equal(*find(), program_));
    EXPECT_EQ(cache_.find("another key"), std::nullopt);
    struct stat status{};
    ASSERT_EQ(stat(cache_.path_of("key").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST_F(ProgramCacheTest, DoubtsWhatIsNotExactlyAsWritten) {
    const std::vector<std::pair<const char*, std::function<void(std::string&)>>> damages{
        {"empty", [](std::string& text) { text.clear(); }},
        {"cut off", [](std::string& text) { text.resize(text.size() - 1); }},
        {"an instruction less",
         [](std::string& text) { text.resize(text.size() - sizeof(sock_filter)); }},
        {"longer", [](std::string& text) { text += std::string(sizeof(sock_filter), '\0'); }},
        {"another magic", [](std::string& text) { text[0] = 'S'; }},
        {"another version", [](std::string& text) { ++text[8]; }},
        {"another count", [](std::string& text) { ++text[12]; }},
        {"another key", [](std::string& text) { ++text[16]; }},
        {"another sum", [](std::string& text) { ++text[48]; }},
        {"a flipped bit in the program", [](std::string& text) { text.back() ^= 1; }},
    };
    for (const auto& [name, damage] : damages) {
        cache_.keep("key", program_);
        ASSERT_TRUE(find());
        corrupt(damage);
        EXPECT_EQ(find(), std::nullopt) << name;
    }
}

TEST_F(ProgramCacheTest, DoubtsFilesThatOthersCouldWrite) {
    cache_.keep("key", program_);
    const std::string path = cache_.path_of("key");
    ASSERT_EQ(chmod(path.c_str(), 0620), 0);
    EXPECT_EQ(find(), std::nullopt);
    ASSERT_EQ(chmod(path.c_str(), 0600), 0);
    EXPECT_NE(find(), std::nullopt);
    ASSERT_EQ(rename(path.c_str(), (path + ".x").c_str()), 0);
    ASSERT_EQ(symlink((path + ".x").c_str(), path.c_str()), 0);
    EXPECT_EQ(find(), std::nullopt);
    if (geteuid() != 0) return;
    ASSERT_EQ(rename((path + ".x").c_str(), path.c_str()), 0);
    ASSERT_EQ(chown(path.c_str(), 1500, 1500), 0);
    EXPECT_EQ(find(), std::nullopt);
}

TEST_F(ProgramCacheTest, ServesARequestThatIsNotLinkedIn) {
    SeccompRequest request{.profile = {},
                           .capabilities = CapabilitySet(~std::uint64_t{0} >> 23 & ~1ULL << 21)};
    const std::string directory = folder_.path() + "/seccomp";
    const SeccompProgram made = get_program(request, directory);
    ASSERT_FALSE(made.linked_in());
    const Fd opened = open_file(directory, O_RDONLY | O_DIRECTORY);
    ASSERT_EQ(list_directory(opened.get()).size(), 1U);
    EXPECT_TRUE(equal(get_program(request, directory).instructions(), made.instructions()));
    EXPECT_EQ(list_directory(opened.get()).size(), 1U);
    request.abis = OpenAbis::native_and_compat;
    EXPECT_FALSE(equal(get_program(request, directory).instructions(), made.instructions()));
    EXPECT_EQ(list_directory(opened.get()).size(), 2U);
}

TEST_F(ProgramCacheTest, IsNotNeededToStart) {
    const SeccompRequest request{.profile = {}, .capabilities = CapabilitySet(1ULL << 21)};
    EXPECT_FALSE(get_program(request, "/proc/no/such/place").instructions().empty());
    EXPECT_FALSE(get_program(request, "").instructions().empty());
}

/// Runs `act` behind `program` in a child; returns its result, or 1000 + the signal that killed it.
int behind_filter(const SeccompProgram& program, const std::function<int()>& act) {
    CloneResult cloned = clone_process(0);
    if (cloned.in_child) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(250);
        if (load_filter(program.instructions()) != 0) _exit(251);
        _exit(act());
    }
    const ExitStatus status = cloned.child.wait();
    return status.signal != 0 ? 1000 + status.signal : status.code;
}

/// The errno of a call, 0 when it worked.
int outcome(long result) {
    return result < 0 ? errno : 0;
}

SeccompProgram default_program() {
    return get_program({.profile = {}, .capabilities = default_capabilities()}, "");
}

TEST(SeccompKernel, AcceptsTheLinkedInProgramsAndRunsOnBehindThem) {
    EXPECT_EQ(behind_filter(default_program(), [] { return 42; }), 42);
    const auto all = get_program({.profile = {}, .capabilities = kernel_capabilities()}, "");
    EXPECT_EQ(behind_filter(all, [] { return 42; }), 42);
}

TEST(SeccompKernel, ClosesWhatTheProfileCloses) {
    const SeccompProgram program = default_program();
    const auto errno_of = [&](const std::function<long()>& call) {
        return behind_filter(program, [&] { return outcome(call()); });
    };
    EXPECT_EQ(errno_of([] { return socket(AF_ALG, SOCK_SEQPACKET, 0); }), EPERM);
    EXPECT_EQ(errno_of([] { return socket(AF_VSOCK, SOCK_STREAM, 0); }), EPERM);
    EXPECT_EQ(errno_of([] { return unshare(CLONE_NEWUSER); }), EPERM);
    EXPECT_EQ(errno_of([] { return syscall(SYS_keyctl, 0, 0, 0, 0, 0); }), EPERM);
    EXPECT_EQ(errno_of([] { return syscall(SYS_io_uring_setup, 1, nullptr); }), EPERM);
    EXPECT_EQ(errno_of([] { return syscall(SYS_clone3, nullptr, 0); }), ENOSYS);
    EXPECT_EQ(errno_of([] { return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); }),
              EPERM);
    EXPECT_EQ(errno_of([] { return syscall(1000); }), ENOSYS);
    EXPECT_EQ(errno_of([] { return socket(AF_UNIX, SOCK_STREAM, 0); }), 0);
    EXPECT_EQ(errno_of([] { return socket(AF_INET, SOCK_STREAM, 0); }), 0);
    EXPECT_EQ(errno_of([] { return socket(AF_NETLINK, SOCK_RAW, 0); }), 0);
}

TEST(SeccompKernel, WithoutPrivilegeNeedsNoNewPrivileges) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to give the capability away";
    const SeccompProgram program = default_program();
    CloneResult cloned = clone_process(0);
    if (cloned.in_child) {
        if (syscall(SYS_setresuid, 61234, 61234, 61234) != 0) _exit(250);
        _exit(load_filter(program.instructions()));
    }
    EXPECT_EQ(cloned.child.wait().code, EACCES);
}

TEST(SeccompKernel, RefusesABrokenProgramWithAnError) {
    EXPECT_NE(load_filter({}), 0);
    const Instructions endless{BPF_STMT(BPF_JMP | BPF_JA, 100)};
    EXPECT_EQ(behind_filter(SeccompProgram(endless), [] { return 0; }), 251);
    EXPECT_EQ(load_filter(Instructions(5000, sock_filter{})), EINVAL);
}

#ifdef SKIFF_I386_PROBE
/// The lines of the 32-bit probe behind a program, or "signal N".
std::string probe(const SeccompProgram& program) {
    Pipe output = make_pipe();
    CloneResult cloned = clone_process(0);
    if (cloned.in_child) {
        char* const arguments[] = {const_cast<char*>("probe"), nullptr};
        if (dup2(output.write.get(), 1) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
            _exit(250);
        if (load_filter(program.instructions()) != 0) _exit(251);
        execve(SKIFF_I386_PROBE, arguments, nullptr);
        _exit(252);
    }
    output.write.reset();
    const std::string text = read_to_end(output.read.get(), 1 << 16, "the probe");
    const ExitStatus status = cloned.child.wait();
    if (status.signal != 0) return fmt::format("signal {}", status.signal);
    return status.code == 0 ? text : fmt::format("exit {}", status.code);
}

TEST(SeccompKernel, A32BitProgramIsKilledWhereItsAbiIsClosed) {
    EXPECT_EQ(probe(default_program()), fmt::format("signal {}", SIGSYS));
}

TEST(SeccompKernel, A32BitProgramCannotGoRoundTheFamiliesBySocketcall) {
    const auto program = get_program({.profile = {},
                                      .capabilities = default_capabilities(),
                                      .abis = OpenAbis::native_and_compat},
                                     "");
    EXPECT_EQ(probe(program),
              fmt::format(
                  "socketcall_alg {}\nsocketcall_unix {}\nsocket_alg {}\nsocket_unix 0\ngetpid 0\n",
                  ENOSYS, ENOSYS, EPERM));
}
#endif

}  // namespace
}  // namespace skiff::runtime
