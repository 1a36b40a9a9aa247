// SPDX-License-Identifier: Apache-2.0
#include "engine/volume/volume_users.h"

#include <algorithm>

#include "base/error.h"
#include "engine/volume/volume_store.h"

namespace skiff::engine {
namespace {

constexpr size_t document_limit = 16U << 20U;

bool is_damage(const Error& error) {
    return error.kind() == ErrorKind::invalid || error.kind() == ErrorKind::unsupported;
}

/// Whether another container names it. Names of anonymous volumes are 256 random bits, so a look
/// at the text of a record is enough; a damaged one may have lost it, and what it used is kept by
/// nobody when its owner goes.
bool is_named_elsewhere(const Engine& engine, const std::string& volume, const std::string& id) {
    return std::ranges::any_of(container_ids(engine), [&](const std::string& other) {
        if (other == id) return false;
        try {
            const ContainerFiles files(engine, other);
            const auto text = find_regular_file(files.directory(), "config.json", document_limit);
            return text && text->find(volume) != std::string::npos;
        } catch (const Error&) {
            return false;  // removed meanwhile
        }
    });
}

}  // namespace

VolumeUsers volume_users(const Engine& engine) {
    VolumeUsers users;
    for (const std::string& id : container_ids(engine)) {
        try {
            const auto record = ContainerFiles(engine, id).find_record();
            if (!record) continue;
            for (const MountRequest& mount : record->mounts) {
                if (mount.type != MountType::volume) continue;
                std::vector<std::string>& list = users.containers[mount.source];
                if (list.empty() || list.back() != id) list.push_back(id);
            }
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::not_found) continue;  // removed meanwhile
            if (!is_damage(error)) throw;
            users.damaged.push_back(id);
        }
    }
    return users;
}

void require_known_users(const VolumeUsers& users) {
    if (users.damaged.empty()) return;
    throw Error(ErrorKind::in_use,
                "the record of container {0} is damaged, so nobody knows which volumes it uses; "
                "remove it first: skiff rm -f {0}",
                users.damaged.front().substr(0, 12));
}

bool has_anonymous_volumes(const ContainerRecord& record) {
    return std::ranges::any_of(record.mounts, &MountRequest::anonymous);
}

std::vector<std::string> discard_anonymous_volumes(const Engine& engine,
                                                   const ContainerRecord& record) {
    std::vector<std::string> trash;
    for (const MountRequest& mount : record.mounts) {
        if (mount.type != MountType::volume || !mount.anonymous) continue;
        if (is_named_elsewhere(engine, mount.source, record.id)) continue;
        if (std::string path = discard_volume(engine, mount.source); !path.empty())
            trash.push_back(std::move(path));
    }
    return trash;
}

Discarded discard_with_volumes(const Engine& engine, const ContainerFiles& files,
                               const ContainerRecord& record, bool volumes) {
    Discarded discarded;
    FileLock lock;
    if (volumes && has_anonymous_volumes(record)) {
        lock = lock_volumes(engine, LockMode::exclusive);
        discarded.volumes = discard_anonymous_volumes(engine, record);
    }
    discarded.container = discard_container(engine, files, record.name);
    return discarded;
}

}  // namespace skiff::engine
