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
std::string link_text(const oci::Digest& chain) {
    return "../layers/" + chain.hex() + "/tree";
}

/// Makes the link of `chain` under the first of its names that is free. Two layers rarely want the
/// same name, but somebody who chooses layers can make two that do, so each has eight names.
void make_link(const Store& store, const oci::Digest& chain) {
    const std::string text = link_text(chain);
    for (size_t at = 0; at + link_length <= chain.hex().size(); at += link_length) {
        const std::string name = "l/" + chain.hex().substr(at, link_length);
        if (symlinkat(text.c_str(), store.fd(), name.c_str()) == 0) return;
        if (errno != EEXIST) throw SystemError(errno, "cannot link the layer {}", chain.short_id());
        if (find_link(store.fd(), name) == text) return;
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

void LayerWriter::seal(const LayerInfo& info) {
    const Fd directory =
        open_at(lease_.store().fd(), directory_, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    const nlohmann::json meta = {{"version", meta_version},
                                 {"diffId", info.diff.text()},
                                 {"size", info.size},
                                 {"opaque", info.opaque}};
    create_file(directory.get(), "meta.json", to_text(meta), 0600, Durability::none);
}

void LayerWriter::commit(const oci::Digest& chain) {
    const Store& store = lease_.store();
    lease_.add_layer(chain);
    // The collector removes links without a layer, so link and layer appear under the lock.
    const StoreLock lock = store.lock(LockMode::shared);
    make_link(store, chain);
    if (renameat2(store.fd(), directory_.c_str(), store.fd(), layer_path(chain).c_str(),
                  RENAME_NOREPLACE) == 0)
        return;
    if (errno != EEXIST) throw SystemError(errno, "cannot store the layer {}", chain.short_id());
    // Somebody else was faster with the same layer; ours goes with the staging directory.
}

bool has_layer(const Store& store, const oci::Digest& chain) {
    return faccessat(store.fd(), (layer_path(chain) + "/meta.json").c_str(), F_OK, 0) == 0;
}

std::optional<LayerInfo> find_layer(const Store& store, const oci::Digest& chain) {
    const std::string path = layer_path(chain) + "/meta.json";
    const std::optional<std::string> text = find_file(store.fd(), path, max_meta_size);
    if (!text) return std::nullopt;
    const nlohmann::json meta = parse_json(*text, path);
    return LayerInfo{oci::Digest::require(json_string(meta, "diffId", path), path),
                     static_cast<std::uint64_t>(json_integer(meta, "size", path)),
                     json_bool(meta, "opaque", path)};
}

RootDir open_layer_tree(const Store& store, const oci::Digest& chain) {
    Fd tree = find_at(store.fd(), layer_path(chain) + "/tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!tree.valid())
        throw Error(ErrorKind::not_found, "the layer {} is missing from the store", chain.hex());
    return RootDir(std::move(tree));
}

std::optional<std::string> find_layer_link(const Store& store, const oci::Digest& chain) {
    const std::string text = link_text(chain);
    for (size_t at = 0; at + link_length <= chain.hex().size(); at += link_length) {
        std::string name = chain.hex().substr(at, link_length);
        if (find_link(store.fd(), "l/" + name) != text) continue;
        struct stat status{};
        if (fstatat(store.fd(), ("l/" + name).c_str(), &status, 0) < 0) return std::nullopt;
        return name;
    }
    return std::nullopt;
}

void sync_staging(const Store& store) {
    if (syncfs(store.fd()) < 0) throw SystemError(errno, "cannot flush the store to disk");
}

void sync_directory(const Store& store, const char* name) {
    skiff::sync_directory(open_at(store.fd(), name, O_RDONLY | O_DIRECTORY).get());
}

}  // namespace skiff::storage
