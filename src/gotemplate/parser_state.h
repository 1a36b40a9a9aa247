// SPDX-License-Identifier: Apache-2.0
// The parser's state, shared by its two halves: parser.cc (texts and blocks), pipeline_parser.cc.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gotemplate/lexer.h"
#include "gotemplate/node.h"
#include "gotemplate/parser.h"

namespace skiff::gotemplate {

/// Parses one template; each {{define}} and {{block}} has a parser of its own on the same lexer,
/// with its own lookahead, variables and loops. Where they are seen in messages, that is Go's way.
class Parser {
  public:
    Parser(ParsedText& parsed, Lexer& lexer, const FunctionNames& functions, std::string name,
           int nesting)
        : parsed_(parsed),
          lexer_(lexer),
          functions_(functions),
          name_(std::move(name)),
          nesting_(nesting) {}

    void parse_all();

  private:
    struct Body {
        Node* list;
        Node* terminator;  ///< end or alternative
    };
    /// Counts a level of nesting while it lives.
    class Level {
      public:
        explicit Level(Parser& parser) : parser_(parser) {
            if (++parser_.nesting_ > nesting_limit) parser_.fail("nested too deeply");
        }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;
        ~Level() { --parser_.nesting_; }

      private:
        Parser& parser_;
    };

    Token next();
    void back() { ++lookahead_; }
    void back_two(Token first);
    void back_three(Token second, Token first);
    const Token& peek();
    Token next_non_space();
    const Token& peek_non_space();

    [[noreturn]] void fail(std::string_view message) const;
    [[noreturn]] void unexpected(const Token& token, std::string_view context) const;
    Token expect(TokenKind kind, std::string_view context);

    Node* make(NodeKind kind, size_t position);
    /// The characters of a token, as part of the text that outlives it.
    std::string_view source(const Token& token) const {
        return std::string_view(parsed_.text).substr(token.position, token.value.size());
    }
    std::string unquoted(const Token& token) const;
    void add(const Node* root);

    void parse_definition();
    Body item_list();
    Node* text_or_action();
    Node* action();
    Node* control(NodeKind kind, std::string_view context);
    Node* end_control();
    Node* else_control();
    Node* loop_control(NodeKind kind, size_t position, std::string_view context);
    Node* block_control();
    Node* template_control();
    std::string template_name(const Token& token, std::string_view context);
    Node* pipeline(std::string_view context, TokenKind end);
    void declarations(Node& pipe, std::string_view context);
    void check_pipeline(const Node& pipe, std::string_view context) const;
    Node* command();
    Node* operand();
    Node* term();

    ParsedText& parsed_;
    Lexer& lexer_;
    const FunctionNames& functions_;
    std::string name_;
    int nesting_;
    std::array<Token, 3> tokens_ = {};
    size_t lookahead_ = 0;
    std::vector<std::string> variables_ = {"$"};
    size_t action_line_ = 0;
    int range_depth_ = 0;
};

}  // namespace skiff::gotemplate
