// SPDX-License-Identifier: Apache-2.0
#include "engine/volume/volume_store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/error.h"
#include "base/json.h"
#include "base/root_dir.h"
#include "base/size.h"
#include "base/text.h"
#include "storage/store.h"

namespace skiff::engine {
namespace {

constexpr int volume_format = 1;
constexpr size_t record_limit = 4U << 20U;
constexpr const char* record_name = "volume.json";
constexpr std::string_view lock_name = ".lock";
constexpr std::string_view new_prefix = ".new-";
constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

std::string volumes_path(const Engine& engine) {
    return engine.root() + "/volumes";
}

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view name) {
    return !name.empty() && is_alphanumeric(name[0]) && std::ranges::all_of(name, [](char c) {
        return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
    });
}

std::string to_document(const VolumeRecord& record) {
    return to_text({{"format", volume_format},
                    {"name", record.name},
                    {"created", to_rfc3339(record.created)},
                    {"driver", record.driver},
                    {"labels", record.labels},
                    {"options", record.options}});
}

VolumeRecord parse_record(std::string_view text, const std::string& what) {
    const Json json = parse_json(text, what);
    const long long format = json_integer(json, "format", what);
    if (format > volume_format)
        throw Error(ErrorKind::unsupported,
                    "{} was written by a newer skiff (format {}, this one reads up to {})", what,
                    format, volume_format);
    VolumeRecord record;
    try {
        json.at("name").get_to(record.name);
        json.at("driver").get_to(record.driver);
        json.at("labels").get_to(record.labels);
        json.at("options").get_to(record.options);
    } catch (const Json::exception& error) {
        throw Error(ErrorKind::invalid, "{}: {}", what, error.what());
    }
    const auto created = parse_rfc3339(json_string(json, "created", what));
    if (!created) throw Error(ErrorKind::invalid, "{} has no time of creation", what);
    record.created = *created;
    return record;
}

Fd find_volume_directory(const Engine& engine, const std::string& name) {
    if (!is_name(name) || name.size() > NAME_MAX) return Fd();
    const Fd volumes = find_at(AT_FDCWD, volumes_path(engine), directory_flags);
    if (!volumes.valid()) return Fd();
    return find_at(volumes.get(), name, directory_flags);
}

/// As people count: "v2" before "v10".
bool natural_less(std::string_view whole_a, std::string_view whole_b) {
    std::string_view a = whole_a;
    std::string_view b = whole_b;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto number_of = [&](std::string_view text) {
        size_t end = 0;
        while (end < text.size() && is_digit(text[end])) ++end;
        return text.substr(0, end);
    };
    while (!a.empty() && !b.empty()) {
        if (!is_digit(a[0]) || !is_digit(b[0])) {
            if (a[0] != b[0]) return a[0] < b[0];
            a.remove_prefix(1);
            b.remove_prefix(1);
            continue;
        }
        std::string_view left = number_of(a);
        std::string_view right = number_of(b);
        a.remove_prefix(left.size());
        b.remove_prefix(right.size());
        while (left.size() > 1 && left[0] == '0') left.remove_prefix(1);
        while (right.size() > 1 && right[0] == '0') right.remove_prefix(1);
        if (left.size() != right.size()) return left.size() < right.size();
        if (left != right) return left < right;
    }
    return a.size() != b.size() ? a.size() < b.size() : whole_a < whole_b;
}

}  // namespace

void check_volume_name(std::string_view name) {
    if (name.size() == 1)
        throw Error(ErrorKind::usage,
                    "volume name is too short, names should be at least two alphanumeric "
                    "characters");
    if (!is_name(name))
        throw Error(ErrorKind::usage,
                    "{} includes invalid characters for a local volume name, only "
                    "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host "
                    "directory, use absolute path",
                    skiff::quoted(name));
    if (name.size() > NAME_MAX)
        throw Error(ErrorKind::usage, "volume name is too long, at most {} characters are possible",
                    NAME_MAX);
}

void check_volume_driver(const std::string& driver,
                         const std::map<std::string, std::string>& options) {
    if (!driver.empty() && driver != "local")
        throw Error(ErrorKind::not_found,
                    "error looking up volume plugin {}: plugin {} not found (skiff has the driver "
                    "\"local\" only)",
                    printable(driver), skiff::quoted(driver));
    constexpr std::array<std::string_view, 4> known{"type", "o", "device", "size"};
    for (const auto& [key, value] : options)
        if (std::ranges::find(known, key) == known.end())
            throw Error(ErrorKind::invalid, "invalid option: {}", skiff::quoted(key));
    if (const auto size = options.find("size");
        size != options.end() && parse_binary_size(size->second) > 0)
        throw Error(ErrorKind::unsupported, "quota size requested but no quota support");
    const auto need = [&](const char* key, const char* other) {
        if (options.contains(key) && !options.contains(other))
            throw Error(ErrorKind::invalid, "missing required option: {}", skiff::quoted(other));
    };
    need("device", "type");
    need("type", "device");
    need("o", "device");
    need("o", "type");
}

FileLock lock_volumes(const Engine& engine, LockMode mode) {
    open_data_directory(engine);
    const Fd volumes = open_private_directory(volumes_path(engine));
    return FileLock::wait(volumes.get(), std::string(lock_name), mode);
}

