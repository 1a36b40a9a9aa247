// SPDX-License-Identifier: Apache-2.0
// Holds every command to the rules of the house: texts, unique names, a manual whose examples
// parse.
#include "cli/commands.h"

#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "cli/help.h"
#include "cli/man_page.h"

namespace skiff::cli {
namespace {

constexpr size_t largest_prose = 1 << 20;

struct Declared {
    explicit Declared(const CommandRow& row) : command(row.make()) { command->declare(builder); }
    Command command;
    CommandBuilder builder;
};

std::vector<const CommandRow*> visible_commands() {
    std::vector<const CommandRow*> rows;
    for (const CommandRow& row : all_commands())
        if (row.section != Section::hidden) rows.push_back(&row);
    return rows;
}

bool is_sentence_without_stop(std::string_view text) {
    return !text.empty() && !(text[0] >= 'a' && text[0] <= 'z') && !text.ends_with('.');
}

/// Words of a shell command up to a pipe, a redirection or another command; quotes are taken off.
std::vector<std::string> shell_words(std::string_view line) {
    std::vector<std::string> words;
    bool in_word = false;
    char quote = '\0';
    for (const char c : line) {
        if (quote != '\0' && c == quote) {
            quote = '\0';
        } else if (quote == '\0' && (c == '\'' || c == '"')) {
            quote = c;
            if (!in_word) words.emplace_back();
            in_word = true;
        } else if (quote == '\0' && c == ' ') {
            in_word = false;
        } else if (quote == '\0' && std::string_view("|<>;&").find(c) != std::string_view::npos) {
            break;
        } else {
            if (!in_word) words.emplace_back();
            in_word = true;
            words.back() += c;
        }
    }
    return words;
}

TEST(Commands, HaveASummary) {
    for (const CommandRow& row : all_commands())
        EXPECT_TRUE(is_sentence_without_stop(row.summary)) << row.short_path();
    for (const GroupRow& row : all_groups())
        EXPECT_TRUE(is_sentence_without_stop(row.summary)) << row.name;
}

TEST(Commands, ExplainEveryOption) {
    for (const CommandRow& row : all_commands()) {
        const Declared declared(row);
        for (const OptionSpec& option : declared.builder.options()) {
            const std::string where = row.short_path() + " --" + std::string(option.long_name);
            EXPECT_FALSE(option.long_name.empty()) << where;
            EXPECT_TRUE(is_sentence_without_stop(option.text) ||
                        option.text.starts_with("no-new-privileges"))
                << where;
            EXPECT_EQ(option.value_name.empty(), option.is_flag()) << where;
        }
    }
}

TEST(Commands, NameEveryOptionOnce) {
    for (const CommandRow& row : all_commands()) {
        const Declared declared(row);
        std::set<std::string> names;
        const auto add = [&](std::string name) {
            EXPECT_TRUE(names.insert(name).second) << row.short_path() << " " << name;
        };
        add("--help");
        for (const OptionSpec& option : declared.builder.options()) {
            add(fmt::format("--{}", option.long_name));
            if (option.short_name != '\0') add(fmt::format("-{}", option.short_name));
            if (!option.other_long_name.empty()) add(fmt::format("--{}", option.other_long_name));
        }
        // What is refused by name must not be declared as well.
        for (const UnsupportedFlag& flag : declared.builder.unsupported_flags()) {
            add(fmt::format("--{}", flag.long_name));
            if (flag.short_name != '\0') add(fmt::format("-{}", flag.short_name));
        }
    }
}

TEST(Commands, HaveNamesOfTheirOwn) {
    std::set<std::string> names;
    for (const CommandRow& row : all_commands()) {
        if (!row.top_level.empty()) {
            EXPECT_TRUE(names.insert(std::string(row.top_level)).second) << row.top_level;
        }
        if (row.group.empty()) continue;
        EXPECT_TRUE(names.insert(fmt::format("{} {}", row.group, row.name)).second) << row.name;
        for (std::string_view alias : split(row.aliases, ' ')) {
            if (alias.empty()) continue;
            EXPECT_TRUE(names.insert(fmt::format("{} {}", row.group, alias)).second) << alias;
        }
    }
    for (const GroupRow& group : all_groups())
        EXPECT_TRUE(names.insert(std::string(group.name)).second) << group.name;
}

TEST(Commands, AreFoundByEveryPath) {
    for (const CommandRow* row : visible_commands()) {
        std::vector<std::string> paths = all_paths(*row);
        paths.push_back(row->short_path());
        for (const std::string& path : paths) {
            const std::vector<std::string_view> words = split(path, ' ');
            const ResolvedCommand found = resolve_command(std::span(words).subspan(1));
            EXPECT_EQ(found.row, row) << path;
            EXPECT_EQ(found.path, path);
        }
    }
}

TEST(Commands, HaveAManualWithDescriptionAndExamplesThatParse) {
    for (const CommandRow* row : visible_commands()) {
        const std::string file = fmt::format("{}/{}.md", SKIFF_MAN_DIR, row->page_name());
        const auto prose = find_file(-100, file, largest_prose);
        ASSERT_TRUE(prose.has_value()) << "write " << file;
        EXPECT_TRUE(prose->starts_with("## Description\n")) << file;
        const std::string page = man_page(*row, *prose);
        EXPECT_NE(page.find(".SH DESCRIPTION\n"), std::string::npos) << file;
        size_t own = 0;
        for (const std::string& example : examples_in(*prose)) {
            const std::vector<std::string> typed = shell_words(example);
            if (typed.empty() || typed[0] != "skiff") continue;
            const std::vector<std::string_view> words(typed.begin() + 1, typed.end());
            const ResolvedCommand resolved = resolve_command(words);
            ASSERT_NE(resolved.row, nullptr) << file << ": " << example;
            if (resolved.row == row) ++own;
            Declared declared(*resolved.row);
            try {
                // What the shell of somebody who types these has.
                setenv("SSH_AUTH_SOCK", "/run/user/1000/agent", 1);
                CommandWords parsed =
                    read_words(declared.builder, std::span(words).subspan(resolved.words));
                store_values(parsed.options);
                EXPECT_EQ(store_arguments(declared.builder, std::move(parsed.arguments)), "")
                    << file << ": " << example;
            } catch (const Error& error) {
                ADD_FAILURE() << file << ": " << example << ": " << error.message();
            }
        }
        EXPECT_GT(own, 0U) << file << " shows no example of its command";
    }
}

TEST(NearestName, FindsSlipsOfTheFingers) {
    EXPECT_EQ(nearest_name("verzion", ""), "version");
    EXPECT_EQ(nearest_name("contaner", ""), "container");
    EXPECT_EQ(nearest_name("hlep", ""), "help");
    EXPECT_EQ(nearest_name("nosuchcommand", ""), "");
    EXPECT_EQ(nearest_name("x", ""), "");
}

TEST(ManPage, EscapesWhatRoffWouldInterpret) {
    const std::string page = man_page(*visible_commands().front(),
                                      "## Description\n.dot and back\\slash `--code` **bold**\n"
                                      "\n    .in a block\n");
    EXPECT_NE(page.find("\n\\&.dot and back\\eslash \\fB\\-\\-code\\fR \\fBbold\\fR\n"),
              std::string::npos)
        << page;
    EXPECT_NE(page.find(".EX\n\\&.in a block\n.EE\n"), std::string::npos) << page;
}

TEST(ManPage, JoinsExamplesOverSeveralLines) {
    EXPECT_EQ(examples_in("text\n\n    $ skiff run \\\n        -t x\n    output\n    $ ls\n"),
              (std::vector<std::string>{"skiff run -t x", "ls"}));
}

}  // namespace
}  // namespace skiff::cli
