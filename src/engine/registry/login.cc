// SPDX-License-Identifier: Apache-2.0
#include "engine/registry/login.h"

#include "base/cancellation.h"
#include "base/error.h"
#include "base/text.h"
#include "engine/registry/registry_access.h"
#include "registry/answer_error.h"

namespace skiff::engine {
namespace {

constexpr size_t max_answer = 1U << 20U;

/// Throws what the registry says when it does not take them.
void try_credentials(const Engine& engine, const std::string& name,
                     const registry::Credentials& credentials) {
    const registry::Settings settings = registry_settings(engine);
    registry::Endpoint endpoint{registry::url_host(name), "", name, false};
    for (const registry::RegistrySettings& entry : settings.registries)
        if (entry.prefix == name && !entry.location.empty())
            endpoint.host = registry::url_host(cut(entry.location, '/').before);
    registry::Registry registry(
        settings, endpoint, credentials, "",
        registry::extra_headers(registry::CredentialPlaces::from_environment()));
    registry::Connection connection(registry);
    const registry::HttpAnswer answer = connection.perform({.url = "/v2/"}, max_answer);
    if (answer.status != 200) throw registry::refusal(answer, "GET");
}

}  // namespace

std::string registry_name(const std::string& typed) {
    std::string name = typed.empty() ? "docker.io" : typed;
    for (const std::string_view scheme : {"https://", "http://"})
        if (name.starts_with(scheme)) name.erase(0, scheme.size());
    name = to_lower(cut(name, '/').before);
    if (name.empty() || name.find_first_of(" \t\"'\\?#@") != name.npos)
        throw Error(ErrorKind::invalid, "{} names no registry", skiff::quoted(typed));
    if (name == "index.docker.io" || name == "registry-1.docker.io") return "docker.io";
    return name;
}

std::string registry_title(const std::string& registry) {
    return registry::credential_key(registry);
}

std::string known_user(const std::string& registry) {
    return registry::find_credentials(registry::CredentialPlaces::from_environment(), registry)
        .user;
}

std::optional<std::string> log_in(const Engine& engine, const std::string& registry,
                                  const std::string& user, const std::string& password) {
    const registry::Credentials credentials{user, password, {}};
    try_credentials(engine, registry, credentials);
    return registry::keep_credentials(registry::CredentialPlaces::from_environment(), registry,
                                      credentials);
}

bool is_logged_in(const Engine& engine, const std::string& registry) {
    const registry::Credentials credentials =
        registry::find_credentials(registry::CredentialPlaces::from_environment(), registry);
    if (credentials.empty()) return false;
    try {
        try_credentials(engine, registry, credentials);
        return true;
    } catch (const registry::RefusedError&) {
        return false;
    }
}

bool log_out(const std::string& registry) {
    return registry::forget_credentials(registry::CredentialPlaces::from_environment(), registry);
}

}  // namespace skiff::engine
