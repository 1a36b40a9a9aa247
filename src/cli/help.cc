// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

constexpr size_t page_width = 80;

/// Appends `text` word by word; lines after the first begin at `column`.
void append_wrapped(std::string& out, std::string_view text, size_t column) {
    size_t used = column;
    bool first = true;
    for (std::string_view word : split(text, ' ')) {
        const size_t width = display_width(word);
        if (!first && used + 1 + width > page_width) {
            out += '\n';
            out.append(column, ' ');
            used = column;
        } else if (!first) {
            out += ' ';
            ++used;
        }
        out += word;
        used += width;
        first = false;
    }
    out += '\n';
}

std::string option_column(const OptionSpec& option) {
    std::string text =
        option.short_name == '\0' ? "      " : fmt::format("  -{}, ", option.short_name);
    text += fmt::format("--{}", option.long_name);
    if (!option.value_name.empty()) text += fmt::format(" {}", option.value_name);
    return text;
}

std::string option_list(const CommandBuilder& command) {
    const std::vector<const OptionSpec*> options = sorted_options(command);
    size_t widest = 0;
    for (const OptionSpec* option : options)
        widest = std::max(widest, option_column(*option).size());
    std::string text;
    for (const OptionSpec* option : options) {
        const std::string column = option_column(*option);
        text += column;
        text.append(widest + 3 - column.size(), ' ');
        append_wrapped(text, option_text(*option), widest + 3);
    }
    return text;
}

struct NameAndSummary {
    std::string_view name;
    std::string_view summary;
};

std::string name_list(std::string_view title, const std::vector<NameAndSummary>& names,
                      size_t widest) {
    if (names.empty()) return "";
    std::string text = fmt::format("\n{}:\n", title);
    for (const NameAndSummary& row : names)
        text += fmt::format("  {:<{}}   {}\n", row.name, widest, row.summary);
    return text;
}

size_t widest_name(const std::vector<NameAndSummary>& names) {
    size_t widest = 0;
    for (const NameAndSummary& row : names) widest = std::max(widest, row.name.size());
    return widest;
}

std::vector<NameAndSummary> group_members(std::string_view group) {
    std::vector<NameAndSummary> names;
    for (const CommandRow& row : all_commands())
        if (row.group == group && row.section != Section::hidden)
            names.push_back({row.name, row.summary});
    std::ranges::sort(names, {}, &NameAndSummary::name);
    return names;
}

std::vector<NameAndSummary> section_members(Section section) {
    std::vector<NameAndSummary> names;
    for (const CommandRow& row : all_commands())
        if (row.section == section && !row.top_level.empty())
            names.push_back({row.top_level, row.summary});
    if (section != Section::common) std::ranges::sort(names, {}, &NameAndSummary::name);
    return names;
}

}  // namespace

void declare_globals(CommandBuilder& builder, GlobalOptions& options) {
    builder.option("--root", options.engine.root, "dir",
                   "Where images and containers are kept (default /var/lib/skiff, or "
                   "~/.local/share/skiff for a regular user; also SKIFF_ROOT)",
                   complete::directories);
    builder.option("--runroot", options.engine.run_root, "dir",
                   "Where the state of running containers is kept (default /run/skiff, or "
                   "$XDG_RUNTIME_DIR/skiff for a regular user; also SKIFF_RUNROOT)",
                   complete::directories);
    builder.option("--config", options.engine.config, "file",
                   "Configuration file (default /etc/skiff/config.yaml, or "
                   "~/.config/skiff/config.yaml for a regular user; also SKIFF_CONFIG)",
                   complete::files);
    builder.option("--cdi-spec-dir", options.engine.cdi_directories, "dir",
                   "Where specifications of CDI devices are, may be given several times (default "
                   "/etc/cdi and /var/run/cdi, for a regular user also ~/.config/cdi and "
                   "$XDG_RUNTIME_DIR/cdi)",
                   complete::directories);
    builder.flag("--strict", options.engine.strict,
                 "Fail where the machine allows less than was asked, instead of doing with less");
    builder.flag("--timing", options.engine.timing,
                 "Print how long each phase of a run took on standard error");
    builder.flag("-v,--version", options.version, "Print the version and quit");
    builder.options_first();
    builder.usage("COMMAND");
}

std::vector<const OptionSpec*> sorted_options(const CommandBuilder& command) {
    std::vector<const OptionSpec*> options;
    for (const OptionSpec& option : command.options()) options.push_back(&option);
    std::ranges::sort(options, {}, [](const OptionSpec* option) { return option->long_name; });
    return options;
}

std::string option_text(const OptionSpec& option) {
    if (option.default_text.empty()) return std::string(option.text);
    return fmt::format("{} (default {})", option.text, option.default_text);
}

std::vector<std::string> all_paths(const CommandRow& row) {
    std::vector<std::string> paths;
    if (!row.group.empty()) {
        paths.push_back(fmt::format("skiff {} {}", row.group, row.name));
        if (!row.aliases.empty())
            for (std::string_view alias : split(row.aliases, ' '))
                paths.push_back(fmt::format("skiff {} {}", row.group, alias));
    }
    if (!row.top_level.empty()) paths.push_back(fmt::format("skiff {}", row.top_level));
    if (paths.size() == 1) paths.clear();
    return paths;
}

std::string usage_line(std::string_view path, const CommandBuilder& command) {
    return fmt::format("Usage:  {} {}", path, command.usage_text());
}

std::string command_help(const CommandRow& row, std::string_view path,
                         const CommandBuilder& command) {
    std::string text = fmt::format("{}\n\n{}\n", usage_line(path, command), row.summary);
    if (const std::vector<std::string> paths = all_paths(row); !paths.empty())
        text += fmt::format("\nAliases:\n  {}\n", join(paths, ", "));
    if (!command.options().empty()) text += "\nOptions:\n" + option_list(command);
    return text;
}

std::string group_help(const GroupRow& group) {
    const std::vector<NameAndSummary> names = group_members(group.name);
    return fmt::format(
        "Usage:  skiff {0} COMMAND\n\n{1}\n{2}\nRun 'skiff {0} COMMAND --help' for more "
        "information on a command.\n",
        group.name, group.summary, name_list("Commands", names, widest_name(names)));
}

std::string top_help() {
    GlobalOptions options;
    CommandBuilder builder;
    declare_globals(builder, options);

    std::vector<NameAndSummary> groups;
    for (const GroupRow& group : all_groups())
        if (!group_members(group.name).empty()) groups.push_back({group.name, group.summary});

    struct Part {
        std::string_view title;
        std::vector<NameAndSummary> names;
    };
    const std::array parts{Part{"Common Commands", section_members(Section::common)},
                           Part{"Management Commands", groups},
                           Part{"Container Commands", section_members(Section::container)},
                           Part{"Image Commands", section_members(Section::image)},
                           Part{"Other Commands", section_members(Section::other)}};
    size_t widest = 0;
    for (const Part& part : parts) widest = std::max(widest, widest_name(part.names));

    std::string text =
        usage_line("skiff", builder) + "\n\nContainers without a daemon and without root\n";
    for (const Part& part : parts) text += name_list(part.title, part.names, widest);
    text += "\nGlobal Options (before the command):\n" + option_list(builder);
    text += "\nRun 'skiff COMMAND --help' for more information on a command.\n";
    return text;
}

}  // namespace skiff::cli
