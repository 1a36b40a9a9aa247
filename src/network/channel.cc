// SPDX-License-Identifier: Apache-2.0
#include "network/channel.h"

#include "base/text.h"

namespace skiff::network {

std::string to_text(MessageType type, std::string_view content) {
    std::string data(1, static_cast<char>(type));
    return data.append(content);
}

Message parse_message(std::string_view data) {
    if (data.empty()) throw Error(ErrorKind::invalid, "an empty message of the network helper");
    return {static_cast<MessageType>(data.front()), data.substr(1)};
}

std::string to_text(const Error& error) {
    return fmt::format("{}\n{}", to_string(error.kind()), error.message());
}

Error parse_error(std::string_view text) {
    const Cut parts = cut(text, '\n');
    return {error_kind_from(parts.before), std::string(parts.after)};
}

}  // namespace skiff::network
