// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/parse_instruction.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/duration.h"
#include "base/error.h"
#include "base/near_word.h"
#include "base/text.h"
#include "dockerfile/flags.h"
#include "dockerfile/remote_source.h"
#include "dockerfile/run_mount_fields.h"

namespace skiff::dockerfile {
namespace {

using Words = std::vector<std::string>;

[[noreturn]] void fail(std::string message) {
    throw Error(ErrorKind::invalid, std::move(message));
}
[[noreturn]] void fail_without_arguments(std::string_view keyword) {
    fail(fmt::format("{} requires at least one argument", keyword));
}

/// Flags and the arguments behind them.
struct Split {
    Flags flags;
    std::string_view arguments;
};

Split split_flags(Statement& statement) {
    std::string_view rest = statement.arguments;
    std::vector<Flag> flags = take_flags(rest);
    return {Flags(std::move(flags), statement.culprit), rest};
}

/// For instructions without flags.
std::string_view plain_arguments(Statement& statement) {
    const Split split = split_flags(statement);
    split.flags.check_all_known();
    return split.arguments;
}

std::string one_argument(Statement& statement, std::string_view keyword) {
    const std::string_view arguments = plain_arguments(statement);
    if (arguments.empty()) fail(fmt::format("{} requires exactly one argument", keyword));
    return std::string(arguments);
}

Command command_of(std::string_view arguments) {
    if (auto words = json_list(arguments)) return {.words = *std::move(words), .exec_form = true};
    return {.words = {std::string(arguments)}, .exec_form = false};
}

Command command_argument(Statement& statement, std::string_view keyword) {
    const std::string_view arguments = plain_arguments(statement);
    if (arguments.empty()) fail_without_arguments(keyword);
    return command_of(arguments);
}

Words list_of(std::string_view arguments) {
    if (auto words = json_list(arguments)) return *std::move(words);
    return blank_separated(arguments);
}

/// "K=V K=V …", or the old form "K the rest".
std::vector<KeyValue> pairs_of(Statement& statement, std::string_view keyword) {
    const std::string_view arguments = plain_arguments(statement);
    if (arguments.empty()) fail_without_arguments(keyword);
    const Words words = quoted_words(arguments, statement.escape);
    std::vector<KeyValue> pairs;
    if (words.empty() || words[0].find('=') == std::string::npos) {
        const auto end = std::ranges::find_if(arguments, is_blank);
        const std::string_view key(arguments.begin(), end);
        if (key.size() == arguments.size())
            fail(fmt::format("{} must have two arguments", keyword));
        return {{std::string(key), std::string(trim(arguments.substr(key.size())))}};
    }
    for (const std::string& word : words) {
        const Cut parts = cut(word, '=');
        statement.culprit = word;
        if (!parts.found)
            fail(fmt::format("Syntax error - can't find = in {}. Must be of the form: name=value",
                             quoted(word)));
        if (parts.before.empty()) fail(fmt::format("{} names can not be blank", keyword));
        pairs.push_back({std::string(parts.before), std::string(parts.after)});
    }
    statement.culprit.clear();
    return pairs;
}

bool is_stage_name(std::string_view name) {
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto is_symbol = [](char c) {
        return (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    };
    return !name.empty() && is_letter(name[0]) &&
           std::ranges::all_of(name, [&](char c) { return is_letter(c) || is_symbol(c); });
}

From parse_from(Statement& statement) {
    Split split = split_flags(statement);
    From from;
    from.platform = split.flags.text("platform");
    split.flags.check_all_known();
    const Words words = blank_separated(split.arguments);
    const bool has_name = words.size() == 3 && to_upper(words[1]) == "AS";
    if (words.size() != 1 && !has_name) fail("FROM requires either one or three arguments");
    from.image = words[0];
    if (!has_name) return from;
    from.name = to_lower(words[2]);
    if (!is_stage_name(from.name)) {
        statement.culprit = words[2];
        fail(
            fmt::format("invalid name for build stage: {}, name can't start with a number or "
                        "contain symbols",
                        quoted(words[2])));
    }
    return from;
}

InstructionBody parse_run(Statement& statement) {
    Split split = split_flags(statement);
    Run run;
    for (const std::string& mount : split.flags.list("mount")) {
        check_run_mount(mount);
        run.mounts.push_back(mount);
    }
    const std::string network = split.flags.text("network");
    if (network == "none") {
        run.network = Run::Network::none;
    } else if (network == "host") {
        run.network = Run::Network::host;
    } else if (!network.empty() && network != "default") {
        fail(fmt::format("network mode {} is not supported: it is default, none or host",
                         quoted(network)));
    }
    split.flags.not_yet("security");
    split.flags.not_yet("device");
    split.flags.check_all_known();
    if (split.arguments.empty()) fail_without_arguments("RUN");
    run.command = command_of(split.arguments);
    if (run.command.words.empty()) fail_without_arguments("RUN");
    run.heredocs = statement.heredocs;
    return run;
}

InstructionBody parse_copy(Statement& statement, bool is_add) {
    Split split = split_flags(statement);
    Copy copy;
    copy.is_add = is_add;
    if (!is_add) copy.from = split.flags.text("from");
    if (copy.from.find('$') != std::string::npos)
        fail(
            "variable expansion is not supported for --from, define a new stage with FROM using "
            "ARG from global scope as a workaround");
    copy.chown = split.flags.text("chown");
    copy.chmod = split.flags.text("chmod");
    copy.link = split.flags.truth("link");
    copy.exclude = split.flags.list("exclude");
    if (is_add) {
        copy.checksum = split.flags.text("checksum");
        copy.unpack = split.flags.find_truth("unpack");
        copy.keep_git = split.flags.truth("keep-git-dir");
    } else {
        copy.parents = split.flags.truth("parents");
    }
    split.flags.check_all_known();
    const std::string_view keyword = is_add ? "ADD" : "COPY";
    const std::optional<Words> json = json_list(split.arguments);
    Words words = json ? *json : blank_separated(split.arguments);
    if (words.size() < 2)
        fail(
            fmt::format("{} requires at least two arguments, but only {} was provided. "
                        "Destination could not be determined",
                        keyword, words.empty() ? "none" : "one"));
    copy.destination = std::move(words.back());
    words.pop_back();
    if (json) {
        copy.sources = std::move(words);
        if (is_add) std::ranges::for_each(copy.sources, check_remote_source);
        return copy;
    }
    if (find_heredoc(copy.destination))
        fail(fmt::format("{} cannot accept a heredoc as a destination", keyword));
    for (std::string& word : words)
        if (!find_heredoc(word)) copy.sources.push_back(std::move(word));
    copy.heredocs = statement.heredocs;
    if (is_add) {
        for (const std::string& source : copy.sources) {
            statement.culprit = source;
            check_remote_source(source);
        }
        statement.culprit.clear();
    }
    return copy;
}

InstructionBody parse_shell(Statement& statement) {
    const std::string_view arguments = plain_arguments(statement);
    const std::optional<Words> words = json_list(arguments);
    if (!words)
        fail(fmt::format("SHELL requires the arguments to be in JSON form{}",
                         arguments.empty() ? "" : ": SHELL [\"/bin/sh\", \"-c\"]"));
    if (words->empty()) fail_without_arguments("SHELL");
    return Shell{*words};
}

InstructionBody parse_expose(Statement& statement) {
    Expose expose{blank_separated(plain_arguments(statement))};
    if (expose.ports.empty()) fail_without_arguments("EXPOSE");
    return expose;
}

InstructionBody parse_volume(Statement& statement) {
    Volume volume{list_of(plain_arguments(statement))};
    if (volume.paths.empty()) fail_without_arguments("VOLUME");
    for (std::string& path : volume.paths) {
        path = std::string(trim(path));
        if (path.empty()) fail("VOLUME specified can not be an empty string");
    }
    return volume;
}

InstructionBody parse_arg(Statement& statement) {
    Arg arg;
    for (const std::string& word : quoted_words(plain_arguments(statement), statement.escape)) {
        const Cut parts = cut(word, '=');
        if (parts.before.empty()) fail("ARG names can not be blank");
        Arg::Argument argument{std::string(parts.before), std::nullopt};
        if (parts.found) argument.value = std::string(parts.after);
        arg.arguments.push_back(std::move(argument));
    }
    if (arg.arguments.empty()) fail_without_arguments("ARG");
    return arg;
}

std::chrono::nanoseconds interval_of(Flags& flags, std::string_view name) {
    const std::string text = flags.text(name);
    if (text.empty()) return {};
    const std::chrono::nanoseconds duration = parse_duration(text);
    if (duration.count() != 0 && duration < std::chrono::milliseconds(1))
        fail(fmt::format("Interval {} cannot be less than 1ms", quoted(name)));
    return duration;
}

InstructionBody parse_healthcheck(Statement& statement) {
    Split split = split_flags(statement);
    HealthCheck check;
    check.interval = interval_of(split.flags, "interval");
    check.timeout = interval_of(split.flags, "timeout");
    check.start_period = interval_of(split.flags, "start-period");
    check.start_interval = interval_of(split.flags, "start-interval");
    const std::string retries = split.flags.text("retries");
    if (!retries.empty()) {
        const auto count = parse_number<int>(retries);
        if (!count) fail(fmt::format("--retries: {} is not a number", quoted(retries)));
        if (*count < 0) fail(fmt::format("--retries cannot be negative ({})", *count));
        check.retries = *count;
    }
    split.flags.check_all_known();
    if (split.arguments.empty()) fail_without_arguments("HEALTHCHECK");
    const auto end = std::ranges::find_if(split.arguments, is_blank);
    const std::string_view word(split.arguments.begin(), end);
    const std::string_view rest = trim(split.arguments.substr(word.size()));
    const std::string kind = to_upper(word);
    if (kind == "NONE") {
        if (!rest.empty() || check != HealthCheck{}) fail("HEALTHCHECK NONE takes no arguments");
        check.test = {"NONE"};
        return check;
    }
    statement.culprit = word;
    if (kind != "CMD") fail(fmt::format("Unknown type {} in HEALTHCHECK (try CMD)", quoted(kind)));
    const Command command = command_of(rest);
    if (rest.empty() || command.words.empty()) fail("Missing command after HEALTHCHECK CMD");
    check.test = {command.exec_form ? "CMD" : "CMD-SHELL"};
    check.test.insert(check.test.end(), command.words.begin(), command.words.end());
    return check;
}

InstructionBody parse_on_build(Statement& statement) {
    const std::string_view arguments = plain_arguments(statement);
    if (arguments.empty()) fail_without_arguments("ONBUILD");
    Statement trigger = statement_of(arguments, statement.escape);
    trigger.heredocs = statement.heredocs;
    const std::string keyword = to_upper(trigger.keyword);
    statement.culprit = trigger.keyword;
    if (keyword == "ONBUILD") fail("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (keyword == "FROM" || keyword == "MAINTAINER")
        fail(fmt::format("{} isn't allowed as an ONBUILD trigger", keyword));
    // What cannot run later is better known now.
    try {
        parse_body(trigger);
    } catch (const Error&) {
        if (!trigger.culprit.empty()) statement.culprit = trigger.culprit;
        throw;
    }
    statement.culprit.clear();
    OnBuild on_build{std::string(arguments)};
    for (const Heredoc& document : statement.heredocs)
        on_build.trigger += "\n" + document.raw_content + document.name;
    return on_build;
}

struct Parser {
    std::string_view keyword;
    ParsedBody (*parse)(Statement& statement);
};
constexpr std::array parsers = {
    Parser{"ADD", [](Statement& s) -> ParsedBody { return parse_copy(s, true); }},
    Parser{"ARG", [](Statement& s) -> ParsedBody { return parse_arg(s); }},
    Parser{"CMD",
           [](Statement& s) -> ParsedBody {
               return InstructionBody(Cmd{command_argument(s, "CMD")});
           }},
    Parser{"COPY", [](Statement& s) -> ParsedBody { return parse_copy(s, false); }},
    Parser{"ENTRYPOINT",
           [](Statement& s) -> ParsedBody {
               return InstructionBody(Entrypoint{command_argument(s, "ENTRYPOINT")});
           }},
    Parser{"ENV",
           [](Statement& s) -> ParsedBody { return InstructionBody(Env{pairs_of(s, "ENV")}); }},
    Parser{"EXPOSE", [](Statement& s) -> ParsedBody { return parse_expose(s); }},
    Parser{"FROM", [](Statement& s) -> ParsedBody { return parse_from(s); }},
    Parser{"HEALTHCHECK", [](Statement& s) -> ParsedBody { return parse_healthcheck(s); }},
    Parser{"LABEL",
           [](Statement& s) -> ParsedBody { return InstructionBody(Label{pairs_of(s, "LABEL")}); }},
    Parser{"MAINTAINER",
           [](Statement& s) -> ParsedBody {
               return InstructionBody(Maintainer{one_argument(s, "MAINTAINER")});
           }},
    Parser{"ONBUILD", [](Statement& s) -> ParsedBody { return parse_on_build(s); }},
    Parser{"RUN", [](Statement& s) -> ParsedBody { return parse_run(s); }},
    Parser{"SHELL", [](Statement& s) -> ParsedBody { return parse_shell(s); }},
    Parser{"STOPSIGNAL",
           [](Statement& s) -> ParsedBody {
               return InstructionBody(StopSignal{one_argument(s, "STOPSIGNAL")});
           }},
    Parser{
        "USER",
        [](Statement& s) -> ParsedBody { return InstructionBody(User{one_argument(s, "USER")}); }},
    Parser{"VOLUME", [](Statement& s) -> ParsedBody { return parse_volume(s); }},
    Parser{"WORKDIR", [](Statement& s) -> ParsedBody {
               return InstructionBody(WorkDir{one_argument(s, "WORKDIR")});
           }}};

[[noreturn]] void fail_unknown(std::string_view keyword) {
    std::array<std::string_view, parsers.size()> known;
    std::ranges::transform(parsers, known.begin(), &Parser::keyword);
    const std::string_view near = near_word(to_upper(keyword.substr(0, 40)), known);
    const std::string hint = near.empty() ? "" : fmt::format(" (did you mean {}?)", near);
    fail(fmt::format("unknown instruction: {}{}", printable(keyword.substr(0, 200)), hint));
}

}  // namespace

Statement statement_of(std::string_view line, char escape) {
    line = trim(line);
    const auto end = std::ranges::find_if(line, is_blank);
    Statement statement;
    statement.keyword = std::string(line.begin(), end);
    statement.arguments = trim(line.substr(statement.keyword.size()));
    statement.escape = escape;
    return statement;
}

std::vector<HeredocMark> heredocs_of(const Statement& statement) {
    std::string keyword = to_upper(statement.keyword);
    std::string_view arguments = statement.arguments;
    if (keyword == "ONBUILD") {
        const Statement trigger = statement_of(arguments, statement.escape);
        keyword = to_upper(trigger.keyword);
        arguments = trigger.arguments;
    }
    if (keyword != "RUN" && keyword != "COPY" && keyword != "ADD") return {};
    take_flags(arguments);
    std::optional<Words> list;
    try {
        list = json_list(arguments);
    } catch (const Error&) {
        return {};  // parse_body says it
    }
    return list ? std::vector<HeredocMark>{} : heredoc_marks(arguments);
}

ParsedBody parse_body(Statement& statement) {
    const auto parser = std::ranges::find(parsers, to_upper(statement.keyword), &Parser::keyword);
    if (parser == parsers.end()) {
        statement.culprit = statement.keyword;
        fail_unknown(statement.keyword);
    }
    return parser->parse(statement);
}

std::string display_text(const Statement& statement) {
    std::string text = to_upper(statement.keyword);
    if (!statement.arguments.empty()) text += " " + std::string(statement.arguments);
    return text;
}

}  // namespace skiff::dockerfile
