// SPDX-License-Identifier: Apache-2.0
#include "format/columns.h"

#include <algorithm>
#include <numeric>
#include <span>
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

/// `run` are consecutive lines that have a cell which ends in `column`.
void fit_column(std::vector<Line>& lines, std::span<const size_t> run, size_t column,
                ColumnRules rules) {
    size_t width = rules.minimum;
    for (const size_t line : run)
        width = std::max(width, lines[line][column].width + rules.padding);
    for (const size_t line : run) lines[line][column].column_width = width;
}

void fit_columns(std::vector<Line>& lines, ColumnRules rules) {
    // Only the lines that reach a column are looked at for it: the work is that of all cells, also
    // where one line has a thousand and a thousand lines have one.
    std::vector<size_t> reaching(lines.size());
    std::iota(reaching.begin(), reaching.end(), size_t{0});
    for (size_t column = 0; !reaching.empty(); ++column) {
        std::erase_if(reaching, [&](size_t line) { return lines[line].size() < column + 2; });
        const std::span<const size_t> all = reaching;
        for (size_t first = 0, end = 0; first < all.size(); first = end) {
            for (end = first + 1; end < all.size() && all[end] == all[end - 1] + 1;) ++end;
            fit_column(lines, all.subspan(first, end - first), column, rules);
        }
    }
}

}  // namespace

std::string align_columns(std::string_view text, ColumnRules rules) {
    std::vector<Line> lines = read_lines(text);
    fit_columns(lines, rules);
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
