// SPDX-License-Identifier: Apache-2.0
// The filters of system calls (seccomp(2)), as BPF instructions. Short enough that no library is
// wanted for them; the layer below the containers' profiles knows none.
#include <cerrno>
#include <cstddef>

#include <fcntl.h>

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "network/sandbox.h"

namespace skiff::network {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t native_audit_arch = AUDIT_ARCH_X86_64;
constexpr std::uint32_t x32_bit = 0x40000000;
#elif defined(__aarch64__)
constexpr std::uint32_t native_audit_arch = AUDIT_ARCH_AARCH64;
#else
#error "the network helper's filter does not know this architecture"
#endif

sock_filter statement(unsigned code, std::uint32_t value) {
    return {static_cast<std::uint16_t>(code), 0, 0, value};
}
sock_filter jump_if_equal(std::uint32_t value, std::size_t if_true, std::size_t if_false) {
    return {BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint8_t>(if_true),
            static_cast<std::uint8_t>(if_false), value};
}
sock_filter load(std::size_t offset) {
    return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
sock_filter answer(std::uint32_t action) {
    return statement(BPF_RET | BPF_K, action);
}

constexpr std::uint32_t refused = SECCOMP_RET_ERRNO | EPERM;

/// Falls through to the next check, or to "allowed", when this one holds. All arguments that are
/// looked at are ints for the kernel: the low half is all there is (little-endian).
void append_check(std::vector<sock_filter>& program, const ArgumentCheck& check) {
    program.push_back(load(offsetof(seccomp_data, args) + check.argument * sizeof(std::uint64_t)));
    if (check.mask != ~0U) program.push_back(statement(BPF_ALU | BPF_AND | BPF_K, check.mask));
    for (std::size_t i = 0; i < check.values.size(); ++i)
        program.push_back(jump_if_equal(check.values[i], check.values.size() - i, 0));
    program.push_back(answer(refused));
}

ArgumentCheck is_one_of(unsigned argument, std::vector<std::uint32_t> values) {
    return {argument, ~0U, std::move(values)};
}
ArgumentCheck has_none_of(unsigned argument, std::uint32_t bits) {
    return {argument, bits, {0}};
}

/// Memory, time, the end: what libc needs to go on at all.
void add_basics(std::vector<AllowedCall>& calls) {
    for (const long number :
         {SYS_read,         SYS_write,          SYS_close,  SYS_recvmsg,       SYS_sendmsg,
          SYS_setsockopt,   SYS_bind,           SYS_listen, SYS_brk,           SYS_munmap,
          SYS_mremap,       SYS_madvise,        SYS_futex,  SYS_clock_gettime, SYS_getrandom,
          SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_exit,   SYS_exit_group,    SYS_restart_syscall,
          SYS_ppoll})
        calls.push_back({number, {}});
#ifdef SYS_poll
    calls.push_back({SYS_poll, {}});
#endif
    calls.push_back({SYS_mmap, {has_none_of(2, PROT_EXEC)}});
    calls.push_back({SYS_mprotect, {has_none_of(2, PROT_EXEC)}});
    calls.push_back({SYS_socket, {is_one_of(0, {AF_INET, AF_INET6})}});
    calls.push_back({SYS_fcntl,
                     {is_one_of(1, {F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD_CLOEXEC,
                                    F_SETPIPE_SZ, F_GETPIPE_SZ})}});
}

}  // namespace

std::vector<sock_filter> make_filter(std::span<const AllowedCall> calls) {
    std::vector<sock_filter> program{
        load(offsetof(seccomp_data, arch)), jump_if_equal(native_audit_arch, 1, 0),
        answer(SECCOMP_RET_KILL_PROCESS), load(offsetof(seccomp_data, nr))};
#ifdef __x86_64__
    program.push_back({BPF_JMP | BPF_JGE | BPF_K, 0, 1, x32_bit});
    program.push_back(answer(SECCOMP_RET_KILL_PROCESS));
#endif
    for (const AllowedCall& call : calls) {
        std::vector<sock_filter> body;
        for (const ArgumentCheck& check : call.checks) append_check(body, check);
        body.push_back(answer(SECCOMP_RET_ALLOW));
        program.push_back(jump_if_equal(static_cast<std::uint32_t>(call.number), 0, body.size()));
        program.insert(program.end(), body.begin(), body.end());
    }
    program.push_back(answer(refused));
    return program;
}

std::vector<AllowedCall> calls_of_main_part() {
    std::vector<AllowedCall> calls;
    add_basics(calls);
    for (const long number :
         {SYS_recvfrom, SYS_sendto, SYS_recvmmsg, SYS_sendmmsg, SYS_readv, SYS_writev, SYS_connect,
          SYS_accept4, SYS_getsockname, SYS_getpeername, SYS_getsockopt, SYS_shutdown, SYS_splice,
          SYS_pipe2, SYS_epoll_ctl, SYS_epoll_pwait})
        calls.push_back({number, {}});
#ifdef SYS_epoll_wait
    calls.push_back({SYS_epoll_wait, {}});
    calls.push_back({SYS_accept, {}});
#endif
    // Streams only: a datagram socket of a pair could be connected to any socket of the host.
    calls.push_back({SYS_socketpair, {is_one_of(0, {AF_UNIX}), {1, 0xf, {SOCK_STREAM}}}});
    calls.push_back({SYS_ioctl, {is_one_of(1, {FIONBIO, FIONREAD, SIOCATMARK, SIOCGIFINDEX})}});
    return calls;
}

std::vector<AllowedCall> calls_of_socket_maker() {
    std::vector<AllowedCall> calls;
    add_basics(calls);
    return calls;
}

}  // namespace skiff::network
