// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/words.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "dockerfile/lexer.h"

namespace skiff::dockerfile {

bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

std::vector<std::string> blank_separated(std::string_view text) {
    std::vector<std::string> words;
    for (;;) {
        const auto begin = std::ranges::find_if_not(text, is_blank);
        text.remove_prefix(static_cast<size_t>(begin - text.begin()));
        if (text.empty()) return words;
        const auto end = std::ranges::find_if(text, is_blank);
        words.emplace_back(text.begin(), end);
        text.remove_prefix(words.back().size());
    }
}

std::vector<std::string> quoted_words(std::string_view text, char escape) {
    std::vector<std::string> words;
    std::string word;
    bool in_word = false;
    char quote = '\0';
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote == '\0' && is_blank(c)) {
            if (in_word) words.push_back(std::exchange(word, {}));
            in_word = false;
            continue;
        }
        if (c == escape && quote != '\'') {
            // At the very end it is dropped.
            if (i + 1 == text.size()) break;
            word += c;
            word += text[++i];
            in_word = true;
            continue;
        }
        if (quote == '\0' && (c == '"' || c == '\'')) {
            quote = c;
        } else if (c == quote) {
            quote = '\0';
        }
        word += c;
        in_word = true;
    }
    if (in_word) words.push_back(std::move(word));
    return words;
}

namespace {

/// Deeper than anybody's list: the JSON parser would go through a megabyte of '[' all the same.
bool is_nested(std::string_view text) {
    constexpr int too_deep = 16;
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"') in_string = !in_string;
        if (c == '\\' && in_string) ++i;
        if (c == '[' && !in_string && ++depth > too_deep) return true;
        if (c == ']' && !in_string) --depth;
    }
    return false;
}

}  // namespace

std::optional<std::vector<std::string>> json_list(std::string_view text) {
    text = trim(text);
    if (!text.starts_with('[') || !text.ends_with(']') || is_nested(text)) return std::nullopt;
    std::optional<Json> list;
    try {
        list = parse_json(text, "the list");
    } catch (const Error&) {
        return std::nullopt;  // "[ -f x ] && … ]" is a shell's command
    }
    std::vector<std::string> words;
    for (const Json& word : *list) {
        if (!word.is_string())
            throw Error(ErrorKind::invalid,
                        std::string("when using JSON array syntax, arrays must be comprised of "
                                    "strings only"));
        words.push_back(word.get<std::string>());
    }
    return words;
}

namespace {

/// The next word without its quotes and backslashes; `rest` is left behind it.
std::string take_unquoted(std::string_view& rest) {
    std::string word;
    char quote = '\0';
    size_t i = 0;
    for (; i < rest.size() && (quote != '\0' || !is_blank(rest[i])); ++i) {
        const char c = rest[i];
        if (c == '\\') {
            if (++i < rest.size()) word += rest[i];
        } else if (quote == '\0' && (c == '"' || c == '\'')) {
            quote = c;
        } else if (c == quote) {
            quote = '\0';
        } else {
            word += c;
        }
    }
    rest.remove_prefix(std::min(i, rest.size()));
    return word;
}

}  // namespace

std::vector<Flag> take_flags(std::string_view& rest) {
    std::vector<Flag> flags;
    for (;;) {
        rest = trim(rest);
        if (!rest.starts_with("--")) return flags;
        const std::string_view start = rest;
        const std::string word = take_unquoted(rest);
        if (word == "--") {
            rest = trim(rest);
            return flags;
        }
        const Cut parts = cut(std::string_view(word).substr(2), '=');
        Flag flag{std::string(parts.before), std::nullopt,
                  start.substr(0, start.size() - rest.size())};
        if (parts.found) flag.value = std::string(parts.after);
        flags.push_back(std::move(flag));
    }
}

std::optional<HeredocMark> find_heredoc(std::string_view word) {
    word = trim(word);
    const size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
    word.remove_prefix(digits);
    if (!word.starts_with("<<")) return std::nullopt;
    word.remove_prefix(2);
    HeredocMark mark;
    mark.strip_tabs = word.starts_with('-');
    if (mark.strip_tabs) word.remove_prefix(1);
    if (word.empty() || word.find('<') != std::string_view::npos) return std::nullopt;
    const Variables none;
    Lexed plain = lex(word, none, {.skip_unset = true, .split = true});
    if (plain.words.size() != 1) return std::nullopt;
    mark.name = std::move(plain.words[0]);
    const auto quotes = [](std::string_view text) {
        return std::ranges::count_if(text, [](char c) { return c == '"' || c == '\''; });
    };
    // A quote that is gone was one.
    const Lexed raw = lex(word, none, {.keep_quotes = true, .skip_unset = true, .split = true});
    mark.expand = raw.words.size() == 1 && quotes(raw.words[0]) == quotes(mark.name);
    return mark;
}

std::vector<HeredocMark> heredoc_marks(std::string_view line) {
    if (line.find("<<") == std::string_view::npos) return {};
    Lexed lexed;
    try {
        lexed = lex(line, Variables{},
                    {.keep_quotes = true, .keep_escapes = true, .skip_unset = true, .split = true});
    } catch (const Error&) {
        return {};  // an apostrophe in a shell's comment, say
    }
    std::vector<HeredocMark> marks;
    for (const std::string& word : lexed.words)
        if (auto mark = find_heredoc(word)) marks.push_back(*std::move(mark));
    return marks;
}

}  // namespace skiff::dockerfile
