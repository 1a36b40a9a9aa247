// SPDX-License-Identifier: Apache-2.0
#include "storage/layers.h"

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

namespace skiff::storage {
namespace {

constexpr size_t max_meta_size = 64U << 10U;
constexpr int meta_version = 1;
/// Characters of a link's name; the chain id is cut into windows of this length, tried one after
/// the other.
constexpr size_t link_length = 8;

std::string layer_path(const oci::Digest& chain) {
    return "layers/" + chain.hex();
}
std::string meta_text(const LayerInfo& info) {
    nlohmann::json meta = {{"version", meta_version},
                           {"diffId", info.diff.text()},
                           {"size", info.size},
                           {"opaque", info.opaque}};
    if (!info.boot.empty()) meta["boot"] = info.boot;
    if (info.origin) meta["origin"] = info.origin->text();
    return to_text(meta);
}

/// As it stands, whatever boot it is of.
std::optional<LayerInfo> read_meta(const Store& store, const oci::Digest& chain) {
    const std::string path = layer_path(chain) + "/meta.json";
    return read_or_damaged(
        store, path, DamagedObject::layer, std::string(chain.short_id()),
        [&]() -> std::optional<LayerInfo> {
            const auto text = find_regular_file(store.fd(), path, max_meta_size);
            if (!text) return std::nullopt;
            const std::string name = "its content";
            const nlohmann::json meta = parse_json(*text, name);
            const std::string origin = json_string(meta, "origin", name);
            LayerInfo info{oci::Digest::require(json_string(meta, "diffId", name), name),
                           static_cast<std::uint64_t>(json_integer(meta, "size", name)),
                           json_bool(meta, "opaque", name), json_string(meta, "boot", name)};
            if (!origin.empty()) info.origin = oci::Digest::require(origin, name);
            return info;
        });
}

bool is_of_another_boot(const Store& store, const oci::Digest& chain) {
    try {
        const auto info = read_meta(store, chain);
        return info && !info->boot.empty() && info->boot != boot_id();
    } catch (const DamagedFile&) {
        return false;
    }
}

/// Nobody can have it mounted, and what a lost power left of it is not known. One at a time looks
/// and moves: a moment later there may be a good one.
void discard_of_another_boot(const Store& store, const oci::Digest& chain) {
    if (!is_of_another_boot(store, chain)) return;
    const StoreLock lock = store.lock(LockMode::exclusive);
    if (is_of_another_boot(store, chain)) move_to_trash(store, layer_path(chain));
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
    create_file(directory.get(), "meta.json", meta_text(info), 0600, Durability::none);
}

void keep_layer(const Store& store, const oci::Digest& chain) {
    const auto info = read_meta(store, chain);
    if (!info || info->boot.empty()) return;
    const Fd directory =
        open_at(store.fd(), layer_path(chain), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    replace_file(directory.get(), "meta.json",
                 meta_text({info->diff, info->size, info->opaque, {}}), 0600, Durability::sync);
}

void LayerWriter::commit(const oci::Digest& chain) {
    const Store& store = lease_.store();
    lease_.add_layer(chain);
    discard_of_another_boot(store, chain);
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
    move_to_trash(store, final_path + "/meta.json");
    move(directory_ + "/tree", final_path + "/tree");
    move(directory_ + "/meta.json", final_path + "/meta.json");
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
    std::optional<LayerInfo> info = read_meta(store, chain);
    if (info && !info->boot.empty() && info->boot != boot_id()) return std::nullopt;
    return info;
}

RootDir open_layer_tree(const Store& store, const oci::Digest& chain) {
    Fd tree = find_at(store.fd(), layer_path(chain) + "/tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!tree.valid())
        throw Error(ErrorKind::not_found, "the layer {} is missing from the store", chain.hex());
    return RootDir(std::move(tree));
}

std::optional<std::string> find_layer_link(const Store& store, const oci::Digest& chain) {
    struct stat status{};
    if (fstatat(store.fd(), (layer_path(chain) + "/tree").c_str(), &status, 0) < 0)
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
