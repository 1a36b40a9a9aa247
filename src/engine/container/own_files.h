// SPDX-License-Identifier: Apache-2.0
// The files of /etc that a container has of its own (etc_files.h), written for each start into its
// directory, from where they are shown.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/root_dir.h"
#include "engine/container/container_files.h"
#include "engine/container/user.h"
#include "runtime/userns/id_map.h"

namespace skiff::engine {

struct OwnFilesRequest {
    const std::string& hostname;
    const RootDir& root;  ///< of the container: where its accounts are
    const ContainerUser& user;
    const std::optional<runtime::IdMaps>& nested;  ///< whose root owns the files
};

/// Writes hosts, hostname and resolv.conf, unless another container lends its own, and what else
/// the container asked for. Returns the names of the latter. Throws Error, SystemError.
std::vector<std::string> write_own_files(const ContainerFiles& files, const ContainerRecord& record,
                                         const OwnFilesRequest& request);

}  // namespace skiff::engine
