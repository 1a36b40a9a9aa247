// SPDX-License-Identifier: Apache-2.0
#include "runtime/seccomp/compile.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>

#include <seccomp.h>
#include <unistd.h>

#include <linux/seccomp.h>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "runtime/seccomp/newer_syscalls.h"

namespace skiff::runtime {
namespace {

constexpr int first_shared_number =
    424;  // pidfd_send_signal: from here on all architectures count alike
constexpr int last_old_number = 441;      // epoll_pwait2: every kernel that skiff runs on has it
constexpr unsigned x32_bit = 0x40000000;  // __X32_SYSCALL_BIT
constexpr std::uint32_t no_such_call = SECCOMP_RET_ERRNO | ENOSYS;

struct Architecture {
    std::uint32_t token;
    std::string_view go_name;
    std::string_view oci_name;
    std::uint32_t compat;  ///< 0: none
    std::string_view compat_oci_name;
};

const Architecture& native_architecture() {
    static constexpr Architecture known[] = {
        {SCMP_ARCH_X86_64, "amd64", "SCMP_ARCH_X86_64", SCMP_ARCH_X86, "SCMP_ARCH_X86"},
        {SCMP_ARCH_AARCH64, "arm64", "SCMP_ARCH_AARCH64", SCMP_ARCH_ARM, "SCMP_ARCH_ARM"},
        {SCMP_ARCH_S390X, "s390x", "SCMP_ARCH_S390X", SCMP_ARCH_S390, "SCMP_ARCH_S390"},
        {SCMP_ARCH_PPC64LE, "ppc64le", "SCMP_ARCH_PPC64LE", 0, ""},
        {SCMP_ARCH_RISCV64, "riscv64", "SCMP_ARCH_RISCV64", 0, ""},
    };
    const std::uint32_t native = seccomp_arch_native();
    for (const Architecture& architecture : known)
        if (architecture.token == native) return architecture;
    throw Error(ErrorKind::unsupported, "seccomp filters are not made for this architecture");
}

std::uint32_t kernel_action(SeccompAction action, std::uint16_t error) {
    switch (action) {
        case SeccompAction::kill_thread:
            return SCMP_ACT_KILL_THREAD;
        case SeccompAction::kill_process:
            return SCMP_ACT_KILL_PROCESS;
        case SeccompAction::trap:
            return SCMP_ACT_TRAP;
        case SeccompAction::error:
            return SCMP_ACT_ERRNO(error);
        case SeccompAction::trace:
            return SCMP_ACT_TRACE(error);
        case SeccompAction::log:
            return SCMP_ACT_LOG;
        case SeccompAction::allow:
            return SCMP_ACT_ALLOW;
    }
    return SCMP_ACT_KILL_PROCESS;
}

scmp_arg_cmp kernel_test(const ArgumentTest& test) {
    static constexpr scmp_compare comparisons[] = {SCMP_CMP_NE,       SCMP_CMP_LT, SCMP_CMP_LE,
                                                   SCMP_CMP_EQ,       SCMP_CMP_GE, SCMP_CMP_GT,
                                                   SCMP_CMP_MASKED_EQ};
    return {test.index, comparisons[static_cast<size_t>(test.comparison)], test.value,
            test.value_two};
}

bool repeats_an_argument(const std::vector<ArgumentTest>& tests) {
    unsigned seen = 0;
    for (const ArgumentTest& test : tests) {
        if ((seen >> test.index & 1) != 0) return true;
        seen |= 1U << test.index;
    }
    return false;
}

/// Number on the native architecture; negative ones below -1 are libseccomp's for calls of other
/// architectures. Nothing when the name is unknown.
struct Resolved {
    int number = 0;
    bool newer =
        false;  ///< unknown to libseccomp, which can then not translate it for another architecture
};
std::optional<Resolved> resolve(const std::string& name, const Architecture& native) {
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number != __NR_SCMP_ERROR) return Resolved{number, false};
    const auto newer = find_newer_syscall(name, native.token);
    if (!newer) return std::nullopt;
    return Resolved{*newer, true};
}

/// Owns a filter under construction.
class Filter {
  public:
    explicit Filter(std::uint32_t default_action) : context_(seccomp_init(default_action)) {
        if (!context_) throw Error(ErrorKind::system, "libseccomp cannot make a filter");
    }
    void set(scmp_filter_attr attribute, std::uint32_t value, std::string_view what) {
        require(seccomp_attr_set(context_.get(), attribute, value), what);
    }
    void add_architecture(std::uint32_t token) {
        require(seccomp_arch_add(context_.get(), token), "adding an architecture");
    }
    void add_rule(std::uint32_t action, int number, const std::vector<scmp_arg_cmp>& tests,
                  std::string_view name) {
        require(seccomp_rule_add_array(context_.get(), action, number,
                                       static_cast<unsigned>(tests.size()), tests.data()),
                name);
    }
    std::vector<sock_filter> instructions() {
        const Fd file(memfd_create("skiff-seccomp", MFD_CLOEXEC));
        if (!file.valid()) throw SystemError(errno, "cannot make a memory file");
        require(seccomp_export_bpf(context_.get(), file.get()), "writing the program");
        const off_t size = lseek(file.get(), 0, SEEK_END);
        lseek(file.get(), 0, SEEK_SET);
        std::vector<sock_filter> program(static_cast<size_t>(size) / sizeof(sock_filter));
        read_full(file.get(),
                  {reinterpret_cast<char*>(program.data()), program.size() * sizeof(sock_filter)},
                  "a seccomp program");
        return program;
    }

