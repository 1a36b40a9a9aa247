// SPDX-License-Identifier: Apache-2.0
// Who we are to a registry: the files of docker login and podman login, read and written so that
// those go on working with them.
//
// Asked in this order, the first that knows the registry answers: $DOCKER_AUTH_CONFIG (the text of
// a config.json, as CI systems have it), $REGISTRY_AUTH_FILE, Docker's config.json (its credHelpers
// and credsStore before its auths), podman's auth.json.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/http.h"

namespace skiff::registry {

struct Credentials {
    std::string user;
    std::string password;
    std::string identity_token;  ///< instead of both: an OAuth2 refresh token
    bool empty() const { return user.empty() && password.empty() && identity_token.empty(); }
};

/// Where credentials are kept.
struct CredentialPlaces {
    std::string text;                 ///< $DOCKER_AUTH_CONFIG
    std::string docker_config;        ///< path; also where login writes
    std::vector<std::string> others;  ///< paths of auth.json
    bool only_others = false;         ///< $REGISTRY_AUTH_FILE: nothing else is asked or written
    static CredentialPlaces from_environment();
};

/// What is known of one document with "auths".
struct AuthDocument {
    std::vector<std::pair<std::string, Credentials>> auths;    ///< as written
    std::vector<std::pair<std::string, std::string>> helpers;  ///< registry, program
    std::string store;                                         ///< credsStore
    std::vector<HttpHeader> headers;                           ///< HttpHeaders
};
/// Throws Error{invalid}; `name` is for messages.
AuthDocument parse_auth_document(std::string_view text, std::string_view name);

/// The credentials for the registry people call `registry` ("docker.io", "localhost:5000") and,
/// where a file has entries for parts of it, the repository `path`. Empty: anonymous. May start
/// docker-credential-NAME. Throws Error{invalid} for a damaged file.
Credentials find_credentials(const CredentialPlaces& places, std::string_view registry,
                             std::string_view path = {});
/// HttpHeaders of Docker's config.json.
std::vector<HttpHeader> extra_headers(const CredentialPlaces& places);

/// Keeps credentials, in a helper where one is set for this registry, else in the file (0600),
/// whose other members stay. Returns where they are unless a helper has them.
std::optional<std::string> keep_credentials(const CredentialPlaces& places,
                                            std::string_view registry,
                                            const Credentials& credentials);
/// False when there were none.
bool forget_credentials(const CredentialPlaces& places, std::string_view registry);

/// The key of docker.io in files and helpers, "https://index.docker.io/v1/"; others are their name.
std::string credential_key(std::string_view registry);

}  // namespace skiff::registry
