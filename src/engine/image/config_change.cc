// SPDX-License-Identifier: Apache-2.0
#include "engine/image/config_change.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "engine/image/dockerfile_words.h"

namespace skiff::engine {
namespace {

using oci::ImageConfig;
using Words = std::vector<std::string>;

Words words_of(std::string_view arguments, const ImageConfig& config) {
    Words words = dockerfile_words(arguments, config.config.environment);
    if (words.empty()) throw Error(ErrorKind::invalid, std::string("arguments are missing"));
    return words;
}

std::string one_word(std::string_view arguments, const ImageConfig& config) {
    Words words = words_of(arguments, config);
    if (words.size() != 1)
        throw Error(ErrorKind::invalid, "one argument is expected, not {}", words.size());
    return std::move(words.front());
}

/// The exec form as it is, the shell form through the image's shell.
Words command_of(std::string_view arguments, const ImageConfig& config) {
    if (std::optional<Words> words = json_words(arguments)) return *std::move(words);
    if (arguments.empty()) return {};
    Words command = config.opaque.shell.empty() ? Words{"/bin/sh", "-c"} : config.opaque.shell;
    command.emplace_back(arguments);
    return command;
}

void set_variable(Words& environment, const std::string& key, const std::string& value) {
    const std::string entry = key + "=" + value;
    const auto same = std::ranges::find_if(
        environment, [&](const std::string& e) { return e.starts_with(key + "="); });
    if (same == environment.end())
        environment.push_back(entry);
    else
        *same = entry;
}

struct Pair {
    std::string key;
    std::string value;
};

/// "K=V K=V …" or the old form "K everything else".
std::vector<Pair> pairs_of(std::string_view arguments, const ImageConfig& config) {
    const size_t blank = arguments.find_first_of(" \t");
    const std::string_view first = arguments.substr(0, blank);
    if (first.find('=') == std::string_view::npos) {
        if (blank == std::string_view::npos)
            throw Error(ErrorKind::invalid, "{} has no value", skiff::quoted(first));
        const Words key = words_of(first, config);
        const Words value =
            dockerfile_words(trim(arguments.substr(blank)), config.config.environment);
        return {{key.front(), join(value, " ")}};
    }
    std::vector<Pair> pairs;
    for (const std::string& word : words_of(arguments, config)) {
        const Cut parts = cut(word, '=');
        if (!parts.found)
            throw Error(ErrorKind::invalid, "{} is not of the form NAME=VALUE",
                        skiff::quoted(word));
        if (parts.before.empty())
            throw Error(ErrorKind::invalid, std::string("names can not be blank"));
        pairs.push_back({std::string(parts.before), std::string(parts.after)});
    }
    return pairs;
}

void apply_env(std::string_view arguments, ImageConfig& config) {
    for (const Pair& pair : pairs_of(arguments, config))
        set_variable(config.config.environment, pair.key, pair.value);
}

void apply_label(std::string_view arguments, ImageConfig& config) {
    for (Pair& pair : pairs_of(arguments, config))
        config.opaque.labels[pair.key] = std::move(pair.value);
}

void apply_cmd(std::string_view arguments, ImageConfig& config) {
    config.config.command = command_of(arguments, config);
}

void apply_entrypoint(std::string_view arguments, ImageConfig& config) {
    config.config.entrypoint = command_of(arguments, config);
}

void apply_user(std::string_view arguments, ImageConfig& config) {
    config.config.user = one_word(arguments, config);
}

void apply_workdir(std::string_view arguments, ImageConfig& config) {
    const std::string path = one_word(arguments, config);
    const std::string& base = config.config.working_directory;
    config.config.working_directory =
        path.starts_with('/') ? path : (base == "/" ? "" : base) + "/" + path;
}

void apply_stop_signal(std::string_view arguments, ImageConfig& config) {
    const std::string signal = one_word(arguments, config);
    const bool is_word = std::ranges::all_of(to_upper(signal), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-';
    });
    if (!is_word) throw Error(ErrorKind::invalid, "invalid signal {}", skiff::quoted(signal));
    config.config.stop_signal = signal;
}

void apply_volume(std::string_view arguments, ImageConfig& config) {
    const std::optional<Words> list = json_words(arguments);
    for (const std::string& path : list ? *list : words_of(arguments, config)) {
        if (trim(path).empty())
            throw Error(ErrorKind::invalid, std::string("a volume's path can not be empty"));
        config.config.volumes.insert(path);
    }
}

/// "80", "80/udp", "8000-8010/tcp".
void apply_expose(std::string_view arguments, ImageConfig& config) {
    constexpr int max_port = 65535;
    for (const std::string& word : words_of(arguments, config)) {
        const Cut parts = cut(word, '/');
        const std::string protocol = parts.found ? to_lower(parts.after) : "tcp";
        const Cut range = cut(parts.before, '-');
        const auto first = parse_number<int>(range.before);
        const auto last = range.found ? parse_number<int>(range.after) : first;
        if (!first || !last || *first < 1 || *last < *first || *last > max_port ||
            (protocol != "tcp" && protocol != "udp" && protocol != "sctp"))
            throw Error(ErrorKind::invalid, "invalid containerPort: {}", word);
        for (int port = *first; port <= *last; ++port)
            config.config.exposed_ports.insert(std::to_string(port) + "/" + protocol);
    }
}

std::chrono::nanoseconds duration_of(std::string_view option, std::string_view value) {
    const std::optional<long long> count = parse_go_duration(value);
    // As Docker: what is shorter than the resolution of its timers is a mistake.
    if (!count || (*count != 0 && *count < 1'000'000))
        throw Error(ErrorKind::invalid, "invalid duration {} of {}", skiff::quoted(value), option);
    return std::chrono::nanoseconds(*count);
}

void apply_healthcheck(std::string_view arguments, ImageConfig& config) {
    oci::Healthcheck check;
    while (arguments.starts_with("--")) {
        const size_t end = std::min(arguments.find_first_of(" \t"), arguments.size());
        const Cut option = cut(arguments.substr(0, end), '=');
        if (option.before == "--interval") {
            check.interval = duration_of(option.before, option.after);
        } else if (option.before == "--timeout") {
            check.timeout = duration_of(option.before, option.after);
        } else if (option.before == "--start-period") {
            check.start_period = duration_of(option.before, option.after);
        } else if (option.before == "--start-interval") {
            check.start_interval = duration_of(option.before, option.after);
        } else if (option.before == "--retries") {
            const auto count = parse_number<int>(option.after);
            if (!count || *count < 1)
                throw Error(ErrorKind::invalid, "--retries must be at least 1 (not {})",
                            skiff::quoted(option.after));
            check.retries = *count;
        } else {
            throw Error(ErrorKind::invalid, "unknown flag: {}", option.before);
        }
        arguments = trim(arguments.substr(end));
    }
    const size_t end = std::min(arguments.find_first_of(" \t"), arguments.size());
    const std::string kind = to_upper(arguments.substr(0, end));
    const std::string_view rest = trim(arguments.substr(end));
    if (kind == "NONE" && rest.empty()) {
        check = {};
        check.test = {"NONE"};
    } else if (kind == "CMD" && !rest.empty()) {
        if (const std::optional<Words> words = json_words(rest)) {
            check.test = {"CMD"};
            check.test.insert(check.test.end(), words->begin(), words->end());
        } else {
            check.test = {"CMD-SHELL", std::string(rest)};
        }
    } else {
        throw Error(ErrorKind::invalid, std::string("expected CMD and a command, or NONE"));
    }
    config.config.healthcheck = std::move(check);
}

void apply_on_build(std::string_view arguments, ImageConfig& config) {
    const std::string keyword = to_upper(arguments.substr(0, arguments.find_first_of(" \t")));
    if (keyword.empty() || keyword == "ONBUILD" || keyword == "FROM" || keyword == "MAINTAINER")
        throw Error(ErrorKind::invalid, "{} is not allowed here",
                    keyword.empty() ? "nothing" : keyword);
    config.opaque.on_build.emplace_back(arguments);
}

struct Instruction {
    std::string_view keyword;
    void (*apply)(std::string_view arguments, ImageConfig& config);
};
constexpr std::array instructions = {Instruction{"CMD", apply_cmd},
                                     Instruction{"ENTRYPOINT", apply_entrypoint},
                                     Instruction{"ENV", apply_env},
                                     Instruction{"EXPOSE", apply_expose},
                                     Instruction{"HEALTHCHECK", apply_healthcheck},
                                     Instruction{"LABEL", apply_label},
                                     Instruction{"ONBUILD", apply_on_build},
                                     Instruction{"STOPSIGNAL", apply_stop_signal},
                                     Instruction{"USER", apply_user},
                                     Instruction{"VOLUME", apply_volume},
                                     Instruction{"WORKDIR", apply_workdir}};

}  // namespace

void apply_change(std::string_view instruction, ImageConfig& config) {
    const std::string_view line = trim(instruction);
    const size_t end = std::min(line.find_first_of(" \t"), line.size());
    const std::string keyword = to_upper(line.substr(0, end));
    const auto found = std::ranges::find(instructions, keyword, &Instruction::keyword);
    if (found == instructions.end())
        throw Error(ErrorKind::invalid, "{} is not a valid change command", skiff::quoted(keyword));
    with_context([&] { found->apply(trim(line.substr(end)), config); }, "--change {}", keyword);
}

}  // namespace skiff::engine
