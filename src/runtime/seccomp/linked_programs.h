// SPDX-License-Identifier: Apache-2.0
// The default profile and the programs that were made of it when skiff was built (by
// gen_profiles.cc), so that a usual start neither parses nor compiles anything.
#pragma once

#include <span>
#include <string_view>

#include <linux/filter.h>

#include "runtime/capabilities/capability_set.h"

namespace skiff::runtime {

/// A program for the native ABI, for every set that agrees with `capabilities` on
/// mentioned_in_default_profile().
struct LinkedProgram {
    CapabilitySet capabilities;
    std::span<const sock_filter> instructions;
};
std::span<const LinkedProgram> linked_programs() noexcept;

/// The capabilities that the default profile's conditions name.
CapabilitySet mentioned_in_default_profile() noexcept;

/// default_profile.json.
std::string_view default_profile_text() noexcept;

}  // namespace skiff::runtime
