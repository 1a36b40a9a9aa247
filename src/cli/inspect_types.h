// SPDX-License-Identifier: Apache-2.0
// The Go types of Docker's client for the documents of `inspect`: which names templates may use
// besides those of the JSON, what is printed for what is absent, and the order of the members.
// See moby's api/types/container and api/types/image.
#pragma once

#include "gotemplate/value.h"

namespace skiff::cli {

extern const gotemplate::Type container_inspect_type;
/// With SizeRw and SizeRootFs, which are there with --size only.
extern const gotemplate::Type sized_container_inspect_type;
extern const gotemplate::Type image_inspect_type;
extern const gotemplate::Type volume_inspect_type;
/// podman's, which is Docker's of a swarm's secrets.
extern const gotemplate::Type secret_inspect_type;

}  // namespace skiff::cli
