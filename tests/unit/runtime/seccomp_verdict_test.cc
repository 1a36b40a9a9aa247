// SPDX-License-Identifier: Apache-2.0
// What the default profile's programs answer, call by call, and where and why that differs from
// other engines.
#include <map>
#include <set>

#include <fcntl.h>
#include <seccomp.h>

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "bpf_interpreter.h"
#include "runtime/seccomp/compile.h"
#include "runtime/seccomp/linked_programs.h"
#include "runtime/seccomp/newer_syscalls.h"
#include "runtime/seccomp/program.h"

namespace skiff::runtime {
namespace {

constexpr std::uint32_t allow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kill_process = SECCOMP_RET_KILL_PROCESS;
constexpr std::uint32_t eperm = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t enosys = SECCOMP_RET_ERRNO | ENOSYS;
constexpr std::uint64_t kernel_pointer_sized_rubbish = 0xdead00000000;

using Arguments = std::vector<std::uint64_t>;

std::uint32_t verdict(std::span<const sock_filter> program, std::uint32_t architecture, long number,
                      const Arguments& arguments = {}) {
    seccomp_data call{};
    call.nr = static_cast<int>(number);
    call.arch = architecture;
    for (size_t i = 0; i < arguments.size(); ++i) call.args[i] = arguments[i];
    return run_filter(program, call);
}

long number_of(std::string_view name, std::uint32_t architecture) {
    const int number = seccomp_syscall_resolve_name_arch(architecture, std::string(name).c_str());
    if (number != __NR_SCMP_ERROR) return number;
    return find_newer_syscall(name, architecture).value_or(-1);
}

SeccompProgram program(CapabilitySet capabilities, OpenAbis abis = OpenAbis::native) {
    return get_program({.profile = {}, .capabilities = capabilities, .abis = abis}, "");
}

CapabilitySet defaults_and(std::initializer_list<unsigned> more) {
    CapabilitySet set = default_capabilities();
    for (const unsigned capability : more) set.add(capability);
    return set;
}

std::uint32_t native_verdict(const SeccompProgram& asked, std::string_view name,
                             const Arguments& arguments = {}) {
    const std::uint32_t architecture = seccomp_arch_native();
    return verdict(asked.instructions(), architecture, number_of(name, architecture), arguments);
}

TEST(SeccompVerdict, UsualStartsUseALinkedInProgram) {
    EXPECT_TRUE(program(default_capabilities()).linked_in());
    EXPECT_TRUE(program(kernel_capabilities()).linked_in());
    EXPECT_TRUE(program({}).linked_in());
    CapabilitySet without_mknod = default_capabilities();  // no condition of the profile names it
    without_mknod.remove(CAP_MKNOD);
    EXPECT_TRUE(program(without_mknod).linked_in());
    EXPECT_FALSE(program(defaults_and({CAP_SYS_ADMIN})).linked_in());
    EXPECT_FALSE(program(default_capabilities(), OpenAbis::native_and_compat).linked_in());
}

TEST(SeccompVerdict, LinkedInProgramsAreWhatTheProfileCompilesTo) {
    const SeccompProfile profile = parse_seccomp_profile(default_profile_text(), "default");
    for (const LinkedProgram& linked : linked_programs()) {
        const auto made = compile_profile(profile, {linked.capabilities, running_kernel()});
        ASSERT_EQ(made.size(), linked.instructions.size());
        EXPECT_EQ(
            std::memcmp(made.data(), linked.instructions.data(), linked.instructions.size_bytes()),
            0);
    }
}

struct Case {
    std::string_view name;
    Arguments arguments;
    std::uint32_t expected;
};

constexpr std::uint64_t new_user = 0x10000000, new_net = 0x40000000, new_ns = 0x20000,
                        thread_flags = 0x3d0f00;

TEST(SeccompVerdict, DefaultProfileAnswersAsMobys) {
    const std::vector<Case> cases{
        {"read", {}, allow},
        {"openat2", {}, allow},
        {"ptrace", {}, allow},
        {"chroot", {}, allow},  // CAP_SYS_CHROOT is a default
        {"mknod", {}, allow},
        {"seccomp", {}, allow},
        {"personality", {0}, allow},
        {"personality", {0xffffffff}, allow},
        {"personality", {0x0040000}, eperm},  // ADDR_NO_RANDOMIZE
        {"clone", {SIGCHLD}, allow},
        {"clone", {thread_flags}, allow},
        {"clone", {new_user | SIGCHLD}, eperm},
        {"clone", {new_net | SIGCHLD}, eperm},
        {"clone", {new_ns}, eperm},
        {"clone", {kernel_pointer_sized_rubbish | SIGCHLD}, allow},
        {"clone", {kernel_pointer_sized_rubbish | new_user}, eperm},
        {"clone3", {}, enosys},
        {"unshare", {}, eperm},
        {"setns", {}, eperm},
        {"mount", {}, eperm},
        {"umount2", {}, eperm},
        {"move_mount", {}, eperm},
        {"fsopen", {}, eperm},
        {"pivot_root", {}, eperm},
        {"bpf", {}, eperm},
        {"perf_event_open", {}, eperm},
        {"keyctl", {}, eperm},
        {"add_key", {}, eperm},
        {"request_key", {}, eperm},
        {"userfaultfd", {}, eperm},
        {"io_uring_setup", {}, eperm},
        {"io_uring_enter", {}, eperm},
        {"io_uring_register", {}, eperm},
        {"kexec_load", {}, eperm},
        {"init_module", {}, eperm},
        {"open_by_handle_at", {}, eperm},
        {"reboot", {}, eperm},
        {"swapon", {}, eperm},
        {"settimeofday", {}, eperm},
        {"iopl", {}, eperm},
        {"pidfd_getfd", {}, eperm},
        {"process_madvise", {}, eperm},
        {"mbind", {}, eperm},
        {"syslog", {}, eperm},
        {"vhangup", {}, eperm},
        {"acct", {}, eperm},
        {"quotactl", {}, eperm},
        // Newer than Debian 12's libseccomp:
        {"fchmodat2", {}, allow},
        {"futex_waitv", {}, allow},
        {"mseal", {}, allow},
        {"removexattrat", {}, allow},
        {"lsm_get_self_attr", {}, eperm},
    };
    const SeccompProgram asked = program(default_capabilities());
    for (const Case& row : cases) {
        const std::uint64_t first = row.arguments.empty() ? 0 : row.arguments[0];
        EXPECT_EQ(native_verdict(asked, row.name, row.arguments), row.expected)
            << row.name << "(" << first << ")";
    }
}

TEST(SeccompVerdict, CapabilitiesOpenTheirCalls) {
    const std::map<unsigned, std::vector<std::string_view>> opened{
        {CAP_SYS_ADMIN,
         {"mount", "unshare", "setns", "clone3", "bpf", "perf_event_open", "umount2", "fsopen"}},
        {CAP_DAC_READ_SEARCH, {"open_by_handle_at"}},
        {CAP_SYS_BOOT, {"reboot"}},
        {CAP_SYS_MODULE, {"init_module", "finit_module", "delete_module"}},
        {CAP_SYS_PACCT, {"acct"}},
        {CAP_SYS_PTRACE, {"kcmp", "pidfd_getfd", "process_madvise"}},
        {CAP_SYS_RAWIO, {"iopl", "ioperm"}},
        {CAP_SYS_TIME, {"settimeofday", "clock_settime"}},
        {CAP_SYS_TTY_CONFIG, {"vhangup"}},
        {CAP_SYS_NICE, {"mbind", "set_mempolicy", "get_mempolicy"}},
        {CAP_SYSLOG, {"syslog"}},
        {CAP_BPF, {"bpf"}},
        {CAP_PERFMON, {"perf_event_open"}},
    };
    const SeccompProgram closed = program(default_capabilities());
    for (const auto& [capability, names] : opened) {
        const SeccompProgram asked = program(defaults_and({capability}));
        for (const std::string_view name : names) {
            EXPECT_NE(native_verdict(closed, name), allow) << name;
            EXPECT_EQ(native_verdict(asked, name), allow)
                << name << " with " << capability_name(capability);
        }
    }
    EXPECT_EQ(native_verdict(program(defaults_and({CAP_SYS_ADMIN})), "clone", {new_user}), allow);
    EXPECT_EQ(native_verdict(program({}), "chroot"), eperm);
    // No capability opens these.
    for (const std::string_view name :
         {"keyctl", "userfaultfd", "io_uring_setup", "kexec_load", "swapon"})
        EXPECT_EQ(native_verdict(program(kernel_capabilities()), name), eperm) << name;
}

TEST(SeccompVerdict, SocketFamiliesAreAnAllowList) {
    const SeccompProgram asked = program(default_capabilities());
    const std::set<std::uint64_t> open{1, 2, 10, 17};  // UNIX, INET, INET6, PACKET (CAP_NET_RAW)
    for (std::uint64_t family = 0; family < 64; ++family) {
        // Netlink is open for some of its protocols only.
        if (family == 16) continue;
        EXPECT_EQ(native_verdict(asked, "socket", {family, 5, 0}),
                  open.contains(family) ? allow : eperm)
            << family;
        EXPECT_EQ(native_verdict(asked, "socketpair", {family, 1, 0}), family == 1 ? allow : eperm)
            << family;
    }
    const std::set<std::uint64_t> protocols{0, 4, 9, 15, 16};
    for (std::uint64_t protocol = 0; protocol < 32; ++protocol)
        EXPECT_EQ(native_verdict(asked, "socket", {16, 3, protocol}),
                  protocols.contains(protocol) ? allow : eperm)
            << protocol;
    // The kernel looks at the low half of the family only; a filter that did not see the high one
    // could be fooled.
    EXPECT_EQ(native_verdict(asked, "socket", {38 | kernel_pointer_sized_rubbish, 5, 0}), eperm);
    EXPECT_EQ(native_verdict(asked, "socket", {1 | kernel_pointer_sized_rubbish, 5, 0}), eperm);
    CapabilitySet no_raw = default_capabilities();
    no_raw.remove(CAP_NET_RAW);
    EXPECT_EQ(native_verdict(program(no_raw), "socket", {17, 3, 0}), eperm);
    const SeccompProgram admin = program(defaults_and({CAP_NET_ADMIN}));
    EXPECT_EQ(native_verdict(admin, "socket", {16, 3, 12}), allow);
    EXPECT_EQ(native_verdict(admin, "socket", {16, 3, 21}), eperm);  // NETLINK_CRYPTO
    EXPECT_EQ(native_verdict(program(kernel_capabilities()), "socket", {38, 5, 0}), eperm);
    EXPECT_EQ(native_verdict(program(kernel_capabilities()), "socket", {40, 1, 0}), eperm);
}

/// Where Moby's published profile (2026, default capabilities) opens more.
struct Narrower {
    std::string_view name;
    Arguments arguments;
    std::string_view reason;
};

TEST(SeccompVerdict, IsNarrowerThanMobysForAReason) {
    constexpr std::string_view family =
        "Moby denies AF_ALG and AF_VSOCK and some unassigned ones; an allow-list also holds for "
        "the next such "
        "family, and keeps containers from loading the modules of rare protocols";
    constexpr std::string_view pair = "pairs exist for AF_UNIX, and for TIPC, which is closed";
    constexpr std::string_view netlink =
        "the kernel wants CAP_NET_ADMIN for nearly everything it offers";
    const std::vector<Narrower> rows{
        {"socket", {0, 1, 0}, family},     // AF_UNSPEC
        {"socket", {3, 5, 0}, family},     // AF_AX25
        {"socket", {9, 5, 0}, family},     // AF_X25
        {"socket", {15, 3, 2}, family},    // AF_KEY
        {"socket", {21, 5, 0}, family},    // AF_RDS
        {"socket", {29, 3, 1}, family},    // AF_CAN
        {"socket", {30, 1, 0}, family},    // AF_TIPC
        {"socket", {31, 3, 1}, family},    // AF_BLUETOOTH
        {"socket", {33, 2, 2}, family},    // AF_RXRPC
        {"socket", {39, 1, 0}, family},    // AF_NFC
        {"socket", {43, 1, 0}, family},    // AF_SMC
        {"socket", {44, 3, 0}, family},    // AF_XDP
        {"socket", {16, 3, 6}, netlink},   // NETLINK_XFRM
        {"socket", {16, 3, 12}, netlink},  // NETLINK_NETFILTER
        {"socket", {16, 3, 21}, "NETLINK_CRYPTO configures what AF_ALG uses"},
        {"socketpair", {30, 1, 0}, pair},
    };
    const SeccompProgram asked = program(default_capabilities());
    for (const Narrower& row : rows)
        EXPECT_EQ(native_verdict(asked, row.name, row.arguments), eperm)
            << row.name << "(" << row.arguments[0] << ", …, " << row.arguments[2]
            << "): " << row.reason;
    // The ABIs that Moby opens beside the native one: see OtherAbisAreClosed.
}

TEST(SeccompVerdict, CallsNewerThanTheProfileDoNotExist) {
    const SeccompProgram asked = program(default_capabilities());
    const std::uint32_t native = seccomp_arch_native();
    EXPECT_EQ(verdict(asked.instructions(), native, 467), enosys);
    EXPECT_EQ(verdict(asked.instructions(), native, 1000), enosys);
    EXPECT_EQ(verdict(asked.instructions(), native, -1), enosys);
}

#if defined(__x86_64__)
TEST(SeccompVerdict, OtherAbisAreClosed) {
    for (const LinkedProgram& linked : linked_programs())
        for (const long number : {1L, 4L, 11L, 102L, 359L}) {
            EXPECT_EQ(verdict(linked.instructions, AUDIT_ARCH_I386, number), kill_process);
            EXPECT_EQ(verdict(linked.instructions, AUDIT_ARCH_AARCH64, number), kill_process);
            EXPECT_EQ(verdict(linked.instructions, AUDIT_ARCH_X86_64, 0x40000000 + number), enosys);
        }
}

TEST(SeccompVerdict, CompatAbiIsFilteredLikeTheNativeOne) {
    const SeccompProgram asked = program(default_capabilities(), OpenAbis::native_and_compat);
    const auto i386 = [&](std::string_view name, const Arguments& arguments = {}) {
        return verdict(asked.instructions(), AUDIT_ARCH_I386, number_of(name, SCMP_ARCH_X86),
                       arguments);
    };
    EXPECT_EQ(i386("read"), allow);
    EXPECT_EQ(i386("mmap2"), allow);
    EXPECT_EQ(i386("clock_gettime64"), allow);
    EXPECT_EQ(i386("fchmodat2"), allow);
    EXPECT_EQ(i386("clone", {SIGCHLD}), allow);
    EXPECT_EQ(i386("clone", {new_user}), eperm);
    EXPECT_EQ(i386("clone3"), enosys);
    EXPECT_EQ(i386("mount"), eperm);
    EXPECT_EQ(i386("keyctl"), eperm);
    EXPECT_EQ(i386("vm86"), eperm);
    EXPECT_EQ(verdict(asked.instructions(), AUDIT_ARCH_I386, 102, {1}),
              enosys);  // socketcall(SYS_SOCKET)
    EXPECT_EQ(verdict(asked.instructions(), AUDIT_ARCH_I386, 102, {8}),
              enosys);  // socketcall(SYS_SOCKETPAIR)
    EXPECT_EQ(verdict(asked.instructions(), AUDIT_ARCH_I386, 359, {2, 1, 0}), allow);
    EXPECT_EQ(verdict(asked.instructions(), AUDIT_ARCH_I386, 359, {38, 5, 0}), eperm);
    EXPECT_EQ(verdict(asked.instructions(), AUDIT_ARCH_I386, 360, {1, 1, 0}), allow);
    EXPECT_EQ(verdict(asked.instructions(), AUDIT_ARCH_I386, 362), allow);  // connect
    EXPECT_EQ(verdict(asked.instructions(), AUDIT_ARCH_I386, 1000), enosys);
    EXPECT_EQ(verdict(asked.instructions(), AUDIT_ARCH_AARCH64, 1), kill_process);
    EXPECT_EQ(verdict(asked.instructions(), AUDIT_ARCH_X86_64, 0x40000001), enosys);
    // The native half stays the same.
    const SeccompProgram native = program(default_capabilities());
    for (long number = 0; number < 600; ++number)
        if (number != 335) {  // uretprobe: only the kernel itself calls it, see newer_syscalls.cc
            EXPECT_EQ(verdict(asked.instructions(), AUDIT_ARCH_X86_64, number),
                      verdict(native.instructions(), AUDIT_ARCH_X86_64, number))
                << number;
        }
}

/// Where a profile says nothing of socketcall, its family rules must still hold.
TEST(SeccompVerdict, UserProfilesCannotBeBypassedBySocketcall) {
    const SeccompRequest request{
        .profile = SeccompRequest::UserProfile{R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
            {"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]}]})",
                                               "p.json"},
        .capabilities = {},
        .abis = OpenAbis::native_and_compat};
    const SeccompProgram asked = get_program(request, "");
    EXPECT_EQ(verdict(asked.instructions(), AUDIT_ARCH_I386, 102, {1}), enosys);
    EXPECT_EQ(verdict(asked.instructions(), AUDIT_ARCH_I386, 359, {1}), allow);
    EXPECT_EQ(verdict(asked.instructions(), AUDIT_ARCH_I386, 359, {38}), eperm);
}
#endif

TEST(SeccompVerdict, SeveralTestsOfOneArgumentAreAlternatives) {
    const SeccompRequest request{
        .profile = SeccompRequest::UserProfile{R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
            {"names":["personality"],"action":"SCMP_ACT_ALLOW","args":[
              {"index":0,"value":5,"op":"SCMP_CMP_EQ"},{"index":0,"value":7,"op":"SCMP_CMP_EQ"}]},
            {"names":["kill"],"action":"SCMP_ACT_ALLOW","args":[
              {"index":0,"value":5,"op":"SCMP_CMP_GT"},{"index":1,"value":9,"op":"SCMP_CMP_NE"}]},
            {"names":["no_such_call"],"action":"SCMP_ACT_ALLOW"}]})",
                                               "p.json"},
        .capabilities = {}};
    const SeccompProgram asked = get_program(request, "");
    EXPECT_EQ(native_verdict(asked, "personality", {5}), allow);
    EXPECT_EQ(native_verdict(asked, "personality", {7}), allow);
    EXPECT_EQ(native_verdict(asked, "personality", {6}), eperm);
    EXPECT_EQ(native_verdict(asked, "kill", {6, 1}), allow);
    EXPECT_EQ(native_verdict(asked, "kill", {6, 9}), eperm);
    EXPECT_EQ(native_verdict(asked, "kill", {5, 1}), eperm);
}

