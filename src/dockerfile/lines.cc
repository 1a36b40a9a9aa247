// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/lines.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"

namespace skiff::dockerfile {
namespace {

std::string_view without_newline(std::string_view line) {
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::string_view without_indentation(std::string_view line) {
    const auto begin = std::ranges::find_if_not(line, is_blank);
    return line.substr(static_cast<size_t>(begin - line.begin()));
}

bool is_comment(std::string_view line) {
    return without_indentation(line).starts_with('#');
}

struct Directive {
    std::string key;
    std::string_view value;
};

/// "# key = value".
std::optional<Directive> directive_of(std::string_view line) {
    if (!line.starts_with('#')) return std::nullopt;
    const Cut parts = cut(line.substr(1), '=');
    const std::string_view key = trim(parts.before);
    const std::string_view value = trim(parts.after);
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    if (!parts.found || key.empty() || value.empty() || !std::ranges::all_of(key, is_letter))
        return std::nullopt;
    return Directive{to_lower(key), value};
}

std::string without_leading_tabs(std::string_view text) {
    std::string stripped;
    bool at_start = true;
    for (const char c : text) {
        if (at_start && c == '\t') continue;
        stripped += c;
        at_start = c == '\n';
    }
    return stripped;
}

}  // namespace

LineReader::LineReader(std::string_view text) : rest_(text) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
    read_directives();
}

std::optional<std::string_view> LineReader::take_line() {
    if (rest_.empty()) return std::nullopt;
    const size_t end = rest_.find('\n');
    const std::string_view line = rest_.substr(0, end == std::string_view::npos ? end : end + 1);
    rest_.remove_prefix(line.size());
    ++number_;
    return line;
}

void LineReader::read_directives() {
    std::vector<std::string> seen;
    for (;;) {
        const std::string_view before = rest_;
        const auto line = take_line();
        if (!line) return;
        const auto directive = directive_of(without_indentation(without_newline(*line)));
        constexpr std::array<std::string_view, 3> known = {"escape", "syntax", "check"};
        // Anything else, be it a blank line, ends them: what follows is a comment.
        if (!directive || std::ranges::find(known, directive->key) == known.end()) {
            rest_ = before;
            --number_;
            return;
        }
        if (std::ranges::find(seen, directive->key) != seen.end())
            throw Error(ErrorKind::invalid, "only one {} parser directive can be used",
                        directive->key);
        seen.push_back(directive->key);
        if (directive->key == "syntax") directives_.syntax = directive->value;
        if (directive->key == "check") directives_.check = directive->value;
        if (directive->key != "escape") continue;
        if (directive->value != "\\" && directive->value != "`")
            throw Error(ErrorKind::invalid, "invalid escape token '{}' does not match ` or \\",
                        directive->value);
        directives_.escape = directive->value[0];
    }
}

bool LineReader::take_continuation(std::string_view& line) const {
    std::string_view text = line;
    while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
    if (!text.ends_with(directives_.escape)) return false;
    text.remove_suffix(1);
    // Two are an escaped escape, and the line ends.
    if (text.ends_with(directives_.escape)) return false;
    line = text;
    return true;
}

std::optional<LogicalLine> LineReader::next() {
    while (const auto first = take_line()) {
        std::string_view line = without_indentation(without_newline(*first));
        if (line.empty() || line.starts_with('#')) continue;
        LogicalLine logical;
        logical.lines.first = number_;
        bool continues = take_continuation(line);
        logical.text = line;
        while (continues) {
            const auto next = take_line();
            if (!next) break;
            line = without_newline(*next);
            if (is_comment(line)) continue;
            if (without_indentation(line).empty()) {
                logical.has_empty_continuation = true;
                continue;
            }
            continues = take_continuation(line);
            logical.text += line;
        }
        logical.lines.last = number_;
        // A lone escape and nothing behind it.
        if (trim(logical.text).empty()) continue;
        return logical;
    }
    return std::nullopt;
}

std::vector<Heredoc> LineReader::read_heredocs(const std::vector<HeredocMark>& marks) {
    std::vector<Heredoc> documents;
    for (const HeredocMark& mark : marks) {
        const char* const begin = rest_.data();
        const auto is_end = [&](std::string_view line) {
            line = without_newline(line);
            if (mark.strip_tabs)
                line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
            return line == mark.name;
        };
        size_t size = 0;
        for (;;) {
            const auto line = take_line();
            if (!line) throw Error(ErrorKind::invalid, std::string("unterminated heredoc"));
            if (is_end(*line)) break;
            size += line->size();
        }
        const std::string_view content(begin, size);
        documents.push_back(
            {.name = mark.name,
             .content = mark.strip_tabs ? without_leading_tabs(content) : std::string(content),
             .expand = mark.expand,
             .raw_content = std::string(content)});
    }
    return documents;
}

}  // namespace skiff::dockerfile