  private:
    static void require(int result, std::string_view what) {
        if (result < 0)
            throw Error(ErrorKind::invalid, "seccomp profile: {}: {}", what, errno_text(-result));
    }
    struct Release {
        void operator()(void* context) const { seccomp_release(context); }
    };
    std::unique_ptr<void, Release> context_;
};

/// What libseccomp cannot say, in front of its program.
struct Prelude {
    unsigned last_number = x32_bit - 1;  ///< larger numbers answer ENOSYS
    /// Number and action, for both ABIs (they share numbers from 424 on).
    std::vector<std::pair<int, std::uint32_t>> newer;
};

std::vector<sock_filter> with_prelude(const Prelude& prelude, const std::vector<sock_filter>& body,
                                      const Architecture& native, bool compat) {
    const auto load = [](size_t offset) {
        return sock_filter(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
    };
    std::vector<sock_filter> program{load(offsetof(seccomp_data, arch))};
    if (compat) program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native.compat, 2, 0));
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native.token, 1, 0));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    program.push_back(load(offsetof(seccomp_data, nr)));
    for (const auto& [number, action] : prelude.newer) {
        program.push_back(
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1));
        program.push_back(BPF_STMT(BPF_RET | BPF_K, action));
    }
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, prelude.last_number, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, no_such_call));
    program.insert(program.end(), body.begin(), body.end());
    return program;
}

bool denies_by_default(const SeccompProfile& profile) {
    return profile.default_action != SeccompAction::allow &&
           profile.default_action != SeccompAction::log;
}

/// The tests of one rule, in the pieces that libseccomp takes: it knows one test per argument.
std::vector<std::vector<scmp_arg_cmp>> alternatives(const SyscallRule& rule) {
    std::vector<scmp_arg_cmp> tests;
    for (const ArgumentTest& test : rule.tests) tests.push_back(kernel_test(test));
    if (!repeats_an_argument(rule.tests)) return {tests};
    std::vector<std::vector<scmp_arg_cmp>> single;
    for (const scmp_arg_cmp& test : tests) single.push_back({test});
    return single;
}

bool names(const SeccompProfile& profile, std::string_view name) {
    for (const SyscallRule& rule : profile.rules)
        if (std::ranges::find(rule.names, name) != rule.names.end()) return true;
    return false;
}

}  // namespace

KernelVersion running_kernel() {
    utsname names{};
    uname(&names);
    const auto version = parse_kernel_version(names.release);
    if (!version)
        throw Error(ErrorKind::unsupported, "cannot read the kernel's version '{}'", names.release);
    return *version;
}

