// SPDX-License-Identifier: Apache-2.0
#include "engine/secret/secrets.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/json.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

constexpr size_t document_limit = 4U << 20U;
constexpr size_t id_digits = 25;
constexpr const char* copies_name = "secrets";
constexpr int document_format = 1;

struct Stored {
    SecretRecord record;
    std::string data;
};

Fd open_secrets(const Engine& engine) {
    open_data_directory(engine);
    return open_private_directory(engine.root() + "/secrets");
}

/// Nothing is made by those who only look.
Fd find_secrets(const Engine& engine) {
    return find_at(AT_FDCWD, engine.root() + "/secrets", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/// Held from the look at the names until one is there or gone.
FileLock lock_names(const Fd& directory) {
    return FileLock::wait(directory.get(), ".lock", LockMode::exclusive);
}

/// JSON has no bytes, and a secret may be any.
std::string from_hex(std::string_view digits) {
    std::string bytes;
    for (size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes += static_cast<char>(parse_number<unsigned>(digits.substr(i, 2), 16).value_or(0));
    return bytes;
}

std::string to_document(const Stored& stored) {
    const SecretRecord& record = stored.record;
    return to_text({{"format", document_format},
                    {"id", record.id},
                    {"name", record.name},
                    {"driver", record.driver},
                    {"created", to_rfc3339(record.created)},
                    {"updated", to_rfc3339(record.updated)},
                    {"labels", record.labels},
                    {"data", to_hex(stored.data)}});
}

Stored parse_stored(std::string_view text, const std::string& name) {
    const Json json = parse_json(text, name);
    if (json_integer(json, "format", name) > document_format)
        throw Error(ErrorKind::unsupported, "{} was written by a newer skiff", name);
    Stored stored;
    stored.record.id = json_string(json, "id", name);
    stored.record.name = json_string(json, "name", name);
    stored.record.driver = json_string(json, "driver", name);
    stored.record.created = parse_rfc3339(json_string(json, "created", name)).value_or(Timestamp{});
    stored.record.updated = parse_rfc3339(json_string(json, "updated", name)).value_or(Timestamp{});
    if (const auto labels = json.find("labels"); labels != json.end() && labels->is_object())
        for (const auto& [key, value] : labels->items())
            if (value.is_string()) stored.record.labels[key] = value.get<std::string>();
    stored.data = from_hex(json_string(json, "data", name));
    return stored;
}

std::vector<Stored> read_all(const Fd& directory) {
    std::vector<Stored> list;
    if (!directory.valid()) return list;
    for (const std::string& name : list_directory(directory.get())) {
        if (name.starts_with('.')) continue;
        if (const auto text = find_regular_file(directory.get(), name, document_limit))
            list.push_back(parse_stored(*text, "the secret " + name));
    }
    std::ranges::sort(list, {}, [](const Stored& stored) { return stored.record.name; });
    return list;
}

Stored get_stored(const Engine& engine, const std::string& text) {
    std::vector<Stored> list = read_all(find_secrets(engine));
    Stored* found = nullptr;
    for (Stored& stored : list) {
        if (stored.record.name == text || stored.record.id == text) return std::move(stored);
        if (text.empty() || !stored.record.id.starts_with(text)) continue;
        if (found != nullptr)
            throw Error(ErrorKind::conflict, "more than one secret begins with {}",
                        printable(text));
        found = &stored;
    }
    if (found == nullptr)
        throw Error(ErrorKind::not_found, "no secret with name or id {}: no such secret",
                    skiff::quoted(text));
    return std::move(*found);
}

void check_name(std::string_view name) {
    const bool plain = std::ranges::none_of(name, [](char c) {
        return c == ',' || c == '/' || c == '=' || c == '\0' || static_cast<unsigned char>(c) < ' ';
    });
    if (name.empty() || name.size() > 253 || !plain)
        throw Error(ErrorKind::invalid,
                    "secret name {} can not include '=', '/', ',', or the NULL character, and be "
                    "[1-253] characters long: invalid secret name",
                    skiff::quoted(name));
}

std::string copy_name(size_t number) {
    return fmt::format("{}", number);
}

std::uint32_t parse_id(std::string_view value, std::string_view key) {
    const auto id = parse_number<std::uint32_t>(value);
    if (!id || *id > 0x7fffffffU)
        throw Error(ErrorKind::invalid, "invalid secret {} {}", key, skiff::quoted(value));
    return *id;
}

}  // namespace

std::string create_secret(const Engine& engine, const SecretCreation& creation) {
    check_name(creation.name);
    if (creation.data.empty() || creation.data.size() >= largest_secret)
        throw Error(ErrorKind::invalid, "secret data must be larger than 0 and less than {} bytes",
                    largest_secret);
    const Fd directory = open_secrets(engine);
    const FileLock lock = lock_names(directory);
    Stored stored;
    for (const Stored& present : read_all(directory)) {
        if (present.record.name != creation.name) continue;
        if (creation.ignore) return present.record.id;
        if (!creation.replace)
            throw Error(ErrorKind::conflict, "{}: secret name in use", creation.name);
        stored.record = present.record;
    }
    // One that is replaced is another one, with an id of its own, as in podman.
    const std::string replaced = stored.record.id;
    stored.record.id = random_hex(id_digits).substr(0, id_digits);
    stored.record.name = creation.name;
    stored.record.labels = creation.labels;
    stored.record.updated = now();
    if (replaced.empty()) stored.record.created = stored.record.updated;
    stored.data = creation.data;
    replace_file(directory.get(), stored.record.id, to_document(stored), 0600, Durability::sync);
    if (!replaced.empty()) unlinkat(directory.get(), replaced.c_str(), 0);
    return stored.record.id;
}

SecretRecord get_secret(const Engine& engine, const std::string& text) {
    return get_stored(engine, text).record;
}

std::string secret_data(const Engine& engine, const std::string& id) {
    return get_stored(engine, id).data;
}

std::vector<SecretRecord> list_secrets(const Engine& engine) {
    std::vector<SecretRecord> list;
    for (Stored& stored : read_all(find_secrets(engine))) list.push_back(std::move(stored.record));
    return list;
}

std::string remove_secret(const Engine& engine, const std::string& text) {
    const SecretRecord record = get_secret(engine, text);
    const Fd directory = open_secrets(engine);
    const FileLock lock = lock_names(directory);
    if (unlinkat(directory.get(), record.id.c_str(), 0) < 0 && errno != ENOENT)
        throw SystemError(errno, "cannot remove the secret {}", record.name);
    sync_directory(directory.get());
    return record.id;
}

SecretRequest parse_secret_request(std::string_view text) {
    SecretRequest secret;
    const std::vector<std::string_view> fields = split(text, ',');
    bool of_file = false;
    for (size_t i = 0; i < fields.size(); ++i) {
        const Cut parts = cut(fields[i], '=');
        const std::string_view value = parts.after;
        if (i == 0 && !parts.found) {
            secret.source = parts.before;
        } else if (parts.before == "source" || parts.before == "src") {
            secret.source = value;
        } else if (parts.before == "type" && (value == "mount" || value == "env")) {
            secret.variable = value == "env";
        } else if (parts.before == "type") {
            throw Error(ErrorKind::invalid, "type {} is invalid: it is mount or env",
                        skiff::quoted(value));
        } else if (parts.before == "target") {
            secret.target = value;
        } else if (parts.before == "uid" || parts.before == "UID") {
            secret.uid = parse_id(value, "uid");
            of_file = true;
        } else if (parts.before == "gid" || parts.before == "GID") {
            secret.gid = parse_id(value, "gid");
            of_file = true;
        } else if (parts.before == "mode") {
            const auto mode = parse_number<unsigned>(value, 8);
            if (!mode || *mode > 0777)
                throw Error(ErrorKind::invalid, "mode {} is invalid: it is octal, 0 to 0777",
                            skiff::quoted(value));
            secret.mode = *mode;
            of_file = true;
        } else {
            throw Error(ErrorKind::invalid, "option {} is invalid: error parsing secret",
                        skiff::quoted(fields[i]));
        }
    }
    if (secret.source.empty())
        throw Error(ErrorKind::invalid, "no source found {}: error parsing secret",
                    printable(text));
    if (secret.variable && of_file)
        throw Error(ErrorKind::invalid,
                    "UID, GID, Mode options cannot be set with secret type env");
    if (secret.variable && secret.target.find('=') != std::string::npos)
        throw Error(ErrorKind::invalid, "{} is no name of a variable",
                    skiff::quoted(secret.target));
    return secret;
}

void settle_secrets(const Engine& engine, int directory, CreateRequest& request) {
    std::vector<std::string> data;
    for (SecretRequest& secret : request.secrets) {
        Stored stored = get_stored(engine, secret.source);
        secret.id = stored.record.id;
        secret.source = stored.record.name;
        data.push_back(std::move(stored.data));
    }
    keep_secrets(directory, data);
}

void keep_secrets(int directory, const std::vector<std::string>& data) {
    if (data.empty()) return;
    const Fd copies = open_or_make_directory(directory, copies_name, 0700);
    for (size_t i = 0; i < data.size(); ++i)
        replace_file(copies.get(), copy_name(i), data[i], 0600, Durability::none);
}

std::vector<std::string> container_secrets(int directory, const CreateRequest& request) {
    std::vector<std::string> list;
    if (request.secrets.empty()) return list;
    const Fd copies = open_at(directory, copies_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    for (size_t i = 0; i < request.secrets.size(); ++i) {
        auto data = find_regular_file(copies.get(), copy_name(i), largest_secret);
        if (!data)
            throw Error(ErrorKind::invalid, "the container's copy of the secret {} is gone",
                        request.secrets[i].source);
        list.push_back(*std::move(data));
    }
    return list;
}

std::vector<std::string> secret_variables(int directory, const CreateRequest& request) {
    std::vector<std::string> variables;
    if (std::ranges::none_of(request.secrets, &SecretRequest::variable)) return variables;
    const std::vector<std::string> data = container_secrets(directory, request);
    for (size_t i = 0; i < request.secrets.size(); ++i) {
        const SecretRequest& secret = request.secrets[i];
        // A variable ends at a zero byte, and the program would see a part of it.
        if (secret.variable && data[i].find('\0') != std::string::npos)
            throw Error(ErrorKind::invalid, "the secret {} has a zero byte, and no variable can",
                        secret.source);
        if (secret.variable)
            variables.push_back(fmt::format(
                "{}={}", secret.target.empty() ? secret.source : secret.target, data[i]));
    }
    return variables;
}

std::string secret_target(const SecretRequest& secret) {
    const std::string& name = secret.target.empty() ? secret.source : secret.target;
    return name.starts_with('/') ? name : "/run/secrets/" + name;
}

}  // namespace skiff::engine
