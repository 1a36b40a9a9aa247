// SPDX-License-Identifier: Apache-2.0
// What "/" is: overlay shows mode, owner, time and attributes of the topmost tree alone, and most
// archives of layers do not list their root. So every tree that comes on top of another one, a
// layer's or a container's writable one, begins with what the one below has.
#pragma once

namespace skiff::engine {

/// Gives the directory `to` mode, owner, time and attributes of the directory `below`; both are
/// open for reading. Throws SystemError.
void inherit_root(int below, int to);

/// The same for the directory `name` in `parent`, made a moment ago by us with mode 0755. Where
/// `below` says nothing else, as in most images, that costs no more than a look.
void inherit_root(int below, int parent, const char* name);

}  // namespace skiff::engine
