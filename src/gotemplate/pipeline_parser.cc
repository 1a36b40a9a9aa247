// SPDX-License-Identifier: Apache-2.0
// What stands between delimiters: declarations, commands, operands.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "gotemplate/parser_state.h"
#include "gotemplate/runes.h"

namespace skiff::gotemplate {

Node* Parser::pipeline(std::string_view context, TokenKind end) {
    const Level level(*this);
    Node* pipe = make(NodeKind::pipe, peek_non_space().position);
    declarations(*pipe, context);
    while (true) {
        const Token token = next_non_space();
        if (token.kind == end) {
            check_pipeline(*pipe, context);
            return pipe;
        }
        switch (token.kind) {
            case TokenKind::boolean:
            case TokenKind::character_constant:
            case TokenKind::complex_constant:
            case TokenKind::dot:
            case TokenKind::field:
            case TokenKind::identifier:
            case TokenKind::number:
            case TokenKind::nil:
            case TokenKind::raw_string:
            case TokenKind::string:
            case TokenKind::variable:
            case TokenKind::left_parenthesis:
                back();
                pipe->nodes.push_back(command());
                break;
            default:
                unexpected(token, context);
        }
    }
}

void Parser::declarations(Node& pipe, std::string_view context) {
    while (peek_non_space().kind == TokenKind::variable) {
        Token variable = next();
        // "$x foo" needs three tokens of lookahead: only what comes after the space tells whether
        // $x is declared or an argument.
        Token after = peek();
        const Token following = peek_non_space();
        const bool assigns = following.kind == TokenKind::assign;
        const bool comma = following.kind == TokenKind::character && following.value == ",";
        if (!assigns && !comma && following.kind != TokenKind::declare) {
            if (after.kind == TokenKind::space) {
                back_three(std::move(variable), std::move(after));
            } else {
                back_two(std::move(variable));
            }
            return;
        }
        next_non_space();
        Node* node = make(NodeKind::variable, variable.position);
        node->identifiers = {source(variable)};
        pipe.declarations.push_back(node);
        variables_.push_back(variable.value);
        if (!comma) {
            pipe.assigns = assigns;
            return;
        }
        if (context != "range" || pipe.declarations.size() >= 2) {
            fail(fmt::format("too many declarations in {}", context));
        }
        switch (peek_non_space().kind) {
            case TokenKind::variable:
            case TokenKind::right_delimiter:
            case TokenKind::right_parenthesis:
                break;
            default:
                fail("range can only initialize variables");
        }
    }
}

void Parser::check_pipeline(const Node& pipe, std::string_view context) const {
    if (pipe.nodes.empty()) fail(fmt::format("missing value for {}", context));
    for (size_t stage = 1; stage < pipe.nodes.size(); ++stage) {
        switch (pipe.nodes[stage]->nodes.front()->kind) {
            case NodeKind::boolean:
            case NodeKind::dot:
            case NodeKind::nil:
            case NodeKind::number:
            case NodeKind::string:
                fail(fmt::format("non executable command in pipeline stage {}", stage + 1));
            default:
                break;
        }
    }
}

// The pipe character is consumed, a right delimiter or parenthesis left to the pipeline.
Node* Parser::command() {
    Node* node = make(NodeKind::command, peek_non_space().position);
    while (true) {
        peek_non_space();
        if (const Node* each = operand()) node->nodes.push_back(each);
        const Token token = next();
        if (token.kind == TokenKind::space) continue;
        if (token.kind == TokenKind::right_delimiter ||
            token.kind == TokenKind::right_parenthesis) {
            back();
        } else if (token.kind != TokenKind::pipe) {
            unexpected(token, "operand");
        }
        break;
    }
    if (node->nodes.empty()) fail("empty command");
    return node;
}

Node* Parser::operand() {
    Node* node = term();
    if (!node || peek().kind != TokenKind::field) return node;
    const size_t position = peek().position;
    std::vector<std::string_view> fields;
    while (peek().kind == TokenKind::field) fields.push_back(source(next()).substr(1));
    switch (node->kind) {
        case NodeKind::field:
        case NodeKind::variable:
            node->position = position;
            node->identifiers.insert(node->identifiers.end(), fields.begin(), fields.end());
            return node;
        case NodeKind::boolean:
        case NodeKind::string:
        case NodeKind::number:
        case NodeKind::nil:
        case NodeKind::dot:
            fail(fmt::format("unexpected . after term {}", quote(source_of(*node))));
        default: {
            Node* chain = make(NodeKind::chain, position);
            chain->operand = node;
            chain->identifiers = std::move(fields);
            return chain;
        }
    }
}

/// Nothing when what follows is no term; then it is left for the caller.
Node* Parser::term() {
    const Token token = next_non_space();
    const auto leaf = [&](NodeKind kind) {
        Node* node = make(kind, token.position);
        node->text = source(token);
        return node;
    };
    switch (token.kind) {
        case TokenKind::identifier:
            if (!functions_.contains(token.value)) {
                fail(fmt::format("function {} not defined", quote(token.value)));
            }
            return leaf(NodeKind::function);
        case TokenKind::dot:
            return leaf(NodeKind::dot);
        case TokenKind::nil:
            return leaf(NodeKind::nil);
        case TokenKind::variable: {
            if (std::find(variables_.begin(), variables_.end(), token.value) == variables_.end()) {
                fail(fmt::format("undefined variable {}", quote(token.value)));
            }
            Node* node = make(NodeKind::variable, token.position);
            node->identifiers = {source(token)};
            return node;
        }
        case TokenKind::field: {
            Node* node = make(NodeKind::field, token.position);
            node->identifiers = {source(token).substr(1)};
            return node;
        }
        case TokenKind::boolean:
            return leaf(NodeKind::boolean);
        case TokenKind::character_constant:
        case TokenKind::complex_constant:
        case TokenKind::number: {
            Node* node = leaf(NodeKind::number);
            try {
                node->number =
                    parse_constant(node->text, token.kind == TokenKind::character_constant);
            } catch (const Error& error) {
                fail(error.message());
            }
            return node;
        }
        case TokenKind::left_parenthesis:
            return pipeline("parenthesized pipeline", TokenKind::right_parenthesis);
        case TokenKind::raw_string:
        case TokenKind::string: {
            Node* node = leaf(NodeKind::string);
            node->name = unquoted(token);
            return node;
        }
        default:
            back();
            return nullptr;
    }
}

}  // namespace skiff::gotemplate
