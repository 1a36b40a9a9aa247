// SPDX-License-Identifier: Apache-2.0
// Times several commands against each other: A B C A B C …, so that what else the machine does hits
// all alike.
//
//   interleave ROUNDS[+PAUSE] -- [@COPIES] COMMAND… -- [@COPIES] COMMAND… …
//
// Milliseconds of PAUSE (default 0) lie before each run, where what the one before it leaves to be
// torn down would count against the next. COPIES (default 1) of a command run at once; the time is
// until the last has ended. stdin is /dev/null, stdout and stderr are swallowed by a file. Prints
// one line per command: median and quartiles in microseconds of a monotonic clock, the median CPU
// time of the children (user + system, reaped ones only), and how many runs did not exit with 0.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <sys/resource.h>
#include <sys/wait.h>

extern char** environ;

namespace {

struct Contender {
    std::vector<char*> words;  // ends with nullptr, as execve wants it
    int copies = 1;
    std::vector<double> wall;
    std::vector<double> cpu;
    int failures = 0;
};

[[noreturn]] void die(const std::string& what, int error) {
    std::fprintf(stderr, "interleave: %s: %s\n", what.c_str(), std::strerror(error));
    std::exit(2);
}

double microseconds() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double children_cpu() {
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

void run_once(Contender& contender, const posix_spawn_file_actions_t& files) {
    std::vector<pid_t> children(static_cast<size_t>(contender.copies));
    const double cpu = children_cpu();
    const double start = microseconds();
    for (pid_t& child : children) {
        const int error = posix_spawnp(&child, contender.words[0], &files, nullptr,
                                       contender.words.data(), environ);
        if (error != 0) die(contender.words[0], error);
    }
    for (const pid_t child : children) {
        int status = 0;
        if (waitpid(child, &status, 0) < 0) die("waitpid", errno);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) ++contender.failures;
    }
    contender.wall.push_back(microseconds() - start);
    contender.cpu.push_back(children_cpu() - cpu);
}

double quantile(std::vector<double> values, double part) {
    std::sort(values.begin(), values.end());
    return values[static_cast<size_t>(part * static_cast<double>(values.size() - 1) + 0.5)];
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<Contender> contenders;
    int i = 1;
    const std::string given = i < argc ? argv[i++] : "";
    const int rounds = std::atoi(given.c_str());
    const size_t plus = given.find('+');
    const long pause = plus == std::string::npos ? 0 : std::atol(given.c_str() + plus + 1);
    for (; i < argc; ++i) {
        if (std::strcmp(argv[i], "--") == 0)
            contenders.emplace_back();
        else if (!contenders.empty() && contenders.back().words.empty() && argv[i][0] == '@')
            contenders.back().copies = std::atoi(argv[i] + 1);
        else if (!contenders.empty())
            contenders.back().words.push_back(argv[i]);
    }
    for (Contender& contender : contenders) {
        if (contender.words.empty() || contender.copies < 1) return 2;
        contender.words.push_back(nullptr);
    }
    if (rounds < 1 || contenders.empty()) {
        std::fputs(
            "usage: interleave ROUNDS[+PAUSE] -- [@COPIES] COMMAND... -- [@COPIES] COMMAND...\n",
            stderr);
        return 2;
    }
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&files, 1, 2);

    // Caches are warmed by one round that does not count.
    for (Contender& contender : contenders) run_once(contender, files);
    for (Contender& contender : contenders)
        contender = Contender{std::move(contender.words), contender.copies, {}, {}, 0};
    for (int round = 0; round < rounds; ++round)
        for (Contender& contender : contenders) {
            const timespec time{pause / 1000, pause % 1000 * 1000000};
            nanosleep(&time, nullptr);
            run_once(contender, files);
        }
    for (const Contender& contender : contenders)
        std::printf("%.0f %.0f %.0f %.0f %d\n", quantile(contender.wall, 0.5),
                    quantile(contender.wall, 0.25), quantile(contender.wall, 0.75),
                    quantile(contender.cpu, 0.5), contender.failures);
    return 0;
}
