// SPDX-License-Identifier: Apache-2.0
#include "cdi/device_name.h"

#include <algorithm>

#include "base/text.h"

namespace skiff::cdi {
namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_alphanumeric(char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
}

bool has_only(std::string_view text, std::string_view others) {
    return !text.empty() && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
           std::ranges::all_of(
               text, [&](char c) { return is_alphanumeric(c) || others.find(c) != others.npos; });
}

bool is_part_of_kind(std::string_view text) {
    return has_only(text, "_-.") && is_letter(text.front());
}

}  // namespace

bool is_kind(std::string_view text) {
    const Cut parts = cut(text, '/');
    return parts.found && is_part_of_kind(parts.before) && is_part_of_kind(parts.after);
}

bool is_device_name(std::string_view text) {
    return has_only(text, "_-.:");
}

bool is_qualified_name(std::string_view text) {
    const Cut parts = cut(text, '=');
    return parts.found && is_kind(parts.before) && is_device_name(parts.after);
}

std::string kind_of(std::string_view qualified_name) {
    return std::string(cut(qualified_name, '=').before);
}

}  // namespace skiff::cdi
