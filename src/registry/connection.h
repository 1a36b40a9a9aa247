// SPDX-License-Identifier: Apache-2.0
// Requests to one registry: proven who we are, tried again while that may help.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "registry/authorization.h"
#include "registry/http.h"
#include "registry/settings.h"

namespace skiff::registry {

/// Waits between attempts: half a second, doubled each time up to 16 s, at most five times without
/// progress. What the server asks for (Retry-After) is waited for, if it is a minute or less.
class Backoff {
  public:
    /// Forgets the failures: something came.
    void progress() { failures_ = 0; }
    /// Waits; false when it has been tried often enough, or the server wants too long a wait.
    /// Throws when the command is interrupted.
    bool again(std::optional<std::chrono::seconds> asked = std::nullopt);

  private:
    int failures_ = 0;
};

/// What the threads that talk to a registry share.
class Registry {
  public:
    Registry(Settings settings, Endpoint endpoint, Credentials credentials, std::string scope,
             std::vector<HttpHeader> headers);

    const Endpoint& endpoint() const { return endpoint_; }
    const Settings& settings() const { return settings_; }
    const std::vector<HttpHeader>& headers() const { return headers_; }
    Authorization& authorization() { return authorization_; }

    /// "https://host" or, where that is allowed and nothing else answers, "http://host".
    std::string base() const;
    /// The registry spoke plain HTTP: false when it may not.
    bool fall_back_to_http();
    /// Whether it has ever answered: then a refused connection may be a restart.
    bool has_answered() const;
    void note_answer();

  private:
    Settings settings_;
    Endpoint endpoint_;
    std::vector<HttpHeader> headers_;
    Authorization authorization_;
    bool may_be_plain_;
    mutable std::mutex mutex_;
    bool plain_ = false;
    bool has_answered_ = false;
};

/// One thread's way to a registry. Borrows it.
class Connection {
  public:
    explicit Connection(Registry& registry);

    /// A request whose URL begins with the path ("/v2/…") or is absolute. Retries what is
    /// transient, unless an upload's source could not be read twice. Any status but 401 and the
    /// transient ones is an answer; those throw RefusedError in the end. Throws ConnectionError.
    HttpAnswer perform(const HttpRequest& request, size_t limit);
    /// The same, with the body as a stream.
    HttpClient::Stream start(const HttpRequest& request);
    /// Whether it may help to try again after this.
    bool worth_another_try(const ConnectionError& error) const;

    HttpClient& client() { return client_; }
    Registry& registry() { return registry_; }

  private:
    HttpClient::Stream attempt(HttpRequest request);
    template <typename Use>
    auto with_retries(const HttpRequest& request, Use use);

    Registry& registry_;
    HttpClient client_;
};

}  // namespace skiff::registry
