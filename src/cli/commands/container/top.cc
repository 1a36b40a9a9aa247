// SPDX-License-Identifier: Apache-2.0
// ps(1) of the host, as in Docker, and of its lines those about the container: every option and
// column means what it means on this machine. A program in the container is never asked, since it
// may say what it likes.
#include <algorithm>
#include <optional>

#include "base/text.h"
#include "cli/command.h"
#include "cli/commands/container/container_choice.h"
#include "cli/commands/container/container_names.h"
#include "cli/output.h"
#include "engine/container/processes.h"

namespace skiff::cli {
namespace {

struct TopFlags {
    std::string container;
    bool latest = false;
    std::vector<std::string> ps_options;
};

void declare(CommandBuilder& command, TopFlags& flags) {
    declare_latest(command, flags.latest);
    command.argument("CONTAINER", flags.container, complete::running_containers,
                     [&flags] { return flags.latest; });
    command.program(flags.ps_options);
    command.usage("CONTAINER [ps OPTIONS]");
}

using Row = std::vector<std::string_view>;

/// At most `count` words; the last has the rest of the line.
Row words_of(std::string_view line, size_t count) {
    constexpr std::string_view blanks = " \t";
    Row row;
    while (row.size() + 1 < count) {
        line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
        if (line.empty()) return row;
        const size_t end = std::min(line.find_first_of(blanks), line.size());
        row.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
    if (const std::string_view rest = trim(line); !rest.empty()) row.push_back(rest);
    return row;
}

/// The header, and the rows of `processes`.
std::vector<Row> select(std::string_view output, const std::set<pid_t>& processes) {
    std::vector<std::string_view> lines = split(output, '\n');
    std::vector<Row> rows{words_of(lines[0], lines[0].size() + 1)};
    const auto title = std::ranges::find(rows[0], "PID");
    if (title == rows[0].end())
        throw Error(ErrorKind::invalid, "couldn't find the PID field in the output of ps");
    const auto column = static_cast<size_t>(title - rows[0].begin());
    for (const std::string_view line : std::span(lines).subspan(1)) {
        Row row = words_of(line, rows[0].size());
        if (row.size() <= column) continue;
        const auto pid = parse_number<pid_t>(row[column]);
        if (pid && processes.contains(*pid)) rows.push_back(std::move(row));
    }
    return rows;
}

/// Docker's columns: at least 20 wide, the last as wide as it is.
std::string table(const std::vector<Row>& rows) {
    constexpr size_t narrowest = 20;
    constexpr size_t gap = 3;
    std::vector<size_t> widths(rows[0].size(), narrowest);
    for (const Row& row : rows)
        for (size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], display_width(row[i]) + gap);
    std::string text;
    for (const Row& row : rows) {
        for (size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            if (i + 1 < row.size()) text.append(widths[i] - display_width(row[i]), ' ');
        }
        text += '\n';
    }
    return text;
}

/// With -q, as Docker: `-o pid,args` alone would show what runs on our own terminal. Some options
/// (f) and some ps do not go with it.
std::string ask_ps(std::vector<std::string> options, const std::set<pid_t>& processes) {
    std::vector<std::string> about = options;
    std::string list = "-q";
    for (const auto process : processes) list += fmt::format("{},", process);
    list.pop_back();
    about.insert(about.begin(), std::move(list));
    try {
        return engine::run_host_ps(about);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::invalid) throw;
        return engine::run_host_ps(options);
    }
}

ExitCode run(engine::Engine& engine, const TopFlags& flags) {
    std::vector<std::string> options = flags.ps_options;
    std::string container = flags.container;
    if (flags.latest) {
        // Then all words are of ps.
        if (!container.empty()) options.insert(options.begin(), container);
        container = latest_container(engine);
    }
    if (options.empty()) options = {"-ef"};
    std::set<pid_t> processes;
    try {
        processes = engine::container_processes(engine, container);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::conflict) throw;
        print_error(error);
        return ExitCode{1};  // Docker's status
    }
    print(untrusted_lines(table(select(ask_ps(std::move(options), processes), processes))));
    return ExitCode::ok;
}

}  // namespace

Command top_command() {
    return make_command<TopFlags>(declare, run);
}

}  // namespace skiff::cli
