// SPDX-License-Identifier: Apache-2.0
// From what somebody typed to an image: a reference, an id, or the beginning of an id.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "oci/image_config.h"
#include "oci/reference.h"
#include "storage/image_records.h"
#include "storage/lease.h"
#include "storage/store.h"

namespace skiff::engine {

/// An image of the store.
struct StoredImage {
    storage::ImageRecord record;
    /// The name it was found by; nothing when found by id.
    std::optional<oci::Reference> reference;

    const oci::Digest& id() const { return record.id; }
};

/// An image that is linked into the binary: it is in no store, and a stored image of its name wins.
struct BuiltInImage {
    std::string name;
};

using FoundImage = std::variant<StoredImage, BuiltInImage>;

/// The names of the images linked in.
std::span<const std::string_view> built_in_image_names();
/// The image linked in that is meant by `text`, as typed: "host", "host:latest" or the long form of
/// it; nothing for any other text.
std::optional<std::string_view> find_built_in_image(std::string_view text);

/// Docker's order: a full id; a reference; the beginning of an id. Reads two files for a reference
/// or full id. Throws Error{invalid} when `text` can be none of them, Error{conflict} when several
/// ids begin with it.
std::optional<StoredImage> find_stored_image(const storage::Store& store, std::string_view text);
/// The same, then the built-in ones. `store` is null where there is none.
std::optional<FoundImage> find_image(const storage::Store* store, std::string_view text);
/// Throws Error{not_found}: "No such image: busybox:latest"; of a built-in image
/// Error{unsupported}, which says why it cannot be had.
StoredImage get_stored_image(const storage::Store* store, std::string_view text);
/// The complaint of get_stored_image.
[[noreturn]] void throw_no_such_image(std::string_view text);

/// The image's configuration. Throws storage::DamagedFile, also when it is missing.
oci::ImageConfig read_image_config(const storage::Store& store, const oci::Digest& id);

/// All that a container needs to know of its image.
struct ResolvedImage {
    oci::Digest id;
    std::optional<oci::Reference> reference;
    oci::ImageConfig config;
    std::vector<oci::Digest> layers;  ///< chain ids of what is mounted, lowest first
    storage::Lease lease;             ///< keeps the layers until the container's record names them
};
/// Resolves and leases in one step under the store's lock; nothing when there is no such image.
std::optional<ResolvedImage> resolve_image(const storage::Store& store, std::string_view text);

}  // namespace skiff::engine
