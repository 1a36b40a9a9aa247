// SPDX-License-Identifier: Apache-2.0
#include "registry/repository.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "registry/answer_error.h"
#include "storage/archive/sha256.h"

namespace skiff::registry {
namespace {

using storage::ByteSource;

constexpr size_t max_small_answer = 64U << 10U;
constexpr size_t max_list_page = 8U << 20U;
constexpr size_t max_list = 100'000;
constexpr int max_pages = 10'000;

/// Schema 1 is asked for too, so that a registry that has nothing else says so by its answer.
constexpr std::string_view manifest_types =
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json";

/// The type without parameters ("; charset=utf-8").
std::string media_type_of(const HttpAnswer& answer) {
    return std::string(trim(cut(answer.find("content-type").value_or(""), ';').before));
}

std::optional<std::uint64_t> content_length(const HttpAnswer& answer) {
    const auto text = answer.find("content-length");
    return text ? parse_number<std::uint64_t>(*text) : std::nullopt;
}

/// "bytes 100-199/200"
struct ContentRange {
    std::uint64_t first = 0;
    std::optional<std::uint64_t> total;
};
std::optional<ContentRange> content_range(const HttpAnswer& answer) {
    std::string_view text = answer.find("content-range").value_or("");
    if (!text.starts_with("bytes ")) return std::nullopt;
    text.remove_prefix(6);
    const auto first = parse_number<std::uint64_t>(cut(text, '-').before);
    if (!first) return std::nullopt;
    return ContentRange{*first, parse_number<std::uint64_t>(cut(text, '/').after)};
}

std::string location_of(const HttpAnswer& answer) {
    const auto location = answer.find("location");
    if (!location)
        throw Error(ErrorKind::invalid, "the registry began an upload without saying where ({})",
                    answer.url);
    return resolve_url(answer.url, std::string(*location));
}

void require(const HttpAnswer& answer, std::string_view method, std::initializer_list<int> wanted) {
    for (const int status : wanted)
        if (answer.status == status) return;
    throw refusal(answer, method);
}

std::vector<std::string> read_pages(Connection& connection, std::string url, const char* key) {
    std::vector<std::string> names;
    for (int page = 0; page < max_pages; ++page) {
        const HttpAnswer answer = connection.perform({.url = url}, max_list_page);
        require(answer, "GET", {200});
        const std::string name = "the list of " + std::string(key);
        const Json document = parse_json(answer.body, name);
        if (!document.is_object()) throw Error(ErrorKind::invalid, "{} is no JSON object", name);
        const auto list = document.find(key);
        if (list != document.end() && list->is_array())
            for (const Json& entry : *list) {
                if (!entry.is_string() || names.size() == max_list)
                    throw Error(ErrorKind::invalid, "{} is malformed or too long", name);
                names.push_back(entry.get<std::string>());
            }
        const auto next = next_link(answer.find("link").value_or(""));
        if (!next) return names;
        const std::string resolved = resolve_url(answer.url, *next);
        // Who we are is told to this registry alone.
        if (host_of_url(resolved) != host_of_url(answer.url)) return names;
        const std::string base = connection.registry().base();
        url = resolved.starts_with(base) ? resolved.substr(base.size()) : resolved;
    }
    return names;
}

}  // namespace

std::optional<std::string> next_link(std::string_view header) {
    for (const std::string_view link : split(header, ',')) {
        const std::string_view text = trim(link);
        const size_t end = text.find('>');
        if (!text.starts_with('<') || end == text.npos) continue;
        const std::string parameters = to_lower(text.substr(end));
        if (parameters.find("rel=\"next\"") != parameters.npos ||
            parameters.find("rel=next") != parameters.npos)
            return std::string(text.substr(1, end - 1));
    }
    return std::nullopt;
}

Document Repository::get_manifest(const std::string& reference) {
    const HttpAnswer answer =
        connection_.perform({.url = url("/manifests/" + reference),
                             .headers = {{"Accept", std::string(manifest_types)}}},
                            oci::max_manifest_size);
    require(answer, "GET", {200});
    oci::Digest found = *oci::Digest::from_hex(storage::sha256_hex(answer.body));
    const auto asked = oci::Digest::parse(reference);
    if (asked && *asked != found)
        throw Error(ErrorKind::invalid,
                    "the registry sent a manifest with the digest {} where {} was asked for",
                    found.text(), asked->text());
    const auto claimed = oci::Digest::parse(answer.find("docker-content-digest").value_or(""));
    if (claimed && *claimed != found)
        throw Error(ErrorKind::invalid,
                    "the registry sent a manifest with the digest {} and called it {}",
                    found.text(), claimed->text());
    return {answer.body, media_type_of(answer), std::move(found)};
}

std::optional<oci::Digest> Repository::find_manifest(const std::string& reference) {
    const HttpAnswer answer =
        connection_.perform({.method = "HEAD",
                             .url = url("/manifests/" + reference),
                             .headers = {{"Accept", std::string(manifest_types)}}},
                            max_small_answer);
    if (answer.status == 404) return std::nullopt;
    require(answer, "HEAD", {200});
    if (auto digest = oci::Digest::parse(answer.find("docker-content-digest").value_or("")))
        return digest;
    return get_manifest(reference).digest;
}

std::string Repository::get_blob(const oci::Descriptor& descriptor, size_t limit) {
    const HttpAnswer answer =
        connection_.perform({.url = url("/blobs/" + descriptor.digest.text())}, limit);
    require(answer, "GET", {200});
    if (answer.body.size() != descriptor.size)
        throw Error(ErrorKind::invalid, "the blob {} has {} bytes, where its manifest says {}",
                    descriptor.digest.text(), answer.body.size(), descriptor.size);
    if (const std::string hex = storage::sha256_hex(answer.body); hex != descriptor.digest.hex())
        throw Error(ErrorKind::invalid, "the registry sent the content sha256:{} as the blob {}",
                    hex, descriptor.digest.text());
    return answer.body;
}

Repository::BlobStream Repository::open_blob(const oci::Digest& digest, std::uint64_t offset) {
    HttpRequest request{.url = url("/blobs/" + digest.text())};
    if (offset > 0) request.headers = {{"Range", fmt::format("bytes={}-", offset)}};
    HttpClient::Stream stream = connection_.start(request);
    HttpAnswer& answer = stream.answer;
    if (answer.status == 206) {
        const auto range = content_range(answer);
        if (!range || range->first != offset)
            throw Error(ErrorKind::invalid,
                        "the registry sent another part of the blob {} than was asked for",
                        digest.text());
        return {offset, range->total, std::move(stream.body)};
    }
    if (answer.status == 200) return {0, content_length(answer), std::move(stream.body)};
    answer.body = storage::read_to_end(*stream.body, max_small_answer, "an answer");
    throw refusal(answer, "GET");
}

bool Repository::has_blob(const oci::Digest& digest) {
    const HttpAnswer answer = connection_.perform(
        {.method = "HEAD", .url = url("/blobs/" + digest.text())}, max_small_answer);
    if (answer.status == 404) return false;
    require(answer, "HEAD", {200});
    return true;
}

std::optional<std::string> Repository::mount_blob(const oci::Digest& digest,
                                                  const std::string& from) {
    const HttpAnswer answer =
        connection_.perform({.method = "POST",
                             .url = url(fmt::format("/blobs/uploads/?mount={}&from={}",
                                                    digest.text(), escape_query(from)))},
                            max_small_answer);
    if (answer.status == 201) return std::nullopt;
    require(answer, "POST", {202});
    return location_of(answer);
}

std::string Repository::begin_upload() {
    const HttpAnswer answer =
        connection_.perform({.method = "POST", .url = url("/blobs/uploads/")}, max_small_answer);
    require(answer, "POST", {202});
    return location_of(answer);
}

void Repository::put_blob(const std::string& where, ByteSource& content, std::uint64_t size,
                          const oci::Digest& digest) {
    const HttpAnswer answer = connection_.perform(
        {.method = "PUT",
         .url = where + (where.find('?') == where.npos ? "?" : "&") + "digest=" + digest.text(),
         .headers = {{"Content-Type", "application/octet-stream"}},
         .upload = &content,
         .upload_size = size},
        max_small_answer);
    require(answer, "PUT", {201, 202, 204});
}

oci::Digest Repository::put_manifest(const std::string& reference, const std::string& text,
                                     const std::string& type) {
    const HttpAnswer answer = connection_.perform({.method = "PUT",
                                                   .url = url("/manifests/" + reference),
                                                   .headers = {{"Content-Type", type}},
                                                   .body = text},
                                                  max_small_answer);
    require(answer, "PUT", {200, 201, 202});
    oci::Digest ours = *oci::Digest::from_hex(storage::sha256_hex(text));
    const auto theirs = oci::Digest::parse(answer.find("docker-content-digest").value_or(""));
    if (theirs && *theirs != ours)
        throw Error(ErrorKind::invalid, "the registry has the manifest as {}, where {} was sent",
                    theirs->text(), ours.text());
    return ours;
}

std::vector<std::string> Repository::tags() {
    return read_pages(connection_, url("/tags/list?n=1000"), "tags");
}

std::vector<std::string> catalog(Connection& connection) {
    return read_pages(connection, "/v2/_catalog?n=1000", "repositories");
}

}  // namespace skiff::registry
