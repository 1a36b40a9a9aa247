// SPDX-License-Identifier: Apache-2.0
// `export`: a container's files as one archive, for `import` and tar(1).
#pragma once

#include <string>

#include "engine/engine.h"

namespace skiff::engine {

struct ExportRequest {
    std::string container;
    std::string target = "-";  ///< a path, or "-" for standard output
};

/// What the container would see of its own root, without what is mounted there. It may be running:
/// a file that changes meanwhile is Error{in_use}. Throws Error{not_found, unsupported},
/// Error{usage} instead of writing to a terminal. A file appears complete or not at all.
void export_container(const Engine& engine, const ExportRequest& request);

}  // namespace skiff::engine
