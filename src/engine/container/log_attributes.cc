// SPDX-License-Identifier: Apache-2.0
#include "engine/container/log_attributes.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/pattern.h"
#include "base/text.h"
#include "engine/container/spec_facts.h"
#include "gotemplate/json_value.h"
#include "gotemplate/template.h"

namespace skiff::engine {
namespace {

constexpr std::size_t short_id = 12;

std::optional<Pattern> pattern_option(const LogRequest& request, const std::string& key) {
    const std::string text = log_option(request, key);
    return text.empty() ? std::nullopt : Pattern::compile(text);
}

std::string short_image_id(std::string_view id) {
    constexpr std::string_view algorithm = "sha256:";
    return std::string(id.substr(id.starts_with(algorithm) ? algorithm.size() : 0, short_id));
}

std::string expand(const std::string& text, const ContainerRecord& record) {
    if (text.find("{{") == std::string::npos) return text;
    const auto parsed = gotemplate::Template::parse("log-tag", text);
    const Json fields = {{"ID", record.id.substr(0, short_id)},
                         {"FullID", record.id},
                         {"ContainerID", record.id},
                         {"Name", record.name},
                         {"ContainerName", "/" + record.name},
                         {"ImageName", record.image_name},
                         {"ContainerImageName", record.image_name},
                         {"ImageID", short_image_id(record.image_id)},
                         {"ImageFullID", record.image_id},
                         {"ContainerImageID", record.image_id},
                         {"Command", log_command(record)},
                         {"Hostname", host_name()},
                         {"ContainerLabels", record.config.labels},
                         {"ContainerEnv", record.config.environment},
                         {"DaemonName", "skiff"}};
    gotemplate::Scratch scratch;
    std::string tag;
    parsed.execute(gotemplate::raw_json(fields, scratch), tag, gotemplate::MissingKey::error);
    return tag;
}

}  // namespace

std::string log_option(const LogRequest& request, const std::string& key) {
    const auto found = request.options.find(key);
    return found == request.options.end() ? std::string() : found->second;
}

bool is_attribute_option(std::string_view key) {
    constexpr std::array<std::string_view, 5> keys{"labels", "labels-regex", "env", "env-regex",
                                                   "tag"};
    for (const std::string_view known : keys)
        if (key == known) return true;
    return false;
}

void check_attribute_option(const std::string& key, const std::string& value) {
    if (key.ends_with("-regex") && !Pattern::compile(value))
        throw Error(ErrorKind::invalid, "log option {}: {} is no regular expression", key,
                    skiff::quoted(value));
    if (key == "tag") with_context([&] { expand(value, {}); }, "log option tag");
}

std::map<std::string, std::string> selected_attributes(const ContainerRecord& record) {
    std::map<std::string, std::string> selected;
    const LogRequest& request = record.request.log;
    const std::string labels = log_option(request, "labels");
    for (const std::string_view name : split(labels, ',')) {
        const auto label = record.config.labels.find(std::string(name));
        if (label != record.config.labels.end()) selected.insert(*label);
    }
    if (const auto pattern = pattern_option(request, "labels-regex"))
        for (const auto& [key, value] : record.config.labels)
            if (pattern->matches(key)) selected[key] = value;
    const std::string variables = log_option(request, "env");
    const std::vector<std::string_view> names = split(variables, ',');
    const auto pattern = pattern_option(request, "env-regex");
    for (const std::string& entry : record.config.environment) {
        const Cut parts = cut(entry, '=');
        const std::string key(parts.before);
        const bool named = std::find(names.begin(), names.end(), parts.before) != names.end();
        if (parts.found && !key.empty() && (named || (pattern && pattern->matches(key))))
            selected[key] = parts.after;
    }
    return selected;
}

std::map<std::string, std::string> log_attributes(const ContainerRecord& record) {
    std::map<std::string, std::string> attributes = selected_attributes(record);
    if (const std::string text = log_option(record.request.log, "tag"); !text.empty())
        attributes["tag"] = expand(text, record);
    return attributes;
}

std::string log_tag(const ContainerRecord& record) {
    const std::string text = log_option(record.request.log, "tag");
    return text.empty() ? record.id.substr(0, short_id) : expand(text, record);
}

std::string log_command(const ContainerRecord& record) {
    std::vector<std::string> words = record.config.entrypoint;
    words.insert(words.end(), record.config.command.begin(), record.config.command.end());
    return join(words, " ");
}

}  // namespace skiff::engine
