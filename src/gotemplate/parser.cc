// SPDX-License-Identifier: Apache-2.0
#include "gotemplate/parser.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/error.h"
#include "gotemplate/lexer.h"
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
    const Level level(*this);
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

}  // namespace

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
