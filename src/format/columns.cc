// SPDX-License-Identifier: Apache-2.0
#include "format/columns.h"

#include <algorithm>
#include <vector>

#include "base/display_width.h"

namespace skiff::format {
namespace {

struct Cell {
    std::string_view text;
    size_t width = 0;
    size_t column_width = 0;
};
using Line = std::vector<Cell>;

/// The lines of `text`; what follows the last end of line is a line of its own, usually empty.
std::vector<Line> read_lines(std::string_view text) {
    std::vector<Line> lines(1);
    while (true) {
        const size_t end = text.find_first_of("\t\v\n\f");
        const std::string_view cell = text.substr(0, end);
        lines.back().push_back({cell, display_width(cell)});
        if (end == std::string_view::npos) return lines;
        if (text[end] == '\n' || text[end] == '\f') lines.emplace_back();
        text.remove_prefix(end + 1);
    }
}

/// Lines `first` to `last` (exclusive) have a cell that ends in `column`.
void fit_column(std::vector<Line>& lines, size_t first, size_t last, size_t column,
                ColumnRules rules) {
    size_t width = rules.minimum;
    for (size_t i = first; i < last; ++i)
        width = std::max(width, lines[i][column].width + rules.padding);
    for (size_t i = first; i < last; ++i) lines[i][column].column_width = width;
}

}  // namespace

std::string align_columns(std::string_view text, ColumnRules rules) {
    std::vector<Line> lines = read_lines(text);
    bool more = true;
    for (size_t column = 0; more; ++column) {
        more = false;
        size_t first = 0;
        for (size_t i = 0; i <= lines.size(); ++i) {
            const bool inside = i < lines.size() && column + 1 < lines[i].size();
            if (inside) {
                more = true;
                continue;
            }
            fit_column(lines, first, i, column, rules);
            first = i + 1;
        }
    }
    std::string aligned;
    for (const Line& line : lines) {
        if (&line != &lines.front()) aligned += '\n';
        for (const Cell& cell : line) {
            aligned += cell.text;
            if (&cell != &line.back()) aligned.append(cell.column_width - cell.width, ' ');
        }
    }
    return aligned;
}

}  // namespace skiff::format
