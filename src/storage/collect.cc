// SPDX-License-Identifier: Apache-2.0
#include "storage/collect.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <set>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/root_dir.h"
#include "base/text.h"
#include "storage/blobs.h"
#include "storage/build_steps.h"
#include "storage/image_records.h"
#include "storage/layers.h"

namespace skiff::storage {
namespace {

constexpr size_t max_container_config = 8U << 20U;
constexpr size_t max_lease = 16U << 20U;
constexpr time_t partial_seconds = 7 * 24 * 60 * 60;
constexpr size_t short_id_length = 12;

struct Marks {
    std::set<std::string> blobs;   ///< hex
    std::set<std::string> layers;  ///< hex of chain ids
};

Fd open_directory(const Store& store, const char* name) {
    return open_at(store.fd(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

void mark_images(const Store& store, Marks& marks, Damages& damaged) {
    for (const ImageRecord& image : list_image_records(store, damaged)) {
        marks.blobs.insert(image.manifest.digest.hex());
        for (const oci::Digest& blob : image.blobs) marks.blobs.insert(blob.hex());
        for (const LayerRecord& layer : image.layers) marks.layers.insert(layer.chain.hex());
    }
    for (const ReferenceRecord& reference : list_references(store, damaged))
        marks.blobs.insert(reference.manifest.digest.hex());
}

void mark_containers(const Store& store, Marks& marks, Damages& damaged) {
    for (const ContainerUse& use : list_container_uses(store, damaged)) {
        if (use.image) marks.blobs.insert(use.image->hex());
        for (const oci::Digest& layer : use.layers) marks.layers.insert(layer.hex());
    }
}

/// The build cache. Its entries can always be made again, so none that is damaged keeps anything.
void mark_build_steps(const Store& store, Marks& marks) {
    for (const BuildStep& step : list_build_steps(store))
        if (step.layer) marks.layers.insert(step.layer->hex());
}

/// Marks what live leases list; dead ones go, with what their holders were writing.
void mark_leases(const Store& store, Marks& marks, Damages& damaged) {
    const Fd leases = open_directory(store, "leases");
    std::set<std::string> live;
    for (const std::string& name : list_directory(leases.get())) {
        const std::string path = "leases/" + name;
        try {
            read_or_damaged(store, path, DamagedObject::lease, name, [&] {
                // Also sees that it is a file: a lock can only be asked of one.
                const std::string text =
                    find_regular_file(store.fd(), path, max_lease).value_or("");
                if (!is_locked(leases.get(), name)) {
                    unlinkat(leases.get(), name.c_str(), 0);
                    return;
                }
                live.insert(name);
                for (const std::string_view line : split(text, '\n')) {
                    const Cut words = cut(line, ' ');
                    if (words.before == "blob") marks.blobs.insert(std::string(words.after));
                    if (words.before == "layer") marks.layers.insert(std::string(words.after));
                }
            });
        } catch (DamagedFile& damage) {
            live.insert(name);
            damaged.push_back(std::move(damage));
        }
    }
    for (const std::string& name : list_directory(open_directory(store, "staging").get()))
        if (!live.contains(name)) move_to_trash(store, "staging/" + name);
}

void sweep_layers(const Store& store, const Marks& marks, Collection& result) {
    for (const std::string& name : list_directory(open_directory(store, "layers").get())) {
        if (marks.layers.contains(name)) continue;
        const std::optional<oci::Digest> chain = oci::Digest::from_hex(name);
        if (chain) {
            // A damaged meta.json must not keep the layer for ever; it only costs the byte count.
            try {
                const auto info = find_layer(store, *chain);
                if (info && info->origin && marks.layers.contains(info->origin->hex())) continue;
                if (info) result.bytes += info->size;
            } catch (const Error&) {
            }
            result.layers.push_back(*chain);
        }
        move_to_trash(store, "layers/" + name);
    }
    const Fd links = open_directory(store, "l");
    for (const std::string& name : list_directory(links.get()))
        if (faccessat(links.get(), name.c_str(), F_OK, 0) < 0 && errno == ENOENT)
            unlinkat(links.get(), name.c_str(), 0);
}

void sweep_blobs(const Store& store, const Marks& marks, Collection& result) {
    for (const char* directory : {"images/blobs/sha256", "images/packed"}) {
        const Fd blobs = open_directory(store, directory);
        for (const std::string& name : list_directory(blobs.get())) {
            if (marks.blobs.contains(std::string(cut(name, '.').before))) continue;
            struct stat status{};
            if (fstatat(blobs.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) continue;
            // A blob has no links and no owner but us: it can go at once.
            if (S_ISDIR(status.st_mode)) {
                move_to_trash(store, fmt::format("{}/{}", directory, name));
            } else if (unlinkat(blobs.get(), name.c_str(), 0) == 0) {
                result.bytes += static_cast<std::uint64_t>(status.st_size);
            } else if (errno != ENOENT) {
                throw SystemError(errno, "cannot remove the blob '{}'", name);
            }
        }
    }
}

/// What arrived of blobs that nobody came back for. A newer one may save a transfer.
void sweep_partials(const Store& store, Collection& result) {
    const Fd partials = open_directory(store, "partial");
    const time_t oldest = std::time(nullptr) - partial_seconds;
    for (const std::string& name : list_directory(partials.get())) {
        struct stat status{};
        if (fstatat(partials.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0 ||
            status.st_mtime > oldest || !S_ISREG(status.st_mode))
            continue;
        // Its writer has it locked for as long as it lives; the next one sees that it is gone.
        const auto lock = FileLock::attempt(partials.get(), name, LockMode::exclusive);
        if (!lock || unlinkat(partials.get(), name.c_str(), 0) < 0) continue;
        result.bytes += static_cast<std::uint64_t>(status.st_size);
    }
}

/// Temporaries of replace_file whose writers were killed. Nobody writes while the lock is held
/// exclusively.
void sweep_temporaries(const Store& store) {
    for (const char* directory : {"images/records", "images/refs"}) {
        const Fd files = open_directory(store, directory);
        for (const std::string& name : list_directory(files.get()))
            if (name.starts_with('.')) unlinkat(files.get(), name.c_str(), 0);
    }
}

void add_layers(const Json& layers, ContainerUse& use) {
    for (const Json& layer : layers) {
        const std::string chain = layer.is_string() ? layer.get<std::string>() : "";
        const std::optional<oci::Digest> bare = oci::Digest::from_hex(chain);
        use.layers.push_back(bare ? *bare : oci::Digest::require(chain, "its content"));
    }
}

std::optional<ContainerUse> read_container_use(int containers, const std::string& id) {
    const std::optional<std::string> text =
        find_regular_file(containers, id + "/config.json", max_container_config);
    if (!text) return std::nullopt;
    const std::string name = "its content";
    const Json config = parse_json(*text, name);
    const std::string image_text = json_string(config, "image", name);
    const auto layers = config.find("layers");
    if (layers == config.end() || !layers->is_array())
        throw Error(ErrorKind::invalid, "{} has no 'layers'", name);
    ContainerUse use{id, std::nullopt, {}, is_locked(containers, id + "/lock")};
    // A built-in image is in no store; others may be mounted in its container.
    if (!image_text.empty()) {
        use.image = oci::Digest::require(image_text, name);
        add_layers(*layers, use);
    }
    if (const auto mounted = config.find("mounted_layers");
        mounted != config.end() && mounted->is_array())
        add_layers(*mounted, use);
    return use;
}

}  // namespace

std::vector<ContainerUse> list_container_uses(const Store& store, Damages& damaged) {
    std::vector<ContainerUse> uses;
    const Fd containers = open_directory(store, "containers");
    for (const std::string& id : list_directory(containers.get())) {
        try {
            std::optional<ContainerUse> use =
                read_or_damaged(store, "containers/" + id + "/config.json",
                                DamagedObject::container, id.substr(0, short_id_length),
                                [&] { return read_container_use(containers.get(), id); });
            if (use) uses.push_back(*std::move(use));
        } catch (DamagedFile& damage) {
            damaged.push_back(std::move(damage));
        }
    }
    return uses;
}

Collection collect(const Store& store, const StoreLock& exclusive) {
    assert(exclusive.mode() == LockMode::exclusive);
    Marks marks;
    Collection result;
    mark_images(store, marks, result.damaged);
    mark_containers(store, marks, result.damaged);
    mark_leases(store, marks, result.damaged);
    mark_build_steps(store, marks);
    if (result.damaged.empty()) {
        sweep_layers(store, marks, result);
        sweep_blobs(store, marks, result);
    }
    sweep_partials(store, result);
    sweep_temporaries(store);
    result.trash = !list_directory(open_directory(store, "trash").get()).empty();
    return result;
}

bool discard_dead_leases(const Store& store) {
    const auto staged = [&] { return list_directory(open_directory(store, "staging").get()); };
    const std::vector<std::string> before = staged();
    const Fd leases = open_directory(store, "leases");
    const bool dead = std::ranges::any_of(
        before, [&](const std::string& name) { return !is_locked(leases.get(), name); });
    if (!dead) return false;
    const StoreLock lock = store.lock(LockMode::exclusive);
    Marks marks;
    Damages damaged;
    mark_leases(store, marks, damaged);
    return staged().size() < before.size();
}

void empty_trash(const Store& store) {
    const FileLock lock = FileLock::wait(store.fd(), "trash.lock", LockMode::exclusive);
    const Fd trash = open_directory(store, "trash");
    for (const std::string& name : list_directory(trash.get())) remove_tree(trash.get(), name);
}

}  // namespace skiff::storage
