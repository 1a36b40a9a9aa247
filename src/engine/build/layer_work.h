// SPDX-License-Identifier: Apache-2.0
// The layers of a build, made where layer trees may be made (BuildWorker::Place::store).
//
// A step writes into an overlay over the stage's layers; what overlay puts into the upper directory
// is the layer. Nothing is compared or searched. The layer gets its name, which needs its digest as
// an archive, but no such archive is kept: it is made when the image leaves the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/root_dir.h"
#include "dockerfile/ignore_rules.h"
#include "dockerfile/instruction.h"
#include "engine/build/fetch.h"
#include "engine/build/source_tree.h"
#include "engine/engine.h"
#include "engine/store_namespace.h"
#include "oci/digest.h"
#include "storage/archive/tar_write.h"
#include "storage/layers.h"
#include "storage/lease.h"

namespace skiff::engine {

/// What a step is done on.
struct LayerBase {
    const Engine& engine;
    storage::Lease& lease;
    LayerOwnership ownership;          ///< found outside of the store's namespace
    std::vector<std::string> visible;  ///< names of the layers that are mounted, lowest first (hex)
    std::vector<oci::Digest> diffs;    ///< diff ids of all layers, lowest first
};

struct MadeLayer {
    /// By what the store names it; nothing: no file was changed, and there is no layer.
    std::optional<oci::Digest> key = {};
    std::optional<oci::Digest> diff = {};
    std::uint64_t tar_size = 0;
    std::uint64_t size = 0;    ///< bytes in its files
    std::string content = {};  ///< of a copy: the digest of what was copied
};
std::string to_text(const MadeLayer& layer);
MadeLayer parse_made_layer(const std::string& text);

/// How a layer of this store becomes an archive whose digest is its diff id. `below`: the tree of
/// the next lower layer, which must outlive the result; null: there is none.
storage::TreeTarOptions layer_tar_options(const LayerOwnership& ownership, const RootDir* below);

/// Where COPY takes its files.
struct CopySource {
    /// A directory of ours: the context. Empty: `layers`.
    std::string directory = {};
    dockerfile::IgnoreRules rules = {};
    std::string rules_name = {};
    std::vector<std::string> layers = {};  ///< visible layers of a stage or image
};
/// Opens it for as long as this process lives; layers are mounted, so that needs
/// BuildWorker::Place::store.
SourceTree open_source_tree(const Engine& engine, storage::Lease& lease, const CopySource& source);

/// COPY or ADD, its words expanded and its destination absolute.
struct CopyPlan {
    CopySource source;
    dockerfile::Copy copy;
    std::vector<Fetched> fetched = {};  ///< what ADD names and is elsewhere
};

/// 64 hexadecimal digits of all that would be copied. Throws Error{not_found} for a source that is
/// not there.
std::string digest_copy(const Engine& engine, storage::Lease& lease, const CopyPlan& plan);

/// Does it, into the tree of `writer`.
MadeLayer copy_layer(const LayerBase& base, storage::LayerWriter& writer, const CopyPlan& plan);
/// Makes a directory, where there is none, for `user` as USER has it ("": root).
MadeLayer directory_layer(const LayerBase& base, storage::LayerWriter& writer,
                          const std::string& path, const std::string& user);
/// What RUN has left in the tree of `writer`. `mounted`: where something was mounted during the
/// step; empty files and directories that are there for that alone are removed.
MadeLayer run_layer(const LayerBase& base, storage::LayerWriter& writer,
                    const std::vector<std::string>& mounted);

/// Copies one source into an empty directory, for RUN --mount: a directory under the first name, a
/// file under the second. Returns the digest of what was copied.
inline constexpr const char* mounted_tree = "tree";
inline constexpr const char* mounted_file = "file";
std::string copy_for_mount(const LayerBase& base, const CopySource& source, const std::string& path,
                           int target);

}  // namespace skiff::engine
