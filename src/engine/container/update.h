// SPDX-License-Identifier: Apache-2.0
// `update`: other limits or another restart policy for a container, running or not.
//
// A running one is changed by its monitor, which asks the kernel before it writes the record; so a
// limit that the kernel refuses is in neither.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/container/record.h"
#include "engine/engine.h"

namespace skiff::engine {

struct UpdateRequest {
    Resources resources;  ///< what is 0, empty or nothing stays as it is
    std::optional<std::string> restart;
    std::string groups;  ///< runtime::to_word of the groups that new limits need; for a monitor
};

std::string to_document(const UpdateRequest& request);
/// Throws Error{invalid} naming `name`.
UpdateRequest parse_update_request(std::string_view text, std::string_view name);
/// As a file in memory, for a monitor.
Fd to_memory_file(const UpdateRequest& request);
UpdateRequest read_update_request(int file);

/// Docker's rules of what cannot be changed. Throws Error{conflict}, Error{invalid}.
void apply_update(const UpdateRequest& request, ContainerRecord& record);

/// Returns sentences about what cannot be enforced. Throws Error "Cannot update container …".
std::vector<std::string> update_container(const Engine& engine, const std::string& name,
                                          const UpdateRequest& request);

}  // namespace skiff::engine
