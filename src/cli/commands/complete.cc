// SPDX-License-Identifier: Apache-2.0
// `skiff __complete WORDS…`: what may stand for the last of WORDS, one candidate per line,
// "candidate<TAB>text". The line "__files" or "__directories" asks the shell for file names. The
// scripts in completions/ only pass words on, so a new option completes everywhere at once.
#include <algorithm>

#include "base/text.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

using Words = std::span<const std::string_view>;

class Candidates {
  public:
    /// `prefix` was typed already; `lead` is put in front of what is printed ("--network=").
    Candidates(std::string_view prefix, std::string_view lead = "")
        : prefix_(prefix), lead_(lead) {}

    void add(std::string_view candidate, std::string_view text = "") const {
        if (!candidate.starts_with(prefix_)) return;
        print(lead_);
        print(untrusted(candidate));
        if (!text.empty()) print("\t");
        print_line(text);
    }

    void add_commands(std::string_view group) const {
        for (const CommandRow& row : all_commands()) {
            if (row.section == Section::hidden) continue;
            if (group.empty() && !row.top_level.empty()) add(row.top_level, row.summary);
            if (!group.empty() && row.group == group) add(row.name, row.summary);
        }
        if (!group.empty()) return;
        for (const GroupRow& row : all_groups()) add(row.name, row.summary);
    }

    void add_options(const CommandBuilder& command) const {
        for (const OptionSpec* option : sorted_options(command))
            add(fmt::format("--{}", option->long_name), option->text);
        add("--help", "Show how to use the command");
    }

    void add_values(const Completer& completer, const engine::EngineOptions& engine_options) const {
        switch (completer.kind) {
            case Completer::Kind::none:
                break;
            case Completer::Kind::files:
                print_line("__files");
                break;
            case Completer::Kind::directories:
                print_line("__directories");
                break;
            case Completer::Kind::commands:
                add_commands("");
                break;
            case Completer::Kind::words:
                for (std::string_view word : split(completer.choices, ' ')) add(word);
                break;
            case Completer::Kind::ask:
                for (const std::string& name : completer.ask(engine_options)) add(name);
                break;
        }
    }

  private:
    std::string_view prefix_;
    std::string_view lead_;
};

/// Where the cursor stands: what the words before it mean. Unknown options are passed over.
struct Position {
    const OptionSpec* pending = nullptr;  ///< an option that waits for its value
    size_t arguments = 0;                 ///< complete arguments so far
    bool options_open = true;
};

Position position_after(const CommandBuilder& command, Words words) {
    Position position;
    for (std::string_view word : words) {
        if (position.pending != nullptr) {
            position.pending = nullptr;
        } else if (position.options_open && word == "--") {
            position.options_open = false;
        } else if (!position.options_open || word.size() < 2 || word[0] != '-') {
            ++position.arguments;
            if (command.has_options_first()) position.options_open = false;
        } else if (word.find('=') == std::string_view::npos) {
            const OptionSpec* option =
                word[1] == '-' ? command.find(word.substr(2)) : command.find(word.back());
            if (option != nullptr && !option->is_flag()) position.pending = option;
        }
    }
    return position;
}

/// Offers what `command` accepts as the last of `words`; false when a command's name is wanted
/// there.
bool complete_in(const CommandBuilder& command, Words words,
                 const engine::EngineOptions& engine_options) {
    const std::string_view partial = words.back();
    const Position position = position_after(command, words.first(words.size() - 1));
    if (position.pending != nullptr) {
        Candidates(partial).add_values(position.pending->completer, engine_options);
        return true;
    }
    if (position.options_open && partial.starts_with("-")) {
        const Cut parts = cut(partial, '=');
        const OptionSpec* option = parts.found && partial.starts_with("--")
                                       ? command.find(parts.before.substr(2))
                                       : nullptr;
        if (option == nullptr) {
            Candidates(partial).add_options(command);
        } else {
            const std::string lead = fmt::format("{}=", parts.before);
            Candidates(parts.after, lead).add_values(option->completer, engine_options);
        }
        return true;
    }
    const std::vector<ArgumentSpec>& specs = command.argument_specs();
    if (specs.empty()) return false;
    const size_t index = std::min(position.arguments, specs.size() - 1);
    if (index == position.arguments || specs[index].is_list())
        Candidates(partial).add_values(specs[index].completer, engine_options);
    return true;
}

void complete_words(Words words, const engine::EngineOptions& engine_options) {
    GlobalOptions globals;
    CommandBuilder global_builder;
    declare_globals(global_builder, globals);
    // The first word that is no global option, nor the value of one, names the command.
    size_t start = 0;
    while (start < words.size()) {
        const Position position = position_after(global_builder, words.first(start + 1));
        if (position.arguments > 0) break;
        ++start;
    }
    if (start + 1 >= words.size()) {
        if (!complete_in(global_builder, words, engine_options))
            Candidates(words.back()).add_commands("");
        return;
    }
    words = words.subspan(start);
    const ResolvedCommand resolved = resolve_command(words.first(words.size() - 1));
    if (resolved.row == nullptr) {
        if (resolved.group != nullptr && words.size() == 2)
            Candidates(words.back()).add_commands(resolved.group->name);
        return;
    }
    const Command command = resolved.row->make();
    CommandBuilder builder;
    command->declare(builder);
    complete_in(builder, words.subspan(resolved.words), engine_options);
}

}  // namespace

Command complete_command() {
    struct Body final : CommandBody {
        void declare(CommandBuilder& builder) override { builder.raw_words(words_); }
        ExitCode run(const engine::EngineOptions& engine_options) override {
            const std::vector<std::string_view> words(words_.begin(), words_.end());
            // A shell that waits for a word wants no message.
            engine::EngineOptions quiet = engine_options;
            quiet.warn = nullptr;
            if (!words.empty()) complete_words(words, quiet);
            return ExitCode::ok;
        }
        std::vector<std::string> words_;
    };
    return std::make_unique<Body>();
}

}  // namespace skiff::cli
