// SPDX-License-Identifier: Apache-2.0
// How the rest of an instruction's line is taken apart, before anything is expanded. Each
// instruction has its way; all are BuildKit's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::dockerfile {

bool is_blank(char c);

/// What is between blanks; quotes mean nothing.
std::vector<std::string> blank_separated(std::string_view text);

/// Words with their quotes and escapes: a blank in a quote, or behind an escape, separates nothing.
/// An unfinished quote ends with the text.
std::vector<std::string> quoted_words(std::string_view text, char escape);

/// The strings of a JSON list; nothing when `text` is not JSON, or no list. Throws Error{invalid}
/// when the list holds anything else.
std::optional<std::vector<std::string>> json_list(std::string_view text);

/// "--name", "--name=value" at the beginning of an instruction, quotes and backslashes gone.
struct Flag {
    std::string name;
    std::optional<std::string> value;
    std::string_view word;  ///< as written
};
/// Takes flags, and a "--" that ends them, from the front of `rest`.
std::vector<Flag> take_flags(std::string_view& rest);

/// Where a document will be: "<<EOF" with its variations.
struct HeredocMark {
    std::string name;
    bool strip_tabs = false;  ///< "<<-"
    bool expand = true;       ///< the name is not quoted
};
/// `word` as such a mark, if it is one and nothing else.
std::optional<HeredocMark> find_heredoc(std::string_view word);
/// All of a line, in order. Quotes are minded; in a line whose quotes do not close there are none.
std::vector<HeredocMark> heredoc_marks(std::string_view line);

}  // namespace skiff::dockerfile
