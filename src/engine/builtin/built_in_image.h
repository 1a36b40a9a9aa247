// SPDX-License-Identifier: Apache-2.0
// The images inside the binary: hello-world, and host, a view of this machine in which nothing can
// be damaged and nothing secret can be read.
//
// Their layer is a directory of the store, data/builtin/<key>/, made when it is first needed and
// replaced when what it was made from changes. Runs in the monitor, as root of the store's user
// namespace.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/file_lock.h"
#include "engine/engine.h"
#include "oci/image_config.h"
#include "runtime/userns/id_map.h"

namespace skiff::engine {

/// What the image says about its containers.
oci::UntrustedImageConfig built_in_config(const std::string& name);

/// Ids of a container of its own, in which the owners of the host's files are nobody: only what
/// everybody may read can be read, and that by the kernel's rule, not by a list of ours.
/// `available` are the caller's own extents; nothing for hello-world, and where there are no ids to
/// give (single-id namespaces).
///
/// With bind mounts a rootless container keeps the caller as its root: otherwise the files that the
/// caller handed in would be nobody's, too.
std::optional<runtime::IdMaps> built_in_id_maps(const std::string& name,
                                                const runtime::IdMaps& available, bool has_binds);

struct BuiltInLayer {
    std::string name;  ///< of the tree below data/builtin/
    FileLock lock;     ///< keeps it while it is held
};
/// Makes the layer if it is not there. Everything in it belongs to `owner`.
BuiltInLayer built_in_layer(const Engine& engine, const std::string& name, unsigned owner);

/// Directories of this machine that a container of `host` sees, read-only: /usr, /opt, and /bin …
/// where they are no links.
std::vector<std::string> host_directories();

}  // namespace skiff::engine
