// SPDX-License-Identifier: Apache-2.0
// Which hosts stand behind the name of a registry, and how they are talked to.
//
// Plain values; they come from config.yaml (engine/config.h), from $CONTAINERS_REGISTRIES_CONF
// (registries_conf.h), and from the directories of certificates that Docker and podman use.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/reference.h"
#include "registry/http.h"

namespace skiff::registry {

struct Mirror {
    std::string location;  ///< "host[:port][/path]"
    bool insecure = false;
    bool for_tags = true;     ///< asked for images by tag
    bool for_digests = true;  ///< asked for images by digest
};

/// What is said about one registry, or a part of it.
struct RegistrySettings {
    std::string prefix;    ///< "host[:port][/path]", or "*.domain"
    std::string location;  ///< where it really is; "": at `prefix`
    bool insecure = false;
    bool blocked = false;
    std::string ca;  ///< paths
    std::string certificate;
    std::string key;
    std::optional<std::string> proxy;  ///< "": none
    std::optional<std::chrono::seconds> timeout;
    std::vector<Mirror> mirrors;  ///< asked first, in this order
};

struct Settings {
    std::vector<RegistrySettings> registries;
    /// With a directory "host[:port]" for each registry: *.crt are authorities, *.cert with *.key
    /// the client's.
    std::vector<std::string> certificate_directories;
    /// Hosts of URLs that the command line calls insecure.
    std::vector<std::string> insecure_hosts;
};

/// The directories that Docker and podman look into, the user's own first.
std::vector<std::string> default_certificate_directories();

/// One place where a repository can be had.
struct Endpoint {
    std::string host;  ///< of URLs: "registry-1.docker.io", "localhost:5000"
    std::string path;  ///< of the repository there
    std::string name;  ///< of the registry, for credentials: "docker.io"
    bool mirror = false;
};

/// Mirrors, then the registry itself. Throws Error{denied} when the settings block it.
std::vector<Endpoint> pull_endpoints(const Settings& settings, const oci::Reference& reference);
/// Nothing is pushed to a mirror.
Endpoint push_endpoint(const Settings& settings, const oci::Reference& reference);

/// How `host` of a URL is talked to. Reads its directories of certificates. Throws SystemError
/// where a file that the settings name cannot be read.
HostSettings host_settings(const Settings& settings, std::string_view host);

/// "localhost", 127.0.0.0/8 and ::1, with any port: plain HTTP will do, as in Docker.
bool is_loopback(std::string_view host);
/// The host in URLs of a registry as people call it: docker.io is served by registry-1.docker.io.
std::string url_host(std::string_view registry);

}  // namespace skiff::registry
