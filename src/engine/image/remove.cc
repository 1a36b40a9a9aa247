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
        if (force && remove_damaged_name(text)) return;
        const StoredImage image = find(text, force);
        load_uses(image.id());
        if (image.reference)
            remove_by_reference(image, force);
        else
            remove_by_id(image, force);
    }

    void prune(const PruneRequest& request) {
        std::set<oci::Digest> used;
        storage::Damages damaged;
        for (const ContainerUse& use : storage::list_container_uses(store_, damaged))
            if (use.image) used.insert(*use.image);
        // It may be any image's.
        if (!damaged.empty()) return;
        storage::list_references(store_, damaged);
        const bool all_names_known = damaged.empty();
        for (const storage::ImageRecord& record : storage::list_image_records(store_, damaged)) {
            const std::vector<ReferenceRecord> names = references_of(record.id);
            // A name by content alone, left when the tag moved on, is none that people gave.
            const bool named = std::ranges::any_of(
                names, [](const ReferenceRecord& name) { return !name.reference.digest(); });
            if (used.contains(record.id) || (named ? !request.all : !all_names_known)) continue;
            if (request.wanted && !is_wanted(request, record.id)) continue;
            untag(names);
            delete_record(record);
        }
    }

    /// Collects what is reached no more and tells of it.
    RemovedImages finish(bool& trash, storage::Damages& damaged) {
        storage::Collection collection = storage::collect(store_, lock_);
        trash = collection.trash;
        result_.reclaimed = collection.bytes;
        damaged = std::move(collection.damaged);
        // Topmost first, and only layers of what was removed: leftovers of killed processes are no
        // news.
        for (const oci::Digest& layer : layers_)
            if (std::ranges::find(collection.layers, layer) != collection.layers.end())
                result_.deleted.push_back(layer.text());
        return std::move(result_);
    }

    /// Images of which prune() could not ask whether they are meant.
    const storage::Damages& unread() const { return unread_; }

  private:
    bool is_wanted(const PruneRequest& request, const oci::Digest& id) {
        try {
            oci::ImageConfig config = read_image_config(store_, id);
            return request.wanted({config.created, std::move(config.opaque.labels)});
        } catch (const storage::DamagedFile& damage) {
            unread_.push_back(damage);
            return false;
        }
    }

    /// A name whose file cannot be read; false when `text` is none.
    bool remove_damaged_name(const std::string& text) {
        try {
            storage::find_reference(store_, typed_reference(text));
            return false;
        } catch (const storage::DamagedFile&) {
            const oci::Reference name = typed_reference(text);
            storage::remove_reference(store_, lock_, name);
            result_.untagged.push_back(name.familiar_text());
            return true;
        }
    }

    static oci::Reference typed_reference(const std::string& text) {
        return oci::Reference::parse(text).with_default_tag().without_redundant_tag();
    }

    /// By force also an image whose record cannot be read: its id, and its name, suffice.
    StoredImage find(const std::string& text, bool force) const {
        try {
            return get_stored_image(&store_, text);
        } catch (const storage::DamagedFile& damage) {
            if (!force || damage.object() != storage::DamagedObject::image) throw;
            const size_t slash = damage.path().find_last_of('/');
            const oci::Digest id = *oci::Digest::from_hex(damage.path().substr(slash + 1));
            StoredImage image{{id, {"", id, 0, {}, {}}, {}, {}, {}}, std::nullopt};
            if (oci::Digest::parse(text) || oci::Digest::from_hex(text)) return image;
            const auto named = storage::find_reference(store_, typed_reference(text));
            if (named && named->image == id) image.reference = named->reference;
            return image;
        }
    }

    void load_uses(const oci::Digest& id) {
        // What a damaged container uses stays by itself: nothing is collected beside it.
        storage::Damages damaged;
        for (ContainerUse& use : storage::list_container_uses(store_, damaged))
            if (use.image == id) uses_.push_back(std::move(use));
    }

    const ContainerUse* find_use(bool running) const {
        const auto found = std::ranges::find(uses_, running, &ContainerUse::running);
        return found == uses_.end() ? nullptr : &*found;
    }

    std::vector<ReferenceRecord> references_of(const oci::Digest& id) const {
        storage::Damages damaged;
        std::vector<ReferenceRecord> references = storage::list_references(store_, damaged);
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
        if (!reference.digest()) untag_left_alone(image.id(), reference);
        if (!references_of(image.id()).empty()) return;
        // An image in use stays, without a name.
        if (uses_.empty()) delete_record(image.record);
    }

    /// The last tag of a repository takes its names by content along.
    void untag_left_alone(const oci::Digest& id, const oci::Reference& removed) {
        std::vector<ReferenceRecord> same = references_of(id);
        std::erase_if(same, [&](const ReferenceRecord& record) {
            return record.reference.repository() != removed.repository();
        });
        if (std::ranges::all_of(same, [](const ReferenceRecord& record) {
                return record.reference.digest().has_value();
            }))
            untag(same);
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
        // What several images have goes with the last of them.
        for (auto layer = record.layers.rbegin(); layer != record.layers.rend(); ++layer) {
            std::erase(layers_, layer->chain);
            layers_.push_back(layer->chain);
        }
    }

    const Store& store_;
    const storage::StoreLock& lock_;
    std::vector<ContainerUse> uses_;  ///< of the image in question
    storage::Damages unread_;
    std::vector<oci::Digest> layers_;
    RemovedImages result_;
};

template <typename Act>
RemovedImages remove_and_collect(const Engine& engine, const Store& store, Act&& act) {
    RemovedImages result;
    bool trash = false;
    storage::Damages damaged;
    storage::Damages unread;
    {
        const storage::StoreLock lock = store.lock(LockMode::exclusive);
        Removal removal(store, lock);
        act(removal);
        result = removal.finish(trash, damaged);
        unread = removal.unread();
    }
    for (const storage::DamagedFile& damage : unread) engine.warn(damage.message());
    for (const storage::DamagedFile& damage : damaged) engine.warn(damage.message());
    if (!damaged.empty())
        engine.warn("no layer and no blob was deleted, since what is damaged may need them");
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
    // The same image may have come with several manifests: what is sent on is the one of this name.
    std::optional<storage::ReferenceRecord> named;
    if (image.reference) named = storage::find_reference(*store, *image.reference);
    storage::put_reference(*store, lock,
                           {name, image.id(), named ? named->manifest : image.record.manifest});
    image.record.tagged = now();
    storage::put_image_record(*store, lock, image.record);
}

RemovedImages remove_image(const Engine& engine, const std::string& image, bool force) {
    const std::optional<Store> store = Store::find(engine.root());
    if (!store) throw_no_such_image(image);
    return remove_and_collect(engine, *store,
                              [&](Removal& removal) { removal.remove(image, force); });
}

RemovedImages prune_images(const Engine& engine, const PruneRequest& request) {
    const std::optional<Store> store = Store::find(engine.root());
    if (!store) return {};
    return remove_and_collect(engine, *store, [&](Removal& removal) { removal.prune(request); });
}

}  // namespace skiff::engine
