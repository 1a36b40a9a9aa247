// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/systemd_bus.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace skiff::runtime {
namespace {

constexpr char byte_order = std::endian::native == std::endian::little ? 'l' : 'B';
constexpr std::uint32_t largest_message = 1U << 20U;
constexpr size_t fixed_header = 16;

enum Field : std::uint8_t {
    path_field = 1,
    interface_field = 2,
    member_field = 3,
    error_name_field = 4,
    reply_serial_field = 5,
    destination_field = 6,
    signature_field = 8,
};

constexpr size_t aligned(size_t at, size_t boundary) {
    return (at + boundary - 1) / boundary * boundary;
}

/// Reads values in order; throws at the end of the bytes.
class BusReader {
  public:
    explicit BusReader(std::string_view bytes) : bytes_(bytes) {}

    bool at_end() const { return at_ >= bytes_.size(); }
    void align(size_t boundary) { at_ = aligned(at_, boundary); }
    std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)[0]); }
    std::uint32_t number() {
        align(4);
        std::uint32_t value = 0;
        std::memcpy(&value, take(4).data(), 4);
        return value;
    }
    std::string text() { return terminated(number()); }
    std::string signature() { return terminated(byte()); }

  private:
    std::string_view take(size_t count) {
        if (at_ > bytes_.size() || count > bytes_.size() - at_)
            throw Error(ErrorKind::invalid, "a message of the bus is cut short");
        const std::string_view part = bytes_.substr(at_, count);
        at_ += count;
        return part;
    }
    std::string terminated(size_t length) {
        std::string value(take(length));
        take(1);
        return value;
    }
    std::string_view bytes_;
    size_t at_ = 0;
};

/// Header fields of a type that no standard field has would need a general reader; the bus sends
/// none.
void read_field(BusReader& reader, BusMessage& message) {
    reader.align(8);
    const std::uint8_t code = reader.byte();
    const std::string type = reader.signature();
    std::string text;
    std::uint32_t number = 0;
    if (type == "s" || type == "o") {
        text = reader.text();
    } else if (type == "g") {
        text = reader.signature();
    } else if (type == "u") {
        number = reader.number();
    } else {
        throw Error(ErrorKind::invalid, "a message of the bus has a field of type '{}'",
                    printable(type));
    }
    switch (code) {
        case interface_field:
            message.interface = std::move(text);
            break;
        case member_field:
            message.member = std::move(text);
            break;
        case error_name_field:
            message.error_name = std::move(text);
            break;
        case reply_serial_field:
            message.reply_serial = number;
            break;
        case signature_field:
            message.signature = std::move(text);
            break;
        default:
            break;  // path, sender, destination and what is yet to come
    }
}

/// "%2f" and the like.
std::string unescape(std::string_view text) {
    std::string result;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (const auto code = parse_number<unsigned>(text.substr(i + 1, 2), 16);
                code && i + 2 < text.size()) {
                result += static_cast<char>(*code);
                i += 2;
                continue;
            }
        }
        result += text[i];
    }
    return result;
}

}  // namespace

void BusWriter::align(size_t boundary) {
    bytes_.resize(aligned(bytes_.size(), boundary), '\0');
}

void BusWriter::byte(std::uint8_t value) {
    bytes_ += static_cast<char>(value);
}

void BusWriter::number(std::uint32_t value) {
    align(4);
    bytes_.resize(bytes_.size() + 4);
    set_number(bytes_.size() - 4, value);
}

void BusWriter::set_number(size_t at, std::uint32_t value) {
    std::memcpy(bytes_.data() + at, &value, 4);
}

void BusWriter::text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes_ += value;
    byte(0);
}

void BusWriter::signature(std::string_view value) {
    byte(static_cast<std::uint8_t>(value.size()));
    bytes_ += value;
    byte(0);
}

std::string encode(const BusCall& call) {
    BusWriter writer;
    writer.byte(static_cast<std::uint8_t>(byte_order));
    writer.byte(static_cast<std::uint8_t>(BusMessageType::call));
    writer.byte(0);  // flags
    writer.byte(1);  // version of the protocol
    writer.number(static_cast<std::uint32_t>(call.body.size()));
    writer.number(call.serial);
    writer.array(8, [&] {
        const auto field = [&](Field code, std::string_view type, std::string_view value) {
            if (value.empty()) return;
            writer.align(8);
            writer.byte(code);
            writer.signature(type);
            if (type == "g") {
                writer.signature(value);
            } else {
                writer.text(value);
            }
        };
        field(path_field, "o", call.path);
        field(destination_field, "s", call.destination);
        field(interface_field, "s", call.interface);
        field(member_field, "s", call.member);
        field(signature_field, "g", call.signature);
    });
    writer.align(8);
    return writer.bytes() + call.body;
}

std::optional<BusMessage> take_bus_message(std::string& received) {
    if (received.size() < fixed_header) return std::nullopt;
    if (received[0] != byte_order || received[3] != 1)
        throw Error(ErrorKind::invalid, "the bus speaks another protocol");
    std::uint32_t body = 0;
    std::uint32_t fields = 0;
    std::memcpy(&body, received.data() + 4, 4);
    std::memcpy(&fields, received.data() + 12, 4);
    if (body > largest_message || fields > largest_message)
        throw Error(ErrorKind::invalid, "a message of the bus has {} bytes",
                    std::uint64_t{body} + fields);
    const size_t header = aligned(fixed_header + fields, 8);
    if (received.size() < header + body) return std::nullopt;

    BusMessage message;
    message.type = static_cast<BusMessageType>(received[1]);
    // Alignment counts from the beginning of the message.
    BusReader reader(std::string_view(received).substr(0, fixed_header + fields));
    for (size_t i = 0; i < fixed_header; ++i) reader.byte();
    while (!reader.at_end()) read_field(reader, message);
    message.body = received.substr(header, body);
    received.erase(0, header + body);
    return message;
}

std::vector<std::string> leading_values(const BusMessage& message) {
    std::vector<std::string> values;
    BusReader reader(message.body);
    for (const char type : message.signature) {
        if (type == 'u') {
            values.push_back(std::to_string(reader.number()));
        } else if (type == 's' || type == 'o') {
            values.push_back(reader.text());
        } else {
            break;
        }
    }
    return values;
}

std::string bus_greeting(uid_t uid) {
    std::string digits;
    for (const char c : std::to_string(uid))
        digits += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return std::string(1, '\0') + fmt::format("AUTH EXTERNAL {}\r\nBEGIN\r\n", digits);
}

std::vector<std::string> bus_socket_paths(std::string_view addresses) {
    std::vector<std::string> paths;
    for (const std::string_view address : split(addresses, ';')) {
        const Cut transport = cut(address, ':');
        if (transport.before != "unix") continue;
        for (const std::string_view option : split(transport.after, ',')) {
            const Cut pair = cut(option, '=');
            if (pair.before == "path") {
                paths.push_back(unescape(pair.after));
            } else if (pair.before == "abstract") {
                paths.push_back(std::string(1, '\0') + unescape(pair.after));
            }
        }
    }
    return paths;
}

}  // namespace skiff::runtime
