// SPDX-License-Identifier: Apache-2.0
// What the processes of the network helper give up before they read anything of the container's.
//
// A bug in libslirp, in the proxy or in the resolver gives somebody who is in the container this
// process. What is left of it then: the host's network as an ordinary user has it (that is its
// work), without the host's loopback being any closer than for every other user, no file system, no
// abstract or other Unix socket, no capability, no new process, no new code, nobody to signal.
//
// It has no user namespace of its own: without capabilities and with such a filter that would take
// nothing more away, and it costs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <linux/filter.h>

namespace skiff::network {

/// Ends with the parent (also where no pid namespace does it), cannot be traced, dumps no core,
/// gains nothing by exec.
void become_unreachable();

/// A mount namespace of its own with an empty read-only root in place of the host's tree, which is
/// no longer held: the host can unmount what it wants.
void enter_empty_root();

/// Keeps the capabilities whose bits are set, as permitted and effective; the bounding set is
/// emptied.
void keep_capabilities(std::uint64_t bits);

/// One condition on an argument of a system call: (argument & mask) is one of `values`.
struct ArgumentCheck {
    unsigned argument = 0;
    std::uint32_t mask = ~0U;
    std::vector<std::uint32_t> values;
};
struct AllowedCall {
    long number = 0;
    std::vector<ArgumentCheck> checks;  ///< all of them hold
};

/// A filter that allows these calls of the native ABI and answers EPERM to all others.
std::vector<sock_filter> make_filter(std::span<const AllowedCall> calls);

/// What the main part needs: sockets of the internet families, streams between its own parts, event
/// loop, pipes, memory that is never executable.
std::vector<AllowedCall> calls_of_main_part();
/// What the socket maker needs for its requests.
std::vector<AllowedCall> calls_of_socket_maker();

/// Sets no_new_privs and loads the filter. Throws SystemError.
void load_filter(std::span<const AllowedCall> calls);

}  // namespace skiff::network
