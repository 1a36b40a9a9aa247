// SPDX-License-Identifier: Apache-2.0
// What a command is: options declared once, from which parsing, --help, completion and the man page
// come.
//
// A command is one small file (src/cli/commands/…):
//
//     struct PauseOptions { std::vector<std::string> containers; bool all = false; };
//     void declare(CommandBuilder& command, PauseOptions& options) {
//         command.flag("-a,--all", options.all, "Pause every running container");
//         command.arguments("CONTAINER", options.containers, complete::words("web db"));
//     }
//     ExitCode run(engine::Engine& engine, const PauseOptions& options) { … }
//     Command pause_command() { return make_command<PauseOptions>(declare, run); }
//
// and one row in commands.cc, which has its names and its summary. Only the chosen command is ever
// declared.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/exit_code.h"
#include "engine/engine.h"

namespace skiff::cli {

/// What the shell may offer for a value. Constants of static life time.
struct Completer {
    enum class Kind { none, files, directories, words, commands, ask };
    Kind kind = Kind::none;
    std::string_view choices = {};  ///< Kind::words: separated by blanks
    /// Kind::ask: what exists now (containers, images); must not throw and must not create
    /// anything.
    std::vector<std::string> (*ask)(const engine::EngineOptions& options) = nullptr;
};
namespace complete {
inline constexpr Completer none{};
inline constexpr Completer files{.kind = Completer::Kind::files};
inline constexpr Completer directories{.kind = Completer::Kind::directories};
inline constexpr Completer commands{.kind = Completer::Kind::commands};
constexpr Completer words(std::string_view choices) {
    return {.kind = Completer::Kind::words, .choices = choices};
}
}  // namespace complete

/// Takes one value of an option as typed; throws Error to refuse it.
using ValueParser = std::function<void(std::string_view value)>;

/// Where a value goes. Plain targets take the last occurrence, vectors all of them in order.
using ValueTarget =
    std::variant<bool*, std::optional<bool>*, int*, std::string*, std::optional<int>*,
                 std::optional<std::string>*, std::vector<std::string>*, ValueParser>;

struct OptionSpec {
    char short_name = '\0';
    std::string_view long_name = {};
    std::string_view other_long_name = {};  ///< an alias that works but is not shown
    ValueTarget target;
    std::string_view value_name;  ///< "" for flags
    std::string_view text;
    Completer completer;
    std::string default_text = {};  ///< what the target held when it was declared; "" for nothing

    bool is_flag() const {
        return std::holds_alternative<bool*>(target) ||
               std::holds_alternative<std::optional<bool>*>(target);
    }
    /// "-e, --env", as pflag names an option in messages.
    std::string display_name() const;
};

struct ArgumentSpec {
    std::string_view name;  ///< upper case
    std::variant<std::string*, std::vector<std::string>*> target;
    bool required = true;
    Completer completer;
    /// Required unless this says otherwise, asked once the options are known. Null: never.
    std::function<bool()> dispensable = nullptr;
    bool is_required() const { return required && (!dispensable || !dispensable()); }
    bool is_list() const { return std::holds_alternative<std::vector<std::string>*>(target); }
};

/// A flag that Docker's command of this name has and skiff has not: refused by name, never ignored.
struct UnsupportedFlag {
    std::string_view long_name;
    char short_name = '\0';
};

/// Collects the declaration of one command. All texts must be literals (static life time); targets
/// must outlive the builder. Texts begin with a capital letter and end without a full stop.
class CommandBuilder {
  public:
    /// `names` is "-a,--all", "--all" or, with an unshown alias, "--network,--net".
    void flag(std::string_view names, bool& target, std::string_view text);
    /// One that means something else when it is not given.
    void flag(std::string_view names, std::optional<bool>& target, std::string_view text);
    /// `value_name` as Docker's help shows it: string, list, int, file …
    /// A default (a value the target has already) is shown in the help.
    template <typename T>
    void option(std::string_view names, T& target, std::string_view value_name,
                std::string_view text, Completer completer = complete::none) {
        add(names, ValueTarget{&target}, value_name, text, completer);
    }
    /// An option whose values are checked and stored by `parser`, called once per occurrence, in
    /// order.
    void parsed(std::string_view names, ValueParser parser, std::string_view value_name,
                std::string_view text, Completer completer = complete::none) {
        add(names, std::move(parser), value_name, text, completer);
    }
    /// Flags that are refused with "… is not supported by this version of skiff".
    void unsupported(std::span<const UnsupportedFlag> flags) { unsupported_ = flags; }

