// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace skiff::registry {

/// RFC 4648, section 4, with padding.
std::string to_base64(std::string_view bytes);
/// Padding may be missing; nothing when malformed.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace skiff::registry
