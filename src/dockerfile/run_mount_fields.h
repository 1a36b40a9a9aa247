// SPDX-License-Identifier: Apache-2.0
// The fields of a --mount before they are understood: what has to be expanded is a value, not the
// whole text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::dockerfile {

struct MountField {
    std::string key;  ///< lower case
    std::optional<std::string> value;
    std::string text;  ///< as written
};

/// Throws Error{invalid} for a quote that does not enclose a field.
std::vector<MountField> mount_fields(std::string_view text);
/// The inverse.
std::string mount_text(const std::vector<MountField>& fields);

/// All of parse_run_mount's checks that do not depend on a variable.
void check_run_mount(std::string_view text);

}  // namespace skiff::dockerfile
