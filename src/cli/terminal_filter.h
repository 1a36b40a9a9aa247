// SPDX-License-Identifier: Apache-2.0
// A container's output on the user's terminal.
#pragma once

#include <string>
#include <string_view>

namespace skiff::cli {

/// Appends `text` to `to` so that it cannot do anything to a terminal but show text: colours and
/// other attributes (ESC [ … m), tabs, ends of lines and carriage returns stay; every other control
/// character, the ESC of every other sequence, becomes visible ("\x1b"), and bytes that are not
/// UTF-8 become '?'.
///
/// What is kept back is not cosmetic: sequences set the title and the clipboard, make terminals
/// type answers, and rewrite lines that were there before.
void append_harmless(std::string& to, std::string_view text);

}  // namespace skiff::cli
