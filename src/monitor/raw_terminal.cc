// SPDX-License-Identifier: Apache-2.0
#include "monitor/raw_terminal.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <termios.h>
#include <unistd.h>

#include <sys/ioctl.h>

#include "base/error.h"

namespace skiff::monitor {
namespace {

constexpr std::array fatal_signals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGTRAP, SIGABRT};

// What a signal handler needs. `raw_fd` is -1 unless `saved` is valid and the terminal raw.
volatile std::sig_atomic_t raw_fd = -1;
termios saved;
std::array<struct sigaction, fatal_signals.size()> former_actions;

/// Safe in a signal handler (tcsetattr is). TCSADRAIN: the last output is still drawn as it was
/// meant.
void restore_saved() {
    const int fd = raw_fd;
    raw_fd = -1;
    if (fd < 0) return;
    // A background process that sets a terminal is stopped, here in its last act.
    sigset_t stop;
    sigset_t before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTTOU);
    sigprocmask(SIG_BLOCK, &stop, &before);
    while (tcsetattr(fd, TCSADRAIN, &saved) < 0 && errno == EINTR) {
    }
    sigprocmask(SIG_SETMASK, &before, nullptr);
}

extern "C" void restore_and_die(int number) {
    restore_saved();
    raise(number);  // SA_RESETHAND made the action the default again
}

}  // namespace

void RawTerminal::enter() {
    termios current{};
    if (tcgetattr(terminal_, &current) < 0)
        throw SystemError(errno, "cannot read the terminal's settings");
    if (!raw_) {
        saved = current;
        struct sigaction action{};
        action.sa_handler = restore_and_die;
        action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
        sigemptyset(&action.sa_mask);
        for (std::size_t i = 0; i < fatal_signals.size(); ++i)
            sigaction(fatal_signals.at(i), &action, &former_actions.at(i));
        static const int registered = std::atexit(restore_saved);
        if (registered != 0) throw Error(ErrorKind::system, "cannot register an exit handler");
    }
    termios raw = saved;
    cfmakeraw(&raw);
    raw_ = true;
    raw_fd = terminal_;  // before the change: a signal in between restores what already is
    while (tcsetattr(terminal_, TCSADRAIN, &raw) < 0)
        if (errno != EINTR) throw SystemError(errno, "cannot set the terminal to raw mode");
}

void RawTerminal::restore() {
    if (!raw_) return;
    raw_ = false;
    restore_saved();
    for (std::size_t i = 0; i < fatal_signals.size(); ++i)
        sigaction(fatal_signals.at(i), &former_actions.at(i), nullptr);
}

WindowSize terminal_size(int fd) {
    winsize size{};
    if (ioctl(fd, TIOCGWINSZ, &size) < 0) return {};
    return {size.ws_row, size.ws_col};
}

}  // namespace skiff::monitor
