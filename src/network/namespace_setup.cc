// SPDX-License-Identifier: Apache-2.0
#include "network/namespace_setup.h"

#include <fcntl.h>
#include <unistd.h>

#include "network/link.h"

namespace skiff::network {

NamespaceResult set_up_namespace(const HelperConfig& config) {
    NamespaceResult result;
    NewLink link = make_link(config);
    result.facts.tap = link.is_tap;
    result.frames = std::move(link.frames);
    return result;
}

}  // namespace skiff::network