TEST(SeccompVerdict, ProfilesThatAllowByDefaultHaveNoUpperEnd) {
    const SeccompRequest request{
        .profile = SeccompRequest::UserProfile{R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
            {"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":5}]})",
                                               "p.json"},
        .capabilities = {}};
    const SeccompProgram asked = get_program(request, "");
    EXPECT_EQ(native_verdict(asked, "mkdirat"), SECCOMP_RET_ERRNO | 5U);
    EXPECT_EQ(native_verdict(asked, "read"), allow);
    EXPECT_EQ(verdict(asked.instructions(), seccomp_arch_native(), 999), allow);
}

/// Calls for which podman's default profile, as Debian ships it, answers otherwise; with the
/// reason.
const std::map<std::string_view, std::string_view>& differences_from_podman() {
    constexpr std::string_view namespaces =
        "podman opens namespaces and mounts to every container; Moby, and so skiff, with "
        "CAP_SYS_ADMIN only";
    constexpr std::string_view newer = "newer than Debian's podman";
    static const std::map<std::string_view, std::string_view> rows{
        {"clone3", namespaces},
        {"fsconfig", namespaces},
        {"fsmount", namespaces},
        {"fsopen", namespaces},
        {"fspick", namespaces},
        {"mount", namespaces},
        {"mount_setattr", namespaces},
        {"move_mount", namespaces},
        {"open_tree", namespaces},
        {"pivot_root", namespaces},
        {"umount2", namespaces},
        {"setns", namespaces},
        {"unshare", namespaces},
        {"reboot", "harmless in a pid namespace, but Moby asks for CAP_SYS_BOOT"},
        {"keyctl", "security.md 19: keys are not namespaced by container"},
        {"pidfd_getfd", "takes descriptors from other processes: CAP_SYS_PTRACE, as in Moby"},
        {"syslog", "CAP_SYSLOG, as in Moby"},
        {"get_mempolicy", "CAP_SYS_NICE, as in Moby"},
        {"mbind", "CAP_SYS_NICE, as in Moby"},
        {"set_mempolicy", "CAP_SYS_NICE, as in Moby"},
        {"socketpair", "with family 0 here; skiff opens AF_UNIX only"},
        {"socket", "with family 0 here; skiff has an allow-list of families"},
        {"io_pgetevents", "reads events of io_setup, which both allow"},
        {"vmsplice", "both splice and vmsplice are open in Moby"},
        {"futex_waitv", newer},
    };
    return rows;
}

TEST(SeccompVerdict, DiffersFromPodmansProfileOnlyForAReason) {
    const auto text = find_file(AT_FDCWD, "/usr/share/containers/seccomp.json", 1 << 20);
    if (!text) GTEST_SKIP() << "podman's profile is not installed";
    const SeccompProgram theirs =
        get_program({.profile = SeccompRequest::UserProfile{*text, "seccomp.json"},
                     .capabilities = default_capabilities()},
                    "");
    const SeccompProgram ours = program(default_capabilities());
    const std::uint32_t native = seccomp_arch_native();
    for (int number = 0; number < 450; ++number) {
        char* name = seccomp_syscall_resolve_num_arch(native, number);
        if (name == nullptr) continue;
        const bool same = (verdict(theirs.instructions(), native, number) == allow) ==
                          (verdict(ours.instructions(), native, number) == allow);
        const std::string owned = name;
        free(name);
        if (!same) {
            EXPECT_TRUE(differences_from_podman().contains(owned)) << owned;
        }
    }
}

}  // namespace
}  // namespace skiff::runtime
