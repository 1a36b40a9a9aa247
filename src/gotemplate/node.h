// SPDX-License-Identifier: Apache-2.0
// The parsed form of a template.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gotemplate/value.h"

namespace skiff::gotemplate {

enum class NodeKind {
    text,
    list,      ///< `nodes`
    action,    ///< `pipe`
    if_block,  ///< `pipe`, `list`, `else_list`, as with_block and range_block
    with_block,
    range_block,
    break_loop,
    continue_loop,
    call_template,  ///< `name`, `pipe` or none
    pipe,           ///< `declarations`, `nodes` are commands
    command,        ///< `nodes` are its operands
    dot,
    nil,
    boolean,
    number,
    string,    ///< `name` is the text without its quotes
    field,     ///< `identifiers`
    variable,  ///< `identifiers`, the first with its dollar sign
    chain,     ///< the fields `identifiers` of `operand`
    function,  ///< its name is `text`
    // Where lists end; never in a finished tree.
    end,
    alternative,
};

/// A constant with every kind that can represent it, which is how Go's untyped constants behave.
struct Number {
    bool is_integer = false;
    bool is_unsigned = false;
    bool is_float = false;
    int64_t integer = 0;
    uint64_t unsigned_integer = 0;
    double floating = 0;
};

/// Parses what the lexer took for a number or character constant. Throws Error{invalid}, without
/// position.
Number parse_constant(std::string_view text, bool character);

struct Node {
    NodeKind kind;
    size_t position = 0;         ///< byte offset in the text
    std::string_view text = {};  ///< of leaves: as written
    std::string name = {};
    std::vector<std::string_view> identifiers = {};
    std::vector<const Node*> nodes = {};
    std::vector<const Node*> declarations = {};
    bool assigns = false;  ///< `=`, not `:=`
    const Node* pipe = nullptr;
    const Node* list = nullptr;
    const Node* else_list = nullptr;
    const Node* operand = nullptr;
    Number number = {};
};

/// As messages show it: spaces and quotes normalised.
std::string source_of(const Node& node);

/// Owns everything that parsing one text made.
struct ParsedText {
    std::string name;
    std::string text;
    std::deque<Node> nodes;
    std::map<std::string, const Node*, std::less<>> templates;  ///< by name, `name` among them
};

/// "name:line:column", the column in bytes from 0.
std::string location_of(const ParsedText& parsed, const Node& node);

}  // namespace skiff::gotemplate
