// SPDX-License-Identifier: Apache-2.0
// Frames that tell the container why a connection of its cannot be: from the destination's side,
// as the host heard it. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "network/frame.h"

namespace skiff::network {

/// The frame for a first segment (`packet`, in `frame`) whose connect(2) failed with `error`: an
/// RST for a refused one, ICMP "unreachable" with the code of the error, nothing (empty) for a
/// time-out and for what is no answer of the network.
std::vector<std::uint8_t> syn_answer(const Packet& packet, Bytes frame, int error);

/// The frame for a packet that may not leave: an RST for TCP, else ICMP "administratively
/// prohibited" (RFC 1812 5.2.7.1, RFC 4443 3.1); nothing for a later fragment, which no error
/// answers (RFC 1122 3.2.2).
std::vector<std::uint8_t> prohibited_answer(const Packet& packet, Bytes frame);

}  // namespace skiff::network
