// SPDX-License-Identifier: Apache-2.0
#include "engine/container/log_options.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/size.h"
#include "base/text.h"
#include "engine/container/log_attributes.h"
#include "engine/container/log_servers.h"
#include "monitor/log_entry.h"

namespace skiff::engine {
namespace {

constexpr std::uint64_t default_max_size = 16ULL << 20U;
constexpr unsigned default_max_files = 2;
// Docker's, of what it keeps beside a log server.
constexpr std::uint64_t copy_max_size = 20'000'000;
constexpr unsigned copy_max_files = 5;

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

/// What files do is Docker's "blocking": the container waits for the file, never for its readers.
void check_mode(const LogRequest& request, bool may_be_non_blocking) {
    const std::string mode = log_option(request, "mode");
    if (mode == "non-blocking" && !may_be_non_blocking)
        refuse(fmt::format("log option mode=non-blocking with the driver {}", request.driver));
    if (!mode.empty() && mode != "blocking" && mode != "non-blocking")
        throw Error(ErrorKind::invalid, "logger: logging mode not supported: {}", mode);
    const std::string size = log_option(request, "max-buffer-size");
    if (!size.empty() && mode != "non-blocking")
        throw Error(ErrorKind::invalid,
                    "logger: max-buffer-size option is only supported with 'mode=non-blocking'");
    if (!size.empty())
        with_context([&] { parse_binary_size(size); }, "error parsing option max-buffer-size");
}

void check_option(const std::string& driver, const std::string& key, const std::string& value) {
    if (key == "max-size") {
        parse_max_size(value);
    } else if (key == "max-file") {
        parse_max_file(value);
    } else if (key == "compress") {
        check_compress(value);
    } else if (is_attribute_option(key)) {
        check_attribute_option(key, value);
    } else if (key != "mode" && key != "max-buffer-size") {
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
    constexpr std::array elsewhere{"awslogs", "etwlogs",  "gcplogs",        "logentries",
                                   "splunk",  "k8s-file", "passthrough-tty"};
    if (std::find(elsewhere.begin(), elsewhere.end(), driver) != elsewhere.end())
        refuse("log driver " + driver);
    if (driver == "none" || driver == passthrough_log_driver) {
        if (!request.options.empty())
            throw Error(ErrorKind::invalid, "invalid logging opts for driver {}", driver);
        return;
    }
    if (has_log_server(request)) {
        check_mode(request, true);
        check_server_options(request);
        return;
    }
    if (driver != default_log_driver && driver != "local")
        throw Error(ErrorKind::invalid, "logger: no log driver named '{}' is registered", driver);
    check_mode(request, false);
    for (const auto& [key, value] : request.options) check_option(driver, key, value);
}

bool keeps_log(const LogRequest& request) {
    return request.driver == default_log_driver || request.driver == "local" || keeps_copy(request);
}

monitor::LogFormat log_format(const LogRequest& request) {
    return request.driver != default_log_driver ? monitor::LogFormat::local
                                                : monitor::LogFormat::json_file;
}

monitor::LogSettings log_settings(const ContainerRecord& record) {
    const LogRequest& request = record.request.log;
    monitor::LogSettings settings{.format = log_format(request),
                                  .max_size = default_max_size,
                                  .max_files = default_max_files};
    if (const std::string size = log_option(request, "max-size"); !size.empty())
        settings.max_size = parse_max_size(size);
    if (const std::string count = log_option(request, "max-file"); !count.empty())
        settings.max_files = parse_max_file(count);
    if (has_log_server(request)) {
        settings.max_size = copy_max_size;
        settings.max_files = copy_max_files;
        if (const std::string size = log_option(request, "cache-max-size"); !size.empty())
            settings.max_size = parse_max_size(size);
        if (const std::string count = log_option(request, "cache-max-file"); !count.empty())
            settings.max_files = parse_max_file(count);
        return settings;
    }
    for (const auto& [key, value] : log_attributes(record))
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
    for (const auto& [key, value] : log_attributes(record))
        details += fmt::format("{}{}={}", details.empty() ? "" : ",", query_escaped(key),
                               query_escaped(value));
    return details;
}

}  // namespace skiff::engine
