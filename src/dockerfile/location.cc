// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/location.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace skiff::dockerfile {
namespace {

constexpr size_t shown_bytes = 200;
constexpr size_t shown_lines = 20;
constexpr std::string_view rule = "--------------------";

std::string shown(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool cut_off = line.size() > shown_bytes;
    std::string text;
    // Tabs keep columns readable; printable() would show each as an escape.
    for (const char c : line.substr(0, shown_bytes)) text += c == '\t' ? ' ' : c;
    return printable(text) + (cut_off ? "…" : "");
}

/// Lines first … last of `text`, counted from 1; fewer when it has fewer. `more`: it has another.
std::vector<std::string_view> lines_of(std::string_view text, size_t first, size_t last,
                                       bool& more) {
    std::vector<std::string_view> lines;
    more = true;
    for (size_t number = 1; number <= last; ++number) {
        const size_t end = text.find('\n');
        if (number >= first) lines.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            more = false;
            break;
        }
        text.remove_prefix(end + 1);
    }
    return lines;
}

}  // namespace

std::string source_frame(std::string_view file_name, std::string_view text, LineRange marked,
                         size_t column) {
    // Around one line two on each side, around several one: as BuildKit.
    const size_t around = marked.first == marked.last ? 2 : 1;
    const size_t first = marked.first > around ? marked.first - around : 1;
    const size_t last = std::min(marked.last + around, first + shown_lines - 1);
    bool more = false;
    const std::vector<std::string_view> lines = lines_of(text, first, last, more);
    std::string frame = fmt::format("{}:{}", printable(file_name), marked.first);
    if (column != 0) frame += fmt::format(":{}", column);
    frame += fmt::format("\n{}\n", rule);
    for (size_t i = 0; i < lines.size(); ++i) {
        const size_t number = first + i;
        // What follows the file's last newline is no line.
        if (!more && i + 1 == lines.size() && lines[i].empty() && number > marked.last) break;
        const bool is_marked = number >= marked.first && number <= marked.last;
        std::string line =
            fmt::format(" {:3} | {} {}", number, is_marked ? ">>>" : "   ", shown(lines[i]));
        line.erase(line.find_last_not_of(' ') + 1);
        frame += line + "\n";
    }
    frame += rule;
    return frame;
}

}  // namespace skiff::dockerfile
