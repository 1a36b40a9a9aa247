// SPDX-License-Identifier: Apache-2.0
// Devices that a container asks for by their CDI names, and --gpus, which is another way to say
// such names: from the specifications of the machine, read at each start, to what the container
// gets.
//
// Nodes are bound like those of --device; hooks are run by container_hooks.h, or by the OCI runtime
// of --runtime. What a specification wants and nobody here does is refused by name, never dropped.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cdi/specification.h"
#include "engine/container/devices.h"
#include "engine/container/spec_builder.h"

namespace skiff::engine {

struct CdiDevices {
    std::vector<HostDevice> nodes;
    std::vector<std::string> environment;  ///< "K=V"
    std::vector<oci::SpecMount> mounts;
    std::vector<oci::SpecHook> hooks;
    std::vector<std::uint32_t> groups;  ///< additional ones of the program
    std::vector<std::string> less;      ///< sentences: what it gets otherwise than was specified
};

/// Otherwise no specification is read.
bool wants_cdi_devices(const CreateRequest& request);

/// Throws Error{invalid} naming a device that is not there, Error{unsupported} naming an edit that
/// cannot be made, Error{command_missing} for a node that the machine has not.
/// `rootless`: nodes that the container makes in what is mounted for it open nothing anyway.
CdiDevices find_cdi_devices(const CreateRequest& request, bool rootless);

/// Environment, mounts and hooks.
void add_to_facts(const CdiDevices& devices, SpecFacts& facts);

/// Beside those that it has.
void add_groups(const CdiDevices& devices, std::vector<std::uint32_t>& groups);

}  // namespace skiff::engine
