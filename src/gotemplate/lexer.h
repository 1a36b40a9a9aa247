// SPDX-License-Identifier: Apache-2.0
// From template text to tokens, with the spaces that separate arguments as tokens of their own.
#pragma once

#include <string>
#include <string_view>

namespace skiff::gotemplate {

enum class TokenKind {
    error,  ///< the value is the message
    boolean,
    character,  ///< one printable ASCII character: the grab bag for commas and the like
    character_constant,
    complex_constant,
    assign,   ///< =
    declare,  ///< :=
    end_of_text,
    field,  ///< with its dot
    identifier,
    left_delimiter,
    left_parenthesis,
    number,
    pipe,
    raw_string,  ///< with its quotes
    right_delimiter,
    right_parenthesis,
    space,
    string,  ///< with its quotes
    text,
    variable,  ///< with its dollar sign
    // Keywords, after all others.
    keyword_block,
    keyword_break,
    keyword_continue,
    dot,
    keyword_define,
    keyword_else,
    keyword_end,
    keyword_if,
    nil,
    keyword_range,
    keyword_template,
    keyword_with,
};

struct Token {
    TokenKind kind = TokenKind::end_of_text;
    size_t position = 0;  ///< byte offset in the text
    std::string value = {};
    size_t line = 1;  ///< on which it begins

    /// As messages show it: `EOF`, `"."`, `<range>`, long texts cut.
    std::string description() const;
};

/// The text must outlive the lexer.
class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) {}
    /// After the end or an error, empty end_of_text tokens of line 0 follow, as Go's closed channel
    /// gives.
    Token next();

  private:
    enum class State {
        text,
        left_delimiter,
        comment,
        inside,
        space,
        right_delimiter,
        extra_parenthesis,
        done
    };

    int32_t take();
    int32_t peek();
    void back();
    bool accept(std::string_view set);
    void accept_run(std::string_view set);
    std::string_view rest() const { return text_.substr(position_); }
    std::string_view pending() const { return text_.substr(start_, position_ - start_); }
    void ignore();
    void emit(TokenKind kind);
    void fail(std::string message);

    void lex_text();
    void lex_left_delimiter();
    void lex_comment();
    void lex_right_delimiter();
    void lex_inside();
    void lex_space();
    void lex_identifier();
    void lex_field_or_variable(TokenKind kind);
    void lex_quoted(char quote, TokenKind kind, std::string_view failure);
    void lex_raw_string();
    void lex_number();
    bool scan_number();
    bool at_terminator();
    bool at_right_delimiter(bool& trims) const;

    std::string_view text_;
    size_t position_ = 0;
    size_t start_ = 0;
    size_t last_width_ = 0;
    size_t line_ = 1;
    size_t start_line_ = 1;
    int parentheses_ = 0;
    bool emitted_ = false;
    Token token_;
    State state_ = State::text;
};

}  // namespace skiff::gotemplate
