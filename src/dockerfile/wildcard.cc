// SPDX-License-Identifier: Apache-2.0
// Both kinds of patterns become tokens, and all ways to fit them are followed at once: the work is
// at most the product of the lengths, whatever the pattern.
#include "dockerfile/wildcard.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/code_point.h"

namespace skiff::dockerfile {
namespace {

constexpr size_t max_pattern = 4096;

[[noreturn]] void bad_pattern(std::string_view pattern) {
    throw Error(ErrorKind::invalid, "syntax error in pattern {}", quoted(pattern.substr(0, 200)));
}

using Kind = PathPattern::Kind;
using Token = PathPattern::Token;

/// Reads a pattern with Go's rules of what is an error (filepath.Match, since Go 1.16).
class PatternReader {
  public:
    explicit PatternReader(std::string_view pattern) : pattern_(pattern), rest_(pattern) {
        if (pattern.size() > max_pattern)
            throw Error(ErrorKind::invalid, "a pattern is longer than {} bytes", max_pattern);
    }

    bool done() const { return rest_.empty(); }
    bool take(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    /// The next token but a '*'.
    Token token() {
        if (take('?')) return {.kind = Kind::any_but_slash};
        if (take('[')) return class_token();
        return {.kind = Kind::literal, .character = character()};
    }

  private:
    std::uint32_t character() {
        if (take('\\') && rest_.empty()) bad_pattern(pattern_);
        return take_code_point(rest_);
    }

    std::uint32_t class_character() {
        if (rest_.empty() || rest_[0] == '-' || rest_[0] == ']') bad_pattern(pattern_);
        const std::uint32_t c = character();
        if (rest_.empty()) bad_pattern(pattern_);
        return c;
    }

    Token class_token() {
        Token token{.kind = Kind::one_of};
        if (take('^')) token.kind = Kind::none_of;
        do {
            const std::uint32_t low = class_character();
            const std::uint32_t high = take('-') ? class_character() : low;
            token.ranges.push_back({low, high});
        } while (!take(']'));
        return token;
    }

    std::string_view pattern_;
    std::string_view rest_;
};

std::vector<Token> read_wildcard(std::string_view pattern) {
    PatternReader reader(pattern);
    std::vector<Token> tokens;
    while (!reader.done()) {
        if (reader.take('*')) {
            tokens.push_back({.kind = Kind::star});
        } else {
            tokens.push_back(reader.token());
        }
    }
    return tokens;
}

/// As moby/patternmatcher turns it into a regular expression: "**" is any text at the end, else any
/// directories, and takes a '/' behind it along.
std::vector<Token> read_path_pattern(std::string_view pattern) {
    PatternReader reader(pattern);
    std::vector<Token> tokens;
    bool slash_taken = false;
    while (!reader.done()) {
        if (!reader.take('*')) {
            tokens.push_back(reader.token());
            continue;
        }
        if (!reader.take('*')) {
            tokens.push_back({.kind = Kind::star});
            continue;
        }
        slash_taken = reader.take('/');
        tokens.push_back({.kind = reader.done() ? Kind::anything : Kind::directories});
    }
    // "**name" without other wildcards fits the end of any path, "barname" too: moby compares the
    // suffix there.
    const bool plain = std::all_of(tokens.begin() + (tokens.empty() ? 0 : 1), tokens.end(),
                                   [](const Token& t) { return t.kind == Kind::literal; });
    if (plain && !slash_taken && !tokens.empty() && tokens[0].kind == Kind::directories &&
        pattern.find('\\') == std::string_view::npos)
        tokens[0].kind = Kind::anything;
    return tokens;
}

bool fits(const Token& token, std::uint32_t character) {
    const auto in_ranges = [&] {
        return std::ranges::any_of(token.ranges, [&](const PathPattern::Range& range) {
            return range.low <= character && character <= range.high;
        });
    };
    switch (token.kind) {
        case Kind::literal:
            return token.character == character;
        case Kind::any_but_slash:
        case Kind::star:
            return character != '/';
        case Kind::one_of:
            return in_ranges();
        case Kind::none_of:
            return !in_ranges();
        case Kind::anything:
        case Kind::directories:
            return true;
    }
    return false;
}

/// The positions in the list of tokens that what was read so far can have led to.
class States {
  public:
    explicit States(const std::vector<Token>& tokens)
        : tokens_(tokens), now_(tokens.size() + 1), next_(tokens.size() + 1) {
        add(now_, 0);
    }

