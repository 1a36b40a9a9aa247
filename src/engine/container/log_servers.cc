// SPDX-License-Identifier: Apache-2.0
#include "engine/container/log_servers.h"

#include <algorithm>
#include <array>

#include <fcntl.h>

#include "base/duration.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/size.h"
#include "base/text.h"
#include "engine/container/log_attributes.h"
#include "engine/container/spec_facts.h"
#include "monitor/log_messages.h"
#include "registry/system_certificates.h"

namespace skiff::engine {
namespace {

using monitor::LogServer;
using Transport = LogServer::Transport;

constexpr const char* journal_socket = "/run/systemd/journal/socket";

template <typename... T>
[[noreturn]] void refuse(fmt::format_string<T...> text, T&&... values) {
    throw Error(ErrorKind::invalid, "{}", fmt::format(text, std::forward<T>(values)...));
}

[[noreturn]] void lack(std::string_view what) {
    throw Error(ErrorKind::unsupported, "{} is not supported by this version of skiff", what);
}

bool boolean(const std::string& key, const std::string& text) {
    constexpr std::array yes{"1", "t", "T", "TRUE", "true", "True"};
    constexpr std::array no{"0", "f", "F", "FALSE", "false", "False"};
    if (std::find(yes.begin(), yes.end(), text) != yes.end()) return true;
    if (std::find(no.begin(), no.end(), text) == no.end())
        refuse("invalid value for {}: strconv.ParseBool: parsing {}: invalid syntax", key,
               quoted(text));
    return false;
}

bool is_switched_on(const LogRequest& request, const std::string& key) {
    const std::string text = log_option(request, key);
    return !text.empty() && boolean(key, text);
}

/// "host:port", "[::1]:port"; `default_port` "" : one must be given. False when it is neither.
bool split_host(std::string_view text, std::string_view default_port, LogServer& server) {
    std::string_view port = default_port;
    std::string_view host = text;
    if (text.starts_with('[')) {
        const size_t end = text.find(']');
        if (end == std::string_view::npos) return false;
        host = text.substr(1, end - 1);
        const std::string_view rest = text.substr(end + 1);
        if (!rest.empty() && rest[0] != ':') return false;
        if (!rest.empty()) port = rest.substr(1);
    } else if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
        if (text.find(':', colon + 1) != std::string_view::npos) return false;
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    if (port.empty() || !parse_number<std::uint16_t>(port)) return false;
    server.host = host.empty() ? "localhost" : host;
    server.port = port;
    return true;
}

struct Url {
    std::string_view scheme;
    std::string_view rest;
};
Url split_url(std::string_view text) {
    const size_t end = text.find("://");
    if (end == std::string_view::npos) return {"", text};
    return {text.substr(0, end), text.substr(end + 3)};
}

/// TLS by the certificates that this system trusts.
monitor::TlsSettings system_trust(const LogServer& server) {
    const registry::SystemCertificates system = registry::find_system_certificates();
    return {.host = server.host,
            .authorities = system.bundle,
            .directory = system.directory,
            .certificate = {},
            .key = {},
            .verify = true};
}

// --- syslog

constexpr std::string_view secured_tcp = "tcp+tls";

constexpr auto facilities = std::to_array<std::string_view>(
    {"kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
     "uucp",   "cron",   "authpriv", "ftp",    "",       "",       "",       "",
     "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"});

std::vector<LogServer> syslog_servers(const LogRequest& request) {
    const std::string text = log_option(request, "syslog-address");
    if (text.empty()) {
        std::vector<LogServer> local;
        for (const Transport transport : {Transport::unix_datagram, Transport::unix_stream})
            for (const char* path : {"/dev/log", "/var/run/syslog", "/var/run/log"})
                local.push_back({.transport = transport, .path = path, .host = {}, .port = {}});
        return local;
    }
    const Url url = split_url(text);
    if (url.scheme == "unix" || url.scheme == "unixgram") {
        const std::string path(url.rest);
        if (!find_at(AT_FDCWD, path, O_PATH).valid())
            refuse("stat {}: no such file or directory", path);
        std::vector<LogServer> list{
            {.transport = Transport::unix_datagram, .path = path, .host = {}, .port = {}}};
        if (url.scheme == "unix")
            list.push_back(
                {.transport = Transport::unix_stream, .path = path, .host = {}, .port = {}});
        return list;
    }
    if (url.scheme != "udp" && url.scheme != "tcp" && url.scheme != secured_tcp)
        refuse("syslog-address should be in form proto://address, got {}", text);
    LogServer server;
    server.transport = url.scheme == "udp" ? Transport::udp : Transport::tcp;
    if (!split_host(url.rest, "514", server))
        refuse("syslog-address should be in form proto://address, got {}", text);
    return {server};
}

/// Files are read at the start, as in Docker.
std::optional<monitor::TlsSettings> syslog_tls(const LogRequest& request) {
    if (split_url(log_option(request, "syslog-address")).scheme != secured_tcp) return std::nullopt;
    monitor::TlsSettings tls = system_trust(syslog_servers(request).front());
    if (std::string file = log_option(request, "syslog-tls-ca-cert"); !file.empty()) {
        tls.authorities = std::move(file);
        tls.directory.clear();
    }
    tls.certificate = log_option(request, "syslog-tls-cert");
    tls.key = log_option(request, "syslog-tls-key");
    // Docker looks at nothing but that it is there, and so takes "false" for yes.
    constexpr const char* skip = "syslog-tls-skip-verify";
    const std::string text = log_option(request, skip);
    tls.verify = !request.options.contains(skip) || (!text.empty() && !boolean(skip, text));
    return tls;
}

monitor::SyslogSettings syslog_settings(const LogRequest& request) {
    using monitor::SyslogForm;
    monitor::SyslogSettings settings;
    const std::string facility = log_option(request, "syslog-facility");
    if (!facility.empty()) {
        const auto number = parse_number<unsigned>(facility);
        const auto name = std::find(facilities.begin(), facilities.end(), facility);
        if (number ? *number >= facilities.size() : name == facilities.end())
            refuse("invalid syslog facility");
        settings.facility =
            number ? *number : static_cast<unsigned>(std::distance(facilities.begin(), name));
    }
    const std::string form = log_option(request, "syslog-format");
    if (form == "rfc3164") {
        settings.form = SyslogForm::rfc3164;
    } else if (form == "rfc5424") {
        settings.form = SyslogForm::rfc5424;
    } else if (form == "rfc5424micro") {
        settings.form = SyslogForm::rfc5424micro;
    } else if (!form.empty()) {
        refuse("Invalid syslog format");
    }
    return settings;
}

// --- gelf

LogServer gelf_server(const LogRequest& request) {
    const std::string text = log_option(request, "gelf-address");
    if (text.empty()) refuse("gelf-address is a required parameter");
    const Url url = split_url(text);
    if (url.scheme.empty()) refuse("gelf-address should be in form proto://address, got {}", text);
    if (url.scheme != "udp" && url.scheme != "tcp") refuse("gelf: endpoint needs to be TCP or UDP");
    LogServer server;
    server.transport = url.scheme == "udp" ? Transport::udp : Transport::tcp;
    if (!split_host(url.rest, "", server))
        refuse("gelf: please provide gelf-address as proto://host:port");
    return server;
}

monitor::GelfSettings gelf_settings(const LogRequest& request) {
    using monitor::GelfCompression;
    monitor::GelfSettings settings;
    settings.stream = gelf_server(request).is_stream();
    for (const char* key : {"gelf-compression-type", "gelf-compression-level"}) {
        const std::string value = log_option(request, key);
        if (value.empty()) continue;
        if (settings.stream) refuse("compression is only supported on UDP");
        const auto unknown = [&] {
            refuse("unknown value {} for log opt {} for gelf log driver", quoted(value),
                   quoted(key));
        };
        if (std::string_view(key) == "gelf-compression-level") {
            const auto level = parse_number<int>(value);
            if (!level || *level < -1 || *level > 9) unknown();
            settings.level = *level;
        } else if (value == "none") {
            settings.compression = GelfCompression::none;
        } else if (value == "zlib") {
            settings.compression = GelfCompression::zlib;
        } else if (value != "gzip") {
            unknown();
        }
    }
    const char* const key = "gelf-tcp-reconnect-delay";
    if (const std::string value = log_option(request, key); !value.empty()) {
        if (!settings.stream) refuse("{} is only valid for TCP", quoted(key));
        const auto number = parse_number<int>(value);
        if (!number || *number < 0) refuse("{} must be a positive integer", quoted(key));
    }
    return settings;
}

// --- fluentd

LogServer fluentd_server(const LogRequest& request) {
    std::string text = log_option(request, "fluentd-address");
    if (text.empty()) text = "localhost:24224";
    const Url url = split_url(text);
    LogServer server;
    server.transport = Transport::tcp;
    if (url.scheme == "unix") {
        server.transport = Transport::unix_stream;
        server.path = url.rest;
        if (server.path.empty()) refuse("invalid fluentd-address {}: path is empty", text);
        return server;
    }
    if (!url.scheme.empty() && url.scheme != "tcp" && url.scheme != "tls")
        refuse("unsupported scheme: {} in fluentd-address {}", quoted(url.scheme), text);
    if (!split_host(url.rest, "24224", server)) refuse("invalid fluentd-address {}", text);
    return server;
}

std::chrono::nanoseconds duration_option(const LogRequest& request, const std::string& key,
                                         std::chrono::nanoseconds without) {
    const std::string value = log_option(request, key);
    if (value.empty()) return without;
    return with_context([&] { return parse_duration(value); }, "invalid value for {}", key);
}

void check_fluentd(const LogRequest& request) {
    fluentd_server(request);
    for (const char* key :
         {"fluentd-async", "fluentd-async-connect", "fluentd-sub-second-precision"})
        is_switched_on(request, key);
    if (request.options.contains("fluentd-async") &&
        request.options.contains("fluentd-async-connect"))
        refuse(
            "conflicting options: cannot specify both 'fluentd-async' and "
            "'fluentd-async-connect'");
    if (is_switched_on(request, "fluentd-request-ack")) lack("log option fluentd-request-ack");
    duration_option(request, "fluentd-retry-wait", {});
    if (const std::string value = log_option(request, "fluentd-buffer-limit"); !value.empty())
        with_context([&] { parse_binary_size(value); }, "invalid value for fluentd-buffer-limit");
}

// --- what the drivers have in common

struct Driver {
    std::string_view name;
    std::vector<std::string_view> options;
};

const Driver& driver_of(const LogRequest& request) {
    static const std::array<Driver, 4> drivers{
        {{"journald", {}},
         {"syslog",
          {"syslog-address", "syslog-facility", "syslog-format", "syslog-tls-ca-cert",
           "syslog-tls-cert", "syslog-tls-key", "syslog-tls-skip-verify"}},
         {"gelf",
          {"gelf-address", "gelf-compression-type", "gelf-compression-level",
           "gelf-tcp-reconnect-delay"}},
         {"fluentd",
          {"fluentd-address", "fluentd-async", "fluentd-async-connect", "fluentd-buffer-limit",
           "fluentd-request-ack", "fluentd-retry-wait", "fluentd-sub-second-precision"}}}};
    const auto found = std::ranges::find(drivers, request.driver, &Driver::name);
    return found == drivers.end() ? drivers.front() : *found;
}

void check_key(const LogRequest& request, const std::string& key) {
    constexpr std::array<std::string_view, 5> common{"mode", "max-buffer-size", "cache-disabled",
                                                     "cache-max-size", "cache-max-file"};
    constexpr std::array<std::string_view, 5> not_yet{
        "gelf-tcp-max-reconnect", "fluentd-max-retries", "fluentd-async-reconnect-interval",
        "fluentd-read-timeout", "fluentd-write-timeout"};
    if (std::ranges::find(common, key) != common.end() || is_attribute_option(key)) return;
    const Driver& driver = driver_of(request);
    if (std::ranges::find(driver.options, key) != driver.options.end()) return;
    if (key.starts_with(driver.name) && std::ranges::find(not_yet, key) != not_yet.end())
        lack("log option " + key);
    refuse("unknown log opt '{}' for {} log driver", key, request.driver);
}

monitor::LogOrigin origin_of(const ContainerRecord& record) {
    return {.id = record.id,
            .name = record.name,
            .image_id = record.image_id,
            .image_name = record.image_name,
            .command = log_command(record),
            .created = to_rfc3339(record.created),
            .tag = log_tag(record),
            .hostname = host_name(),
            .process = own_host_pid(),
            .extra = selected_attributes(record)};
}

}  // namespace

bool has_log_server(const LogRequest& request) {
    return request.driver == "journald" || request.driver == "syslog" || request.driver == "gelf" ||
           request.driver == "fluentd";
}

bool keeps_copy(const LogRequest& request) {
    return has_log_server(request) && !is_switched_on(request, "cache-disabled");
}

void check_server_options(const LogRequest& request) {
    for (const auto& [key, value] : request.options) {
        check_key(request, key);
        if (is_attribute_option(key)) check_attribute_option(key, value);
    }
    if (request.driver == "syslog") {
        syslog_servers(request);
        syslog_settings(request);
        syslog_tls(request);
    } else if (request.driver == "gelf") {
        gelf_settings(request);
    } else if (request.driver == "fluentd") {
        check_fluentd(request);
    }
    keeps_copy(request);
}

std::unique_ptr<monitor::LogDelivery> open_log_delivery(const ContainerRecord& record) {
    const LogRequest& request = record.request.log;
    const monitor::LogOrigin origin = origin_of(record);
    monitor::DeliverySettings settings;
    settings.driver = request.driver;
    settings.blocking = log_option(request, "mode") != "non-blocking";
    if (const std::string size = log_option(request, "max-buffer-size"); !size.empty())
        settings.max_queued = parse_binary_size(size);
    if (request.driver == "journald") {
        settings.servers = {{.transport = Transport::unix_datagram,
                             .path = journal_socket,
                             .host = {},
                             .port = {}}};
        settings.format = journald_format(origin);
    } else if (request.driver == "syslog") {
        settings.servers = syslog_servers(request);
        settings.tls = syslog_tls(request);
        settings.format = syslog_format(origin, syslog_settings(request));
    } else if (request.driver == "gelf") {
        settings.servers = {gelf_server(request)};
        settings.format = gelf_format(origin, gelf_settings(request));
        if (const std::string delay = log_option(request, "gelf-tcp-reconnect-delay");
            !delay.empty())
            settings.retry_wait = std::chrono::seconds(parse_number<int>(delay).value_or(1));
    } else {
        settings.servers = {fluentd_server(request)};
        if (split_url(log_option(request, "fluentd-address")).scheme == "tls")
            settings.tls = system_trust(settings.servers.front());
        settings.format = fluentd_format(
            origin, {.sub_second = is_switched_on(request, "fluentd-sub-second-precision")});
        settings.connects_later = is_switched_on(request, "fluentd-async") ||
                                  is_switched_on(request, "fluentd-async-connect");
        // What Docker's asynchronous driver has no place for is lost; it never holds the program.
        if (settings.connects_later) {
            settings.blocking = false;
            settings.max_queued = 8U << 20U;
            if (const std::string limit = log_option(request, "fluentd-buffer-limit");
                !limit.empty())
                settings.max_queued = parse_binary_size(limit);
        }
        settings.retry_wait = std::chrono::duration_cast<std::chrono::milliseconds>(
            duration_option(request, "fluentd-retry-wait", std::chrono::seconds(1)));
    }
    return std::make_unique<monitor::LogDelivery>(std::move(settings));
}

}  // namespace skiff::engine
