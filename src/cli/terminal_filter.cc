// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal_filter.h"

#include "base/text.h"

namespace skiff::cli {
namespace {

/// Length of the "ESC [ digits ; : m" at the front of `text`, 0 when there is none.
std::size_t attribute_length(std::string_view text) {
    if (!text.starts_with("\x1b[")) return 0;
    const std::size_t end = text.find_first_not_of("0123456789;:", 2);
    return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

/// Bytes at the front that need no look: printable ASCII, and what lays lines out.
std::size_t plain_length(std::string_view text) {
    std::size_t length = 0;
    while (length < text.size()) {
        const auto byte = static_cast<unsigned char>(text[length]);
        const bool layout = byte == '\n' || byte == '\t' || byte == '\r';
        if ((byte < 0x20 && !layout) || byte >= 0x7f) break;
        ++length;
    }
    return length;
}

/// Bytes at the front that printable() has to see together: up to the next ESC or plain byte.
std::size_t foreign_length(std::string_view text) {
    std::size_t length = 1;
    while (length < text.size() && static_cast<unsigned char>(text[length]) >= 0x80) ++length;
    return length;
}

}  // namespace

void append_harmless(std::string& to, std::string_view text) {
    while (!text.empty()) {
        std::size_t length = plain_length(text);
        if (length == 0) length = attribute_length(text);
        if (length > 0) {
            to += text.substr(0, length);
        } else {
            length = foreign_length(text);
            to += printable(text.substr(0, length));
        }
        text.remove_prefix(length);
    }
}

}  // namespace skiff::cli
