// SPDX-License-Identifier: Apache-2.0
#include "monitor/descendants.h"

#include <array>
#include <csignal>

#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "fake_container.h"

namespace skiff::monitor {
namespace {

[[noreturn]] void tell_and_pause(int ready) {
    [[maybe_unused]] const ssize_t n = write(ready, "r", 1);
    for (;;) pause();
}

TEST(Descendants, AreKilledButForTheSpared) {
    Child child = test::in_child([] {
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        Pipe ready = make_pipe();
        // Ends with 7 once its own child was killed, as a session of exec does.
        const pid_t spared = fork();
        if (spared == 0) {
            const pid_t below = fork();
            if (below == 0) tell_and_pause(ready.write.get());
            int status = 0;
            waitpid(below, &status, 0);
            _exit(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 7 : 8);
        }
        // Its child comes to us when it dies.
        if (fork() == 0) {
            signal(SIGTERM, SIG_IGN);
            if (fork() == 0) tell_and_pause(ready.write.get());
            tell_and_pause(ready.write.get());
        }
        std::array<char, 3> words{};
        read_full(ready.read.get(), words, "a pipe");
        const std::array spares{spared};
        int others = 0;
        int code = -1;
        const auto take_one = [&](int options) {
            int status = 0;
            const pid_t ended = waitpid(-1, &status, options);
            if (ended == spared) code = WEXITSTATUS(status);
            if (ended > 0 && ended != spared) ++others;
            return ended > 0;
        };
        while (kill_descendants(spares))
            if (!take_one(WNOHANG)) usleep(1000);
        while (take_one(0)) {
        }
        return others == 2 ? code : 1;
    });
    EXPECT_EQ(child.wait().shell_code(), 7);
}

TEST(Descendants, NoneIsFalse) {
    Child child = test::in_child([] { return kill_descendants({}) ? 1 : 0; });
    EXPECT_EQ(child.wait().shell_code(), 0);
}

}  // namespace
}  // namespace skiff::monitor
