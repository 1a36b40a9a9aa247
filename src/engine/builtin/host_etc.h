// SPDX-License-Identifier: Apache-2.0
// The world-readable part of /etc, for the image `host`.
#pragma once

#include <cstdint>
#include <string>

namespace skiff::engine {

/// Changes whenever something in /etc does: a hash of names, sizes, modes and times.
std::uint64_t etc_fingerprint(const std::string& etc);

/// Copies what everybody may read of `etc` into the empty directory `target`, owned by `owner`:
/// directories, regular files and links. passwd, group and shadow are made anew: accounts of people
/// (ids from 1000 on) and all passwords stay out. machine-id is emptied: it identifies this
/// machine.
void copy_etc(const std::string& etc, int target, unsigned owner);

}  // namespace skiff::engine
