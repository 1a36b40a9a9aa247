// SPDX-License-Identifier: Apache-2.0
// --storage-opt: how much the writable layer of a container may hold.
//
// The kernel counts by project: upper/ and work/ of the container get a project id of their own,
// which everything made in them inherits, and the quota of that id is the limit. Only the host's
// root may do either, and only ext4 and xfs that were mounted with project quotas enforce it.
//
// Nothing is written down: the inode of the container's directory has the id, which no program in
// the container can reach. One is chosen that no file of the file system has, anybody's, which the
// kernel knows; the quota is set at each start, and taken back when the container is discarded,
// before its directory is. So whoever is killed, and wherever, no quota stays behind without a
// container that has it.
//
// It holds against programs that fill the disk, not against a container's root who means to get
// round it: the kernel lets the owner of a file change its project (FS_IOC_FSSETXATTR), unless he
// is in a user namespace. With --userns he is.
#pragma once

#include <optional>
#include <string>

#include "engine/container/container_files.h"
#include "engine/container/request.h"

namespace skiff::engine {

/// Reads one "key=value" into `storage`. Throws Error in Docker's words.
void add_storage_option(StorageRequest& storage, std::string_view text);

/// The limit of one start. Borrows both arguments.
class StorageLimit {
  public:
    /// When upper/ and work/ are there, and overlay has not made anything in them: that could not
    /// be moved from one project to another.
    StorageLimit(const ContainerFiles& files, const StorageRequest& storage,
                 bool in_user_namespace);

    /// When overlay is mounted. Returns why there is no limit, with the remedy; nothing when there
    /// is, or none was asked for.
    std::optional<std::string> enforce();

  private:
    const ContainerFiles& files_;
    const StorageRequest& storage_;
    std::string reason_;
    bool counted_ = false;
};

/// Takes the quota back that StorageLimit may have set. Does nothing to other containers.
void release_storage_limit(const ContainerFiles& files) noexcept;

}  // namespace skiff::engine
