// SPDX-License-Identifier: Apache-2.0
#include "cli/main.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

using Words = std::span<const std::string_view>;

/// What is wrong with the command line, how the command is used, and where to read more.
ExitCode explain_usage(std::string_view message, std::string_view path, std::string_view usage,
                       ExitCode code) {
    print_error(Error(ErrorKind::usage, std::string(message)));
    print_for_people(fmt::format("\n{}\n\nRun '{} --help' for more information\n", usage, path));
    return code;
}

/// Commands of Docker and podman that are still to come: not mistyped, and not like another one.
bool is_still_to_come(std::string_view group, std::string_view word) {
    constexpr std::array everywhere{"cp", "diff", "events", "stats"};
    constexpr std::array top{"compose", "context", "kube", "network", "plugin", "pod"};
    const bool takes_containers = group.empty() || group == "container" || group == "system";
    return (takes_containers && std::ranges::count(everywhere, word) != 0) ||
           (group.empty() && std::ranges::count(top, word) != 0) ||
           (group == "system" && word == "prune");
}

ExitCode explain_unknown(Words words, const ResolvedCommand& resolved) {
    std::string path = resolved.group == nullptr ? "skiff" : resolved.path;
    const std::string_view word = words[resolved.words];
    if (is_still_to_come(resolved.group == nullptr ? "" : resolved.group->name, word)) {
        print_error(Error(ErrorKind::usage, "'{} {}' is not supported by this version of skiff",
                          path, word));
        return ExitCode::wrong_arguments;
    }
    const std::string_view group = resolved.group == nullptr ? "" : resolved.group->name;
    print_error(Error(ErrorKind::usage, "unknown command: {} {}", path, word));
    if (const std::string_view near = nearest_name(word, group); !near.empty())
        print_for_people(fmt::format("\nDid you mean '{} {}'?\n", path, near));
    print_for_people(fmt::format("\nRun '{} --help' for more information\n", path));
    return ExitCode::wrong_arguments;
}

/// `skiff image`, `skiff image --help`, `skiff image nosuch`.
ExitCode run_group(Words words, const ResolvedCommand& resolved) {
    const Words rest = words.subspan(resolved.words);
    if (rest.empty() || rest[0] == "--help" || rest[0] == "-h") {
        print(group_help(*resolved.group));
        return ExitCode::ok;
    }
    if (rest[0].starts_with("-")) {
        const std::string usage = fmt::format("Usage:  {} COMMAND", resolved.path);
        return explain_usage(fmt::format("unknown flag: {}", rest[0]), resolved.path, usage,
                             ExitCode::failure);
    }
    return explain_unknown(words, resolved);
}

ExitCode run_command(Words words, const ResolvedCommand& resolved,
                     const engine::EngineOptions& engine_options) {
    const Command command = resolved.row->make();
    CommandBuilder builder;
    command->declare(builder);
    try {
        CommandWords parsed = read_words(builder, words.subspan(resolved.words));
        store_values(parsed.options);
        if (parsed.help) {
            print(command_help(*resolved.row, resolved.path, builder));
            return ExitCode::ok;
        }
        const std::string wrong = store_arguments(builder, std::move(parsed.arguments));
        if (!wrong.empty()) {
            return explain_usage(fmt::format("'{}' {}", resolved.path, wrong), resolved.path,
                                 usage_line(resolved.path, builder), ExitCode::wrong_arguments);
        }
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::usage) throw;
        return explain_usage(error.message(), resolved.path, usage_line(resolved.path, builder),
                             ExitCode::failure);
    }
    return command->run(engine_options);
}

void take_environment(engine::EngineOptions& options) {
    const auto take = [](const char* name, std::optional<std::string>& target) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value != '\0') target = value;
    };
    take("SKIFF_ROOT", options.root);
    take("SKIFF_RUNROOT", options.run_root);
    take("SKIFF_CONFIG", options.config);
}

ExitCode run_words(Words words) {
    GlobalOptions globals;
    globals.engine.warn = print_warning;
    take_environment(globals.engine);
    if (!words.empty() && words[0].starts_with("-")) {
        CommandBuilder builder;
        declare_globals(builder, globals);
        try {
            const CommandWords parsed = read_words(builder, words);
            if (parsed.help) {
                print(top_help());
                return ExitCode::ok;
            }
            store_values(parsed.options);
            if (globals.engine.timing) globals.engine.timing_origin = monotonic_time();
            // The arguments are the last words: views of argv, not of `parsed`.
            words = words.last(parsed.arguments.size());
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::usage) throw;
            return explain_usage(error.message(), "skiff", usage_line("skiff", builder),
                                 ExitCode::failure);
        }
        if (globals.version) {
            print_line("skiff version " SKIFF_VERSION);
            return ExitCode::ok;
        }
    }
    if (words.empty()) {
        print(top_help());
        return ExitCode::ok;
    }
    const ResolvedCommand resolved = resolve_command(words);
    if (resolved.row == nullptr && resolved.group == nullptr)
        return explain_unknown(words, resolved);
    if (resolved.row == nullptr) return run_group(words, resolved);
    try {
        return run_command(words, resolved, globals.engine);
    } catch (const Error& error) {
        flush_output();
        print_error(error);
        if (error.kind() == ErrorKind::usage)
            print_for_people(
                fmt::format("\nRun '{} --help' for more information\n", resolved.path));
        return exit_code_of(error.kind(), resolved.row->exit_rules);
    }
}

}  // namespace

int cli_main(int argc, char** argv) {
    const std::vector<std::string_view> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    ExitCode code = ExitCode::failure;
    try {
        code = run_words(words);
        flush_output();
    } catch (const Error& error) {
        print_error(error);
        // A program's own failure says more than our lost output.
        if (code == ExitCode::ok) code = ExitCode::failure;
    } catch (
        const std::exception& error) {  // a library's, or no memory: a bug or a machine in distress
        print_error(Error(ErrorKind::system, "internal error: {}", error.what()));
        code = ExitCode::failure;
    }
    return static_cast<int>(code);
}

}  // namespace skiff::cli
