// SPDX-License-Identifier: Apache-2.0
// Manual pages in roff: options and names from the declarations, prose from man/<page>.md.
//
// The prose is a small part of Markdown: "## Heading", paragraphs, "- " items, blocks indented by
// four blanks, `code` and **bold**. The build runs `skiff __man PAGE man/PAGE.md`, so that the
// binary carries no prose.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"

namespace skiff::cli {

/// The page of one command. `prose` is the text of its .md file, may be "".
std::string man_page(const CommandRow& row, std::string_view prose);
/// skiff(1) itself.
std::string top_man_page(std::string_view prose);

/// The commands in indented blocks of `prose` ("    $ skiff run …"), without "$ "; a line that ends
/// in a backslash goes on in the next. For the test that every example parses.
std::vector<std::string> examples_in(std::string_view prose);

}  // namespace skiff::cli
