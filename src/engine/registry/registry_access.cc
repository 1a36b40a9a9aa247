// SPDX-License-Identifier: Apache-2.0
#include "engine/registry/registry_access.h"

#include <cstdlib>

#include <fcntl.h>

#include "base/error.h"
#include "base/file.h"
#include "engine/config.h"
#include "registry/answer_error.h"
#include "registry/registries_conf.h"

namespace skiff::engine {
namespace {

constexpr size_t max_conf = 4U << 20U;

RegistryPlan plan(const Engine& engine) {
    RegistryPlan result;
    result.settings = registry_settings(engine);
    result.headers = registry::extra_headers(registry::CredentialPlaces::from_environment());
    return result;
}

RegistryAccess access_to(registry::Endpoint endpoint) {
    registry::Credentials credentials = registry::find_credentials(
        registry::CredentialPlaces::from_environment(), endpoint.name, endpoint.path);
    return {std::move(endpoint), std::move(credentials)};
}

}  // namespace

registry::Settings registry_settings(const Engine& engine) {
    registry::Settings settings;
    settings.registries = load_config(engine).registries;
    if (const char* path = std::getenv("CONTAINERS_REGISTRIES_CONF"); path != nullptr && *path) {
        const auto text = find_file(AT_FDCWD, path, max_conf);
        if (!text)
            throw Error(ErrorKind::invalid,
                        "there is no file '{}', which $CONTAINERS_REGISTRIES_CONF names", path);
        for (registry::RegistrySettings& entry : registry::parse_registries_conf(*text, path))
            settings.registries.push_back(std::move(entry));
    }
    settings.certificate_directories = registry::default_certificate_directories();
    return settings;
}

RegistryPlan plan_pull(const Engine& engine, const oci::Reference& reference) {
    RegistryPlan result = plan(engine);
    for (registry::Endpoint& endpoint : registry::pull_endpoints(result.settings, reference))
        result.places.push_back(access_to(std::move(endpoint)));
    return result;
}

RegistryPlan plan_push(const Engine& engine, const oci::Reference& reference) {
    RegistryPlan result = plan(engine);
    result.places.push_back(access_to(registry::push_endpoint(result.settings, reference)));
    return result;
}

std::unique_ptr<registry::Registry> open_registry(const RegistryPlan& plan,
                                                  const RegistryAccess& place,
                                                  const std::string& actions,
                                                  const std::vector<std::string>& mount_from) {
    std::string scope = "repository:" + place.endpoint.path + ":" + actions;
    for (const std::string& path : mount_from) scope += " repository:" + path + ":pull";
    return std::make_unique<registry::Registry>(plan.settings, place.endpoint, place.credentials,
                                                std::move(scope), plan.headers);
}

void rethrow_pull_error(const oci::Reference& reference) {
    try {
        throw;
    } catch (const registry::RefusedError& error) {
        if (error.status() == 404 && error.code() != "NAME_UNKNOWN")
            throw Error(ErrorKind::not_found, "manifest for {} not found: {}",
                        reference.familiar_text(), error.message());
        if (error.status() == 401 || error.status() == 403 || error.status() == 404)
            throw Error(ErrorKind::denied,
                        "pull access denied for {}, repository does not exist or may require "
                        "'skiff login': {}",
                        reference.familiar_repository(), error.message());
        throw;
    }
}

}  // namespace skiff::engine
