// SPDX-License-Identifier: Apache-2.0
#include "registry/connection.h"

#include <cerrno>

#include <poll.h>

#include "base/cancellation.h"
#include "base/error.h"
#include "registry/answer_error.h"

namespace skiff::registry {
namespace {

using namespace std::chrono_literals;

constexpr int max_failures = 5;
constexpr std::chrono::milliseconds first_wait = 500ms;
constexpr std::chrono::milliseconds longest_wait = 16s;
constexpr std::chrono::seconds longest_asked = 60s;
constexpr size_t max_error_body = 64U << 10U;

void wait_for(std::chrono::milliseconds time) {
    pollfd cancelled{Cancellation::fd(), POLLIN, 0};
    poll(&cancelled, 1, static_cast<int>(time.count()));
    Cancellation::check();
}

}  // namespace

bool Backoff::again(std::optional<std::chrono::seconds> asked) {
    if (++failures_ > max_failures || (asked && *asked > longest_asked)) return false;
    wait_for(asked ? std::chrono::milliseconds(*asked)
                   : std::min(first_wait * (1 << (failures_ - 1)), longest_wait));
    return true;
}

Registry::Registry(Settings settings, Endpoint endpoint, Credentials credentials, std::string scope,
                   std::vector<HttpHeader> headers)
    : settings_(std::move(settings)),
      endpoint_(std::move(endpoint)),
      headers_(std::move(headers)),
      authorization_(std::move(credentials), std::move(scope)),
      may_be_plain_(host_settings(settings_, endpoint_.host).insecure) {}

std::string Registry::base() const {
    const std::lock_guard guard(mutex_);
    return (plain_ ? "http://" : "https://") + endpoint_.host;
}

void Registry::note_answer() {
    const std::lock_guard guard(mutex_);
    has_answered_ = true;
}

bool Registry::has_answered() const {
    const std::lock_guard guard(mutex_);
    return has_answered_;
}

bool Registry::fall_back_to_http() {
    const std::lock_guard guard(mutex_);
    plain_ = may_be_plain_;
    return plain_;
}

Connection::Connection(Registry& registry)
    : registry_(registry), client_([&registry](std::string_view host) {
          return host_settings(registry.settings(), host);
      }) {}

HttpClient::Stream Connection::attempt(HttpRequest request) {
    const std::string path = request.url;
    bool satisfied = false;
    for (;;) {
        const std::string base = registry_.base();
        const bool own = path.starts_with('/');
        request.url = own ? base + path : path;
        const auto sent = registry_.authorization().header();
        request.private_headers = registry_.headers();
        // An upload may go to another host, which is not to see who we are.
        const bool ours = host_of_url(request.url) == registry_.endpoint().host;
        if (sent && ours) request.private_headers.emplace_back("Authorization", *sent);
        HttpClient::Stream stream;
        try {
            stream = client_.start(request);
        } catch (const ConnectionError& error) {
            const bool speaks_plain = error.cause() != ConnectionError::Cause::no_host;
            if (own && speaks_plain && base.starts_with("https:") && registry_.fall_back_to_http())
                continue;
            throw;
        }
        if (stream.answer.status != 401 || satisfied || !ours) return stream;
        stream.answer.body = storage::read_to_end(*stream.body, max_error_body, "an answer");
        if (!registry_.authorization().satisfy(stream.answer, sent, client_)) {
            throw refusal(stream.answer, request.method);
        }
        // Once more and no more: a registry that keeps asking would be asked for ever.
        satisfied = true;
        if (request.upload != nullptr) return stream;
    }
}

bool Connection::worth_another_try(const ConnectionError& error) const {
    switch (error.cause()) {
        case ConnectionError::Cause::broken:
            return true;
        case ConnectionError::Cause::refused:
            // Who has answered before will be back; who never did is not there.
            return registry_.has_answered();
        case ConnectionError::Cause::no_host:
        case ConnectionError::Cause::certificate:
        case ConnectionError::Cause::plain_answer:
            return false;
    }
    return false;
}

template <typename Use>
auto Connection::with_retries(const HttpRequest& request, Use use) {
    Backoff backoff;
    for (;;) {
        try {
            HttpClient::Stream stream = attempt(request);
            registry_.note_answer();
            if (stream.answer.status != 401 && !is_transient(stream.answer.status))
                return use(std::move(stream));
            stream.answer.body = storage::read_to_end(*stream.body, max_error_body, "an answer");
            const bool again = stream.answer.status != 401 && request.upload == nullptr &&
                               backoff.again(stream.answer.retry_after());
            if (!again) throw refusal(stream.answer, request.method);
        } catch (const ConnectionError& error) {
            if (!worth_another_try(error) || request.upload != nullptr || !backoff.again()) throw;
        }
    }
}

HttpClient::Stream Connection::start(const HttpRequest& request) {
    return with_retries(request, [](HttpClient::Stream stream) { return stream; });
}

HttpAnswer Connection::perform(const HttpRequest& request, size_t limit) {
    return with_retries(request, [&](HttpClient::Stream stream) {
        stream.answer.body =
            storage::read_to_end(*stream.body, limit, "the answer of " + stream.answer.url);
        return std::move(stream.answer);
    });
}

}  // namespace skiff::registry