    void read(std::uint32_t character) {
        std::ranges::fill(next_, Here{});
        for (size_t i = 0; i < tokens_.size(); ++i) {
            if (!now_[i].at && !now_[i].inside) continue;
            const Token& token = tokens_[i];
            if (token.kind == Kind::directories) {
                // (.*/)? is entered from its front only and left behind a '/'.
                next_[i].inside = true;
                if (character == '/') add(next_, i + 1);
                continue;
            }
            if (!fits(token, character)) continue;
            if (token.kind == Kind::star || token.kind == Kind::anything) {
                add(next_, i);
            } else {
                add(next_, i + 1);
            }
        }
        std::swap(now_, next_);
    }

    bool accepts() const { return now_.back().at; }
    bool alive() const {
        return std::ranges::any_of(now_, [](const Here& here) { return here.at || here.inside; });
    }

  private:
    struct Here {
        bool at = false;      ///< before the token
        bool inside = false;  ///< in the middle of a `directories`
    };

    void add(std::vector<Here>& states, size_t i) {
        for (; !states[i].at; ++i) {
            states[i].at = true;
            if (i == tokens_.size()) return;
            const Kind kind = tokens_[i].kind;
            if (kind != Kind::star && kind != Kind::anything && kind != Kind::directories) return;
        }
    }

    const std::vector<Token>& tokens_;
    std::vector<Here> now_;
    std::vector<Here> next_;
};

}  // namespace

bool has_wildcard(std::string_view text) {
    return text.find_first_of("*?[\\") != std::string_view::npos;
}

bool match_wildcard(std::string_view pattern, std::string_view text) {
    const std::vector<Token> tokens = read_wildcard(pattern);
    States states(tokens);
    while (!text.empty() && states.alive()) states.read(take_code_point(text));
    return text.empty() && states.accepts();
}

void check_wildcard(std::string_view pattern) {
    read_wildcard(pattern);
}

PathPattern::PathPattern(std::string_view pattern)
    : text_(pattern), tokens_(read_path_pattern(pattern)) {
    const auto is_literal = [](const Token& token) { return token.kind == Kind::literal; };
    const auto first = std::ranges::find_if_not(tokens_, is_literal);
    for (auto token = tokens_.begin(); token != first; ++token)
        append_code_point(prefix_, token->character);
    tokens_.erase(tokens_.begin(), first);
}

PathPattern::Fit PathPattern::fit(std::string_view path) const {
    if (path.empty()) return Fit::may_fit_below;
    // Most patterns begin with, or are, plain text.
    if (!path.starts_with(prefix_)) {
        const bool on_the_way = prefix_.size() > path.size() && prefix_.starts_with(path) &&
                                prefix_[path.size()] == '/';
        return on_the_way ? Fit::may_fit_below : Fit::none;
    }
    std::string_view rest = path.substr(prefix_.size());
    if (tokens_.empty()) return rest.empty() || rest[0] == '/' ? Fit::path_or_parent : Fit::none;
    States states(tokens_);
    while (!rest.empty()) {
        if (rest[0] == '/' && states.accepts()) return Fit::path_or_parent;
        states.read(take_code_point(rest));
        if (!states.alive()) return Fit::none;
    }
    if (states.accepts()) return Fit::path_or_parent;
    states.read('/');
    return states.alive() ? Fit::may_fit_below : Fit::none;
}

}  // namespace skiff::dockerfile
