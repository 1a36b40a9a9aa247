// SPDX-License-Identifier: Apache-2.0
// HTTP as registries need it. The only user of libcurl, which is initialised by the first client:
// commands that talk to nobody pay nothing for it.
//
// Answers are pulled, not pushed: a body is a ByteSource, so what unpacks a layer is the same code
// that unpacks a file. Redirects are followed here, and Authorization goes to the host it was meant
// for alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "storage/archive/source.h"

namespace skiff::registry {

/// How one host is talked to.
struct HostSettings {
    bool insecure = false;              ///< certificates are not verified, and plain HTTP will do
    std::string ca;                     ///< PEM text, trusted besides the system's
    std::vector<std::string> ca_files;  ///< where `ca` is from
    std::string certificate;            ///< PEM file of the client; with `key`
    std::string key;
    std::optional<std::string> proxy;  ///< "": none; nothing: as the environment says
    /// After that long without a byte a transfer counts as broken.
    std::chrono::seconds timeout = std::chrono::seconds(30);
};
/// By "host" or "host:port" as it stands in a URL.
using FindHost = std::function<HostSettings(std::string_view host)>;

/// The connection failed, or broke: trying again may help, other answers will not.
class ConnectionError : public Error {
  public:
    enum class Cause {
        no_host,       ///< the name is not known
        refused,       ///< nobody listens there, or nobody was reached
        certificate,   ///< who answered is not trusted
        plain_answer,  ///< plain HTTP where TLS was spoken
        broken,        ///< anything later
    };
    ConnectionError(Cause cause, std::string message)
        : Error(ErrorKind::system, std::move(message)), cause_(cause) {}
    Cause cause() const { return cause_; }

  private:
    Cause cause_;
};

using HttpHeader = std::pair<std::string, std::string>;

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    std::vector<HttpHeader> headers = {};
    /// Headers for the host of `url` alone, as Authorization is.
    std::vector<HttpHeader> private_headers = {};
    std::string_view body = {};                               ///< borrowed
    storage::ByteSource* upload = nullptr;                    ///< instead of `body`; borrowed
    std::optional<std::uint64_t> upload_size = std::nullopt;  ///< nothing: sent in chunks
};

struct HttpAnswer {
    int status = 0;
    std::string url;                  ///< where it came from, after redirects
    std::vector<HttpHeader> headers;  ///< names in lower case
    std::string body;                 ///< of HttpClient::perform

    /// The first of this name (lower case); nothing when absent.
    std::optional<std::string_view> find(std::string_view name) const;
    /// How long the server asks to wait (Retry-After in seconds or as a date); nothing when it
    /// does not say.
    std::optional<std::chrono::seconds> retry_after() const;
};

/// The URL that `location` means in an answer from `base`. Throws Error{invalid}.
std::string resolve_url(const std::string& base, const std::string& location);
/// "host" or "host:port" of a URL; "" for what is no http or https URL.
std::string host_of_url(const std::string& url);
bool is_https(std::string_view url);
/// `text` as it may stand in a query.
std::string escape_query(std::string_view text);

/// One conversation at a time, over connections that are kept. For one thread.
class HttpClient {
  public:
    explicit HttpClient(FindHost find_host);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// The whole answer; of a body larger than `limit` bytes Error{invalid}. Any status is an
    /// answer. Throws ConnectionError.
    HttpAnswer perform(const HttpRequest& request, size_t limit);

    struct Stream {
        HttpAnswer answer;                          ///< without body
        std::unique_ptr<storage::ByteSource> body;  ///< borrows the client
    };
    /// Returns when the headers are there. The body's read() throws ConnectionError when it breaks
    /// off, also where it is shorter than the server said.
    Stream start(const HttpRequest& request);

  private:
    class Conversation;
    class Body;
    FindHost find_host_;
    std::unique_ptr<Conversation> conversation_;
};

}  // namespace skiff::registry