bool make_volume(const Engine& engine, const VolumeRecord& record, Durability durability) {
    check_volume_name(record.name);
    const Fd volumes = open_private_directory(volumes_path(engine));
    if (faccessat(volumes.get(), record.name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return false;
    const std::string temporary = fmt::format("{}{}", new_prefix, random_hex(8));
    const auto fail = [&] { throw SystemError(errno, "cannot make the volume '{}'", record.name); };
    if (mkdirat(volumes.get(), temporary.c_str(), 0700) < 0) fail();
    ScopeExit remove_partial([&] {
        try {
            remove_tree(volumes.get(), temporary);
        } catch (const Error&) {
            // The next sweep finds it.
        }
    });
    const Fd volume = open_at(volumes.get(), temporary, directory_flags);
    if (mkdirat(volume.get(), volume_data_name, 0755) < 0) fail();
    const Fd data = open_at(volume.get(), volume_data_name, directory_flags);
    if (fchmod(data.get(), 0755) < 0) fail();  // whatever the caller's umask
    replace_file(volume.get(), record_name, to_document(record), 0600, durability);
    if (renameat2(volumes.get(), temporary.c_str(), volumes.get(), record.name.c_str(),
                  RENAME_NOREPLACE) < 0) {
        if (errno == EEXIST) return false;
        fail();
    }
    remove_partial.release();
    if (durability == Durability::sync) sync_directory(volumes.get());
    return true;
}

std::optional<VolumeRecord> find_volume(const Engine& engine, const std::string& name) {
    const Fd volume = find_volume_directory(engine, name);
    if (!volume.valid()) return std::nullopt;
    const std::string path = fmt::format("{}/{}/{}", volumes_path(engine), name, record_name);
    try {
        const auto text = find_regular_file(volume.get(), record_name, record_limit);
        if (!text) throw Error(ErrorKind::invalid, "it is missing");
        VolumeRecord record = parse_record(*text, "its content");
        if (record.name != name)
            throw Error(ErrorKind::invalid, "it is the record of {}", skiff::quoted(record.name));
        return record;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::invalid && error.kind() != ErrorKind::unsupported) throw;
        throw Error(error.kind(),
                    "the record of volume {} ('{}') is damaged: {}; put it back, or remove the "
                    "volume with all that is in it: skiff volume rm {}",
                    name, path, error.message(), name);
    }
}

VolumeRecord get_volume(const Engine& engine, const std::string& name) {
    auto record = find_volume(engine, name);
    if (!record) throw Error(ErrorKind::not_found, "get {}: no such volume", printable(name));
    return std::move(*record);
}

std::vector<std::string> volume_names(const Engine& engine) {
    const Fd volumes = find_at(AT_FDCWD, volumes_path(engine), directory_flags);
    if (!volumes.valid()) {
        storage::require_directory_or_nothing(engine.root());
        return {};
    }
    std::vector<std::string> names = list_directory(volumes.get());
    std::erase_if(names, [](const std::string& name) { return !is_name(name); });
    std::ranges::sort(names, natural_less);
    return names;
}

bool volume_exists(const Engine& engine, const std::string& name) {
    return find_volume_directory(engine, name).valid();
}

std::string volume_data_path(const Engine& engine, const std::string& name) {
    return fmt::format("{}/{}/{}", volumes_path(engine), name, volume_data_name);
}

Fd open_volume(const Engine& engine, const std::string& name) {
    Fd volume = find_volume_directory(engine, name);
    if (!volume.valid())
        throw Error(ErrorKind::not_found, "get {}: no such volume", printable(name));
    return volume;
}

Fd open_volume_data(int volume, const std::string& name) {
    try {
        return open_at(volume, volume_data_name, directory_flags);
    } catch (const SystemError& error) {
        if (error.errno_value() != ENOTDIR && error.errno_value() != ELOOP &&
            error.errno_value() != ENOENT)
            throw;
        throw Error(ErrorKind::invalid,
                    "the volume {} is damaged: its '{}' is {}; put the directory back, or remove "
                    "the volume: skiff volume rm {}",
                    name, volume_data_name,
                    error.errno_value() == ENOENT ? "missing" : "no directory", name);
    }
}

std::string discard_volume(const Engine& engine, const std::string& name) {
    const Fd volumes = find_at(AT_FDCWD, volumes_path(engine), directory_flags);
    if (!volumes.valid() || !is_name(name)) return {};
    const Fd trash = open_private_directory(engine.root() + "/trash");
    const std::string target = "volume-" + random_hex(8);
    if (renameat2(volumes.get(), name.c_str(), trash.get(), target.c_str(), RENAME_NOREPLACE) < 0) {
        if (errno == ENOENT) return {};
        throw SystemError(errno, "cannot remove the volume '{}'", name);
    }
    return fmt::format("{}/trash/{}", engine.root(), target);
}

void sweep_volumes(const Engine& engine) {
    const Fd volumes = find_at(AT_FDCWD, volumes_path(engine), directory_flags);
    if (!volumes.valid()) return;
    for (const std::string& name : list_directory(volumes.get()))
        if (name.starts_with(new_prefix)) remove_tree(volumes.get(), name);
}

}  // namespace skiff::engine
