// SPDX-License-Identifier: Apache-2.0
// One file of the Container Device Interface: what a vendor says has to be done to a container that
// shall have a device. Plain data; nothing is looked up on the machine.
// https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md, versions 0.3 to 1.1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::cdi {

struct DeviceNode {
    std::string path;       ///< in the container
    std::string host_path;  ///< "" : the same
    char type = '\0';       ///< 'b', 'c', 'u', 'p'; 0: as the host has it
    std::optional<unsigned> major;
    std::optional<unsigned> minor;
    std::optional<unsigned> mode;  ///< permission bits
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
    std::string access;  ///< of "rwm", all where nothing is said; "" for "none"
};

struct Mount {
    std::string host_path;
    std::string container_path;
    std::string type;                  ///< "" : a bind
    std::vector<std::string> options;  ///< of mount(8)
};

struct Hook {
    std::string name;  ///< "prestart", "createRuntime", "createContainer", "startContainer",
                       ///< "poststart", "poststop"
    std::string path;  ///< absolute
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    unsigned timeout = 0;  ///< seconds; 0: none
};

struct Edits {
    std::vector<std::string> environment;  ///< "K=V"
    std::vector<DeviceNode> device_nodes;
    std::vector<Mount> mounts;
    std::vector<Hook> hooks;
    std::vector<std::uint32_t> additional_gids;
    bool has_intel_rdt = false;
    bool has_net_devices = false;
};

struct Device {
    std::string name;
    Edits edits;
};

struct Specification {
    std::string path;  ///< of the file
    std::string kind;  ///< "vendor.com/class"
    Edits edits;       ///< for each container that has one of the devices or more
    std::vector<Device> devices;
};

/// Reads YAML, of which JSON is a part. Throws Error{invalid} "PATH:LINE:COLUMN: what was
/// expected"; a key that the specification does not have is such a fault, too.
Specification parse_specification(const std::string& text, const std::string& path);

}  // namespace skiff::cdi
