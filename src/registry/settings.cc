// SPDX-License-Identifier: Apache-2.0
#include "registry/settings.h"

#include <algorithm>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

namespace skiff::registry {
namespace {

constexpr size_t max_certificate = 1U << 20U;

/// How much of `name` ("host/path[:tag]") the prefix covers; 0: it does not apply.
size_t covered(std::string_view prefix, const oci::Reference& reference) {
    if (prefix.starts_with("*."))
        return reference.domain().ends_with(prefix.substr(1)) ? prefix.size() - 1 : 0;
    const std::string name = reference.repository();
    if (!name.starts_with(prefix)) return 0;
    const bool whole = name.size() == prefix.size() || name[prefix.size()] == '/';
    return whole ? prefix.size() : 0;
}

const RegistrySettings* find_settings(const Settings& settings, const oci::Reference& reference) {
    const RegistrySettings* best = nullptr;
    size_t best_length = 0;
    for (const RegistrySettings& entry : settings.registries) {
        const size_t length = covered(entry.prefix, reference);
        if (length > best_length) {
            best = &entry;
            best_length = length;
        }
    }
    return best;
}

/// The part of the repository's path that `prefix` leaves: of a.io/x/y under a.io/x it is "y".
std::string rest_of(const std::string& prefix, const oci::Reference& reference) {
    if (prefix.starts_with("*.")) return reference.path();
    const std::string name = reference.repository();
    return name.size() <= prefix.size() ? "" : name.substr(prefix.size() + 1);
}

Endpoint endpoint_at(const std::string& location, const std::string& rest, bool mirror) {
    const Cut parts = cut(location, '/');
    std::string path(parts.after);
    if (!rest.empty()) path += (path.empty() ? "" : "/") + rest;
    const std::string name(parts.before);
    return {url_host(name), path, name, mirror};
}

bool names_host(std::string_view location, std::string_view host) {
    const std::string_view name = cut(location, '/').before;
    if (name.starts_with("*.")) return host.ends_with(name.substr(1));
    return url_host(name) == host;
}

void add_authority(const std::string& path, HostSettings& settings) {
    const std::string text = read_file(path, max_certificate);
    if (text.find("-----BEGIN ") == text.npos)
        throw Error(ErrorKind::invalid, "'{}' holds no certificate in PEM form", path);
    settings.ca += text + "\n";
    settings.ca_files.push_back(path);
}

void add_directory(const std::string& directory, HostSettings& settings) {
    const Fd fd = find_at(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY);
    if (!fd.valid()) return;
    std::vector<std::string> names = list_directory(fd.get());
    std::ranges::sort(names);
    for (const std::string& name : names) {
        const std::string path = directory + "/" + name;
        if (name.ends_with(".crt")) {
            add_authority(path, settings);
        } else if (name.ends_with(".cert") && settings.certificate.empty()) {
            const std::string key = path.substr(0, path.size() - 5) + ".key";
            if (access(key.c_str(), F_OK) != 0)
                throw Error(ErrorKind::invalid, "missing key {} for client certificate {}", key,
                            path);
            settings.certificate = path;
            settings.key = key;
        }
    }
}

}  // namespace

std::vector<std::string> default_certificate_directories() {
    std::vector<std::string> directories;
    const char* home = std::getenv("HOME");
    if (home != nullptr && *home != '\0')
        for (const char* name : {"/.config/docker/certs.d", "/.config/containers/certs.d"})
            directories.push_back(std::string(home) + name);
    directories.emplace_back("/etc/docker/certs.d");
    directories.emplace_back("/etc/containers/certs.d");
    return directories;
}

bool is_loopback(std::string_view host) {
    if (host.starts_with("[::1]")) return true;
    const std::string_view name = cut(host, ':').before;
    if (name == "localhost") return true;
    const std::vector<std::string_view> parts = split(name, '.');
    return parts.size() == 4 && parts[0] == "127" &&
           std::ranges::all_of(parts, [](std::string_view part) {
               return parse_number<std::uint8_t>(part).has_value();
           });
}

std::string url_host(std::string_view registry) {
    return registry == "docker.io" ? "registry-1.docker.io" : std::string(registry);
}

Endpoint push_endpoint(const Settings& settings, const oci::Reference& reference) {
    const RegistrySettings* entry = find_settings(settings, reference);
    if (entry == nullptr || (entry->location.empty() && !entry->blocked))
        return {url_host(reference.domain()), reference.path(), reference.domain(), false};
    if (entry->blocked)
        throw Error(ErrorKind::denied, "registry {} is blocked by the configuration",
                    entry->prefix);
    return endpoint_at(entry->location, rest_of(entry->prefix, reference), false);
}

std::vector<Endpoint> pull_endpoints(const Settings& settings, const oci::Reference& reference) {
    std::vector<Endpoint> endpoints;
    if (const RegistrySettings* entry = find_settings(settings, reference))
        for (const Mirror& mirror : entry->mirrors)
            if (reference.digest() ? mirror.for_digests : mirror.for_tags)
                endpoints.push_back(
                    endpoint_at(mirror.location, rest_of(entry->prefix, reference), true));
    endpoints.push_back(push_endpoint(settings, reference));
    return endpoints;
}

HostSettings host_settings(const Settings& settings, std::string_view host) {
    HostSettings result;
    result.insecure = is_loopback(host) || std::ranges::find(settings.insecure_hosts, host) !=
                                               settings.insecure_hosts.end();
    for (const RegistrySettings& entry : settings.registries) {
        for (const Mirror& mirror : entry.mirrors)
            if (mirror.insecure && names_host(mirror.location, host)) result.insecure = true;
        if (!names_host(entry.location.empty() ? entry.prefix : entry.location, host)) continue;
        result.insecure = result.insecure || entry.insecure;
        if (!entry.ca.empty()) add_authority(entry.ca, result);
        if (!entry.certificate.empty()) {
            result.certificate = entry.certificate;
            result.key = entry.key;
        }
        if (entry.proxy) result.proxy = entry.proxy;
        if (entry.timeout) result.timeout = *entry.timeout;
    }
    const std::string name = host == "registry-1.docker.io" ? "docker.io" : std::string(host);
    for (const std::string& directory : settings.certificate_directories)
        add_directory(directory + "/" + name, result);
    return result;
}

}  // namespace skiff::registry
