// SPDX-License-Identifier: Apache-2.0
#include "engine/system/reset.h"

#include <array>

#include <unistd.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

struct ResetFlags {
    bool force = false;
};

void declare(CommandBuilder& command, ResetFlags& flags) {
    command.flag("-f,--force", flags.force, "Do not ask for confirmation");
}

/// One line of standard input that begins with y.
bool confirmed() {
    std::array<char, 256> answer{};
    const ssize_t n = read(STDIN_FILENO, answer.data(), answer.size());
    return n > 0 && (answer[0] == 'y' || answer[0] == 'Y');
}

ExitCode run(engine::Engine& engine, const ResetFlags& flags) {
    if (!flags.force) {
        print_for_people(
            fmt::format("WARNING! This will kill all containers and remove them, all images and "
                        "all other data in\n  {}\n  {}\n"
                        "Are you sure you want to continue? [y/N] ",
                        engine.root(), engine.run_root()));
        if (!confirmed()) return ExitCode::failure;
    }
    engine::reset_system(engine);
    return ExitCode::ok;
}

}  // namespace

Command reset_command() {
    return make_command<ResetFlags>(declare, run);
}

}  // namespace skiff::cli
