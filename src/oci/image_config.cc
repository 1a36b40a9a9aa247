// SPDX-License-Identifier: Apache-2.0
#include "oci/image_config.h"

#include <limits>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "oci/manifest.h"

namespace skiff::oci {
namespace {

constexpr size_t max_entries = 10'000;

const Json* find_member(const Json& object, const char* key) {
    const auto it = object.find(key);
    return it == object.end() || it->is_null() ? nullptr : &*it;
}

[[noreturn]] void wrong(std::string_view name, const char* key, std::string_view wanted) {
    throw Error(ErrorKind::invalid, "{}: '{}' must be {}", name, key, wanted);
}

const Json* find_object(const Json& object, const char* key, std::string_view name) {
    const Json* value = find_member(object, key);
    if (value != nullptr && !value->is_object()) wrong(name, key, "an object");
    if (value != nullptr && value->size() > max_entries) wrong(name, key, "shorter");
    return value;
}

const Json* find_list(const Json& object, const char* key, std::string_view name) {
    const Json* value = find_member(object, key);
    if (value != nullptr && !value->is_array()) wrong(name, key, "a list");
    if (value != nullptr && value->size() > max_entries) wrong(name, key, "shorter");
    return value;
}

/// A NUL would cut the string where it becomes an argument of execve(2): what is shown and what is
/// run differ.
std::string text_of(const Json& value, const char* key, std::string_view name) {
    if (!value.is_string()) wrong(name, key, "made of strings");
    std::string text = value.get<std::string>();
    if (text.find('\0') != std::string::npos) wrong(name, key, "free of NUL bytes");
    return text;
}

std::string string_member(const Json& object, const char* key, std::string_view name) {
    const Json* value = find_member(object, key);
    return value == nullptr ? std::string() : text_of(*value, key, name);
}

std::vector<std::string> strings(const Json& object, const char* key, std::string_view name) {
    std::vector<std::string> texts;
    if (const Json* list = find_list(object, key, name)) {
        texts.reserve(list->size());
        for (const Json& entry : *list) texts.push_back(text_of(entry, key, name));
    }
    return texts;
}

/// Docker writes sets as objects with empty objects as values.
std::set<std::string> keys(const Json& object, const char* key, std::string_view name) {
    std::set<std::string> set;
    if (const Json* members = find_object(object, key, name))
        for (const auto& [member, value] : members->items())
            set.insert(text_of(Json(member), key, name));
    return set;
}

std::optional<Timestamp> time_member(const Json& object, const char* key, std::string_view name) {
    const std::string text = string_member(object, key, name);
    if (text.empty()) return std::nullopt;
    const std::optional<Timestamp> time = parse_rfc3339(text);
    if (!time) wrong(name, key, "a time of RFC 3339");
    return time;
}

std::chrono::nanoseconds duration(const Json& object, const char* key, std::string_view name) {
    const long long count = json_integer(object, key, name);
    if (count < 0) wrong(name, key, "a duration");
    return std::chrono::nanoseconds(count);
}

Healthcheck parse_healthcheck(const Json& value, std::string_view name) {
    Healthcheck check;
    check.test = strings(value, "Test", name);
    check.interval = duration(value, "Interval", name);
    check.timeout = duration(value, "Timeout", name);
    check.start_period = duration(value, "StartPeriod", name);
    check.start_interval = duration(value, "StartInterval", name);
    const long long retries = json_integer(value, "Retries", name);
    if (retries < 0 || retries > std::numeric_limits<int>::max()) wrong(name, "Retries", "a count");
    check.retries = static_cast<int>(retries);
    return check;
}

void parse_runtime_config(const Json& value, std::string_view name, ImageConfig& result) {
    UntrustedImageConfig& config = result.config;
    for (std::string& entry : strings(value, "Env", name)) {
        const size_t equals = entry.find('=');
        if (equals != std::string::npos && equals > 0)
            config.environment.push_back(std::move(entry));
    }
    config.entrypoint = strings(value, "Entrypoint", name);
    config.command = strings(value, "Cmd", name);
    config.user = string_member(value, "User", name);
    config.working_directory = string_member(value, "WorkingDir", name);
    config.stop_signal = string_member(value, "StopSignal", name);
    config.volumes = keys(value, "Volumes", name);
    config.exposed_ports = keys(value, "ExposedPorts", name);
    if (const Json* check = find_object(value, "Healthcheck", name))
        config.healthcheck = parse_healthcheck(*check, name);

    result.opaque.shell = strings(value, "Shell", name);
    config.health_shell = result.opaque.shell;
    result.opaque.on_build = strings(value, "OnBuild", name);
    if (const Json* labels = find_object(value, "Labels", name))
        for (const auto& [key, text] : labels->items())
            result.opaque.labels.emplace(key, text_of(text, "Labels", name));
}

std::vector<Digest> parse_diff_ids(const Json& document, std::string_view name) {
    const Json* root = find_object(document, "rootfs", name);
    if (root == nullptr) throw Error(ErrorKind::invalid, "{} lists no layers (rootfs)", name);
    if (json_string(*root, "type", name) != "layers") wrong(name, "rootfs", "of the type 'layers'");
    std::vector<Digest> ids;
    for (const std::string& text : strings(*root, "diff_ids", name))
        ids.push_back(Digest::require(text, name));
    if (ids.size() > max_layers)
        throw Error(ErrorKind::invalid, "{}: more than {} layers", name, max_layers);
    return ids;
}

Json set_json(const std::set<std::string>& set) {
    Json value = Json::object();
    for (const std::string& key : set) value[key] = Json::object();
    return value;
}

Json list_or_null(const std::vector<std::string>& list) {
    return list.empty() ? Json() : Json(list);
}

Json healthcheck_json(const Healthcheck& check) {
    Json value = {{"Test", check.test}};
    if (check.interval.count() != 0) value["Interval"] = check.interval.count();
    if (check.timeout.count() != 0) value["Timeout"] = check.timeout.count();
    if (check.start_period.count() != 0) value["StartPeriod"] = check.start_period.count();
    if (check.start_interval.count() != 0) value["StartInterval"] = check.start_interval.count();
    if (check.retries != 0) value["Retries"] = check.retries;
    return value;
}

Json history_json(const HistoryEntry& entry) {
    Json value = Json::object();
    if (entry.created) value["created"] = to_rfc3339(*entry.created);
    if (!entry.created_by.empty()) value["created_by"] = entry.created_by;
    if (!entry.author.empty()) value["author"] = entry.author;
    if (!entry.comment.empty()) value["comment"] = entry.comment;
    if (entry.empty_layer) value["empty_layer"] = true;
    return value;
}

}  // namespace

ImageConfig parse_image_config(std::string_view text, std::string_view name) {
    if (text.size() > max_image_config_size)
        throw Error(ErrorKind::invalid, "{} is larger than {} bytes", name, max_image_config_size);
    const Json document = parse_json(text, name);
    if (!document.is_object()) throw Error(ErrorKind::invalid, "{} is not a JSON object", name);

    ImageConfig result;
    result.created = time_member(document, "created", name);
    result.platform = {string_member(document, "os", name),
                       string_member(document, "architecture", name),
                       string_member(document, "variant", name)};
    result.opaque.author = string_member(document, "author", name);
    result.opaque.comment = string_member(document, "comment", name);
    result.opaque.docker_version = string_member(document, "docker_version", name);
    if (const Json* config = find_object(document, "config", name))
        parse_runtime_config(*config, name, result);
    result.diff_ids = parse_diff_ids(document, name);
    if (const Json* history = find_list(document, "history", name)) {
        for (const Json& entry : *history) {
            if (!entry.is_object()) wrong(name, "history", "a list of objects");
            result.history.push_back(
                {time_member(entry, "created", name), string_member(entry, "created_by", name),
                 string_member(entry, "author", name), string_member(entry, "comment", name),
                 json_bool(entry, "empty_layer", name)});
        }
    }
    return result;
}

Json runtime_config_json(const UntrustedImageConfig& config, const OpaqueImageData& opaque) {
    Json value = {{"User", config.user},
                  {"Env", list_or_null(config.environment)},
                  {"Cmd", list_or_null(config.command)},
                  {"Entrypoint", list_or_null(config.entrypoint)},
                  {"WorkingDir", config.working_directory},
                  {"Volumes", config.volumes.empty() ? Json() : set_json(config.volumes)},
                  {"OnBuild", list_or_null(opaque.on_build)},
                  {"Labels", opaque.labels.empty() ? Json() : Json(opaque.labels)}};
    if (!config.exposed_ports.empty()) value["ExposedPorts"] = set_json(config.exposed_ports);
    if (!config.stop_signal.empty()) value["StopSignal"] = config.stop_signal;
    if (!opaque.shell.empty()) value["Shell"] = opaque.shell;
    if (config.healthcheck) value["Healthcheck"] = healthcheck_json(*config.healthcheck);
    return value;
}

std::string print_image_config(const ImageConfig& config) {
    Json runtime = runtime_config_json(config.config, config.opaque);
    // The specification knows absent members, not null ones.
    for (auto it = runtime.begin(); it != runtime.end();)
        it = it->is_null() || (it->is_string() && it->get_ref<const std::string&>().empty())
                 ? runtime.erase(it)
                 : std::next(it);
    Json diff_ids = Json::array();
    for (const Digest& id : config.diff_ids) diff_ids.push_back(id.text());
    Json history = Json::array();
    for (const HistoryEntry& entry : config.history) history.push_back(history_json(entry));
    Json document = {{"architecture", config.platform.architecture},
                     {"os", config.platform.os},
                     {"config", std::move(runtime)},
                     {"rootfs", {{"type", "layers"}, {"diff_ids", std::move(diff_ids)}}},
                     {"history", std::move(history)}};
    if (!config.platform.variant.empty()) document["variant"] = config.platform.variant;
    if (config.created) document["created"] = to_rfc3339(*config.created);
    if (!config.opaque.author.empty()) document["author"] = config.opaque.author;
    if (!config.opaque.comment.empty()) document["comment"] = config.opaque.comment;
    if (!config.opaque.docker_version.empty())
        document["docker_version"] = config.opaque.docker_version;
    return to_text(document);
}

}  // namespace skiff::oci
