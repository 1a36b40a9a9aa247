// SPDX-License-Identifier: Apache-2.0
#include "cli/values.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace skiff::cli {
namespace {

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_address(const std::string& text) {
    in6_addr buffer{};
    return inet_pton(AF_INET, text.c_str(), &buffer) == 1 ||
           inet_pton(AF_INET6, text.c_str(), &buffer) == 1;
}

/// As far as the form of each character goes; an overlong one is let through.
bool is_utf8(std::string_view text) {
    size_t i = 0;
    while (i < text.size()) {
        const auto first = static_cast<unsigned char>(text[i++]);
        if (first < 0x80) continue;
        const size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
        if (first < 0xc2 || first > 0xf4 || text.size() - i < more) return false;
        for (size_t j = 0; j < more; ++j)
            if ((static_cast<unsigned char>(text[i++]) & 0xc0U) != 0x80) return false;
    }
    return true;
}

std::int64_t parse_limit(std::string_view text) {
    const auto value = parse_number<std::int64_t>(text);
    if (!value || *value < -1)
        throw Error(ErrorKind::invalid, "{} is neither a number nor -1 (unlimited)", quoted(text));
    return *value;
}

std::string limit_text(std::int64_t value) {
    return value == -1 ? "-1 (unlimited)" : fmt::format("{}", value);
}

}  // namespace

engine::Ulimit parse_ulimit(std::string_view text) {
    constexpr std::array<std::string_view, 15> names{
        "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue", "nice",
        "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack"};
    const Cut parts = cut(text, '=');
    if (!parts.found || parts.before.empty() || parts.after.empty())
        throw Error(ErrorKind::invalid, "invalid ulimit argument: {}", text);
    if (std::ranges::find(names, parts.before) == names.end())
        throw Error(ErrorKind::invalid, "invalid ulimit type: {}", parts.before);
    const std::vector<std::string_view> limits = split(parts.after, ':');
    if (limits.size() > 2) {
        throw Error(ErrorKind::invalid,
                    "too many limit value arguments - {}, can only have up to two, `soft[:hard]`",
                    parts.after);
    }
    engine::Ulimit limit{.name = std::string(parts.before)};
    limit.soft = parse_limit(limits[0]);
    limit.hard = limits.size() == 2 ? parse_limit(limits[1]) : limit.soft;
    const bool too_soft = limit.hard != -1 && (limit.soft == -1 || limit.soft > limit.hard);
    if (too_soft) {
        throw Error(ErrorKind::invalid,
                    "ulimit soft limit must be less than or equal to hard limit: {} > {}",
                    limit_text(limit.soft), limit.hard);
    }
    return limit;
}

std::string parse_environment_entry(std::string_view text) {
    const Cut parts = cut(text, '=');
    if (parts.before.empty())
        throw Error(ErrorKind::invalid, "invalid environment variable: {}", text);
    std::string entry(text);
    if (parts.found) return entry;
    const char* ours = std::getenv(entry.c_str());
    return ours == nullptr ? entry : fmt::format("{}={}", entry, ours);
}

std::vector<std::string> parse_environment_file(std::string_view content, std::string_view path) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    constexpr std::string_view blanks = " \t\v\f\r";
    if (content.starts_with(byte_order_mark)) content.remove_prefix(byte_order_mark.size());
    std::vector<std::string> entries;
    size_t number = 0;
    for (std::string_view line : split(content, '\n')) {
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        if (line.empty() || line[0] == '#') continue;
        if (!is_utf8(line))
            throw Error(ErrorKind::usage, "invalid env file ({}): invalid utf8 bytes at line {}",
                        path, number);
        const Cut parts = cut(line, '=');
        if (parts.before.empty()) {
            throw Error(ErrorKind::usage,
                        "invalid env file ({}): no variable name on line '{}' (line {})", path,
                        line, number);
        }
        if (parts.before.find_first_of(blanks) != std::string_view::npos) {
            throw Error(ErrorKind::usage,
                        "invalid env file ({}): variable '{}' contains whitespaces (line {})", path,
                        parts.before, number);
        }
        if (line.find('\0') != std::string_view::npos) {
            throw Error(ErrorKind::usage, "invalid env file ({}): a zero byte on line {}", path,
                        number);
        }
        if (parts.found) {
            entries.emplace_back(line);
        } else if (const char* ours = std::getenv(std::string(line).c_str()); ours != nullptr) {
            entries.push_back(fmt::format("{}={}", line, ours));
        }
    }
    return entries;
}

