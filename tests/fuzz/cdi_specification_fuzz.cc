// SPDX-License-Identifier: Apache-2.0
// Files of /etc/cdi, and what one writes as a device's name: any text is a specification or an
// Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "cdi/device_name.h"
#include "cdi/specification.h"

using namespace skiff;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const cdi::Edits& edits) {
    for (const std::string& variable : edits.environment) require(variable.find('=') + 1 > 1);
    for (const cdi::DeviceNode& node : edits.device_nodes) {
        require(node.path.starts_with('/'));
        require(node.access.find_first_not_of("rwm") == node.access.npos &&
                node.access.size() <= 3);
    }
    for (const cdi::Mount& mount : edits.mounts)
        require(!mount.host_path.empty() && mount.container_path.starts_with('/'));
    for (const cdi::Hook& hook : edits.hooks)
        require(!hook.name.empty() && hook.path.starts_with('/'));
    for (const std::uint32_t group : edits.additional_gids) require(group != 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (cdi::is_qualified_name(text)) require(cdi::is_kind(cdi::kind_of(text)));
    try {
        const cdi::Specification specification = cdi::parse_specification(text, "f.yaml");
        require(cdi::is_kind(specification.kind) && !specification.devices.empty());
        check(specification.edits);
        for (const cdi::Device& device : specification.devices) {
            require(cdi::is_qualified_name(specification.kind + "=" + device.name));
            check(device.edits);
        }
    } catch (const Error&) {
    }
    return 0;
}
