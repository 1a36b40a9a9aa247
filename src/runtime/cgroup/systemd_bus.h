// SPDX-License-Identifier: Apache-2.0
// The few words of D-Bus that one call to systemd needs: writing a call, taking replies apart.
// Pure; systemd_scope.h speaks them over a socket.
//
// Not libdbus: its static archive wants two functions of libsystemd supplied, several distributions
// have no static archive at all, and a rootless start would pay for a general library (locks,
// dispatch, a machine id read from /etc) to send four messages in one write. What is here is the
// part of the D-Bus Specification 0.42 ("Message Protocol") that those messages use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace skiff::runtime {

/// Writes the body of a message: values one after the other, each at its alignment.
class BusWriter {
  public:
    void align(size_t boundary);
    void byte(std::uint8_t value);
    void number(std::uint32_t value);
    void text(std::string_view value);       ///< s and o
    void signature(std::string_view value);  ///< g
    /// An array: `elements` writes what is in it; `boundary` is its elements' alignment.
    template <typename Write>
    void array(size_t boundary, Write elements) {
        align(4);
        const size_t length_at = bytes_.size();
        number(0);
        align(boundary);
        const size_t begin = bytes_.size();
        elements();
        set_number(length_at, static_cast<std::uint32_t>(bytes_.size() - begin));
    }
    const std::string& bytes() const { return bytes_; }

  private:
    void set_number(size_t at, std::uint32_t value);
    std::string bytes_;
};

/// A method call, ready to be sent.
struct BusCall {
    std::uint32_t serial = 0;
    std::string_view destination;
    std::string_view path;
    std::string_view interface;
    std::string_view member;
    std::string_view signature;  ///< of the body; "": none
    std::string body;
};
std::string encode(const BusCall& call);

enum class BusMessageType : std::uint8_t { call = 1, reply = 2, error = 3, signal = 4 };

struct BusMessage {
    BusMessageType type = BusMessageType::signal;
    std::uint32_t reply_serial = 0;  ///< of reply and error
    std::string interface;
    std::string member;
    std::string error_name;
    std::string signature;
    std::string body;
};

/// Takes the first message off `received`; nothing when it is not complete yet. Throws
/// Error{invalid} for bytes that are no message, or one of more than a megabyte.
std::optional<BusMessage> take_bus_message(std::string& received);

/// The body's leading values of type u, o and s, as text, as far as the signature has only those.
/// Throws Error{invalid} when the body is cut short.
std::vector<std::string> leading_values(const BusMessage& message);

/// "\0AUTH EXTERNAL …\r\nBEGIN\r\n": who we are is what the kernel tells the bus.
std::string bus_greeting(uid_t uid);

/// Paths of the sockets in an address list ("unix:path=/run/user/1000/bus;…"); one beginning with
/// a NUL byte is abstract. Other transports are left out.
std::vector<std::string> bus_socket_paths(std::string_view addresses);

}  // namespace skiff::runtime
