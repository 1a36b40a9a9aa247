// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace skiff::cli {
namespace {

/// The words of Go's strconv.ParseBool.
bool parse_bool(std::string_view value, const OptionSpec& option) {
    constexpr std::array yes{"1", "t", "T", "true", "TRUE", "True"};
    constexpr std::array no{"0", "f", "F", "false", "FALSE", "False"};
    if (std::ranges::find(yes, value) != yes.end()) return true;
    if (std::ranges::find(no, value) != no.end()) return false;
    throw Error(ErrorKind::usage, "invalid argument {} for \"{}\" flag: neither true nor false",
                quoted(value), option.display_name());
}

class WordReader {
  public:
    WordReader(const CommandBuilder& command, std::span<const std::string_view> words)
        : command_(command), rest_(words) {}

    CommandWords read() {
        if (command_.has_raw_words()) take_arguments();
        while (!rest_.empty() && !result_.help) {
            const std::string_view word = take();
            if (word == "--") {
                take_arguments();
            } else if (word.size() < 2 || word[0] != '-') {
                result_.arguments.emplace_back(word);
                if (command_.has_options_first()) take_arguments();
            } else if (word[1] == '-') {
                read_long(word.substr(2));
            } else {
                read_short(word.substr(1));
            }
        }
        return std::move(result_);
    }

    const std::vector<Occurrence>& options_so_far() const { return result_.options; }

  private:
    std::string_view take() {
        const std::string_view word = rest_.front();
        rest_ = rest_.subspan(1);
        return word;
    }

    void take_arguments() {
        result_.arguments.insert(result_.arguments.end(), rest_.begin(), rest_.end());
        rest_ = {};
    }

    void add(const OptionSpec& option, std::string_view value) {
        if (option.is_flag()) value = parse_bool(value, option) ? "true" : "false";
        result_.options.push_back({&option, std::string(value)});
    }

    void read_long(std::string_view text) {
        const Cut parts = cut(text, '=');
        if (parts.before.empty() || parts.before[0] == '-')
            throw Error(ErrorKind::usage, "bad flag syntax: --{}", printable(text));
        const OptionSpec* option = command_.find(parts.before);
        if (option == nullptr) return read_undeclared(parts.before);
        if (parts.found) return add(*option, parts.after);
        if (option->is_flag()) return add(*option, "true");
        if (rest_.empty())
            throw Error(ErrorKind::usage, "flag needs an argument: --{}", parts.before);
        add(*option, take());
    }

    void read_undeclared(std::string_view name) {
        if (name == "help") {
            result_.help = true;
            return;
        }
        for (const UnsupportedFlag& flag : command_.unsupported_flags()) {
            if (flag.long_name == name) refuse(flag);
        }
        throw Error(ErrorKind::usage, "unknown flag: --{}", printable(name));
    }

    /// A bundle: flags, of which the last may be an option with its value attached.
    void read_short(std::string_view letters) {
        while (!letters.empty()) {
            const char letter = letters[0];
            const std::string_view after = letters.substr(1);
            const OptionSpec* option = command_.find(letter);
            if (option == nullptr) {
                if (letter != 'h') refuse_short(letter, letters);
                result_.help = true;
                return;
            }
            if (after.size() > 1 && after[0] == '=') return add(*option, after.substr(1));
            if (option->is_flag()) {
                add(*option, "true");
                letters = after;
                continue;
            }
            if (!after.empty()) return add(*option, after);
            if (rest_.empty()) {
                throw Error(ErrorKind::usage, "flag needs an argument: '{}' in -{}", letter,
                            letters);
            }
            return add(*option, take());
        }
    }

    [[noreturn]] void refuse_short(char letter, std::string_view letters) {
        for (const UnsupportedFlag& flag : command_.unsupported_flags()) {
            if (flag.short_name == letter) refuse(flag);
        }
        throw Error(ErrorKind::usage, "unknown shorthand flag: '{}' in -{}",
                    printable(std::string_view(&letter, 1)), printable(letters));
    }

    [[noreturn]] static void refuse(const UnsupportedFlag& flag) {
        std::string name;
        if (flag.short_name != '\0') name = fmt::format("-{}, ", flag.short_name);
        throw Error(ErrorKind::unsupported, "{}--{} is not supported by this version of skiff",
                    name, flag.long_name);
    }

    const CommandBuilder& command_;
    std::span<const std::string_view> rest_;
    CommandWords result_;
};

std::string count_text(size_t count) {
    return fmt::format("{} argument{}", count, count == 1 ? "" : "s");
}

}  // namespace

CommandWords read_words(const CommandBuilder& command, std::span<const std::string_view> words) {
    WordReader reader(command, words);
    try {
        return reader.read();
    } catch (const Error&) {
        // A value further left that is wrong comes first: who corrects that meets this one then.
        store_values(reader.options_so_far());
        throw;
    }
}

std::string store_arguments(const CommandBuilder& command, std::vector<std::string> arguments) {
    const std::vector<ArgumentSpec>& specs = command.argument_specs();
    const auto least =
        static_cast<size_t>(std::ranges::count(specs, true, &ArgumentSpec::is_required));
    const size_t most = specs.size();
    const bool unlimited = !specs.empty() && specs.back().is_list();
    const bool fits = arguments.size() >= least && (unlimited || arguments.size() <= most);
    if (!fits) {
        if (most == 0) return "accepts no arguments";
        if (unlimited) return "requires at least " + count_text(least);
        if (least == most) return "requires " + count_text(least);
        if (least == 0) return "requires at most " + count_text(most);
        return fmt::format("requires at least {} and at most {}", least, count_text(most));
    }
    auto next = arguments.begin();
    for (const ArgumentSpec& spec : specs) {
        if (const auto* list = std::get_if<std::vector<std::string>*>(&spec.target)) {
            (*list)->assign(std::make_move_iterator(next),
                            std::make_move_iterator(arguments.end()));
        } else if (next != arguments.end()) {
            *std::get<std::string*>(spec.target) = std::move(*next++);
        }
    }
    return "";
}

}  // namespace skiff::cli
