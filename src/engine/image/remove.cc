// SPDX-License-Identifier: Apache-2.0
#include "engine/image/remove.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "engine/image/find.h"
#include "engine/store_namespace.h"
#include "storage/collect.h"
#include "storage/image_records.h"

namespace skiff::engine {
namespace {

using storage::ContainerUse;
using storage::ReferenceRecord;
using storage::Store;

std::string short_container_id(const std::string& id) {
    return id.substr(0, 12);
}

[[noreturn]] void refuse_delete(const oci::Digest& id, bool can_be_forced,
                                const std::string& reason) {
    throw Error(ErrorKind::in_use, "conflict: unable to delete {} ({}) - {}", id.short_id(),
                can_be_forced ? "must be forced" : "cannot be forced", reason);
}

/// One removal, under the exclusive lock.
class Removal {
  public:
    Removal(const Store& store, const storage::StoreLock& lock) : store_(store), lock_(lock) {}

    void remove(const std::string& text, bool force) {
        const StoredImage image = get_stored_image(&store_, text);
        load_uses(image.id());
        if (image.reference)
            remove_by_reference(image, force);
        else
            remove_by_id(image, force);
    }

    void prune(bool all) {
        std::set<oci::Digest> used;
        for (const ContainerUse& use : storage::list_container_uses(store_)) used.insert(use.image);
        for (const storage::ImageRecord& record : storage::list_image_records(store_)) {
            const std::vector<ReferenceRecord> names = references_of(record.id);
            if (used.contains(record.id) || (!names.empty() && !all)) continue;
            untag(names);
            delete_record(record);
        }
    }

    /// Collects what is reached no more and tells of it.
    RemovedImages finish(bool& trash) {
        const storage::Collection collection = storage::collect(store_, lock_);
        trash = collection.trash;
        result_.reclaimed = collection.layer_bytes;
        // Topmost first, and only layers of what was removed: leftovers of killed processes are no
        // news.
        for (const oci::Digest& layer : layers_)
            if (std::ranges::find(collection.layers, layer) != collection.layers.end())
                result_.deleted.push_back(layer.text());
        return std::move(result_);
    }

  private:
    void load_uses(const oci::Digest& id) {
        for (ContainerUse& use : storage::list_container_uses(store_))
            if (use.image == id) uses_.push_back(std::move(use));
    }

    const ContainerUse* find_use(bool running) const {
        const auto found = std::ranges::find(uses_, running, &ContainerUse::running);
        return found == uses_.end() ? nullptr : &*found;
    }

    std::vector<ReferenceRecord> references_of(const oci::Digest& id) const {
        std::vector<ReferenceRecord> references = storage::list_references(store_);
        std::erase_if(references,
                      [&](const ReferenceRecord& record) { return record.image != id; });
        return references;
    }

    /// At most one tag, and everything in one repository: names that go together.
    static bool is_single_reference(const std::vector<ReferenceRecord>& references) {
        const auto is_tag = [](const ReferenceRecord& record) {
            return !record.reference.digest();
        };
        return !references.empty() && std::ranges::count_if(references, is_tag) <= 1 &&
               std::ranges::all_of(references, [&](const ReferenceRecord& record) {
                   return record.reference.repository() ==
                          references.front().reference.repository();
               });
    }

    void remove_by_reference(const StoredImage& image, bool force) {
        const oci::Reference& reference = *image.reference;
        std::vector<ReferenceRecord> references = references_of(image.id());
        if (!force && is_single_reference(references) && !uses_.empty())
            throw Error(ErrorKind::in_use,
                        "conflict: unable to remove repository reference {} (must force) - "
                        "container {} is using its "
                        "referenced image {}",
                        skiff::quoted(reference.familiar_text()),
                        short_container_id(uses_.front().id), image.id().short_id());
        untag({ReferenceRecord{reference, image.id(), image.record.manifest}});
        references = references_of(image.id());
        // The last tag of a repository takes its names by content along.
        const bool only_digests =
            std::ranges::all_of(references, [&](const ReferenceRecord& record) {
                return record.reference.digest() &&
                       record.reference.repository() == reference.repository();
            });
        if (!only_digests) return;
        untag(references);
        // An image in use stays, without a name.
        if (uses_.empty()) delete_record(image.record);
    }

    void remove_by_id(const StoredImage& image, bool force) {
        const oci::Digest& id = image.id();
        if (const ContainerUse* use = find_use(true))
            refuse_delete(
                id, false,
                "image is being used by running container " + short_container_id(use->id));
        const std::vector<ReferenceRecord> references = references_of(id);
        if (!force) {
            if (const ContainerUse* use = find_use(false))
                refuse_delete(
                    id, true,
                    "image is being used by stopped container " + short_container_id(use->id));
            if (!references.empty() && !is_single_reference(references))
                refuse_delete(id, true, "image is referenced in multiple repositories");
        }
        untag(references);
        delete_record(image.record);
    }

    void untag(const std::vector<ReferenceRecord>& references) {
        for (const ReferenceRecord& record : references)
            if (storage::remove_reference(store_, lock_, record.reference))
                result_.untagged.push_back(record.reference.familiar_text());
    }

    void delete_record(const storage::ImageRecord& record) {
        if (!storage::remove_image_record(store_, lock_, record.id)) return;
        result_.deleted.push_back(record.id.text());
        for (auto layer = record.layers.rbegin(); layer != record.layers.rend(); ++layer)
            layers_.push_back(layer->chain);
    }

    const Store& store_;
    const storage::StoreLock& lock_;
    std::vector<ContainerUse> uses_;  ///< of the image in question
    std::vector<oci::Digest> layers_;
    RemovedImages result_;
};

template <typename Act>
RemovedImages remove_and_collect(const Engine& engine, const Store& store, Act&& act) {
    RemovedImages result;
    bool trash = false;
    {
        const storage::StoreLock lock = store.lock(LockMode::exclusive);
        Removal removal(store, lock);
        act(removal);
        result = removal.finish(trash);
    }
    if (trash) empty_store_trash(engine, store);
    return result;
}

}  // namespace

void tag_image(const Engine& engine, const std::string& source, const std::string& target) {
    const std::optional<Store> store = Store::find(engine.root());
    if (!store) throw_no_such_image(source);
    const oci::Reference name = with_context(
        [&] { return oci::parse_tag_target(target); },
        "Error parsing reference: {} is not a valid repository/tag", skiff::quoted(target));
    const storage::StoreLock lock = store->lock(LockMode::shared);
    StoredImage image = get_stored_image(&*store, source);
    storage::put_reference(*store, lock, {name, image.id(), image.record.manifest});
    image.record.tagged = now();
    storage::put_image_record(*store, lock, image.record);
}

RemovedImages remove_image(const Engine& engine, const std::string& image, bool force) {
    const std::optional<Store> store = Store::find(engine.root());
    if (!store) throw_no_such_image(image);
    return remove_and_collect(engine, *store,
                              [&](Removal& removal) { removal.remove(image, force); });
}

RemovedImages prune_images(const Engine& engine, bool all) {
    const std::optional<Store> store = Store::find(engine.root());
    if (!store) return {};
    return remove_and_collect(engine, *store, [&](Removal& removal) { removal.prune(all); });
}

}  // namespace skiff::engine
