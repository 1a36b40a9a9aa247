// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "cli/command.h"
#include "cli/commands/image/image_names.h"
#include "cli/output.h"
#include "engine/image/list.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"format"}, UnsupportedFlag{"platform"}};
constexpr size_t created_by_width = 45;

struct HistoryOptions {
    std::string image;
    bool human = true;
    bool whole = false;
    bool quiet = false;
};

void declare(CommandBuilder& command, HistoryOptions& options) {
    command.flag("-H,--human", options.human, "Print sizes and times in words");
    command.flag("--no-trunc", options.whole, "Do not shorten anything");
    command.flag("-q,--quiet", options.quiet, "Show IDs only");
    command.argument("IMAGE", options.image, complete::images);
    command.unsupported(not_yet);
}

/// On one line, whatever a Dockerfile's command was.
std::string one_line(std::string text) {
    std::ranges::replace(text, '\t', ' ');
    std::ranges::replace(text, '\n', ' ');
    return untrusted(text);
}

ExitCode run(engine::Engine& engine, const HistoryOptions& options) {
    Table table(
        {"IMAGE", options.human ? "CREATED" : "CREATED AT", "CREATED BY", "SIZE", "COMMENT"});
    const Timestamp reference = now();
    for (const engine::HistoryLine& line : engine::image_history(engine, options.image)) {
        std::string id = options.whole ? line.id : std::string(short_id(line.id));
        if (id.empty()) id = "<missing>";
        if (options.quiet) {
            print_line(id);
            continue;
        }
        const Timestamp created = line.created.value_or(Timestamp{});
        const std::string created_by = one_line(line.created_by);
        table.add({id, options.human ? time_ago(created, reference) : to_rfc3339(created),
                   options.whole ? created_by : shortened(created_by, created_by_width),
                   options.human ? human_size(line.size) : std::to_string(line.size),
                   one_line(line.comment)});
    }
    if (!options.quiet) print(table.text());
    return ExitCode::ok;
}

}  // namespace

Command history_command() {
    return make_command<HistoryOptions>(declare, run);
}

}  // namespace skiff::cli
