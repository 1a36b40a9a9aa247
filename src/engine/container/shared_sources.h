// SPDX-License-Identifier: Apache-2.0
// Binds with the propagation shared or rshared: what root mounts in them inside appears on the
// host.
//
// The monitor's mount namespace only receives what the host mounts. These sources are cloned before
// it is made so, and stay peers of the host's mounts.
#pragma once

#include <map>
#include <string>

#include "base/fd.h"
#include "engine/container/record.h"

namespace skiff::engine {

class SharedSources {
  public:
    /// In the monitor, before its mounts become slaves. Throws Error{invalid}, with Docker's words,
    /// where the host's mount is not shared, and Error{unsupported} for a container with a user
    /// namespace of its own, which must not mount anything on the host.
    explicit SharedSources(const ContainerRecord& record);

    /// The tree for this target, detached, for one start. Throws Error{unsupported} for a second
    /// start on a kernel before 6.15, which clones no detached tree.
    Fd take(const std::string& target);

  private:
    std::map<std::string, Fd> trees_;
};

/// Makes the directory of a bind where -v says so, and opens it (O_PATH). Throws with Docker's
/// words when it is missing.
Fd open_bind_source(const MountRequest& mount);

}  // namespace skiff::engine
