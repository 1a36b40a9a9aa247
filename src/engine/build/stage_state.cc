// SPDX-License-Identifier: Apache-2.0
#include "engine/build/stage_state.h"

#include <algorithm>
#include <array>

#include "base/duration.h"
#include "base/error.h"
#include "base/text.h"
#include "dockerfile/run_program.h"
#include "engine/container/mount_request.h"
#include "engine/container/spec_builder.h"

namespace skiff::engine {
namespace {

using dockerfile::KeyValue;

constexpr std::string_view search_path =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// RUN has them without an ARG, and they are no part of what a step is.
constexpr std::array proxies = {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy",
                                "FTP_PROXY",  "ftp_proxy",  "NO_PROXY",    "no_proxy",
                                "ALL_PROXY",  "all_proxy"};

std::vector<std::string> command_words(const dockerfile::Command& command,
                                       const std::vector<std::string>& shell) {
    if (command.exec_form || command.words.empty()) return command.words;
    std::vector<std::string> words = shell;
    words.push_back(command.words.front());
    return words;
}

oci::Healthcheck to_oci(const dockerfile::HealthCheck& check) {
    return {.test = check.test,
            .interval = check.interval,
            .timeout = check.timeout,
            .start_period = check.start_period,
            .start_interval = check.start_interval,
            .retries = check.retries};
}

/// As Go prints a list with %q.
std::string quoted_list(const std::vector<std::string>& words) {
    std::string text = "[";
    for (const std::string& word : words) {
        if (text.size() > 1) text += ' ';
        text += quoted(word);
    }
    return text + "]";
}

std::string pairs_text(const std::vector<KeyValue>& pairs) {
    std::string text;
    for (const KeyValue& pair : pairs) text += fmt::format(" {}={}", pair.key, pair.value);
    return text;
}

std::string health_text(const dockerfile::HealthCheck& check) {
    const auto time = [](std::chrono::nanoseconds value) { return quoted(duration_text(value)); };
    return fmt::format("HEALTHCHECK &{{{} {} {} {} {} '\\x{:02x}'}}", quoted_list(check.test),
                       time(check.interval), time(check.timeout), time(check.start_period),
                       time(check.start_interval), check.retries);
}

std::string run_text(const dockerfile::Run& run, const StageState& state) {
    // Without proxies that no ARG names: they may hold a password, and are no part of the image.
    const std::vector<std::string> values = state.argument_environment({});
    std::string text = "RUN ";
    if (!values.empty()) text += fmt::format("|{} {} ", values.size(), join(values, " "));
    const dockerfile::RunProgram program = dockerfile::run_program(run, state.shell());
    return text + join(program.argv, " ") + " # buildkit";
}

std::string copy_text(const dockerfile::Copy& copy) {
    std::string text = copy.is_add ? "ADD" : "COPY";
    for (const std::string& source : copy.sources) text += " " + source;
    for (const dockerfile::Heredoc& document : copy.heredocs) text += " <<" + document.name;
    return text + " " + copy.destination + " # buildkit";
}

std::string arg_text(const dockerfile::Arg& arg) {
    std::string text = "ARG";
    for (const auto& argument : arg.arguments)
        text += argument.value ? fmt::format(" {}={}", argument.name, *argument.value)
                               : " " + argument.name;
    return text;
}

template <typename... Visitors>
struct Overloaded : Visitors... {
    using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace

std::vector<std::string> StageState::visible() const {
    std::vector<std::string> names;
    for (const StageLayer& layer : layers) {
        if (layer.opaque) names.clear();
        names.push_back(layer.key.hex());
    }
    return names;
}

std::vector<oci::Digest> StageState::diffs() const {
    std::vector<oci::Digest> diffs;
    for (const StageLayer& layer : layers) diffs.push_back(layer.diff);
    return diffs;
}

std::string StageState::file_system_name() const {
    const std::vector<oci::Digest> chain = storage::chain_ids(diffs());
    return chain.empty() ? "scratch" : chain.back().text();
}

dockerfile::Lookup StageState::lookup() const {
    return [this](std::string_view name) -> std::optional<std::string> {
        for (const std::string& entry : config.config.environment) {
            const Cut parts = cut(entry, '=');
            if (parts.before == name) return std::string(parts.after);
        }
        for (const auto& [argument, value] : arguments_)
            if (argument == name) return value;
        return std::nullopt;
    };
}

std::vector<std::string> StageState::argument_environment(const BuildArguments& arguments) const {
    std::vector<std::string> environment;
    const auto declared = [&](std::string_view name) {
        return std::ranges::any_of(arguments_, [&](const auto& a) { return a.first == name; });
    };
    for (const auto& [name, value] : arguments_)
        if (value) environment.push_back(name + "=" + *value);
    for (const char* proxy : proxies)
        if (const auto given = arguments.given.find(proxy);
            given != arguments.given.end() && !declared(proxy))
            environment.push_back(given->first + "=" + given->second);
    return environment;
}

std::vector<std::string> StageState::run_environment(const BuildArguments& arguments) const {
    std::vector<std::string> environment = argument_environment(arguments);
    for (const std::string& entry : config.config.environment) set_variable(environment, entry);
    return environment;
}

std::string StageState::absolute(const std::string& path) const {
    if (path.starts_with('/')) return clean_path(path);
    const std::string& base = config.config.working_directory;
    return clean_path((base.empty() ? "/" : base) + "/" + path);
}

std::vector<std::string> StageState::shell() const {
    if (!config.opaque.shell.empty()) return config.opaque.shell;
    return {"/bin/sh", "-c"};
}

void StageState::set_argument(const dockerfile::Arg::Argument& argument,
                              BuildArguments& arguments) {
    std::optional<std::string> value = argument.value;
    if (!value) {
        if (const auto global = arguments.global.find(argument.name);
            global != arguments.global.end())
            value = global->second;
        else if (const auto known = arguments.predefined.find(argument.name);
                 known != arguments.predefined.end())
            value = known->second;
    }
    if (const auto given = arguments.given.find(argument.name); given != arguments.given.end()) {
        value = given->second;
        arguments.used[argument.name] = true;
    }
    const auto before =
        std::ranges::find(arguments_, argument.name, [](const auto& a) { return a.first; });
    if (before != arguments_.end()) {
        // Of a parent stage: a declaration without a value leaves it as it is.
        if (!value) value = before->second;
        arguments_.erase(before);
    }
    arguments_.emplace_back(argument.name, value);
}

void StageState::apply(const dockerfile::InstructionBody& body, BuildArguments& arguments) {
    oci::UntrustedImageConfig& runtime = config.config;
    std::visit(
        Overloaded{
            [](const dockerfile::Run&) {},
            [](const dockerfile::Copy&) {},
            [&](const dockerfile::Cmd& cmd) {
                runtime.command = command_words(cmd.command, shell());
                command_set_ = true;
            },
            [&](const dockerfile::Entrypoint& entrypoint) {
                runtime.entrypoint = command_words(entrypoint.command, shell());
                // The base image's CMD was for another entrypoint.
                if (!command_set_) runtime.command.clear();
            },
            [&](const dockerfile::Shell& shell) {
                config.opaque.shell = shell.words;
                runtime.health_shell = shell.words;
            },
            [&](const dockerfile::Env& env) {
                for (const KeyValue& pair : env.variables)
                    set_variable(runtime.environment, pair.key + "=" + pair.value);
            },
            [&](const dockerfile::Label& label) {
                for (const KeyValue& pair : label.labels)
                    config.opaque.labels[pair.key] = pair.value;
            },
            [&](const dockerfile::Expose& expose) {
                runtime.exposed_ports.insert(expose.ports.begin(), expose.ports.end());
            },
            [&](const dockerfile::Volume& volume) {
                runtime.volumes.insert(volume.paths.begin(), volume.paths.end());
            },
            [&](const dockerfile::User& user) { runtime.user = user.user; },
            [&](const dockerfile::WorkDir& directory) {
                runtime.working_directory = absolute(directory.path);
            },
            [&](const dockerfile::StopSignal& stop) { runtime.stop_signal = stop.signal; },
            [&](const dockerfile::HealthCheck& check) { runtime.healthcheck = to_oci(check); },
            [&](const dockerfile::OnBuild& trigger) {
                config.opaque.on_build.push_back(trigger.trigger);
            },
            [&](const dockerfile::Maintainer& maintainer) {
                config.opaque.author = maintainer.name;
            },
            [&](const dockerfile::Arg& arg) {
                for (const auto& argument : arg.arguments) set_argument(argument, arguments);
            },
        },
        body);
}

std::string history_text(const dockerfile::InstructionBody& body, const StageState& state) {
    return std::visit(
        Overloaded{
            [&](const dockerfile::Run& run) { return run_text(run, state); },
            [](const dockerfile::Copy& copy) { return copy_text(copy); },
            [&](const dockerfile::Cmd& cmd) {
                return "CMD " + quoted_list(command_words(cmd.command, state.shell()));
            },
            [&](const dockerfile::Entrypoint& entrypoint) {
                return "ENTRYPOINT " +
                       quoted_list(command_words(entrypoint.command, state.shell()));
            },
            [](const dockerfile::Shell& shell) {
                return fmt::format("SHELL [{}]", join(shell.words, " "));
            },
            [](const dockerfile::Env& env) { return "ENV" + pairs_text(env.variables); },
            [](const dockerfile::Label& label) { return "LABEL" + pairs_text(label.labels); },
            [](const dockerfile::Expose& expose) {
                std::vector<std::string> ports = expose.ports;
                std::ranges::sort(ports);
                for (std::string& port : ports) port += ":{}";
                return fmt::format("EXPOSE map[{}]", join(ports, " "));
            },
            [](const dockerfile::Volume& volume) {
                return fmt::format("VOLUME [{}]", join(volume.paths, " "));
            },
            [](const dockerfile::User& user) { return "USER " + user.user; },
            [&](const dockerfile::WorkDir&) {
                return "WORKDIR " + state.config.config.working_directory;
            },
            [](const dockerfile::StopSignal& stop) { return "STOPSIGNAL " + stop.signal; },
            [](const dockerfile::HealthCheck& check) { return health_text(check); },
            [](const dockerfile::OnBuild& trigger) { return "ONBUILD " + trigger.trigger; },
            [](const dockerfile::Maintainer& maintainer) {
                return "MAINTAINER " + maintainer.name;
            },
            [](const dockerfile::Arg& arg) { return arg_text(arg); },
        },
        body);
}

void StageState::add_history(const dockerfile::InstructionBody& body) {
    // Nothing was made, so there is no time of it but that of what is beside it (export.cc).
    config.history.push_back({.created = {},
                              .created_by = history_text(body, *this),
                              .author = "",
                              .comment = std::string(builder_name),
                              .empty_layer = true});
}

void StageState::add_step_history(const dockerfile::InstructionBody& body, Timestamp created,
                                  bool empty) {
    config.created = created;
    config.history.push_back({.created = created,
                              .created_by = history_text(body, *this),
                              .author = "",
                              .comment = std::string(builder_name),
                              .empty_layer = empty});
}

void StageState::begin_stage() {
    // Arguments of a stage go on into those that are built on it.
    command_set_ = false;
    std::vector<std::string>& environment = config.config.environment;
    if (std::ranges::none_of(environment,
                             [](const std::string& e) { return e.starts_with("PATH="); }))
        environment.insert(environment.begin(), std::string(search_path));
}

StageState scratch_stage(const oci::Platform& platform) {
    StageState state;
    state.config.platform = platform;
    return state;
}

}  // namespace skiff::engine