std::string parse_stream(std::string_view text) {
    std::string name = to_lower(text);
    if (name != "stdin" && name != "stdout" && name != "stderr")
        throw Error(ErrorKind::invalid, "valid streams are STDIN, STDOUT and STDERR");
    return name;
}

void add_label(std::map<std::string, std::string>& labels, std::string_view text) {
    const Cut parts = cut(text, '=');
    if (parts.before.empty())
        throw Error(ErrorKind::invalid, "invalid label '{}': empty name", text);
    labels[std::string(parts.before)] = std::string(parts.after);
}

void add_label_files(const std::vector<std::string>& paths,
                     std::map<std::string, std::string>& labels) {
    constexpr size_t largest_file = 1 << 20;
    std::map<std::string, std::string> read;
    for (const std::string& path : paths) {
        const std::string content =
            with_context([&] { return read_file(path, largest_file); }, "--label-file");
        for (const std::string_view line : split(content, '\n')) {
            std::string_view label = line;
            label.remove_prefix(std::min(label.find_first_not_of(" \t\r"), label.size()));
            if (label.empty() || label.starts_with('#')) continue;
            const std::string_view key = cut(label, '=').before;
            if (key.find_first_of(" \t") != std::string_view::npos)
                throw Error(ErrorKind::invalid,
                            "invalid label file ({}): variable '{}' contains whitespaces", path,
                            printable(key));
            add_label(read, label);
        }
    }
    labels.merge(read);
}

std::string parse_extra_host(std::string_view text) {
    const size_t separator = text.find_first_of(":=");
    if (separator == std::string_view::npos || separator == 0 || separator + 1 == text.size())
        throw Error(ErrorKind::invalid, "bad format for add-host: {}", quoted(text));
    const std::string_view name = text.substr(0, separator);
    std::string address(text.substr(separator + 1));
    if (address.size() > 2 && address.front() == '[' && address.back() == ']')
        address = address.substr(1, address.size() - 2);
    // The name becomes a word of a line in /etc/hosts.
    if (name.find_first_of(" \t\r\n#") != std::string_view::npos)
        throw Error(ErrorKind::invalid, "bad format for add-host: {}", quoted(text));
    if (address != "host-gateway" && !is_address(address))
        throw Error(ErrorKind::invalid, "invalid IP address in add-host: {}", quoted(address));
    return fmt::format("{}:{}", name, address);
}

std::string parse_address(std::string_view text) {
    std::string address(trim(text));
    if (!is_address(address))
        throw Error(ErrorKind::invalid, "IP address is not correctly formatted: {}", text);
    return address;
}

std::string normalised_capability(std::string_view name) {
    std::string upper = to_upper(name);
    if (upper == "ALL" || upper.starts_with("CAP_")) return upper;
    return "CAP_" + upper;
}

void check_container_name(std::string_view name) {
    const bool fits =
        name.size() >= 2 && is_alphanumeric(name[0]) && std::ranges::all_of(name, [](char c) {
            return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
        });
    if (!fits) {
        throw Error(ErrorKind::usage,
                    "Invalid container name ({}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
                    name);
    }
    // A name is a file name in the store.
    if (name.size() > 255)
        throw Error(ErrorKind::usage, "Invalid container name: longer than 255 characters");
}

void check_hostname(std::string_view name) {
    // sethostname(2) takes 64 bytes; a line of /etc/hosts must stay one word.
    const bool fits = name.size() <= 64 && std::ranges::all_of(name, [](char c) {
                          return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
                      });
    if (!fits) {
        throw Error(ErrorKind::usage,
                    "invalid hostname {}: at most 64 letters, digits, '-', '.' and '_' are allowed",
                    quoted(name));
    }
}

std::vector<std::string> split_fields(std::string_view text) {
    std::vector<std::string> fields(1);
    bool quoting = false;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoting && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
            fields.back() += '"';
            ++i;
        } else if (c == '"' && (quoting || fields.back().empty())) {
            quoting = !quoting;
        } else if (c == ',' && !quoting) {
            fields.emplace_back();
        } else {
            fields.back() += c;
        }
    }
    if (quoting) throw Error(ErrorKind::invalid, "a quoted field does not end");
    return fields;
}

void prepend_environment_files(const std::vector<std::string>& paths,
                               std::vector<std::string>& environment) {
    constexpr size_t largest_file = 16 << 20;
    std::vector<std::string> entries;
    for (const std::string& path : paths)
        std::ranges::move(
            parse_environment_file(
                with_context([&] { return read_file(path, largest_file); }, "--env-file"), path),
            std::back_inserter(entries));
    environment.insert(environment.begin(), entries.begin(), entries.end());
}

}  // namespace skiff::cli
