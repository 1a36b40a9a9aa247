// SPDX-License-Identifier: Apache-2.0
// Text with tabs as columns: the rules of Go's text/tabwriter (no flags, blanks as padding), which
// Docker's tables go through.
//
// A cell ends with a tab; what follows the last tab of a line is in no column. A column is a run of
// consecutive lines that have the cell; it is as wide as its widest cell and the padding, but not
// narrower than the minimum. Unlike Go, which counts characters, widths are those of a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace skiff::format {

struct ColumnRules {
    size_t minimum = 10;  ///< with the padding
    size_t padding = 3;
};

/// Vertical tabs count as tabs, form feeds as ends of lines.
std::string align_columns(std::string_view text, ColumnRules rules = {});

}  // namespace skiff::format
