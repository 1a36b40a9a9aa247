// SPDX-License-Identifier: Apache-2.0
// An image's layers for a container with a user namespace of its own: the same files, owned by the
// ids that this container counts as the image's.
//
// As root that is a matter of mounting (OverlayRequest::id_map). Rootless the kernel refuses it
// (EPERM on the file systems of disks, whose owner is not us; EINVAL on overlay), and so each layer
// gets a copy per map, once: a layer of the store with a name of its own (mapped_layer_key), made
// before the monitor starts, kept and collected with the layer it was made from. Blocks are shared
// where the file system can (copy_file_range(2): btrfs, xfs).
#pragma once

#include <string>
#include <vector>

#include "engine/container/record.h"
#include "engine/engine.h"
#include "engine/volume/tree_copy.h"

namespace skiff::engine {

/// The container's layers have to be copied: rootless, with maps that give a layer other owners.
bool wants_mapped_layers(bool rootless, const ContainerRecord& record);

/// By what the store names the copies of these layers (chain ids) for `record`.
std::vector<std::string> mapped_layers(const std::vector<std::string>& layers,
                                       const ContainerRecord& record);

/// Makes what is missing of them, and says so in one line.
void make_mapped_layers(const Engine& engine, const ContainerRecord& record);

/// From ids inside to those outside, and back. What is not mapped: `lost`.
IdTranslation to_outside_translation(const runtime::IdMaps& maps, std::uint32_t lost_uid,
                                     std::uint32_t lost_gid);
IdTranslation to_inside_translation(const runtime::IdMaps& maps);

}  // namespace skiff::engine
