// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace skiff::engine {

/// Fills the empty directory `tree` with what a container of the image `host` writes to: a copy of
/// /etc, empty /home, /root, /tmp …, and places for the host's /usr and /opt. Links such as /bin ->
/// usr/bin are made as they are on this machine.
void make_host_tree(int tree, unsigned owner);

}  // namespace skiff::engine
