// SPDX-License-Identifier: Apache-2.0
#include "fake_container.h"

#include <array>
#include <cerrno>
#include <iostream>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/error.h"
#include "monitor/address.h"
#include "monitor/log_reader.h"
#include "monitor/settle.h"
#include "monitor/supervisor.h"

namespace skiff::monitor::test {
namespace {

[[noreturn]] void exec_script(const Setup& setup, const std::string& dir, std::array<int, 3> stdio,
                              bool tty) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int number : {SIGPIPE, SIGXFSZ}) signal(number, SIG_DFL);
    setsid();
    if (tty) ioctl(stdio[0], TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; ++fd) dup2(stdio.at(static_cast<std::size_t>(fd)), fd);
    setenv("DIR", dir.c_str(), 1);
    execl("/bin/sh", "sh", "-c", setup.script.c_str(), nullptr);
    _exit(127);
}

int monitor_main(const Setup& setup, const std::string& dir, Fd client) {
    SupervisorOptions options;
    const Fd dir_fd = open_file(dir, O_RDONLY | O_DIRECTORY);
    options.listener = listen_at(dir_fd.get(), "monitor.sock");
    options.user_namespace = open_file("/proc/self/ns/user", O_RDONLY);
    if (setup.log) options.log = LogFile::open(dir_fd.get(), {});
    options.tty = setup.tty;
    options.stdin_once = setup.stdin_once;
    Supervisor supervisor(std::move(options));
    supervisor.add_client(std::move(client));
    WindowSize size;
    if (setup.foreground) size = supervisor.await_foreground();
    if (setup.fails) {
        supervisor.report_failure(Error(ErrorKind::command_missing, "no such program"));
        return 0;
    }

    ContainerIo io;
    std::array<Fd, 3> inside;
    if (setup.tty) {
        Terminal terminal = make_terminal(size);
        inside = {std::move(terminal.slave), Fd(), Fd()};
        io.pty_master = std::move(terminal.master);
    } else {
        Pipe in = make_pipe();
        Pipe out = make_pipe();
        Pipe errors = make_pipe();
        if (setup.interactive) {
            io.stdin_write = std::move(in.write);
        } else {
            in.read = open_file("/dev/null", O_RDONLY);
        }
        io.stdout_read = std::move(out.read);
        io.stderr_read = std::move(errors.read);
        inside = {std::move(in.read), std::move(out.write), std::move(errors.write)};
    }
    CloneResult cloned = clone_process(0);
    if (cloned.in_child) {
        const int first = inside[0].get();
        const std::array<int, 3> stdio{first, setup.tty ? first : inside[1].get(),
                                       setup.tty ? first : inside[2].get()};
        exec_script(setup, dir, stdio, setup.tty);
    }
    inside = {};
    settle("test-monitor");
    const pid_t pid = cloned.child.pid();
    const ExitStatus status = supervisor.run(std::move(io), std::move(cloned.child), pid);
    supervisor.report_exit(status.shell_code());
    return 0;
}

}  // namespace

FakeContainer::FakeContainer(const Setup& setup)
    : dir_(open_file(temp_.path(), O_RDONLY | O_DIRECTORY)) {
    SocketPair pair = make_socket_pair(SOCK_SEQPACKET);
    socket_ = std::move(pair.ours);
    CloneResult cloned = clone_process(setup.pid_namespace ? CLONE_NEWPID : 0);
    if (cloned.in_child) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        socket_.reset();
        int code = 99;
        try {
            code = monitor_main(setup, temp_.path(), std::move(pair.theirs));
        } catch (const std::exception& error) {
            std::cerr << "monitor: " << error.what() << "\n";
        }
        _exit(code);
    }
    monitor_ = std::move(cloned.child);
}

MonitorConnection FakeContainer::connect() {
    auto connection = connect_at(dir_.get(), "monitor.sock");
    if (!connection) throw Error(ErrorKind::not_found, "no monitor listens");
    return std::move(*connection);
}

std::string FakeContainer::log(Stream stream) const {
    std::string all;
    const LogPlace place{.dir = dir_.get(), .name = log_file_name(LogFormat::json_file)};
    read_log(place, {}, [&](const LogLine& line) {
        if (line.stream == stream) all += line.text;
        return true;
    });
    return all;
}

Child in_child(const std::function<int()>& act) {
    CloneResult cloned = clone_process(0);
    if (cloned.in_child) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int code = 99;
        try {
            code = act();
        } catch (const std::exception& error) {
            std::cerr << "child: " << error.what() << "\n";
        }
        _exit(code);
    }
    return std::move(cloned.child);
}

Child attach_in_child(Fd socket, AttachOptions options, int not_inherited) {
    return in_child([&] {
        if (not_inherited >= 0) close(not_inherited);
        const AttachResult result = attach(std::move(socket), options);
        return result.end == AttachEnd::exited ? result.code : 100 + static_cast<int>(result.end);
    });
}

Terminal make_terminal(WindowSize size) {
    Terminal terminal;
    terminal.master.reset(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!terminal.master.valid() || grantpt(terminal.master.get()) < 0 ||
        unlockpt(terminal.master.get()) < 0)
        throw SystemError(errno, "cannot make a terminal");
    terminal.slave.reset(ioctl(terminal.master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!terminal.slave.valid()) throw SystemError(errno, "cannot open a terminal");
    const winsize window{size.rows, size.columns, 0, 0};
    ioctl(terminal.master.get(), TIOCSWINSZ, &window);
    return terminal;
}

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    unsigned state = 12345;
    for (char& c : text) {
        state = state * 1664525U + 1013904223U;
        c = static_cast<char>('0' + (state >> 24U) % 64);
    }
    return text;
}

std::string read_until(int fd, std::string_view end) {
    std::string all;
    char c = 0;
    while (all.find(end) == std::string::npos && read(fd, &c, 1) == 1) all += c;
    return all;
}

}  // namespace skiff::monitor::test
