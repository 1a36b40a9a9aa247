// SPDX-License-Identifier: Apache-2.0
// The only file that includes CLI11: it takes seconds to compile. See command_line.h for what is
// asked of it.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/text.h"
#include "cli/command_line.h"

namespace skiff::cli {
namespace {

template <typename T>
bool convert(const std::string& text, T& target) {
    return CLI::detail::lexical_cast(text, target);
}

template <typename T>
bool convert(const std::string& text, std::optional<T>& target) {
    T value{};
    if (!convert(text, value)) return false;
    target = std::move(value);
    return true;
}

bool store(const ValueTarget& target, const std::string& text) {
    return std::visit(
        [&](const auto& where) {
            if constexpr (std::is_same_v<decltype(where), const ValueParser&>) {
                where(text);
                return true;
            } else if constexpr (std::is_same_v<decltype(where),
                                                std::vector<std::string>* const&>) {
                where->push_back(text);
                return true;
            } else {
                return convert(text, *where);
            }
        },
        target);
}

std::string_view expectation(const ValueTarget& target) {
    const bool number =
        std::holds_alternative<int*>(target) || std::holds_alternative<std::optional<int>*>(target);
    return number ? "not a whole number in range" : "not usable";
}

[[noreturn]] void refuse(const OptionSpec& option, std::string_view value, std::string_view why) {
    throw Error(ErrorKind::usage, "invalid argument {} for \"{}\" flag: {}", quoted(value),
                option.display_name(), why);
}

}  // namespace

void store_values(const std::vector<Occurrence>& occurrences) {
    if (occurrences.empty()) return;
    CLI::App app;
    app.set_help_flag();
    std::vector<std::string> words;
    std::vector<const OptionSpec*> declared;
    for (const Occurrence& occurrence : occurrences) {
        const OptionSpec& option = *occurrence.option;
        const std::string name = "--" + std::string(option.long_name);
        if (std::find(declared.begin(), declared.end(), &option) == declared.end()) {
            declared.push_back(&option);
            app.add_option(name,
                           [&option](const CLI::results_t& values) {
                               // One value per call (trigger_on_parse); CLI11 may add words of its
                               // own behind it.
                               const std::string& value = values.front();
                               try {
                                   if (!store(option.target, value))
                                       refuse(option, value, expectation(option.target));
                               } catch (const Error& error) {
                                   if (error.kind() != ErrorKind::invalid) throw;
                                   refuse(option, value, error.message());
                               }
                               return true;
                           })
                ->expected(1)
                ->trigger_on_parse();
        }
        words.push_back(name);
        words.push_back(occurrence.value);
    }
    std::reverse(words.begin(), words.end());  // CLI11's vector form is read from its end
    app.parse(std::move(words));
}

}  // namespace skiff::cli
