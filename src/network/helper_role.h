// SPDX-License-Identifier: Apache-2.0
// The network of one container that has a namespace of its own and no bridge: the process between
// its interface and ordinary sockets of the host. It knows the monitor by one socket and nothing of
// containers, images or files; all of its decisions come as a HelperConfig (config.h).
//
//   monitor ── channel.h ── main part ── socket_maker.h ── maker (in the container's namespace)
//                            │ event_loop.h
//                            ├ frame_path.h: link → address_check → resolver_front → … →
//                            slirp_stack └ resolver.h: the host's name servers
//
// Started by the monitor while the container itself is being prepared, so that its own work is not
// waited for; the container's program begins when both are ready. It ends with the monitor.
#pragma once

namespace skiff::network {

inline constexpr int helper_channel_fd = 3;  ///< the socket to the monitor
inline constexpr const char* helper_program_name = "skiff-net";

/// Entered by main(). Returns the process's exit status.
int helper_role(int argc, char** argv);

}  // namespace skiff::network
