// SPDX-License-Identifier: Apache-2.0
#include "oci/manifest.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"

namespace skiff::oci {
namespace {

const std::string digest_text = "sha256:" + std::string(64, 'd');

Json descriptor(std::string_view type) {
    return {{"mediaType", type}, {"digest", digest_text}, {"size", 7}};
}

Json manifest() {
    return {{"schemaVersion", 2},
            {"mediaType", media_type::oci_manifest},
            {"config", descriptor(media_type::oci_config)},
            {"layers", {descriptor(media_type::oci_layer_gzip)}}};
}

Json index_of(std::initializer_list<Json> entries) {
    return {{"schemaVersion", 2}, {"mediaType", media_type::oci_index}, {"manifests", entries}};
}

Json for_platform(const char* os, const char* architecture) {
    Json entry = descriptor(media_type::oci_manifest);
    entry["platform"] = {{"os", os}, {"architecture", architecture}};
    return entry;
}

ErrorKind refusal(const Json& document, std::string_view expected = "") {
    try {
        parse_manifest_or_index(to_text(document), expected, "it");
    } catch (const Error& error) {
        return error.kind();
    }
    ADD_FAILURE() << "accepted: " << to_text(document);
    return ErrorKind::system;
}

TEST(Manifest, OfBothFamiliesIsRead) {
    EXPECT_EQ(parse_manifest(to_text(manifest()), media_type::oci_manifest, "it").layers.size(),
              1U);
    Json docker = manifest();
    docker["mediaType"] = media_type::docker_manifest;
    docker["config"]["mediaType"] = media_type::docker_config;
    docker["layers"][0]["mediaType"] = media_type::docker_layer_gzip;
    EXPECT_EQ(parse_manifest(to_text(docker), "", "it").type, media_type::docker_manifest);
    Json silent = manifest();
    silent.erase("mediaType");
    EXPECT_EQ(parse_manifest(to_text(silent), "", "it").type, media_type::oci_manifest);
}

TEST(Manifest, PrintsWhatItReads) {
    const std::string text = to_text(manifest());
    EXPECT_EQ(print_manifest(parse_manifest(text, "", "it")), text);
}

// CVE-2021-41190: one digest, two meanings.
TEST(Manifest, ThatCouldAlsoBeAnIndexIsRefused) {
    Json both = manifest();
    both["manifests"] = Json::array();
    EXPECT_EQ(refusal(both), ErrorKind::invalid);
    both["mediaType"] = media_type::oci_index;
    EXPECT_EQ(refusal(both), ErrorKind::invalid);
    both.erase("mediaType");
    EXPECT_EQ(refusal(both, media_type::oci_index), ErrorKind::invalid);
}

TEST(Manifest, ThatContradictsItsDescriptorIsRefused) {
    EXPECT_EQ(refusal(manifest(), media_type::oci_index), ErrorKind::invalid);
    EXPECT_EQ(refusal(manifest(), media_type::docker_manifest), ErrorKind::invalid);
    Json silent = manifest();
    silent.erase("mediaType");
    EXPECT_EQ(refusal(silent, media_type::oci_index), ErrorKind::invalid);
    Json index = index_of({});
    index.erase("mediaType");
    EXPECT_EQ(refusal(index, media_type::oci_manifest), ErrorKind::invalid);
}

TEST(Manifest, OfSchemaOneIsUnsupported) {
    EXPECT_EQ(refusal({{"schemaVersion", 1}, {"fsLayers", Json::array()}}), ErrorKind::unsupported);
}

TEST(Manifest, TakesForeignLayersAsLayersOfTheRegistry) {
    Json foreign = manifest();
    foreign["layers"][0]["mediaType"] = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    foreign["layers"][0]["urls"] = {"http://elsewhere.test/layer"};
    EXPECT_EQ(parse_manifest(to_text(foreign), "", "it").layers.size(), 1U);
}

TEST(Manifest, OfAnotherArtifactIsUnsupported) {
    Json artifact = manifest();
    artifact["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json";
    EXPECT_EQ(refusal(artifact), ErrorKind::unsupported);
}

TEST(Manifest, WithMalformedDescriptorsIsRefused) {
    for (const char* key : {"digest", "size", "mediaType"}) {
        Json broken = manifest();
        broken["layers"][0].erase(key);
        EXPECT_EQ(refusal(broken), ErrorKind::invalid) << key;
    }
    Json negative = manifest();
    negative["config"]["size"] = -1;
    EXPECT_EQ(refusal(negative), ErrorKind::invalid);
    Json escaping = manifest();
    escaping["config"]["digest"] = "sha256:../../../etc/passwd";
    EXPECT_EQ(refusal(escaping), ErrorKind::invalid);
}

TEST(Manifest, IsBoundedInSizeAndLayers) {
    EXPECT_THROW(parse_manifest(std::string(max_manifest_size + 1, ' '), "", "it"), Error);
    Json tall = manifest();
    tall["layers"] = Json::array();
    for (size_t i = 0; i <= max_layers; ++i)
        tall["layers"].push_back(descriptor(media_type::oci_layer));
    EXPECT_EQ(refusal(tall), ErrorKind::invalid);
}

TEST(Index, ChoosesByPlatformAndNeverAnAttestation) {
    const auto document = parse_manifest_or_index(
        to_text(index_of({for_platform("unknown", "unknown"), for_platform("linux", "arm64"),
                          for_platform("linux", "amd64")})),
        "", "it");
    const Index& index = std::get<Index>(document);
    EXPECT_EQ(find_platform(index, {"linux", "amd64", ""}), &index.manifests[2]);
    EXPECT_EQ(find_platform(index, {"linux", "arm64", "v8"}), &index.manifests[1]);
    EXPECT_EQ(find_platform(index, {"linux", "s390x", ""}), nullptr);
}

TEST(Index, AnEntryWithoutPlatformServesAny) {
    const auto document = parse_manifest_or_index(
        to_text(index_of({descriptor(media_type::oci_manifest)})), "", "it");
    EXPECT_NE(find_platform(std::get<Index>(document), {"linux", "s390x", ""}), nullptr);
}

}  // namespace
}  // namespace skiff::oci
