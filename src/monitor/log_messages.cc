// SPDX-License-Identifier: Apache-2.0
#include "monitor/log_messages.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <fmt/format.h>

#include "base/text.h"

namespace skiff::monitor {
namespace {

constexpr std::size_t short_id = 12;

constexpr int severity_of(Stream stream) {
    return stream == Stream::errors ? 3 : 6;  // err, info
}

std::string little_endian(std::uint64_t value) {
    std::string bytes;
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
    return bytes;
}

void add_field(std::string& datagram, std::string_view name, std::string_view value) {
    datagram += name;
    if (value.find('\n') == std::string_view::npos) {
        datagram += fmt::format("={}\n", value);
    } else {
        datagram += fmt::format("\n{}{}\n", little_endian(value.size()), value);
    }
}

std::tm local_time(Timestamp time) {
    const std::time_t seconds =
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
    std::tm parts{};
    localtime_r(&seconds, &parts);
    return parts;
}

std::string formatted(const char* pattern, const std::tm& time) {
    std::array<char, 64> text{};
    return {text.data(), std::strftime(text.data(), text.size(), pattern, &time)};
}

/// "2026-11-22T03:28:07.015243+01:00"; in Go's format of that name the zone of UTC is "Z".
std::string local_rfc3339(Timestamp time, bool with_microseconds) {
    const std::tm parts = local_time(time);
    std::string text = formatted("%Y-%m-%dT%H:%M:%S", parts);
    if (with_microseconds) {
        const auto micro = std::chrono::duration_cast<std::chrono::microseconds>(
                               time.time_since_epoch() % std::chrono::seconds(1))
                               .count();
        text += fmt::format(".{:06}", micro);
    }
    std::string zone = formatted("%z", parts);
    if (zone == "+0000") return text + "Z";
    zone.insert(3, ":");
    return text + zone;
}

/// The oldest form of a day: its number has a blank in place of a zero.
std::string stamp(Timestamp time) {
    constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::tm parts = local_time(time);
    return fmt::format("{} {:2} {}", months.at(static_cast<std::size_t>(parts.tm_mon)),
                       parts.tm_mday, formatted("%H:%M:%S", parts));
}

// --- msgpack, as much of it as a record of strings takes

void put_big_endian(std::string& to, std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) to += static_cast<char>(value >> (8 * i) & 0xff);
}

void pack_string(std::string& to, std::string_view text) {
    const std::size_t size = text.size();
    if (size < 32) {
        to += static_cast<char>(0xa0U | size);
    } else if (size < 256) {
        to += '\xd9';
        put_big_endian(to, size, 1);
    } else if (size < 65536) {
        to += '\xda';
        put_big_endian(to, size, 2);
    } else {
        to += '\xdb';
        put_big_endian(to, size, 4);
    }
    to += text;
}

void pack_map_size(std::string& to, std::size_t size) {
    if (size < 16) {
        to += static_cast<char>(0x80U | size);
    } else {
        to += '\xde';
        put_big_endian(to, size, 2);
    }
}

void pack_time(std::string& to, Timestamp time, bool sub_second) {
    const auto seconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
    if (!sub_second) {
        to += '\xce';  // uint 32, which lasts until 2106
        put_big_endian(to, seconds, 4);
        return;
    }
    to += "\xd7";  // fixext 8 of type 0: EventTime
    to += '\0';
    put_big_endian(to, seconds, 4);
    put_big_endian(
        to,
        static_cast<std::uint64_t>(
            std::chrono::nanoseconds(time.time_since_epoch() % std::chrono::seconds(1)).count()),
        4);
}

}  // namespace

std::string journal_field(std::string_view key) {
    std::string name;
    for (const char c : to_upper(key)) {
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (plain || !name.empty()) name += plain ? c : '_';
    }
    return name;
}

LineFormat journald_format(const LogOrigin& origin) {
    std::string fixed;
    add_field(fixed, "CONTAINER_ID", origin.id.substr(0, short_id));
    add_field(fixed, "CONTAINER_ID_FULL", origin.id);
    add_field(fixed, "CONTAINER_NAME", origin.name);
    add_field(fixed, "CONTAINER_TAG", origin.tag);
    add_field(fixed, "IMAGE_NAME", origin.image_name);
    add_field(fixed, "SYSLOG_IDENTIFIER", origin.tag);
    for (const auto& [key, value] : origin.extra)
        if (const std::string name = journal_field(key); !name.empty())
            add_field(fixed, name, value);
    return [fixed](const OutgoingLine& line, std::vector<std::string>& to) {
        std::string datagram = fixed;
        add_field(datagram, "PRIORITY", fmt::format("{}", severity_of(line.stream)));
        add_field(datagram, "SYSLOG_TIMESTAMP", to_rfc3339(line.time));
        if (line.is_part) {
            add_field(datagram, "CONTAINER_PARTIAL_ID", line.part_id);
            add_field(datagram, "CONTAINER_PARTIAL_ORDINAL", fmt::format("{}", line.ordinal));
            add_field(datagram, "CONTAINER_PARTIAL_LAST", line.continues ? "false" : "true");
        }
        if (line.continues) add_field(datagram, "CONTAINER_PARTIAL_MESSAGE", "true");
        add_field(datagram, "MESSAGE", line.text);
        to.push_back(std::move(datagram));
    };
}

LineFormat syslog_format(const LogOrigin& origin, const SyslogSettings& settings) {
    const std::string host = origin.hostname;
    const std::string tag = origin.tag;
    const int process = origin.process;
    return [=](const OutgoingLine& line, std::vector<std::string>& to) {
        const unsigned priority =
            settings.facility * 8 + static_cast<unsigned>(severity_of(line.stream));
        switch (settings.form) {
            case SyslogForm::plain:
                to.push_back(fmt::format("<{}>{} {}[{}]: {}\n", priority, stamp(line.time), tag,
                                         process, line.text));
                return;
            case SyslogForm::rfc3164:
                to.push_back(fmt::format("<{}>{} {} {}[{}]: {}\n", priority, stamp(line.time), host,
                                         tag, process, line.text));
                return;
            case SyslogForm::rfc5424:
            case SyslogForm::rfc5424micro:
                to.push_back(
                    fmt::format("<{}>1 {} {} {} {} {} - {}\n", priority,
                                local_rfc3339(line.time, settings.form == SyslogForm::rfc5424micro),
                                host, tag, process, tag, line.text));
                return;
        }
    };
}

LineFormat fluentd_format(const LogOrigin& origin, const FluentdSettings& settings) {
    std::map<std::string, std::string> fixed = origin.extra;
    fixed["container_id"] = origin.id;
    fixed["container_name"] = "/" + origin.name;
    const std::string tag = origin.tag;
    return [=](const OutgoingLine& line, std::vector<std::string>& to) {
        std::map<std::string, std::string> record = fixed;
        record["source"] = line.stream == Stream::errors ? "stderr" : "stdout";
        record["log"] = line.text;
        if (line.is_part) {
            record["partial_message"] = "true";
            record["partial_id"] = line.part_id;
            record["partial_ordinal"] = fmt::format("{}", line.ordinal);
            record["partial_last"] = line.continues ? "false" : "true";
        }
        std::string message = "\x93";  // an array of three
        pack_string(message, tag);
        pack_time(message, line.time, settings.sub_second);
        pack_map_size(message, record.size());
        for (const auto& [key, value] : record) {
            pack_string(message, key);
            pack_string(message, value);
        }
        to.push_back(std::move(message));
    };
}

}  // namespace skiff::monitor
