// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/container/front.h"

#include <algorithm>
#include <string>
#include <vector>

#include <signal.h>

#include "cli/output.h"

namespace skiff::cli {

ExitCode end_as(const engine::RunResult& result) {
    if (result.end_signal != 0) {
        flush_output();
        signal(result.end_signal, SIG_DFL);
        raise(result.end_signal);
        return ExitCode{128 + result.end_signal};
    }
    return ExitCode{result.status};
}

void print_phases(const Phases& phases) {
    if (!phases.on() || phases.list().empty()) return;
    std::vector<Phase> list = phases.list();
    // By their beginnings: the monitor's lie within the command's wait for it.
    std::ranges::stable_sort(list, {}, &Phase::begin);
    const std::int64_t origin = list.front().begin;
    const auto microseconds = [](std::int64_t nanoseconds) { return (nanoseconds + 500) / 1000; };
    std::string text = fmt::format("{:<34}{:>10}{:>10}\n", "phase (microseconds)", "at", "took");
    for (const Phase& phase : list)
        text += fmt::format("{:<34}{:>10}{:>10}\n", phase.name, microseconds(phase.begin - origin),
                            microseconds(phase.end - phase.begin));
    flush_output();  // the id of `run -d` first
    print_for_people(text);
}

}  // namespace skiff::cli
