// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "engine/container/lifecycle.h"
#include "engine/container/remove.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"filter", 'f'}, UnsupportedFlag{"format"},
                             UnsupportedFlag{"last", 'n'}, UnsupportedFlag{"latest", 'l'},
                             UnsupportedFlag{"size", 's'}};
constexpr size_t command_width = 20;

struct PsFlags {
    bool all = false;
    bool quiet = false;
    bool no_trunc = false;
};

void declare(CommandBuilder& command, PsFlags& flags) {
    command.flag("-a,--all", flags.all, "Show all containers (default shows just running)");
    command.flag("--no-trunc", flags.no_trunc, "Show ids and commands in full");
    command.flag("-q,--quiet", flags.quiet, "Only display container IDs");
    command.unsupported(not_yet);
}

std::string command_text(const engine::EffectiveConfig& config, bool whole) {
    std::vector<std::string> words = config.entrypoint;
    words.insert(words.end(), config.command.begin(), config.command.end());
    // As Docker: arguments with blanks in single quotes, the program's path as it is.
    for (size_t i = 1; i < words.size(); ++i)
        if (words[i].find(' ') != std::string::npos) words[i] = fmt::format("'{}'", words[i]);
    const std::string text = join(words, " ");
    return quoted(whole ? text : shortened(text, command_width));
}

std::string status_text(const engine::ContainerState& state, Timestamp reference) {
    switch (state.status) {
        case engine::ContainerStatus::created:
            return "Created";
        case engine::ContainerStatus::running:
            return "Up " + human_duration(reference - state.started_at);
        case engine::ContainerStatus::exited:
            return fmt::format("Exited ({}) {}", state.exit_code,
                               time_ago(state.finished_at, reference));
    }
    return "";
}

ExitCode run(engine::Engine& engine, const PsFlags& flags) {
    engine::repair(engine);
    const std::vector<engine::ContainerSummary> containers =
        engine::list_containers(engine, flags.all);
    const Timestamp reference = now();
    Table table({"CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"});
    for (const auto& [record, state] : containers) {
        const std::string id(flags.no_trunc ? std::string_view(record.id) : short_id(record.id));
        if (flags.quiet) {
            print_line(id);
            continue;
        }
        table.add({id, untrusted(record.image_name),
                   untrusted(command_text(record.config, flags.no_trunc)),
                   time_ago(record.created, reference), status_text(state, reference), "",
                   record.name});
    }
    if (!flags.quiet) print(table.text());
    return ExitCode::ok;
}

}  // namespace

Command ps_command() {
    return make_command<PsFlags>(declare, run);
}

}  // namespace skiff::cli
