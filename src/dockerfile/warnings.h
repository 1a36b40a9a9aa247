// SPDX-License-Identifier: Apache-2.0
// BuildKit's build checks, as far as the text alone decides them.
#pragma once

#include <string>
#include <string_view>

#include "dockerfile/dockerfile.h"

namespace skiff::dockerfile {

/// What the reader of lines saw and the data no longer says.
struct LineFacts {
    std::string keyword;  ///< as written
    std::string text;     ///< the joined line
    LineRange lines;
    bool has_empty_continuation = false;
};

/// Fills Dockerfile::warnings, in the order of lines and, for one line, of rules. `#
/// check=skip=RULE,…;error=true` is obeyed: with `error` the first that is left is thrown as
/// Error{invalid}.
void find_warnings(Dockerfile& file, const std::vector<LineFacts>& facts);

}  // namespace skiff::dockerfile
