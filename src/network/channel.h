// SPDX-License-Identifier: Apache-2.0
// What the monitor and the network helper say to each other: messages of a SOCK_SEQPACKET pair, the
// first byte says which. Both are of one binary, so there is no version.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace skiff::network {

enum class MessageType : char {
    // to the helper
    listeners = 'p',      ///< published ports: lines "tcp 80", and as many descriptors (to_text)
    configuration = 'c',  ///< to_text(HelperConfig), with the descriptors that it counts on
    name_space = 'n',     ///< with a descriptor of the container's network namespace
    resolv_conf = 'r',    ///< the host's, new content
    // to the monitor
    ready = 'y',    ///< the container has its network; to_text(HelperFacts)
    failure = 'f',  ///< to_text(Error): there is no network; the helper ends
    log = 'l',      ///< a line for the container's record of what egress= refused
};

inline constexpr std::size_t largest_message = 128UL << 10U;

struct Message {
    MessageType type{};
    std::string_view content;
};
std::string to_text(MessageType type, std::string_view content);
/// Throws Error{invalid} for an empty message.
Message parse_message(std::string_view data);

/// "kind\nmessage"
std::string to_text(const Error& error);
Error parse_error(std::string_view text);

}  // namespace skiff::network