    // Arguments, in the order of the command line; a list comes last.
    /// `dispensable`: an option that was given makes it unnecessary.
    void argument(std::string_view name, std::string& target, Completer completer = complete::none,
                  std::function<bool()> dispensable = nullptr);
    void optional_argument(std::string_view name, std::string& target,
                           Completer completer = complete::none);
    /// NAME [NAME...]
    void arguments(std::string_view name, std::vector<std::string>& target,
                   Completer completer = complete::none,
                   std::function<bool()> dispensable = nullptr);
    /// [NAME...]
    void optional_arguments(std::string_view name, std::vector<std::string>& target,
                            Completer completer = complete::none);
    /// [COMMAND] [ARG...]: options end at the first argument, the rest is a program's.
    void program(std::vector<std::string>& target, bool required = false);
    /// [WORD...] as they are: nothing is read as an option.
    void raw_words(std::vector<std::string>& target);
    /// Options end at the first argument.
    void options_first() { options_first_ = true; }
    /// Replaces the part after [OPTIONS] of the usage line, where it does not follow from the
    /// arguments.
    void usage(std::string_view text) { usage_ = text; }

    const std::vector<OptionSpec>& options() const { return options_; }
    const std::vector<ArgumentSpec>& argument_specs() const { return arguments_; }
    std::span<const UnsupportedFlag> unsupported_flags() const { return unsupported_; }
    bool has_options_first() const { return options_first_; }
    bool has_raw_words() const { return raw_words_; }
    /// "[OPTIONS] IMAGE [COMMAND] [ARG...]"
    std::string usage_text() const;

    const OptionSpec* find(std::string_view long_name) const;
    const OptionSpec* find(char short_name) const;

  private:
    void add(std::string_view names, ValueTarget target, std::string_view value_name,
             std::string_view text, Completer completer);

    std::vector<OptionSpec> options_;
    std::vector<ArgumentSpec> arguments_;
    std::span<const UnsupportedFlag> unsupported_;
    std::string_view usage_;
    bool options_first_ = false;
    bool raw_words_ = false;
};

/// A command's options together with what it does.
class CommandBody {
  public:
    virtual ~CommandBody() = default;
    virtual void declare(CommandBuilder& builder) = 0;
    /// Called once the declared targets are filled. Throws Error.
    virtual ExitCode run(const engine::EngineOptions& engine_options) = 0;
};
using Command = std::unique_ptr<CommandBody>;

/// Before every command that has to do with containers or images. Throws what is wrong with the
/// configuration file: whoever misspelt a name or a switch in it hears of it from every command,
/// not only from the one that asks for the switch. Refuses a store of a newer skiff. Starts again
/// what a restart policy wants running.
void prepare(engine::Engine& engine);

/// `run` is `ExitCode(engine::Engine&, const Options&)`, or `ExitCode(const Options&)` for a
/// command that needs neither store nor run directory.
template <typename Options, typename Declare, typename Run>
Command make_command(Declare declare, Run run) {
    struct Body final : CommandBody {
        Body(Declare d, Run r) : declare_(d), run_(r) {}
        void declare(CommandBuilder& builder) override { declare_(builder, options_); }
        ExitCode run(const engine::EngineOptions& engine_options) override {
            if constexpr (std::is_invocable_v<Run, const Options&>) {
                return run_(options_);
            } else {
                engine::Engine engine(engine_options);
                prepare(engine);
                return run_(engine, options_);
            }
        }
        Options options_;
        Declare declare_;
        Run run_;
    };
    return std::make_unique<Body>(declare, run);
}

}  // namespace skiff::cli
