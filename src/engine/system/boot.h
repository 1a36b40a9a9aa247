// SPDX-License-Identifier: Apache-2.0
// Restart policies over a reboot: one unit of systemd, of the machine as root and of the user
// manager rootless, that starts what is wanted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace skiff::engine {

struct BootUnit {
    std::string path;  ///< of the unit's file
    std::string link;  ///< in the target that wants it: there when it is enabled
    std::string text;
    bool of_user = false;
};

/// The unit for this store; one with --root or --runroot says so. Pure but for the places of
/// the caller. Throws Error{unsupported} for a user without a home.
BootUnit boot_unit(const Engine& engine);

/// A word of a unit's ExecStart: in quotes, with systemd's own marks escaped (systemd.syntax(7)).
std::string unit_word(std::string_view word);

/// Writes the unit and the link. Returns what else is to be done, a sentence each. Throws
/// Error{unsupported} naming another way where systemd does not run this machine.
std::vector<std::string> enable_boot(const Engine& engine);
/// False when it was not enabled.
bool disable_boot(const Engine& engine);

struct BootStatus {
    bool enabled = false;
    std::string path;
    std::vector<std::string> remarks;
};
BootStatus boot_status(const Engine& engine);

}  // namespace skiff::engine
