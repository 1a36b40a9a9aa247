// SPDX-License-Identifier: Apache-2.0
#include "gotemplate/lexer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "gotemplate/runes.h"

namespace skiff::gotemplate {
namespace {

constexpr std::string_view left_delimiter = "{{";
constexpr std::string_view right_delimiter = "}}";
constexpr std::string_view left_comment = "/*";
constexpr std::string_view right_comment = "*/";
constexpr std::string_view spaces = " \t\r\n";
/// "{{- " and " -}}": the marker and the space that must be beside it.
constexpr size_t trim_marker_size = 2;
constexpr Rune end_of_text = -1;

constexpr std::pair<std::string_view, TokenKind> keywords[] = {
    {"block", TokenKind::keyword_block},
    {"break", TokenKind::keyword_break},
    {"continue", TokenKind::keyword_continue},
    {"define", TokenKind::keyword_define},
    {"else", TokenKind::keyword_else},
    {"end", TokenKind::keyword_end},
    {"if", TokenKind::keyword_if},
    {"range", TokenKind::keyword_range},
    {"nil", TokenKind::nil},
    {"template", TokenKind::keyword_template},
    {"with", TokenKind::keyword_with},
    {"true", TokenKind::boolean},
    {"false", TokenKind::boolean},
};

bool is_blank(Rune rune) {
    return rune == ' ' || rune == '\t' || rune == '\r' || rune == '\n';
}

bool is_alphanumeric(Rune rune) {
    return rune == '_' || is_letter(rune) || is_digit(rune);
}

bool begins_with_left_trim(std::string_view text) {
    return text.size() >= 2 && text[0] == '-' && is_blank(text[1]);
}

bool begins_with_right_trim(std::string_view text) {
    return text.size() >= 2 && is_blank(text[0]) && text[1] == '-';
}

/// %#U of fmt.
std::string unicode_name(Rune rune) {
    if (rune < 0) return "U+FFFFFFFFFFFFFFFF";
    std::string name = fmt::format("U+{:04X}", rune);
    if (is_printable(rune)) {
        name += " '";
        append_rune(name, rune);
        name += '\'';
    }
    return name;
}

size_t newlines(std::string_view text) {
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

std::string Token::description() const {
    if (kind == TokenKind::end_of_text) return "EOF";
    if (kind == TokenKind::error) return value;
    if (kind >= TokenKind::keyword_block) return fmt::format("<{}>", value);
    if (value.size() <= 10) return quote(value);
    size_t bytes = 0;
    for (int runes = 0; runes < 10 && bytes < value.size(); ++runes) {
        bytes += decode_rune(std::string_view(value).substr(bytes)).width;
    }
    return quote(std::string_view(value).substr(0, bytes)) + "...";
}

Token Lexer::next() {
    emitted_ = false;
    while (!emitted_) {
        switch (state_) {
            case State::text:
                lex_text();
                break;
            case State::left_delimiter:
                lex_left_delimiter();
                break;
            case State::comment:
                lex_comment();
                break;
            case State::inside:
                lex_inside();
                break;
            case State::space:
                lex_space();
                break;
            case State::right_delimiter:
                lex_right_delimiter();
                break;
            case State::extra_parenthesis:
                fail("unexpected right paren U+0029 ')'");
                break;
            case State::done:
                return {.kind = TokenKind::error, .line = 0};
        }
    }
    return std::move(token_);
}

Rune Lexer::take() {
    const Decoded next = decode_rune(rest());
    last_width_ = next.width;
    if (next.width == 0) return end_of_text;
    position_ += next.width;
    if (next.rune == '\n') ++line_;
    return next.rune;
}

void Lexer::back() {
    if (last_width_ > 0 && text_[position_ - last_width_] == '\n') --line_;
    position_ -= last_width_;
    last_width_ = 0;
}

Rune Lexer::peek() {
    const Decoded next = decode_rune(rest());
    return next.width == 0 ? end_of_text : next.rune;
}

bool Lexer::accept(std::string_view set) {
    const Rune next = peek();
    if (next < 0 || next >= 0x80 || set.find(static_cast<char>(next)) == set.npos) return false;
    take();
    return true;
}

void Lexer::accept_run(std::string_view set) {
    while (accept(set)) {
    }
}

void Lexer::ignore() {
    start_ = position_;
    start_line_ = line_;
}

void Lexer::emit(TokenKind kind) {
    token_ = {kind, start_, std::string(pending()), start_line_};
    emitted_ = true;
    ignore();
}

void Lexer::fail(std::string message) {
    token_ = {TokenKind::error, start_, std::move(message), start_line_};
    emitted_ = true;
    state_ = State::done;
}

void Lexer::lex_text() {
    const size_t found = text_.find(left_delimiter, position_);
    const size_t end = found == text_.npos ? text_.size() : found;
    size_t kept = end;
    if (found != text_.npos && begins_with_left_trim(text_.substr(found + left_delimiter.size()))) {
        const size_t last = text_.substr(start_, end - start_).find_last_not_of(spaces);
        kept = last == text_.npos ? start_ : start_ + last + 1;
    }
    if (kept > start_) {
        position_ = kept;
        line_ += newlines(pending());
        emit(TokenKind::text);
        // The trimmed rest is looked at again by the next call, which then finds nothing to keep.
        if (kept == text_.size()) return;
    }
    line_ += newlines(text_.substr(kept, end - kept));
    position_ = end;
    ignore();
    if (emitted_) {
        state_ = State::left_delimiter;
    } else if (found == text_.npos) {
        emit(TokenKind::end_of_text);
        state_ = State::done;
    } else {
        state_ = State::left_delimiter;
    }
}

void Lexer::lex_left_delimiter() {
    position_ += left_delimiter.size();
    const size_t marker = begins_with_left_trim(rest()) ? trim_marker_size : 0;
    if (rest().substr(marker).starts_with(left_comment)) {
        line_ += newlines(rest().substr(0, marker));
        position_ += marker;
        ignore();
        state_ = State::comment;
        return;
    }
    emit(TokenKind::left_delimiter);
    line_ += newlines(rest().substr(0, marker));
    position_ += marker;
    ignore();
    parentheses_ = 0;
    state_ = State::inside;
}

void Lexer::lex_comment() {
    const size_t end = text_.find(right_comment, position_ + left_comment.size());
    if (end == text_.npos) return fail("unclosed comment");
    position_ = end + right_comment.size();
    bool trims = false;
    if (!at_right_delimiter(trims)) return fail("comment ends before closing delimiter");
    if (trims) position_ += trim_marker_size;
    position_ += right_delimiter.size();
    if (trims) position_ = std::min(text_.find_first_not_of(spaces, position_), text_.size());
    line_ += newlines(pending());
    ignore();
    state_ = State::text;
}

bool Lexer::at_right_delimiter(bool& trims) const {
    trims = begins_with_right_trim(rest()) &&
            rest().substr(trim_marker_size).starts_with(right_delimiter);
    return trims || rest().starts_with(right_delimiter);
}

void Lexer::lex_right_delimiter() {
    const bool trims = begins_with_right_trim(rest());
    if (trims) {
        line_ += newlines(rest().substr(0, trim_marker_size));
        position_ += trim_marker_size;
        ignore();
    }
    position_ += right_delimiter.size();
    emit(TokenKind::right_delimiter);
    if (trims) {
        position_ = std::min(text_.find_first_not_of(spaces, position_), text_.size());
        line_ += newlines(pending());
        ignore();
    }
    state_ = State::text;
}

void Lexer::lex_inside() {
    bool trims = false;
    if (at_right_delimiter(trims)) {
        if (parentheses_ > 0) return fail("unclosed left paren");
        state_ = State::right_delimiter;
        return;
    }
    const Rune next = take();
    if (next == end_of_text) return fail("unclosed action");
    if (is_blank(next)) {
        back();
        state_ = State::space;
        return;
    }
    switch (next) {
        case '=':
            return emit(TokenKind::assign);
        case ':':
            if (take() != '=') return fail("expected :=");
            return emit(TokenKind::declare);
        case '|':
            return emit(TokenKind::pipe);
        case '"':
            return lex_quoted('"', TokenKind::string, "unterminated quoted string");
        case '\'':
            return lex_quoted('\'', TokenKind::character_constant,
                              "unterminated character constant");
        case '`':
            return lex_raw_string();
        case '$':
            return lex_field_or_variable(TokenKind::variable);
        case '(':
            ++parentheses_;
            return emit(TokenKind::left_parenthesis);
        case ')':
            if (--parentheses_ < 0) state_ = State::extra_parenthesis;
            return emit(TokenKind::right_parenthesis);
        default:
            break;
    }
    // A dot before a digit begins a number.
    const bool digit_follows = peek() >= '0' && peek() <= '9';
    if (next == '.' && position_ < text_.size() && !digit_follows) {
        return lex_field_or_variable(TokenKind::field);
    }
    if (next == '.' || next == '+' || next == '-' || (next >= '0' && next <= '9')) {
        back();
        return lex_number();
    }
    if (is_alphanumeric(next)) return lex_identifier();
    if (next < 0x80 && is_printable(next)) return emit(TokenKind::character);
    fail("unrecognized character in action: " + unicode_name(next));
}

void Lexer::lex_space() {
    size_t count = 0;
    while (is_blank(peek())) {
        take();
        ++count;
    }
    state_ = State::inside;
    // The last space may belong to a trimming delimiter.
    if (begins_with_right_trim(text_.substr(position_ - 1)) &&
        text_.substr(position_ - 1 + trim_marker_size).starts_with(right_delimiter)) {
        last_width_ = 1;
        back();
        if (count == 1) {
            state_ = State::right_delimiter;
            return;
        }
    }
    emit(TokenKind::space);
}

bool Lexer::at_terminator() {
    const Rune next = peek();
    if (next == end_of_text || is_blank(next)) return true;
    switch (next) {
        case '.':
        case ',':
        case '|':
        case ':':
        case ')':
        case '(':
            return true;
        default:
            return rest().starts_with(right_delimiter);
    }
}

void Lexer::lex_identifier() {
    while (is_alphanumeric(peek())) take();
    if (!at_terminator()) return fail("bad character " + unicode_name(peek()));
    for (const auto& [word, kind] : keywords) {
        if (word == pending()) return emit(kind);
    }
    emit(TokenKind::identifier);
}

void Lexer::lex_field_or_variable(TokenKind kind) {
    if (at_terminator()) {
        return emit(kind == TokenKind::variable ? TokenKind::variable : TokenKind::dot);
    }
    while (is_alphanumeric(peek())) take();
    if (!at_terminator()) return fail("bad character " + unicode_name(peek()));
    emit(kind);
}

void Lexer::lex_quoted(char quote, TokenKind kind, std::string_view failure) {
    while (true) {
        Rune next = take();
        if (next == quote) return emit(kind);
        if (next == '\\') {
            next = take();
            if (next != end_of_text && next != '\n') continue;
        }
        if (next == end_of_text || next == '\n') return fail(std::string(failure));
    }
}

void Lexer::lex_raw_string() {
    while (true) {
        const Rune next = take();
        if (next == end_of_text) return fail("unterminated raw quoted string");
        if (next == '`') return emit(TokenKind::raw_string);
    }
}

// Not exact: it takes "." and "089" too; what the parser then makes of it says what is wrong.
void Lexer::lex_number() {
    if (!scan_number()) return fail("bad number syntax: " + quote(pending()));
    if (peek() != '+' && peek() != '-') return emit(TokenKind::number);
    if (!scan_number() || text_[position_ - 1] != 'i') {
        return fail("bad number syntax: " + quote(pending()));
    }
    emit(TokenKind::complex_constant);
}

bool Lexer::scan_number() {
    accept("+-");
    constexpr std::string_view decimal = "0123456789_";
    constexpr std::string_view hexadecimal = "0123456789abcdefABCDEF_";
    std::string_view digits = decimal;
    if (accept("0")) {
        if (accept("xX")) {
            digits = hexadecimal;
        } else if (accept("oO")) {
            digits = "01234567_";
        } else if (accept("bB")) {
            digits = "01_";
        }
    }
    accept_run(digits);
    if (accept(".")) accept_run(digits);
    if ((digits == decimal && accept("eE")) || (digits == hexadecimal && accept("pP"))) {
        accept("+-");
        accept_run(decimal);
    }
    accept("i");
    if (!is_alphanumeric(peek())) return true;
    take();
    return false;
}

}  // namespace skiff::gotemplate
