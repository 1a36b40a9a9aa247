// SPDX-License-Identifier: Apache-2.0
#include "base/signal_name.h"

#include <array>
#include <csignal>

#include <fmt/format.h>

#include "base/text.h"

namespace skiff {
namespace {

struct Named {
    std::string_view name;
    int number;
};

/// Where one number has two names, the first is the one shown.
constexpr std::array named{
    Named{"HUP", SIGHUP},       Named{"INT", SIGINT},       Named{"QUIT", SIGQUIT},
    Named{"ILL", SIGILL},       Named{"TRAP", SIGTRAP},     Named{"ABRT", SIGABRT},
    Named{"IOT", SIGABRT},      Named{"BUS", SIGBUS},       Named{"FPE", SIGFPE},
    Named{"KILL", SIGKILL},     Named{"USR1", SIGUSR1},     Named{"SEGV", SIGSEGV},
    Named{"USR2", SIGUSR2},     Named{"PIPE", SIGPIPE},     Named{"ALRM", SIGALRM},
    Named{"TERM", SIGTERM},     Named{"STKFLT", SIGSTKFLT}, Named{"CHLD", SIGCHLD},
    Named{"CLD", SIGCHLD},      Named{"CONT", SIGCONT},     Named{"STOP", SIGSTOP},
    Named{"TSTP", SIGTSTP},     Named{"TTIN", SIGTTIN},     Named{"TTOU", SIGTTOU},
    Named{"URG", SIGURG},       Named{"XCPU", SIGXCPU},     Named{"XFSZ", SIGXFSZ},
    Named{"VTALRM", SIGVTALRM}, Named{"PROF", SIGPROF},     Named{"WINCH", SIGWINCH},
    Named{"IO", SIGIO},         Named{"POLL", SIGPOLL},     Named{"PWR", SIGPWR},
    Named{"SYS", SIGSYS}};

constexpr int first_realtime = 34;
constexpr int last_signal = 64;

std::optional<int> find_realtime(std::string_view name) {
    int base = 0;
    if (name.starts_with("RTMIN")) {
        base = first_realtime;
    } else if (name.starts_with("RTMAX")) {
        base = last_signal;
    } else {
        return std::nullopt;
    }
    name.remove_prefix(5);
    if (name.empty()) return base;
    const bool up = base == first_realtime;
    const std::optional<unsigned> offset = parse_number<unsigned>(name.substr(1));
    if (name[0] != (up ? '+' : '-') || !offset || *offset > last_signal - first_realtime)
        return std::nullopt;
    return up ? base + static_cast<int>(*offset) : base - static_cast<int>(*offset);
}

}  // namespace

std::optional<int> find_signal(std::string_view name) {
    if (const std::optional<int> number = parse_number<int>(name))
        return *number >= 1 && *number <= last_signal ? number : std::nullopt;
    const std::string upper = to_upper(name);
    std::string_view bare = upper;
    if (bare.starts_with("SIG")) bare.remove_prefix(3);
    for (const Named& signal : named)
        if (signal.name == bare) return signal.number;
    return find_realtime(bare);
}

std::string signal_name(int signal) {
    for (const Named& known : named)
        if (known.number == signal) return fmt::format("SIG{}", known.name);
    if (signal >= first_realtime && signal <= last_signal) {
        return signal == first_realtime ? "SIGRTMIN"
                                        : fmt::format("SIGRTMIN+{}", signal - first_realtime);
    }
    return fmt::format("{}", signal);
}

}  // namespace skiff
