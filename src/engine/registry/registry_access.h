// SPDX-License-Identifier: Apache-2.0
// What has to be known before a registry is talked to: where it is, and who we are to it.
//
// Found before a rootless transfer steps into the store's user namespace: a credential helper must
// see the caller's own session.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "oci/reference.h"
#include "registry/connection.h"
#include "registry/credentials.h"
#include "registry/settings.h"

namespace skiff::engine {

/// From config.yaml and $CONTAINERS_REGISTRIES_CONF. Throws Error{invalid} with file and line.
registry::Settings registry_settings(const Engine& engine);

/// One endpoint with what proves who we are there.
struct RegistryAccess {
    registry::Endpoint endpoint;
    registry::Credentials credentials;
};

struct RegistryPlan {
    registry::Settings settings;
    std::vector<registry::HttpHeader> headers;
    std::vector<RegistryAccess> places;  ///< to be tried in this order
};
/// May start docker-credential-NAME.
RegistryPlan plan_pull(const Engine& engine, const oci::Reference& reference);
RegistryPlan plan_push(const Engine& engine, const oci::Reference& reference);

/// A registry of the plan, for work on its repository: `actions` is "pull" or "pull,push".
/// `mount_from`: repositories at the same registry that blobs are taken from.
std::unique_ptr<registry::Registry> open_registry(const RegistryPlan& plan,
                                                  const RegistryAccess& place,
                                                  const std::string& actions,
                                                  const std::vector<std::string>& mount_from = {});

/// The error as people know it from Docker, for a reference that could not be had.
[[noreturn]] void rethrow_pull_error(const oci::Reference& reference);

}  // namespace skiff::engine