bool applies(const SyscallRule& rule, const SeccompTarget& target) {
    const auto here = [](const RuleCondition& condition) {
        return std::ranges::find(condition.architectures, native_architecture().go_name) !=
               condition.architectures.end();
    };
    const RuleCondition& in = rule.includes;
    const RuleCondition& out = rule.excludes;
    if (!in.architectures.empty() && !here(in)) return false;
    if ((in.capabilities & target.capabilities) != in.capabilities) return false;
    if (in.minimum_kernel && target.kernel < *in.minimum_kernel) return false;
    if (here(out)) return false;
    if ((out.capabilities & target.capabilities) != CapabilitySet()) return false;
    return !out.minimum_kernel || target.kernel < *out.minimum_kernel;
}

std::vector<sock_filter> compile_profile(const SeccompProfile& profile,
                                         const SeccompTarget& target) {
    const Architecture& native = native_architecture();
    const bool compat = target.abis == OpenAbis::native_and_compat;
    if (compat && native.compat == 0)
        throw Error(ErrorKind::unsupported, "this architecture has no 32-bit ABI");

    const std::uint32_t default_action =
        kernel_action(profile.default_action, profile.default_error);
    Filter filter(default_action);
    filter.set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS,
               "the action for other architectures");
    // 2: a binary tree over the numbers instead of a list (libseccomp 2.5).
    filter.set(SCMP_FLTATR_CTL_OPTIMIZE, 2, "the order of the program");
    if (compat) {
        filter.add_architecture(native.compat);
        // Before any rule for "socket", which libseccomp would else extend to
        // socketcall(SYS_SOCKET).
        if (denies_by_default(profile) && !names(profile, "socketcall"))
            if (const auto socketcall = resolve("socketcall", native))
                filter.add_rule(SCMP_ACT_ERRNO(ENOSYS), socketcall->number, {}, "socketcall");
    }

    Prelude prelude;
    int largest = last_old_number;
    for (const SyscallRule& rule : profile.rules) {
        const bool applicable = applies(rule, target);
        const std::uint32_t action = kernel_action(rule.action, rule.error.value_or(EPERM));
        for (const std::string& name : rule.names) {
            const auto call = resolve(name, native);
            if (!call) continue;
            largest = std::max(largest, call->number);
            if (!applicable || action == default_action) continue;  // libseccomp refuses the latter
            if (compat && call->newer) {
                // libseccomp adds a rule to both ABIs or to none, and cannot translate this number.
                // Rules with tests stay out: nothing in use has them for such new calls, and out is
                // closed.
                if (rule.tests.empty() && call->number >= first_shared_number)
                    prelude.newer.emplace_back(call->number, action);
                continue;
            }
            for (const auto& tests : alternatives(rule))
                filter.add_rule(action, call->number, tests, name);
        }
    }
    if (denies_by_default(profile) && largest > 0)
        prelude.last_number = static_cast<unsigned>(largest);

    const std::vector<sock_filter> program =
        with_prelude(prelude, filter.instructions(), native, compat);
    if (program.size() > BPF_MAXINSNS)
        throw Error(ErrorKind::unsupported,
                    "the seccomp profile needs {} instructions, the kernel takes {}",
                    program.size(), BPF_MAXINSNS);
    return program;
}

std::string to_oci_text(const SeccompProfile& profile, const SeccompTarget& target) {
    const Architecture& native = native_architecture();
    Json architectures = Json::array({native.oci_name});
    if (target.abis == OpenAbis::native_and_compat) architectures.push_back(native.compat_oci_name);
    Json rules = Json::array();
    for (const SyscallRule& rule : profile.rules) {
        if (!applies(rule, target)) continue;
        Json entry{{"names", rule.names}, {"action", to_string(rule.action)}};
        if (rule.error) entry["errnoRet"] = *rule.error;
        for (const ArgumentTest& test : rule.tests) {
            Json argument{
                {"index", test.index}, {"value", test.value}, {"op", to_string(test.comparison)}};
            if (test.comparison == Comparison::masked_equal) argument["valueTwo"] = test.value_two;
            entry["args"].push_back(argument);
        }
        rules.push_back(entry);
    }
    Json document{{"defaultAction", to_string(profile.default_action)},
                  {"architectures", architectures},
                  {"syscalls", rules}};
    if (profile.default_action == SeccompAction::error)
        document["defaultErrnoRet"] = profile.default_error;
    return to_text(document);
}

}  // namespace skiff::runtime
