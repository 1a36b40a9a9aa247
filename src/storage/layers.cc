// SPDX-License-Identifier: Apache-2.0
#include "storage/layers.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/root_dir.h"
#include "base/text.h"
#include "storage/archive/sha256.h"
#include "storage/collect.h"

namespace skiff::storage {
namespace {

constexpr size_t max_meta_size = 64U << 10U;
constexpr int meta_version = 1;
/// Characters of a link's name; the chain id is cut into windows of this length, tried one after
/// the other.
constexpr size_t link_length = 8;

constexpr const char* settled_meta_name = "meta.json";

std::string layer_path(const oci::Digest& chain) {
    return "layers/" + chain.hex();
}
std::string unsettled_meta_name() {
    return "meta-" + boot_id();
}
std::string meta_text(const LayerInfo& info) {
    nlohmann::json meta = {{"version", meta_version},
                           {"diffId", info.diff.text()},
                           {"size", info.size},
                           {"opaque", info.opaque}};
    if (info.origin) meta["origin"] = info.origin->text();
    return to_text(meta);
}

std::optional<LayerInfo> read_meta(const Store& store, const oci::Digest& chain,
                                   const std::string& path) {
    return read_or_damaged(store, path, DamagedObject::layer, std::string(chain.short_id()),
                           [&]() -> std::optional<LayerInfo> {
                               const auto text = find_regular_file(store.fd(), path, max_meta_size);
                               if (!text) return std::nullopt;
                               const std::string name = "its content";
                               const nlohmann::json meta = parse_json(*text, name);
                               const std::string origin = json_string(meta, "origin", name);
                               LayerInfo info{
                                   oci::Digest::require(json_string(meta, "diffId", name), name),
                                   static_cast<std::uint64_t>(json_integer(meta, "size", name)),
                                   json_bool(meta, "opaque", name)};
                               if (!origin.empty())
                                   info.origin = oci::Digest::require(origin, name);
                               return info;
                           });
}

bool exists(const Store& store, const std::string& path) {
    return faccessat(store.fd(), path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool has_meta(const Store& store, const oci::Digest& chain) {
    return exists(store, settled_meta_path(chain)) || exists(store, unsettled_meta_path(chain));
}

/// Whether a running container has it mounted: its files must not be deleted.
bool is_in_use(const Store& store, const oci::Digest& chain) {
    Damages damaged;  // such a container does not start
    return std::ranges::any_of(list_container_uses(store, damaged), [&](const ContainerUse& use) {
        return use.running && std::ranges::find(use.layers, chain) != use.layers.end();
    });
}

/// A tree of which nothing says that it is complete: another boot's, of which a lost power may have
/// left anything. One at a time looks and moves: a moment later there may be a good one.
void discard_unfinished(const Store& store, const oci::Digest& chain) {
    if (!exists(store, layer_path(chain)) || has_meta(store, chain)) return;
    const StoreLock lock = store.lock(LockMode::exclusive);
    if (!has_meta(store, chain) && !is_in_use(store, chain))
        move_to_trash(store, layer_path(chain));
}

std::string link_text(const oci::Digest& chain) {
    return "../layers/" + chain.hex() + "/tree";
}

/// The link of `chain`, made under the first of its names that is free. Two layers rarely want the
/// same name, but somebody who chooses layers can make two that do, so each has eight names.
std::string make_link(const Store& store, const oci::Digest& chain) {
    const std::string text = link_text(chain);
    for (size_t at = 0; at + link_length <= chain.hex().size(); at += link_length) {
        std::string name = chain.hex().substr(at, link_length);
        const std::string path = "l/" + name;
        if (find_link(store.fd(), path) == text) return name;
        if (symlinkat(text.c_str(), store.fd(), path.c_str()) == 0) return name;
        if (errno != EEXIST) throw SystemError(errno, "cannot link the layer {}", chain.short_id());
        // Somebody else may have made it since.
        if (find_link(store.fd(), path) == text) return name;
    }
    throw Error(ErrorKind::conflict, "no short name is left for the layer {}", chain.hex());
}

}  // namespace

std::vector<oci::Digest> chain_ids(std::span<const oci::Digest> diff_ids) {
    std::vector<oci::Digest> chain;
    for (const oci::Digest& diff : diff_ids)
        chain.push_back(chain.empty() ? diff
                                      : *oci::Digest::from_hex(
                                            sha256_hex(chain.back().text() + " " + diff.text())));
    return chain;
}

std::vector<oci::Digest> layer_keys(std::span<const oci::Digest> diff_ids, Ownership ownership) {
    std::vector<oci::Digest> keys = chain_ids(diff_ids);
    if (ownership == Ownership::apply) return keys;
    for (oci::Digest& key : keys)
        key = *oci::Digest::from_hex(sha256_hex("owners recorded " + key.text()));
    return keys;
}

oci::Digest mapped_layer_key(const oci::Digest& key, std::string_view maps) {
    return *oci::Digest::from_hex(sha256_hex(fmt::format("owners by\n{}of {}", maps, key.text())));
}

LayerWriter::LayerWriter(Lease& lease)
    : lease_(lease), directory_(lease.staging_path() + "/layer-" + random_hex(6)) {
    const int store = lease_.store().fd();
    lease_.staging();
    const std::string tree = directory_ + "/tree";
    if (mkdirat(store, directory_.c_str(), 0700) < 0 || mkdirat(store, tree.c_str(), 0755) < 0)
        throw SystemError(errno, "cannot make the directory of a layer");
    tree_ = open_at(store, tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    // The umask of the caller must not decide who may enter a container's root directory.
    if (fchmod(tree_.get(), 0755) < 0)
        throw SystemError(errno, "cannot make the directory of a layer");
}

void LayerWriter::reopen() {
    tree_ = open_at(lease_.store().fd(), tree_path(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

void LayerWriter::seal(const LayerInfo& info) {
    const Fd directory =
        open_at(lease_.store().fd(), directory_, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    meta_name_ = info.unsettled ? unsettled_meta_name() : settled_meta_name;
    create_file(directory.get(), meta_name_, meta_text(info), 0600, Durability::none);
}

std::string settled_meta_path(const oci::Digest& chain) {
    return layer_path(chain) + "/" + settled_meta_name;
}
std::string unsettled_meta_path(const oci::Digest& chain) {
    return layer_path(chain) + "/" + unsettled_meta_name();
}

void keep_layer(const Store& store, const oci::Digest& chain) {
    const std::string from = unsettled_meta_path(chain);
    if (renameat(store.fd(), from.c_str(), store.fd(), settled_meta_path(chain).c_str()) < 0) {
        if (errno == ENOENT) return;
        throw SystemError(errno, "cannot keep the layer {}", chain.short_id());
    }
    sync_directory(store, layer_path(chain).c_str());
}

void LayerWriter::commit(const oci::Digest& chain) {
    const Store& store = lease_.store();
    lease_.add_layer(chain);
    discard_unfinished(store, chain);
    // The collector removes links without a layer, so link and layer appear under the lock.
    const StoreLock lock = store.lock(LockMode::shared);
    make_link(store, chain);
    const auto move = [&](const std::string& from, const std::string& to) {
        if (renameat2(store.fd(), from.c_str(), store.fd(), to.c_str(), RENAME_NOREPLACE) == 0)
            return true;
        if (errno == EEXIST) return false;
        throw SystemError(errno, "cannot store the layer {}", chain.short_id());
    };
    const std::string final_path = layer_path(chain);
    if (move(directory_, final_path)) return;
    // Somebody else was faster with the same layer; ours goes with the staging directory.
    if (has_layer(store, chain)) return;
    // What is there was damaged. A tree may be mounted and stays: it has the content that its name
    // says; only what is missing is taken from ours.
    move_to_trash(store, settled_meta_path(chain));
    move_to_trash(store, unsettled_meta_path(chain));
    move(directory_ + "/tree", final_path + "/tree");
    move(directory_ + "/" + meta_name_, final_path + "/" + meta_name_);
}

bool has_layer(const Store& store, const oci::Digest& chain) {
    try {
        return find_layer(store, chain).has_value() &&
               faccessat(store.fd(), (layer_path(chain) + "/tree").c_str(), F_OK, 0) == 0;
    } catch (const DamagedFile&) {
        return false;
    }
}

std::optional<LayerInfo> find_layer(const Store& store, const oci::Digest& chain) {
    // In this order: the settled name comes in the place of the other one.
    if (exists(store, unsettled_meta_path(chain)))
        if (auto info = read_meta(store, chain, unsettled_meta_path(chain))) {
            info->unsettled = true;
            return info;
        }
    return read_meta(store, chain, settled_meta_path(chain));
}

RootDir open_layer_tree(const Store& store, const oci::Digest& chain) {
    Fd tree = find_at(store.fd(), layer_path(chain) + "/tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!tree.valid())
        throw Error(ErrorKind::not_found, "the layer {} is missing from the store", chain.hex());
    return RootDir(std::move(tree));
}

std::optional<std::string> find_layer_link(const Store& store, const oci::Digest& chain) {
    // The name of its meta file says that the tree is complete. The settled one twice: that is what
    // the other one becomes.
    if (!exists(store, settled_meta_path(chain)) && !exists(store, unsettled_meta_path(chain)) &&
        !exists(store, settled_meta_path(chain)))
        return std::nullopt;
    // The first of its names nearly always; a lost link is made again.
    return make_link(store, chain);
}

void sync_staging(const Store& store) {
    if (syncfs(store.fd()) < 0) throw SystemError(errno, "cannot flush the store to disk");
}

void sync_directory(const Store& store, const char* name) {
    skiff::sync_directory(open_at(store.fd(), name, O_RDONLY | O_DIRECTORY).get());
}

}  // namespace skiff::storage
