// SPDX-License-Identifier: Apache-2.0
#include "registry/system_certificates.h"

#include <array>
#include <cstdlib>

#include <dirent.h>
#include <unistd.h>

#include "base/text.h"

namespace skiff::registry {
namespace {

constexpr std::array directories{
    "/etc/ssl/certs",                                  // Debian, Alpine, SUSE
    "/etc/pki/ca-trust/extracted/pem/directory-hash",  // Fedora 40 and newer
    "/etc/pki/tls/certs",                              // Fedora
    "/usr/local/share/certs",
};
constexpr std::array bundles{
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",  // SUSE
    "/etc/ssl/cert.pem",       // Alpine without the full package
};

std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

/// A name like "5ad8a5d6.0".
bool is_hashed_name(std::string_view name) {
    constexpr size_t hash_length = 8;
    return name.size() > hash_length + 1 && name[hash_length] == '.' &&
           name.find_first_not_of("0123456789abcdef") == hash_length &&
           parse_number<unsigned>(name.substr(hash_length + 1)).has_value();
}

bool has_hashed_names(const std::string& path) {
    DIR* directory = opendir(path.c_str());
    if (directory == nullptr) return false;
    bool found = false;
    while (const dirent* entry = found ? nullptr : readdir(directory))
        found = is_hashed_name(entry->d_name);
    closedir(directory);
    return found;
}

}  // namespace

SystemCertificates find_system_certificates(const std::string& root) {
    SystemCertificates found;
    if (root.empty()) {
        found = {from_environment("SSL_CERT_DIR"), from_environment("SSL_CERT_FILE")};
        if (!found.directory.empty() || !found.bundle.empty()) return found;
    }
    for (const char* directory : directories)
        if (has_hashed_names(root + directory)) {
            found.directory = root + directory;
            return found;
        }
    for (const char* bundle : bundles)
        if (access((root + bundle).c_str(), R_OK) == 0) {
            found.bundle = root + bundle;
            return found;
        }
    return found;
}

}  // namespace skiff::registry
