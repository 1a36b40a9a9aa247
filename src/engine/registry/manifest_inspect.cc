// SPDX-License-Identifier: Apache-2.0
#include "engine/registry/manifest_inspect.h"

#include <memory>

#include <nlohmann/json.hpp>

#include "base/cancellation.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/registry/registry_access.h"
#include "oci/image_config.h"
#include "registry/answer_error.h"
#include "registry/base64.h"
#include "registry/repository.h"

namespace skiff::engine {
namespace {

using registry::Document;
/// Members stay in the order in which they came.
using OrderedJson = nlohmann::ordered_json;

/// Each entry of an index costs a request.
constexpr size_t most_entries = 1000;

/// The first place that has the document, and the document.
struct Found {
    oci::Reference reference;
    std::unique_ptr<registry::Registry> registry;
    std::unique_ptr<registry::Connection> connection;
    Document document;

    registry::Repository repository() { return {*connection, registry->endpoint().path}; }
};

[[noreturn]] void rethrow_inspect_error(const oci::Reference& reference) {
    try {
        throw;
    } catch (const registry::RefusedError& error) {
        if (error.status() == 404)
            throw Error(ErrorKind::not_found, "no such manifest: {}", reference.familiar_text());
        rethrow_pull_error(reference);
    }
}

Found find(const Engine& engine, const ManifestRequest& request) {
    const oci::Reference reference =
        oci::Reference::parse(request.image).with_default_tag().without_redundant_tag();
    const std::string tag = reference.digest() ? reference.digest()->text() : reference.tag();
    RegistryPlan plan = plan_pull(engine, reference);
    if (request.insecure)
        for (const RegistryAccess& place : plan.places)
            plan.settings.insecure_hosts.push_back(place.endpoint.host);
    for (size_t i = 0;; ++i) {
        const bool last = i + 1 == plan.places.size();
        auto registry = open_registry(plan, plan.places[i], "pull");
        auto connection = std::make_unique<registry::Connection>(*registry);
        try {
            Document document =
                registry::Repository(*connection, registry->endpoint().path).get_manifest(tag);
            return {reference, std::move(registry), std::move(connection), std::move(document)};
        } catch (const registry::RefusedError&) {
            if (last) rethrow_inspect_error(reference);
        } catch (const registry::ConnectionError&) {
            if (last) throw;
        }
    }
}

/// parse_json() has refused what is no JSON, or nested too deeply.
OrderedJson ordered(const std::string& text, const std::string& name) {
    const Json checked = parse_json(text, name);
    if (!checked.is_object()) throw Error(ErrorKind::invalid, "{} is no JSON object", name);
    return OrderedJson::parse(text);
}

/// The members of a platform, in the order of Docker's structure.
OrderedJson platform_of(const OrderedJson& from) {
    OrderedJson platform = {{"architecture", ""}, {"os", ""}};
    for (const char* key : {"architecture", "os", "os.version", "os.features", "variant"})
        if (const auto member = from.find(key); member != from.end() && !member->is_null())
            platform[key] = *member;
    return platform;
}

OrderedJson describe(const std::string& name, const Document& document, const OrderedJson& manifest,
                     OrderedJson platform) {
    const bool is_docker = document.type == oci::media_type::docker_manifest;
    return {{"Ref", name},
            {"Descriptor",
             {{"mediaType", document.type},
              {"digest", document.digest.text()},
              {"size", document.text.size()},
              {"platform", std::move(platform)}}},
            {"Raw", registry::to_base64(document.text)},
            {is_docker ? "SchemaV2Manifest" : "OCIManifest", manifest}};
}

OrderedJson describe_entry(Found& found, const OrderedJson& entry) {
    const std::string name = "an entry of the index " + found.document.digest.short_id();
    const oci::Descriptor descriptor = oci::parse_descriptor(Json(entry), name);
    Document document = found.repository().get_manifest(descriptor.digest.text());
    if (!descriptor.type.empty()) document.type = descriptor.type;
    if (!oci::is_manifest(document.type))
        throw Error(ErrorKind::unsupported, "{} is a {}, not the manifest of an image", name,
                    skiff::quoted(document.type));
    const OrderedJson manifest =
        ordered(document.text, "the manifest " + document.digest.short_id());
    const auto platform = entry.find("platform");
    const bool known = platform != entry.end() && platform->is_object();
    const std::string full = found.reference.digest()
                                 ? found.reference.text()
                                 : found.reference.text() + "@" + document.digest.text();
    return describe(full, document, manifest,
                    platform_of(known ? *platform : OrderedJson::object()));
}

OrderedJson describe_index(Found& found, const OrderedJson& index) {
    OrderedJson list = OrderedJson::array();
    const auto entries = index.find("manifests");
    if (entries == index.end() || !entries->is_array()) return list;
    if (entries->size() > most_entries)
        throw Error(ErrorKind::unsupported,
                    "the index {} has {} entries: more than {} are not shown",
                    found.document.digest.short_id(), entries->size(), most_entries);
    for (const OrderedJson& entry : *entries) list.push_back(describe_entry(found, entry));
    return list;
}

OrderedJson describe_image(Found& found, const OrderedJson& manifest) {
    const std::string name = "the manifest of " + found.reference.familiar_text();
    const auto config = manifest.find("config");
    if (config == manifest.end()) throw Error(ErrorKind::invalid, "{} has no 'config'", name);
    const std::string text = found.repository().get_blob(oci::parse_descriptor(Json(*config), name),
                                                         oci::max_image_config_size);
    return describe(
        found.reference.text(), found.document, manifest,
        platform_of(ordered(text, "the configuration of " + found.reference.familiar_text())));
}

bool is_index(const Document& document, const std::string& name) {
    return std::holds_alternative<oci::Index>(
        oci::parse_manifest_or_index(document.text, document.type, name));
}

}  // namespace

RemoteManifest find_remote_manifest(const Engine& engine, const ManifestRequest& request) {
    const Cancellation cancellation;
    Found found = find(engine, request);
    parse_json(found.document.text, "the manifest of " + found.reference.familiar_text());
    return {std::move(found.document.text), oci::is_index(found.document.type)};
}

std::string describe_remote_manifest(const Engine& engine, const ManifestRequest& request) {
    const Cancellation cancellation;
    Found found = find(engine, request);
    const std::string name = "the manifest of " + found.reference.familiar_text();
    const OrderedJson document = ordered(found.document.text, name);
    const OrderedJson described = is_index(found.document, name) ? describe_index(found, document)
                                                                 : describe_image(found, document);
    return described.dump(1, '\t', false, OrderedJson::error_handler_t::replace);
}

}  // namespace skiff::engine
