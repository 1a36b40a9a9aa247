// SPDX-License-Identifier: Apache-2.0
// With real namespaces: as the caller, and where the tests run as root, as another user too.
#include "runtime/userns/user_namespace.h"

#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "runtime/userns/map_helper.h"
#include "runtime/userns/map_writer.h"

namespace skiff::runtime {
namespace {

/// Runs `act` in a forked child and fails the test with what it threw or returned; "" is success.
void in_child(const std::function<std::string()>& act) {
    Pipe pipe = make_pipe();
    CloneResult cloned = clone_process(0);
    if (cloned.in_child) {
        std::string text;
        try {
            text = act();
        } catch (const Error& error) {
            text = "threw: " + error.message();
        }
        write_all(pipe.write.get(), text, "pipe");
        _exit(0);
    }
    pipe.write.reset();
    EXPECT_EQ(read_to_end(pipe.read.get(), 1 << 20, "pipe"), "");
    EXPECT_TRUE(cloned.child.wait().ok());
}

#define CHILD_EXPECT(condition) \
    if (!(condition)) return std::string("failed: " #condition)

/// Becomes a user without privilege that the machine grants no ranges, or `uid` itself.
void become_user(uid_t uid) {
    if (geteuid() != 0) return;
    if (syscall(SYS_setgroups, 0, nullptr) != 0 || syscall(SYS_setresgid, uid, uid, uid) != 0 ||
        syscall(SYS_setresuid, uid, uid, uid) != 0)
        throw SystemError(errno, "cannot become user {}", uid);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // as after exec; /proc/PID is root's otherwise
}

constexpr uid_t stranger = 61234;

/// "daemon" of every machine: an account, which newuidmap(1) asks for, without a range.
constexpr uid_t known_user = 1;

IdMaps known_user_maps() {
    return {{{0, known_user, 1}, {1, 700000, 10}}, {{0, known_user, 1}, {1, 700000, 10}}};
}

IdMaps single_map() {
    return {{{0, geteuid(), 1}}, {{0, getegid(), 1}}};
}

TEST(UserNamespace, RunsAsItsRootAndReturnsTheResult) {
    EXPECT_EQ(run_in_user_namespace(single_map(),
                                    [] {
                                        if (getuid() != 0 || geteuid() != 0) return 1;
                                        if (getgid() != 0 || getegid() != 0) return 2;
                                        if (!read_id_maps(getpid()).single_id()) return 3;
                                        return 42;
                                    }),
              42);
}

TEST(UserNamespace, GivesAnUnprivilegedUserItsOwnMounts) {
    in_child([] {
        become_user(stranger);
        const int result = run_in_user_namespace(single_map(), [] {
            if (mount("tmpfs", "/mnt", "tmpfs", 0, nullptr) != 0) return errno;
            return access("/mnt/lost+found", F_OK) == 0 ? 255 : 0;
        });
        CHILD_EXPECT(result == 0);
        struct stat here{}, mnt{};
        CHILD_EXPECT(stat("/", &here) == 0 && stat("/mnt", &mnt) == 0 && here.st_dev == mnt.st_dev);
        return std::string();
    });
}

TEST(UserNamespace, OfASingleIdDeniesSetgroups) {
    in_child([] {
        become_user(stranger);
        const int result = run_in_user_namespace(single_map(), [] {
            const gid_t group = 0;
            return syscall(SYS_setgroups, 1, &group) != 0 && errno == EPERM ? 0 : 1;
        });
        CHILD_EXPECT(result == 0);
        return std::string();
    });
}

TEST(UserNamespace, IsGivenAWholeMapByAPrivilegedCaller) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    const IdMaps maps{{{0, 61000, 1}, {1, 200000, 1000}}, {{0, 61000, 1}, {1, 200000, 1000}}};
    TempDir folder;
    ASSERT_EQ(chmod(folder.path().c_str(), 0777), 0);
    const std::string path = folder.path() + "/file";
    EXPECT_EQ(
        run_in_user_namespace(maps,
                              [&] {
                                  if (getuid() != 0 || read_id_maps(getpid()).uids.size() != 2)
                                      return 1;
                                  const Fd file = open_file(path, O_CREAT | O_WRONLY, 0600);
                                  return fchown(file.get(), 33, 34) == 0 ? 0 : 2;
                              }),
        0);
    struct stat status{};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, 200032U);
    EXPECT_EQ(status.st_gid, 200033U);
}

TEST(UserNamespace, BringsErrorsBackWithKindAndMessage) {
    try {
        run_in_user_namespace(single_map(),
                              []() -> int { throw Error(ErrorKind::in_use, "two\nlines"); });
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::in_use);
        EXPECT_EQ(error.message(), "two\nlines");
    }
    EXPECT_THROW(run_in_user_namespace(single_map(), []() -> int { throw std::bad_alloc(); }),
                 Error);
    EXPECT_THROW(run_in_user_namespace(single_map(), []() -> int { throw 5; }), Error);
}

