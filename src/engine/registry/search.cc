// SPDX-License-Identifier: Apache-2.0
#include "engine/registry/search.h"

#include <nlohmann/json.hpp>

#include "base/cancellation.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/registry/registry_access.h"
#include "registry/answer_error.h"
#include "registry/repository.h"

namespace skiff::engine {
namespace {

constexpr size_t max_answer = 8U << 20U;
constexpr const char* hub_index = "index.docker.io";

std::vector<SearchResult> read_results(const std::string& text, int limit) {
    const std::string name = "the answer to a search";
    const Json document = parse_json(text, name);
    if (!document.is_object()) throw Error(ErrorKind::invalid, "{} is no JSON object", name);
    std::vector<SearchResult> results;
    const auto list = document.find("results");
    if (list == document.end() || !list->is_array()) return results;
    for (const Json& entry : *list) {
        if (results.size() == static_cast<size_t>(limit)) break;
        if (!entry.is_object()) throw Error(ErrorKind::invalid, "{} is malformed", name);
        results.push_back(
            {json_string(entry, "name", name), json_string(entry, "description", name),
             json_integer(entry, "star_count", name), json_bool(entry, "is_official", name)});
    }
    return results;
}

std::vector<SearchResult> search_version_one(registry::Connection& connection,
                                             const std::string& term, int limit) {
    const registry::HttpAnswer answer = connection.perform(
        {.url = fmt::format("/v1/search?q={}&n={}", registry::escape_query(term), limit)},
        max_answer);
    if (answer.status != 200) throw registry::refusal(answer, "GET");
    return read_results(answer.body, limit);
}

std::vector<SearchResult> search_catalog(registry::Connection& connection, const std::string& term,
                                         int limit) {
    std::vector<SearchResult> results;
    for (std::string& name : registry::catalog(connection)) {
        if (results.size() == static_cast<size_t>(limit)) break;
        if (name.find(term) != name.npos) results.push_back({std::move(name), "", 0, false});
    }
    return results;
}

}  // namespace

std::vector<SearchResult> search_registry(const Engine& engine, const std::string& term,
                                          int limit) {
    const Cut parts = cut(term, '/');
    // As in a reference: a first part that can be no path is a host.
    const bool has_host =
        parts.found &&
        (parts.before.find_first_of(".:") != std::string_view::npos || parts.before == "localhost");
    const std::string host = has_host ? std::string(parts.before) : "docker.io";
    const std::string words = has_host ? std::string(parts.after) : term;
    const registry::CredentialPlaces places = registry::CredentialPlaces::from_environment();
    const bool hub = host == "docker.io" || host == hub_index;
    registry::Registry registry(
        registry_settings(engine),
        {hub ? hub_index : registry::url_host(host), "", hub ? "docker.io" : host, false},
        hub ? registry::Credentials{} : registry::find_credentials(places, host),
        hub ? "" : "registry:catalog:*", registry::extra_headers(places));
    const Cancellation cancellation;
    registry::Connection connection(registry);
    if (hub) return search_version_one(connection, words, limit);
    try {
        return search_catalog(connection, words, limit);
    } catch (const registry::RefusedError&) {
        try {
            return search_version_one(connection, words, limit);
        } catch (const registry::RefusedError&) {
            // Nor this: what it said first is nearer to the truth.
        }
        throw;
    }
}

}  // namespace skiff::engine
