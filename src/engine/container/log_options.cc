// SPDX-License-Identifier: Apache-2.0
#include "engine/container/log_options.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/size.h"
#include "base/text.h"
#include "monitor/log_entry.h"

namespace skiff::engine {
namespace {

constexpr std::uint64_t default_max_size = 16ULL << 20U;
constexpr unsigned default_max_files = 2;

std::string option(const LogRequest& request, const std::string& key) {
    const auto found = request.options.find(key);
    return found == request.options.end() ? std::string() : found->second;
}

[[noreturn]] void refuse(std::string_view what) {
    throw Error(ErrorKind::unsupported, "{} is not supported by this version of skiff", what);
}

/// Bytes, 0 for no limit. Docker's documentation names -1 as that; its parser does not take it.
std::uint64_t parse_max_size(const std::string& text) {
    if (text == "-1") return 0;
    const std::uint64_t size = parse_decimal_size(text);
    if (size == 0) throw Error(ErrorKind::invalid, "max-size must be a positive number");
    return size;
}

unsigned parse_max_file(const std::string& text) {
    const auto count = parse_number<int>(text);
    if (!count)
        throw Error(ErrorKind::invalid, "invalid value for max-file: {}: not a number",
                    quoted(text));
    if (*count < 1) throw Error(ErrorKind::invalid, "max-file cannot be less than 1");
    return static_cast<unsigned>(*count);
}

void check_compress(const std::string& text) {
    constexpr std::array yes{"1", "t", "T", "TRUE", "true", "True"};
    constexpr std::array no{"0", "f", "F", "FALSE", "false", "False"};
    if (std::find(yes.begin(), yes.end(), text) != yes.end()) refuse("log option compress=true");
    if (std::find(no.begin(), no.end(), text) == no.end())
        throw Error(ErrorKind::invalid, "invalid boolean value for compress: {}", quoted(text));
}

/// Docker's "blocking" is what skiff does: the container waits for the file, never for its readers.
void check_mode(const LogRequest& request) {
    const std::string mode = option(request, "mode");
    if (mode == "non-blocking") refuse("log option mode=non-blocking");
    if (!mode.empty() && mode != "blocking")
        throw Error(ErrorKind::invalid, "logger: logging mode not supported: {}", mode);
    if (request.options.contains("max-buffer-size"))
        throw Error(ErrorKind::invalid,
                    "logger: max-buffer-size option is only supported with 'mode=non-blocking'");
}

/// The words of a tag's template. Docker takes any template of Go's; these are its documented
/// fields, without the functions.
std::string tag_value(std::string_view name, const ContainerRecord& record) {
    constexpr std::size_t short_id = 12;
    const std::string_view algorithm = "sha256:";
    const std::string_view image = record.image_id;
    if (name == ".ID") return record.id.substr(0, short_id);
    if (name == ".FullID") return record.id;
    if (name == ".Name") return record.name;
    if (name == ".ImageName") return record.image_name;
    if (name == ".ImageFullID") return record.image_id;
    if (name == ".ImageID")
        return std::string(
            image.substr(image.starts_with(algorithm) ? algorithm.size() : 0, short_id));
    if (name == ".DaemonName") return "skiff";
    throw Error(ErrorKind::unsupported,
                "log option tag: {{{{{}}}}} is not supported by this version of skiff", name);
}

std::string expand_tag(std::string_view text, const ContainerRecord& record) {
    std::string tag;
    for (;;) {
        const std::size_t begin = text.find("{{");
        tag += text.substr(0, begin);
        if (begin == std::string_view::npos) return tag;
        const std::size_t end = text.find("}}", begin);
        if (end == std::string_view::npos)
            throw Error(ErrorKind::invalid, "log option tag: unclosed action in {}", quoted(text));
        tag += tag_value(trim(text.substr(begin + 2, end - begin - 2)), record);
        text.remove_prefix(end + 2);
    }
}

/// labels, env and tag (moby, daemon/logger Info.ExtraAttributes).
std::map<std::string, std::string> attributes(const ContainerRecord& record) {
    std::map<std::string, std::string> selected;
    const LogRequest& request = record.request.log;
    const std::string labels = option(request, "labels");
    for (const std::string_view name : split(labels, ',')) {
        const auto label = record.config.labels.find(std::string(name));
        if (label != record.config.labels.end()) selected.insert(*label);
    }
    const std::string variables = option(request, "env");
    for (const std::string_view name : split(variables, ','))
        for (const std::string& entry : record.config.environment)
            if (const Cut parts = cut(entry, '='); parts.found && parts.before == name)
                selected[std::string(name)] = parts.after;
    if (const std::string tag = expand_tag(option(request, "tag"), record); !tag.empty())
        selected["tag"] = tag;
    return selected;
}

void check_option(const std::string& driver, const std::string& key, const std::string& value) {
    if (key == "max-size") {
        parse_max_size(value);
    } else if (key == "max-file") {
        parse_max_file(value);
    } else if (key == "compress") {
        check_compress(value);
    } else if (key == "labels-regex" || key == "env-regex") {
        refuse("log option " + key);
    } else if (key == "tag") {
        expand_tag(value, {});
    } else if (key != "labels" && key != "env" && key != "mode" && key != "max-buffer-size") {
        if (driver == "local")
            throw Error(ErrorKind::invalid, "unknown log opt '{}' for log driver local", key);
        throw Error(ErrorKind::invalid, "unknown log opt '{}' for {} log driver", key, driver);
    }
}

/// Go's url.QueryEscape.
std::string query_escaped(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') ||
                           std::string_view("-_.~").find(c) != std::string_view::npos;
        if (plain) {
            escaped += c;
        } else if (c == ' ') {
            escaped += '+';
        } else {
            escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return escaped;
}

}  // namespace

void check_log_request(const LogRequest& request) {
    const std::string& driver = request.driver;
    constexpr std::array elsewhere{"awslogs",  "etwlogs", "fluentd", "gcplogs",  "gelf",
                                   "journald", "splunk",  "syslog",  "k8s-file", "passthrough-tty"};
    if (std::find(elsewhere.begin(), elsewhere.end(), driver) != elsewhere.end())
        refuse("log driver " + driver);
    if (driver == "none" || driver == passthrough_log_driver) {
        if (!request.options.empty())
            throw Error(ErrorKind::invalid, "invalid logging opts for driver {}", driver);
        return;
    }
    if (driver != default_log_driver && driver != "local")
        throw Error(ErrorKind::invalid, "logger: no log driver named '{}' is registered", driver);
    check_mode(request);
    for (const auto& [key, value] : request.options) check_option(driver, key, value);
}

bool keeps_log(const LogRequest& request) {
    return request.driver == default_log_driver || request.driver == "local";
}

monitor::LogFormat log_format(const LogRequest& request) {
    return request.driver == "local" ? monitor::LogFormat::local : monitor::LogFormat::json_file;
}

monitor::LogSettings log_settings(const ContainerRecord& record) {
    const LogRequest& request = record.request.log;
    monitor::LogSettings settings{.format = log_format(request),
                                  .max_size = default_max_size,
                                  .max_files = default_max_files};
    if (const std::string size = option(request, "max-size"); !size.empty())
        settings.max_size = parse_max_size(size);
    if (const std::string count = option(request, "max-file"); !count.empty())
        settings.max_files = parse_max_file(count);
    for (const auto& [key, value] : attributes(record))
        settings.attributes += fmt::format("{}{}:{}", settings.attributes.empty() ? "{" : ",",
                                           monitor::json_string(key), monitor::json_string(value));
    if (!settings.attributes.empty()) settings.attributes += "}";
    if (settings.attributes.size() > monitor::max_entry_attributes)
        throw Error(ErrorKind::invalid,
                    "the labels, variables and tag of the log options are {} bytes, more than {}",
                    settings.attributes.size(), monitor::max_entry_attributes);
    return settings;
}

std::string log_details(const ContainerRecord& record) {
    std::string details;
    for (const auto& [key, value] : attributes(record))
        details += fmt::format("{}{}={}", details.empty() ? "" : ",", query_escaped(key),
                               query_escaped(value));
    return details;
}

}  // namespace skiff::engine
