// SPDX-License-Identifier: Apache-2.0
// Names of CDI devices: "vendor.com/class=name".
#pragma once

#include <string>
#include <string_view>

namespace skiff::cdi {

/// Letters first, then also digits, '_', '-', '.', at last a letter or digit; of a vendor, a '/',
/// a class. https://github.com/cncf-tags/container-device-interface/blob/main/SPEC.md#kind
bool is_kind(std::string_view text);
/// A letter or digit first and last, between them also '_', '-', '.', ':'.
bool is_device_name(std::string_view text);
/// A kind, '=', a device's name.
bool is_qualified_name(std::string_view text);

/// "vendor.com/class" of a qualified name.
std::string kind_of(std::string_view qualified_name);

}  // namespace skiff::cdi
