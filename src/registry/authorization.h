// SPDX-License-Identifier: Apache-2.0
// Proving to a registry who we are: Basic, or bearer tokens of a token service (distribution-spec
// "Token Authentication", Docker's OAuth2 extension).
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "registry/challenge.h"
#include "registry/credentials.h"
#include "registry/http.h"

namespace skiff::registry {

/// For one registry and one set of scopes; shared by the threads of a transfer.
class Authorization {
  public:
    /// `scope`: what will be done, "repository:library/busybox:pull", several apart by blanks; "":
    /// nothing but to be known.
    Authorization(Credentials credentials, std::string scope)
        : credentials_(std::move(credentials)), scope_(std::move(scope)) {}

    /// The value of Authorization for the next request; nothing yet, or anonymous.
    std::optional<std::string> header() const;

    /// After a 401 to a request that had `sent`: gets what the answer's challenge asks for, unless
    /// another thread just did. False when there is nothing new to try. Talks to the token service
    /// by `client`. Throws RefusedError with the service's words, ConnectionError, and
    /// Error{denied} where a password would leave an encrypted connection.
    bool satisfy(const HttpAnswer& answer, const std::optional<std::string>& sent,
                 HttpClient& client);

  private:
    std::string fetch_token(const Challenge& challenge, HttpClient& client);

    Credentials credentials_;
    std::string scope_;
    mutable std::mutex mutex_;
    std::optional<std::string> header_;
};

}  // namespace skiff::registry
