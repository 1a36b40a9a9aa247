// SPDX-License-Identifier: Apache-2.0
#include "registry/authorization.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "registry/answer_error.h"
#include "registry/base64.h"

namespace skiff::registry {
namespace {

constexpr size_t max_token_answer = 1U << 20U;
constexpr std::string_view client_id = "skiff";

std::string basic(const Credentials& credentials) {
    return "Basic " + to_base64(credentials.user + ":" + credentials.password);
}

void add_query(std::string& query, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    query += fmt::format("{}{}={}", query.empty() ? "" : "&", name, escape_query(value));
}

/// Ours, and what the registry wants besides: some name a repository otherwise than we do.
std::vector<std::string> scopes_of(const std::string& ours, const std::string& asked) {
    std::vector<std::string> scopes;
    for (const std::string* list : {&asked, &ours})
        for (const std::string_view scope : split(*list, ' '))
            if (!scope.empty() && std::find(scopes.begin(), scopes.end(), scope) == scopes.end())
                scopes.emplace_back(scope);
    return scopes;
}

}  // namespace

std::optional<std::string> Authorization::header() const {
    const std::lock_guard guard(mutex_);
    return header_;
}

bool Authorization::satisfy(const HttpAnswer& answer, const std::optional<std::string>& sent,
                            HttpClient& client) {
    const std::lock_guard guard(mutex_);
    if (header_ != sent) return true;
    for (const HttpHeader& header : answer.headers) {
        if (header.first != "www-authenticate") continue;
        for (const Challenge& challenge : parse_challenges(header.second)) {
            if (challenge.scheme == "bearer" && !challenge.parameter("realm").empty()) {
                if (is_https(answer.url) && !is_https(challenge.parameter("realm")) &&
                    !credentials_.empty())
                    throw Error(ErrorKind::denied,
                                "the registry {} wants the password sent to {} without encryption",
                                host_of_url(answer.url),
                                skiff::quoted(challenge.parameter("realm")));
                header_ = "Bearer " + fetch_token(challenge, client);
                return header_ != sent;
            }
            if (challenge.scheme == "basic" && credentials_.user.empty())
                throw RefusedError(ErrorKind::denied, answer.status, "UNAUTHORIZED",
                                   "no basic auth credentials");
            if (challenge.scheme == "basic") {
                header_ = basic(credentials_);
                return header_ != sent;
            }
        }
    }
    return false;
}

std::string Authorization::fetch_token(const Challenge& challenge, HttpClient& client) {
    const std::string realm = challenge.parameter("realm");
    const std::string service = challenge.parameter("service");
    const std::vector<std::string> scopes = scopes_of(scope_, challenge.parameter("scope"));
    HttpRequest request;
    request.url = realm;
    std::string query;
    add_query(query, "service", service);
    if (!credentials_.identity_token.empty()) {
        // OAuth2: the identity token is traded for one that opens this repository.
        add_query(query, "grant_type", "refresh_token");
        add_query(query, "client_id", client_id);
        add_query(query, "refresh_token", credentials_.identity_token);
        add_query(query, "scope", join(scopes, " "));
        request.method = "POST";
        request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
        request.body = query;
    } else {
        for (const std::string& scope : scopes) add_query(query, "scope", scope);
        if (!credentials_.user.empty()) {
            add_query(query, "account", credentials_.user);
            add_query(query, "client_id", client_id);
            request.private_headers = {{"Authorization", basic(credentials_)}};
        }
        request.url += (realm.find('?') == std::string::npos ? "?" : "&") + query;
    }
    const HttpAnswer answer = client.perform(request, max_token_answer);
    if (answer.status != 200) throw refusal(answer, request.method);
    const std::string name = "the token of " + host_of_url(realm);
    const Json document = parse_json(answer.body, name);
    if (!document.is_object()) throw Error(ErrorKind::invalid, "{} is no JSON object", name);
    std::string token = json_string(document, "token", name);
    if (token.empty()) token = json_string(document, "access_token", name);
    if (token.empty()) throw Error(ErrorKind::invalid, "{} is missing in its answer", name);
    if (token.find_first_of("\r\n") != token.npos)
        throw Error(ErrorKind::invalid, "{} is malformed", name);
    return token;
}

}  // namespace skiff::registry
