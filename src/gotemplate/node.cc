// SPDX-License-Identifier: Apache-2.0
#include "gotemplate/node.h"

#include <algorithm>

#include <fmt/format.h>

#include "gotemplate/runes.h"

namespace skiff::gotemplate {
namespace {

void append_source(std::string& out, const Node& node);

void append_operand(std::string& out, const Node& operand) {
    const bool pipe = operand.kind == NodeKind::pipe;
    if (pipe) out += '(';
    append_source(out, operand);
    if (pipe) out += ')';
}

void append_pipe(std::string& out, const Node& pipe) {
    for (const Node* declaration : pipe.declarations) {
        if (declaration != pipe.declarations.front()) out += ", ";
        append_source(out, *declaration);
    }
    // Go writes := for both.
    if (!pipe.declarations.empty()) out += " := ";
    for (const Node* command : pipe.nodes) {
        if (command != pipe.nodes.front()) out += " | ";
        append_source(out, *command);
    }
}

void append_block(std::string& out, std::string_view keyword, const Node& node) {
    out += fmt::format("{{{{{} ", keyword);
    append_pipe(out, *node.pipe);
    out += "}}";
    append_source(out, *node.list);
    if (node.else_list) {
        out += "{{else}}";
        append_source(out, *node.else_list);
    }
    out += "{{end}}";
}

// Recursion is bounded by the parser's limit of nesting.
void append_source(std::string& out, const Node& node) {
    switch (node.kind) {
        case NodeKind::text:
        case NodeKind::dot:
        case NodeKind::nil:
        case NodeKind::boolean:
        case NodeKind::number:
        case NodeKind::string:
        case NodeKind::function:
            out += node.text;
            break;
        case NodeKind::list:
            for (const Node* each : node.nodes) append_source(out, *each);
            break;
        case NodeKind::action:
            out += "{{";
            append_pipe(out, *node.pipe);
            out += "}}";
            break;
        case NodeKind::if_block:
            append_block(out, "if", node);
            break;
        case NodeKind::with_block:
            append_block(out, "with", node);
            break;
        case NodeKind::range_block:
            append_block(out, "range", node);
            break;
        case NodeKind::break_loop:
            out += "{{break}}";
            break;
        case NodeKind::continue_loop:
            out += "{{continue}}";
            break;
        case NodeKind::call_template:
            out += "{{template " + quote(node.name);
            if (node.pipe) {
                out += ' ';
                append_pipe(out, *node.pipe);
            }
            out += "}}";
            break;
        case NodeKind::pipe:
            append_pipe(out, node);
            break;
        case NodeKind::command:
            for (const Node* operand : node.nodes) {
                if (operand != node.nodes.front()) out += ' ';
                append_operand(out, *operand);
            }
            break;
        case NodeKind::variable:
            for (const std::string_view identifier : node.identifiers) {
                if (identifier.data() != node.identifiers.front().data()) out += '.';
                out += identifier;
            }
            break;
        case NodeKind::chain:
            append_operand(out, *node.operand);
            [[fallthrough]];
        case NodeKind::field:
            for (const std::string_view identifier : node.identifiers) {
                out += '.';
                out += identifier;
            }
            break;
        case NodeKind::end:
            out += "{{end}}";
            break;
        case NodeKind::alternative:
            out += "{{else}}";
            break;
    }
}

}  // namespace

std::string source_of(const Node& node) {
    std::string out;
    append_source(out, node);
    return out;
}

std::string location_of(const ParsedText& parsed, const Node& node) {
    const std::string_view before = std::string_view(parsed.text).substr(0, node.position);
    const size_t newline = before.rfind('\n');
    const size_t column = newline == before.npos ? before.size() : before.size() - newline - 1;
    return fmt::format("{}:{}:{}", parsed.name, 1 + std::count(before.begin(), before.end(), '\n'),
                       column);
}

}  // namespace skiff::gotemplate
