// SPDX-License-Identifier: Apache-2.0
// Image manifests and indexes, in the forms of OCI (image-spec 1.1) and of Docker (schema 2).
//
// A document is read as what its descriptor says it is. One that could be read as both an index and
// a manifest is refused, whatever its media type (CVE-2021-41190: two readers, two images behind
// one digest).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "oci/digest.h"
#include "oci/platform.h"

namespace skiff::oci {

/// Largest manifest or index that is read, in bytes; registries refuse larger ones too.
constexpr size_t max_manifest_size = 4U << 20U;
/// Most layers of an image. Overlay takes fewer (src/README.md), but that is the launcher's word.
constexpr size_t max_layers = 1000;

namespace media_type {
constexpr std::string_view oci_index = "application/vnd.oci.image.index.v1+json";
constexpr std::string_view oci_manifest = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view oci_config = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view oci_layer = "application/vnd.oci.image.layer.v1.tar";
constexpr std::string_view oci_layer_gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
constexpr std::string_view oci_layer_zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
constexpr std::string_view oci_foreign_layer =
    "application/vnd.oci.image.layer.nondistributable.v1.tar";
constexpr std::string_view oci_foreign_layer_gzip =
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
constexpr std::string_view oci_foreign_layer_zstd =
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd";
constexpr std::string_view docker_foreign_layer_gzip =
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
constexpr std::string_view docker_index =
    "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr std::string_view docker_manifest = "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view docker_config = "application/vnd.docker.container.image.v1+json";
constexpr std::string_view docker_layer = "application/vnd.docker.image.rootfs.diff.tar";
constexpr std::string_view docker_layer_gzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";
constexpr std::string_view docker_layer_zstd = "application/vnd.docker.image.rootfs.diff.tar.zstd";
}  // namespace media_type

bool is_index(std::string_view type);
bool is_manifest(std::string_view type);
/// A layer as a tar stream, plain or compressed by gzip or zstd. Foreign ("nondistributable")
/// layers are layers like any other: fetched from the registry, never from the URLs in a manifest.
bool is_layer(std::string_view type);

struct Descriptor {
    std::string type;  ///< media type
    Digest digest;
    std::uint64_t size = 0;  ///< bytes
    std::optional<Platform> platform;
    std::map<std::string, std::string> annotations;
};

struct Manifest {
    std::string type;  ///< media type of the document
    Descriptor config;
    std::vector<Descriptor> layers;  ///< lowest first
};

struct Index {
    std::string type;
    std::vector<Descriptor> manifests;
};

using ManifestOrIndex = std::variant<Manifest, Index>;

// `name` in what follows is for messages: "the manifest of 'x'". All throw Error{invalid}, and
// Error{unsupported} for Docker's schema 1.

/// Reads a document that somebody describes as being of media type `expected`; "" when nobody says.
ManifestOrIndex parse_manifest_or_index(std::string_view text, std::string_view expected,
                                        std::string_view name);
Manifest parse_manifest(std::string_view text, std::string_view expected, std::string_view name);
Descriptor parse_descriptor(const nlohmann::json& value, std::string_view name);

nlohmann::json to_json(const Descriptor& descriptor);
/// The OCI form of the document, compact.
std::string print_manifest(const Manifest& manifest);
std::string print_index(const Index& index);

/// The entry for `wanted`; entries that name no platform serve any. Attestations
/// ("unknown/unknown") never match.
const Descriptor* find_platform(const Index& index, const Platform& wanted);

}  // namespace skiff::oci
