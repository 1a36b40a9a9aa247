// SPDX-License-Identifier: Apache-2.0
#include "gotemplate/parser.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"
#include "gotemplate/parser_state.h"
#include "gotemplate/runes.h"

namespace skiff::gotemplate {
namespace {

bool is_blank_text(std::string_view text) {
    while (!text.empty()) {
        const Decoded next = decode_rune(text);
        if (!is_space(next.rune)) return false;
        text.remove_prefix(next.width);
    }
    return true;
}

/// Nothing but spaces: such a definition gives way to another of the same name.
bool is_empty(const Node& list) {
    return std::all_of(list.nodes.begin(), list.nodes.end(), [](const Node* node) {
        return node->kind == NodeKind::text && is_blank_text(node->text);
    });
}

}  // namespace

Token Parser::next() {
    if (lookahead_ > 0) {
        --lookahead_;
    } else {
        tokens_[0] = lexer_.next();
    }
    return tokens_[lookahead_];
}

void Parser::back_two(Token first) {
    tokens_[1] = std::move(first);
    lookahead_ = 2;
}

void Parser::back_three(Token second, Token first) {
    tokens_[1] = std::move(first);
    tokens_[2] = std::move(second);
    lookahead_ = 3;
}

const Token& Parser::peek() {
    if (lookahead_ > 0) return tokens_[lookahead_ - 1];
    lookahead_ = 1;
    tokens_[0] = lexer_.next();
    return tokens_[0];
}

Token Parser::next_non_space() {
    Token token = next();
    while (token.kind == TokenKind::space) token = next();
    return token;
}

const Token& Parser::peek_non_space() {
    next_non_space();
    back();
    return tokens_[lookahead_ - 1];
}

void Parser::fail(std::string_view message) const {
    throw Error(ErrorKind::invalid, "template: {}:{}: {}", parsed_.name, tokens_[0].line, message);
}

void Parser::unexpected(const Token& token, std::string_view context) const {
    if (token.kind != TokenKind::error) {
        fail(fmt::format("unexpected {} in {}", token.description(), context));
    }
    std::string started;
    if (action_line_ != 0 && action_line_ != token.line) {
        const bool action = token.value.ends_with(" action");  // avoids "action in action"
        started = fmt::format("{} started at {}:{}", action ? "" : " in action", parsed_.name,
                              action_line_);
    }
    fail(token.value + started);
}

Token Parser::expect(TokenKind kind, std::string_view context) {
    Token token = next_non_space();
    if (token.kind != kind) unexpected(token, context);
    return token;
}

Node* Parser::make(NodeKind kind, size_t position) {
    return &parsed_.nodes.emplace_back(Node{.kind = kind, .position = position});
}

std::string Parser::unquoted(const Token& token) const {
    std::string text;
    if (!unquote(token.value, text)) fail("invalid syntax");
    return text;
}

void Parser::add(const Node* root) {
    const auto [entry, inserted] = parsed_.templates.try_emplace(name_, root);
    if (inserted) return;
    if (is_empty(*entry->second)) {
        entry->second = root;
    } else if (!is_empty(*root)) {
        fail(fmt::format("template: multiple definition of template {}", quote(name_)));
    }
}

void Parser::parse_all() {
    Node* root = make(NodeKind::list, peek().position);
    while (peek().kind != TokenKind::end_of_text) {
        if (peek().kind == TokenKind::left_delimiter) {
            Token delimiter = next();
            if (next_non_space().kind == TokenKind::keyword_define) {
                Parser(parsed_, lexer_, functions_, "definition", nesting_).parse_definition();
                continue;
            }
            back_two(std::move(delimiter));
        }
        const Node* node = text_or_action();
        if (node->kind == NodeKind::end || node->kind == NodeKind::alternative) {
            fail("unexpected " + source_of(*node));
        }
        root->nodes.push_back(node);
    }
    add(root);
}

void Parser::parse_definition() {
    constexpr std::string_view context = "define clause";
    const Token name = next_non_space();
    if (name.kind != TokenKind::string && name.kind != TokenKind::raw_string) {
        unexpected(name, context);
    }
    name_ = unquoted(name);
    expect(TokenKind::right_delimiter, context);
    const Body body = item_list();
    if (body.terminator->kind != NodeKind::end) {
        fail(fmt::format("unexpected {} in {}", source_of(*body.terminator), context));
    }
    add(body.list);
}

Parser::Body Parser::item_list() {
    Node* list = make(NodeKind::list, peek_non_space().position);
    while (peek_non_space().kind != TokenKind::end_of_text) {
        Node* node = text_or_action();
        if (node->kind == NodeKind::end || node->kind == NodeKind::alternative) {
            return {list, node};
        }
        list->nodes.push_back(node);
    }
    fail("unexpected EOF");
}

Node* Parser::text_or_action() {
    const Token token = next_non_space();
    if (token.kind == TokenKind::text) {
        Node* node = make(NodeKind::text, token.position);
        node->text = source(token);
        return node;
    }
    if (token.kind != TokenKind::left_delimiter) unexpected(token, "input");
    action_line_ = token.line;
    Node* node = action();
    action_line_ = 0;
    return node;
}

Node* Parser::action() {
    const Token token = next_non_space();
    switch (token.kind) {
        case TokenKind::keyword_block:
            return block_control();
        case TokenKind::keyword_break:
            return loop_control(NodeKind::break_loop, token.position, "{{break}}");
        case TokenKind::keyword_continue:
            return loop_control(NodeKind::continue_loop, token.position, "{{continue}}");
        case TokenKind::keyword_else:
            return else_control();
        case TokenKind::keyword_end:
            return end_control();
        case TokenKind::keyword_if:
            return control(NodeKind::if_block, "if");
        case TokenKind::keyword_range:
            return control(NodeKind::range_block, "range");
        case TokenKind::keyword_template:
            return template_control();
        case TokenKind::keyword_with:
            return control(NodeKind::with_block, "with");
        default:
            break;
    }
    back();
    Node* node = make(NodeKind::action, peek().position);
    node->pipe = pipeline("command", TokenKind::right_delimiter);
    return node;
}

Node* Parser::loop_control(NodeKind kind, size_t position, std::string_view context) {
    const Token token = next_non_space();
    if (token.kind != TokenKind::right_delimiter) unexpected(token, context);
    if (range_depth_ == 0) fail(fmt::format("{} outside {{{{range}}}}", context));
    return make(kind, position);
}

Node* Parser::end_control() {
    return make(NodeKind::end, expect(TokenKind::right_delimiter, "end").position);
}

Node* Parser::else_control() {
    // Of "else if" and "else with" the second word is left for control().
    const Token& following = peek_non_space();
    if (following.kind == TokenKind::keyword_if || following.kind == TokenKind::keyword_with) {
        return make(NodeKind::alternative, following.position);
    }
    return make(NodeKind::alternative, expect(TokenKind::right_delimiter, "else").position);
}

Node* Parser::control(NodeKind kind, std::string_view context) {
    const Level level(*this);
    const size_t visible = variables_.size();
    const Node* pipe = pipeline(context, TokenKind::right_delimiter);
    Node* node = make(kind, pipe->position);
    node->pipe = pipe;
    const int loop = kind == NodeKind::range_block ? 1 : 0;
    range_depth_ += loop;
    const Body body = item_list();
    range_depth_ -= loop;
    node->list = body.list;
    if (body.terminator->kind == NodeKind::alternative) {
        const TokenKind again = kind == NodeKind::if_block     ? TokenKind::keyword_if
                                : kind == NodeKind::with_block ? TokenKind::keyword_with
                                                               : TokenKind::end_of_text;
        if (again != TokenKind::end_of_text && peek().kind == again) {
            // {{if a}}_{{else if b}}_{{end}} is {{if a}}_{{else}}{{if b}}_{{end}}{{end}} with one
            // {{end}} for both.
            next();
            Node* list = make(NodeKind::list, body.terminator->position);
            list->nodes.push_back(control(kind, context));
            node->else_list = list;
        } else {
            const Body otherwise = item_list();
            if (otherwise.terminator->kind != NodeKind::end) {
                fail("expected end; found " + source_of(*otherwise.terminator));
            }
            node->else_list = otherwise.list;
        }
    }
    variables_.resize(visible);
    return node;
}

Node* Parser::block_control() {
    const Level level(*this);
    constexpr std::string_view context = "block clause";
    const Token token = next_non_space();
    std::string name = template_name(token, context);
    const Node* pipe = pipeline(context, TokenKind::right_delimiter);
    Parser block(parsed_, lexer_, functions_, name, nesting_);
    const Body body = block.item_list();
    if (body.terminator->kind != NodeKind::end) {
        fail(fmt::format("unexpected {} in {}", source_of(*body.terminator), context));
    }
    block.add(body.list);
    Node* node = make(NodeKind::call_template, token.position);
    node->name = std::move(name);
    node->pipe = pipe;
    return node;
}

Node* Parser::template_control() {
    constexpr std::string_view context = "template clause";
    const Token token = next_non_space();
    std::string name = template_name(token, context);
    const Node* pipe = nullptr;
    if (next_non_space().kind != TokenKind::right_delimiter) {
        back();
        pipe = pipeline(context, TokenKind::right_delimiter);
    }
    Node* node = make(NodeKind::call_template, token.position);
    node->name = std::move(name);
    node->pipe = pipe;
    return node;
}

std::string Parser::template_name(const Token& token, std::string_view context) {
    if (token.kind != TokenKind::string && token.kind != TokenKind::raw_string) {
        unexpected(token, context);
    }
    return unquoted(token);
}

std::unique_ptr<ParsedText> parse_text(std::string_view name, std::string_view text,
                                       const FunctionNames& functions) {
    if (text.size() > text_limit) {
        throw Error(ErrorKind::invalid, "template: {}:1: longer than {} bytes", name, text_limit);
    }
    auto parsed = std::make_unique<ParsedText>();
    parsed->name = name;
    parsed->text = text;
    Lexer lexer(parsed->text);
    Parser(*parsed, lexer, functions, parsed->name, 0).parse_all();
    return parsed;
}

}  // namespace skiff::gotemplate