TEST(UserNamespace, DeathByASignalIsAnError) {
    try {
        run_in_user_namespace(single_map(), [] { return raise(SIGKILL); });
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(error.message().find("killed by signal 9"), std::string::npos);
    }
}

TEST(UserNamespace, KeepsStandardInputAndOutput) {
    in_child([] {
        Pipe input = make_pipe();
        write_all(input.write.get(), "hello", "pipe");
        input.write.reset();
        if (dup2(input.read.get(), 0) < 0) return std::string("dup2");
        const int result = run_in_user_namespace(
            single_map(), [] { return read_to_end(0, 100, "input") == "hello" ? 0 : 1; });
        CHILD_EXPECT(result == 0);
        return std::string();
    });
}

TEST(UserNamespace, EndsWithItsParent) {
    Pipe alive = make_pipe();
    CloneResult cloned = clone_process(0);
    if (cloned.in_child) {
        alive.read.reset();
        try {
            run_in_user_namespace(single_map(), [&] {
                write_all(alive.write.get(), "x", "pipe");
                for (;;) pause();
                return 0;
            });
        } catch (...) {
        }
        _exit(1);
    }
    alive.write.reset();
    char byte = 0;
    ASSERT_EQ(read_full(alive.read.get(), {&byte, 1}, "pipe"), 1U);
    cloned.child.kill(SIGKILL);
    cloned.child.wait();
    // The end of file comes when the namespace's process, the last writer, is gone.
    EXPECT_EQ(read_full(alive.read.get(), {&byte, 1}, "pipe"), 0U);
}

TEST(UserNamespace, CanBeJoinedByTheSameUser) {
    in_child([] {
        become_user(stranger);
        Pipe ready = make_pipe();
        Pipe end = make_pipe();
        CloneResult holder = clone_process(CLONE_NEWUSER);
        if (holder.in_child) {
            end.write.reset();
            char byte = 0;
            [[maybe_unused]] const auto n = ::read(end.read.get(), &byte, 1);
            _exit(0);
        }
        write_id_maps(holder.child.pid(), single_map());
        const Fd name_space =
            open_file(fmt::format("/proc/{}/ns/user", holder.child.pid()), O_RDONLY);
        join_user_namespace(name_space.get());
        CHILD_EXPECT(getuid() == 0 && getgid() == 0);
        CHILD_EXPECT(unshare(CLONE_NEWNS) == 0);
        return std::string();
    });
}

/// Somebody who has a range: scripts/check makes one before the tests.
std::optional<uid_t> user_with_range() {
    for (uid_t uid = 1000; uid < 2000; ++uid)
        if (!default_id_maps(uid, uid).single_id()) return uid;
    return std::nullopt;
}

TEST(UserNamespace, UsesTheGrantedRangesThroughTheHelpers) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become the user with a range";
    const std::optional<uid_t> uid = user_with_range();
    if (!uid) GTEST_SKIP() << "no account of this machine has a range of subordinate ids";
    in_child([uid = *uid] {
        const IdMaps maps = default_id_maps(uid, uid);
        become_user(uid);
        const int result = run_in_user_namespace(maps, [&] {
            if (getuid() != 0 || getgid() != 0) return 1;
            return read_id_maps(getpid()).uids.size() == maps.uids.size() ? 0 : 2;
        });
        CHILD_EXPECT(result == 0);
        return std::string();
    });
}

/// The message of write_id_maps as an unprivileged user with a map nobody granted.
std::string refusal(uid_t uid, bool no_new_privileges, const IdMaps& maps) {
    become_user(uid);
    if (no_new_privileges) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    try {
        run_in_user_namespace(maps, [] { return 0; });
    } catch (const Error& error) {
        return error.message();
    }
    return "no error";
}

TEST(UserNamespace, ARangeThatIsNotGrantedIsExplained) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
    in_child([] {
        const std::string message = refusal(known_user, false, known_user_maps());
        CHILD_EXPECT(message.find("newuidmap failed: ") != std::string::npos);
        if (message.find("/etc/subuid does not grant") == std::string::npos) return message;
        return std::string();
    });
}

TEST(UserNamespace, NoNewPrivilegesAreExplained) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
    const std::optional<uid_t> uid = user_with_range();
    if (!uid) GTEST_SKIP() << "no account of this machine has a range of subordinate ids";
    in_child([uid = *uid] {
        const std::string message = refusal(uid, true, default_id_maps(uid, uid));
        if (message.find("no_new_privs") == std::string::npos) return message;
        return std::string();
    });
}

