// SPDX-License-Identifier: Apache-2.0
#include "registry/credentials.h"

#include <algorithm>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "registry/base64.h"
#include "registry/credential_helper.h"

namespace skiff::registry {
namespace {

constexpr size_t max_file = 4U << 20U;
constexpr std::string_view hub_key = "https://index.docker.io/v1/";

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

/// What an entry is about, however it was written: "https://host/v1/" and "host" are one.
std::string normalised(std::string_view key) {
    for (const std::string_view scheme : {"https://", "http://"})
        if (key.starts_with(scheme)) {
            key.remove_prefix(scheme.size());
            key = cut(key, '/').before;
        }
    while (key.ends_with('/')) key.remove_suffix(1);
    if (key == "index.docker.io" || key == "registry-1.docker.io") return "docker.io";
    return std::string(key);
}

Credentials read_entry(const Json& entry, const std::string& key, std::string_view name) {
    if (!entry.is_object())
        throw Error(ErrorKind::invalid, "{}: the entry {} of 'auths' is no object", name,
                    skiff::quoted(key));
    Credentials credentials{json_string(entry, "username", name),
                            json_string(entry, "password", name),
                            json_string(entry, "identitytoken", name)};
    if (const std::string auth = json_string(entry, "auth", name); !auth.empty()) {
        const auto text = from_base64(auth);
        const Cut parts = cut(text ? std::string_view(*text) : std::string_view(), ':');
        if (!text || !parts.found)
            throw Error(ErrorKind::invalid, "{}: 'auth' of {} is not user:password in base64", name,
                        skiff::quoted(key));
        credentials.user = parts.before;
        credentials.password = parts.after;
        while (credentials.password.ends_with('\0')) credentials.password.pop_back();
    }
    return credentials;
}

struct Document {
    AuthDocument auth;
    bool found = false;
};

Document read_document(const std::string& path) {
    const auto text = find_file(AT_FDCWD, path, max_file);
    if (!text || trim(*text).empty()) return {};
    return {parse_auth_document(*text, "'" + path + "'"), true};
}

/// The longest entry that covers the repository: "host/team" before "host".
const Credentials* find_entry(const AuthDocument& document, std::string_view registry,
                              std::string_view path) {
    const std::string whole =
        path.empty() ? std::string(registry) : fmt::format("{}/{}", registry, path);
    const Credentials* best = nullptr;
    size_t length = 0;
    for (const auto& [written, credentials] : document.auths) {
        const std::string key = normalised(written);
        const bool covers =
            whole.starts_with(key) && (whole.size() == key.size() || whole[key.size()] == '/');
        if (covers && key.size() > length && !credentials.empty()) {
            best = &credentials;
            length = key.size();
        }
    }
    return best;
}

std::string helper_for(const AuthDocument& document, std::string_view registry) {
    for (const auto& [key, helper] : document.helpers)
        if (normalised(key) == registry) return helper;
    return document.store;
}

std::optional<Credentials> find_in(const AuthDocument& document, std::string_view registry,
                                   std::string_view path) {
    if (const std::string helper = helper_for(document, registry); !helper.empty()) {
        Credentials credentials = ask_helper(helper, credential_key(registry));
        if (!credentials.empty()) return credentials;
    }
    if (const Credentials* entry = find_entry(document, registry, path)) return *entry;
    return std::nullopt;
}

const std::string& file_for_login(const CredentialPlaces& places) {
    return places.only_others ? places.others.front() : places.docker_config;
}

Json read_for_change(const std::string& path) {
    const auto text = find_file(AT_FDCWD, path, max_file);
    if (!text || trim(*text).empty()) return Json::object();
    Json document = parse_json(*text, "'" + path + "'");
    if (!document.is_object()) throw Error(ErrorKind::invalid, "'{}' is no JSON object", path);
    return document;
}

void write_document(const std::string& path, const Json& document) {
    // The file may be a link into somebody's dotfiles: what it points to is replaced.
    char* resolved = realpath(path.c_str(), nullptr);
    const std::string target = resolved == nullptr ? path : resolved;
    std::free(resolved);
    const size_t slash = target.find_last_of('/');
    const std::string directory = slash == std::string::npos ? "." : target.substr(0, slash);
    if (slash != std::string::npos && slash > 0) make_directories(directory, 0700);
    const Fd fd = open_file(directory, O_RDONLY | O_DIRECTORY);
    replace_file(fd.get(), target.substr(slash == std::string::npos ? 0 : slash + 1),
                 document.dump(1, '\t') + "\n", 0600, Durability::sync);
}

}  // namespace

CredentialPlaces CredentialPlaces::from_environment() {
    CredentialPlaces places;
    const std::string home = variable("HOME");
    places.text = variable("DOCKER_AUTH_CONFIG");
    const std::string config = variable("DOCKER_CONFIG");
    places.docker_config = (config.empty() ? home + "/.docker" : config) + "/config.json";
    if (const std::string file = variable("REGISTRY_AUTH_FILE"); !file.empty()) {
        places.others = {file};
        places.only_others = true;
        return places;
    }
    if (const std::string run = variable("XDG_RUNTIME_DIR"); !run.empty())
        places.others.push_back(run + "/containers/auth.json");
    const std::string user = variable("XDG_CONFIG_HOME");
    places.others.push_back((user.empty() ? home + "/.config" : user) + "/containers/auth.json");
    return places;
}

std::string credential_key(std::string_view registry) {
    return std::string(registry == "docker.io" ? hub_key : registry);
}

AuthDocument parse_auth_document(std::string_view text, std::string_view name) {
    const Json document = parse_json(text, name);
    if (!document.is_object()) throw Error(ErrorKind::invalid, "{} is no JSON object", name);
    const auto each = [&](const char* key, const auto& act) {
        const auto member = document.find(key);
        if (member == document.end() || member->is_null()) return;
        if (!member->is_object())
            throw Error(ErrorKind::invalid, "{}: '{}' is no object", name, key);
        for (const auto& [entry, value] : member->items()) act(entry, value);
    };
    const auto text_of = [&](const Json& value, const char* where) {
        if (!value.is_string())
            throw Error(ErrorKind::invalid, "{}: a value in '{}' is no string", name, where);
        return value.get<std::string>();
    };
    AuthDocument result;
    each("auths", [&](const std::string& key, const Json& value) {
        result.auths.emplace_back(key, read_entry(value, key, name));
    });
    each("credHelpers", [&](const std::string& key, const Json& value) {
        result.helpers.emplace_back(key, text_of(value, "credHelpers"));
    });
    each("HttpHeaders", [&](const std::string& key, const Json& value) {
        result.headers.emplace_back(key, text_of(value, "HttpHeaders"));
    });
    result.store = json_string(document, "credsStore", name);
    return result;
}

Credentials find_credentials(const CredentialPlaces& places, std::string_view registry,
                             std::string_view path) {
    if (!places.text.empty()) {
        const AuthDocument document = parse_auth_document(places.text, "$DOCKER_AUTH_CONFIG");
        if (auto found = find_in(document, registry, path)) return *found;
    }
    std::vector<std::string> files = places.others;
    if (!places.only_others) files.insert(files.begin(), places.docker_config);
    for (const std::string& file : files) {
        const Document document = read_document(file);
        if (!document.found) continue;
        if (auto found = find_in(document.auth, registry, path)) return *found;
    }
    return {};
}

std::vector<HttpHeader> extra_headers(const CredentialPlaces& places) {
    std::vector<HttpHeader> headers = read_document(places.docker_config).auth.headers;
    // What the request itself says is not theirs to say.
    std::erase_if(headers, [](const HttpHeader& header) {
        const std::string name = to_lower(header.first);
        return name == "authorization" || name == "host" || name == "content-length" ||
               name == "accept" || name == "user-agent" || name == "transfer-encoding" ||
               name == "range" || name == "content-type";
    });
    return headers;
}

std::optional<std::string> keep_credentials(const CredentialPlaces& places,
                                            std::string_view registry,
                                            const Credentials& credentials) {
    const std::string& path = file_for_login(places);
    const std::string key = credential_key(registry);
    Json document = read_for_change(path);
    const AuthDocument known = parse_auth_document(to_text(document), "'" + path + "'");
    const std::string helper = helper_for(known, registry);
    Json& auths = document["auths"];
    if (!auths.is_object()) auths = Json::object();
    if (!helper.empty()) {
        tell_helper(helper, key, credentials);
        auths[key] = Json::object();  // as Docker: that there is something to ask the helper for
        write_document(path, document);
        return std::nullopt;
    }
    Json entry = Json::object();
    if (!credentials.identity_token.empty()) entry["identitytoken"] = credentials.identity_token;
    entry["auth"] = to_base64(credentials.user + ":" +
                              (credentials.identity_token.empty() ? credentials.password : ""));
    auths[key] = std::move(entry);
    write_document(path, document);
    return path;
}

bool forget_credentials(const CredentialPlaces& places, std::string_view registry) {
    const std::string& path = file_for_login(places);
    Json document = read_for_change(path);
    const AuthDocument known = parse_auth_document(to_text(document), "'" + path + "'");
    bool had = false;
    if (const std::string helper = helper_for(known, registry); !helper.empty())
        had = erase_from_helper(helper, credential_key(registry));
    const auto auths = document.find("auths");
    if (auths == document.end() || !auths->is_object()) return had;
    std::vector<std::string> keys;
    for (const auto& [key, entry] : auths->items())
        if (normalised(key) == registry) keys.push_back(key);
    for (const std::string& key : keys) auths->erase(key);
    if (!keys.empty()) write_document(path, document);
    return had || !keys.empty();
}

}  // namespace skiff::registry