TEST(MapHelper, FailuresNameTheRemedy) {
    const auto explain = [](std::string errors, HelperFacts facts) {
        return explain_helper_failure("/usr/bin/newgidmap", {{1, 0}, std::move(errors)}, facts,
                                      "/etc/subgid");
    };
    const HelperFacts good{.privileged = true};
    const std::string eperm = "newgidmap: write to gid_map failed: Operation not permitted";
    EXPECT_EQ(explain(eperm, good), "/usr/bin/newgidmap failed: " + eperm);
    EXPECT_NE(explain(eperm, {}).find("chmod u+s /usr/bin/newgidmap"), std::string::npos);
    EXPECT_NE(explain(eperm, {.privileged = true, .nosuid_mount = true}).find("nosuid"),
              std::string::npos);
    EXPECT_NE(explain(eperm, {.privileged = true, .no_new_privileges = true}).find("no_new_privs"),
              std::string::npos);
    EXPECT_NE(explain("newgidmap: gid range [1-9) -> [7-8) not allowed", good)
                  .find("/etc/subgid does not grant"),
              std::string::npos);
    EXPECT_NE(explain("newgidmap: Target process 5 is owned by a different user: uid:1", good)
                  .find("login group"),
              std::string::npos);
    EXPECT_EQ(explain("", good), "/usr/bin/newgidmap failed: exit status 1");
}

TEST(MapHelper, FactsAreReadFromTheFile) {
    const HelperFacts facts = inspect_helper("/bin/true");
    EXPECT_FALSE(facts.privileged);
    EXPECT_FALSE(facts.no_new_privileges);
}

TEST(UserNamespace, ThatTheLimitForbidsIsExplained) {
    const int result = run_in_user_namespace(single_map(), [] {
        {
            // The limit of this namespace and what is below it.
            const Fd limit = open_file("/proc/sys/user/max_user_namespaces", O_WRONLY);
            write_all(limit.get(), "0", "the limit");
        }
        try {
            run_in_user_namespace(single_map(), [] { return 0; });
        } catch (const Error& error) {
            const bool explained =
                error.message().find("sysctl -w user.max_user_namespaces=") != std::string::npos;
            return error.kind() == ErrorKind::unsupported && explained ? 0 : 1;
        }
        return 2;
    });
    EXPECT_EQ(result, 0);
}

class NamespaceRefusal : public testing::Test {
  protected:
    void set(const std::string& folder, const std::string& name, std::string_view value) {
        make_directories(folder_.path() + "/" + folder, 0755);
        const Fd directory = open_file(folder_.path() + "/" + folder, O_RDONLY | O_DIRECTORY);
        replace_file(directory.get(), name, value, 0644, Durability::none);
    }
    Error explain(int errno_value) {
        return explain_namespace_refusal(errno_value, "making a user namespace", "/opt/skiff",
                                         {folder_.path()});
    }
    bool says(int errno_value, std::string_view text) {
        const Error error = explain(errno_value);
        return error.kind() == ErrorKind::unsupported &&
               error.message().find(text) != std::string::npos;
    }

    TempDir folder_;
};

TEST_F(NamespaceRefusal, NamesTheSwitchOfNetworks) {
    EXPECT_TRUE(explain_network_refusal(EINVAL, {folder_.path()}));  // a kernel without them
    set("user", "max_net_namespaces", "0\n");
    const auto off = explain_network_refusal(ENOSPC, {folder_.path()});
    ASSERT_TRUE(off);
    EXPECT_NE(off->message().find("sysctl -w user.max_net_namespaces="), std::string::npos);
    set("user", "max_net_namespaces", "96365\n");
    EXPECT_FALSE(explain_network_refusal(ENOSPC, {folder_.path()}));
    EXPECT_FALSE(explain_network_refusal(EINVAL, {folder_.path()}));
}

TEST_F(NamespaceRefusal, NamesTheDebianSwitch) {
    set("kernel", "unprivileged_userns_clone", "0\n");
    EXPECT_TRUE(says(EPERM, "sysctl -w kernel.unprivileged_userns_clone=1"));
    EXPECT_TRUE(says(EPERM, "> /etc/sysctl.d/90-skiff.conf"));
}

TEST_F(NamespaceRefusal, NamesTheLimit) {
    set("user", "max_user_namespaces", "0\n");
    EXPECT_TRUE(says(ENOSPC, "sysctl -w user.max_user_namespaces="));
    set("user", "max_user_namespaces", "77\n");
    EXPECT_TRUE(says(ENOSPC, "all 77 user namespaces"));
}

TEST_F(NamespaceRefusal, PrintsTheAppArmorProfile) {
    set("kernel", "apparmor_restrict_unprivileged_userns", "1\n");
    set("kernel", "unprivileged_userns_clone", "1\n");
    EXPECT_TRUE(apparmor_restricts_namespaces({folder_.path()}));
    for (const int reason : {EPERM, EACCES}) {
        EXPECT_TRUE(
            says(reason, "profile skiff \"/opt/skiff\" flags=(unconfined) {\n  userns,\n}"));
        EXPECT_TRUE(says(reason, "apparmor_parser -r /etc/apparmor.d/skiff"));
    }
}

TEST_F(NamespaceRefusal, WithoutASwitchIsThePlainError) {
    EXPECT_EQ(explain(EPERM).message(), "making a user namespace: Operation not permitted");
    EXPECT_EQ(explain(EPERM).kind(), ErrorKind::denied);
    EXPECT_TRUE(says(EINVAL, "CONFIG_USER_NS"));
}

}  // namespace
}  // namespace skiff::runtime
