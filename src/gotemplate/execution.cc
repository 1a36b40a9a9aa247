// SPDX-License-Identifier: Apache-2.0
#include "gotemplate/execution.h"

#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "gotemplate/builtins.h"
#include "gotemplate/print.h"
#include "gotemplate/runes.h"

namespace skiff::gotemplate {
namespace {

constexpr int template_depth_limit = 500;
constexpr int level_limit = 2000;
constexpr int step_limit = 1'000'000;
constexpr size_t output_limit = 64 << 20;

}  // namespace

Execution::Execution(const ParsedText& parsed, FunctionSet functions, FunctionSet overriding,
                     MissingKey missing_key, std::string& out)
    : parsed_(parsed),
      functions_(functions),
      overriding_(overriding),
      missing_key_(missing_key),
      out_(out),
      output_end_(out.size() + output_limit) {}

void Execution::run(const Value& data) {
    template_name_ = parsed_.name;
    variables_.push_back({"$", data});
    walk(data, *parsed_.templates.find(template_name_)->second);
}

void Execution::fail(std::string_view message) const {
    throw Error(ErrorKind::invalid, "template: {}: executing {} at <{}>: {}",
                location_of(parsed_, *at_), quote(template_name_), source_of(*at_), message);
}

void Execution::step() {
    if (++steps_ > step_limit) fail(fmt::format("takes more than {} steps", step_limit));
}

Execution::Level::Level(Execution& execution) : execution_(execution) {
    execution_.step();
    if (++execution_.levels_ > level_limit) {
        execution_.fail(fmt::format("exceeded maximum nesting depth ({})", level_limit));
    }
}

Execution::Flow Execution::walk(const Value& dot, const Node& node) {
    at_ = &node;
    switch (node.kind) {
        case NodeKind::text:
            write(node.text);
            return Flow::next;
        case NodeKind::list:
            for (const Node* each : node.nodes) {
                if (const Flow flow = walk(dot, *each); flow != Flow::next) return flow;
            }
            return Flow::next;
        case NodeKind::action: {
            // Variables that it declares persist until the enclosing block ends.
            const Value value = evaluate_pipeline(dot, *node.pipe);
            at_ = &node;
            if (node.pipe->declarations.empty()) {
                print_result(out_, value, scratch_);
                write({});
            }
            return Flow::next;
        }
        case NodeKind::if_block:
        case NodeKind::with_block:
            return walk_if_or_with(dot, node);
        case NodeKind::range_block:
            return walk_range(dot, node);
        case NodeKind::call_template:
            walk_template(dot, node);
            return Flow::next;
        case NodeKind::break_loop:
            return Flow::leave_loop;
        case NodeKind::continue_loop:
            return Flow::next_round;
        default:
            fail("unknown node: " + source_of(node));
    }
}

void Execution::write(std::string_view text) {
    if (out_.size() + text.size() > output_end_) {
        fail(fmt::format("writes more than {} MiB", output_limit >> 20));
    }
    out_ += text;
}

Execution::Flow Execution::walk_if_or_with(const Value& dot, const Node& node) {
    const Level level(*this);
    const size_t visible = variables_.size();
    const Value value = evaluate_pipeline(dot, *node.pipe);
    Flow flow = Flow::next;
    if (is_true(value)) {
        flow = walk(node.kind == NodeKind::with_block ? value : dot, *node.list);
    } else if (node.else_list) {
        flow = walk(dot, *node.else_list);
    }
    variables_.resize(visible);
    return flow;
}

Execution::Flow Execution::walk_range(const Value& dot, const Node& node) {
    const Level level(*this);
    const size_t before = variables_.size();
    const Value value = evaluate_pipeline(dot, *node.pipe);
    Flow flow = Flow::next;
    if (!range_over(value, node) && node.else_list) flow = walk(dot, *node.else_list);
    variables_.resize(before);
    return flow;
}

/// One round; false after {{break}}.
bool Execution::range_round(const Value& index, const Value& element, const Node& node) {
    step();
    const auto& declared = node.pipe->declarations;
    if (node.pipe->assigns) {
        // Of two variables the index is the first; of one it is the element.
        if (declared.size() > 1) {
            set_variable(declared[0]->identifiers[0], index);
            set_variable(declared[1]->identifiers[0], element);
        } else if (declared.size() == 1) {
            set_variable(declared[0]->identifiers[0], element);
        }
    } else {
        if (!declared.empty()) variables_.back().value = element;
        if (declared.size() > 1) variables_[variables_.size() - 2].value = index;
    }
    const size_t visible = variables_.size();
    const Flow flow = walk(element, *node.list);
    variables_.resize(visible);
    return flow != Flow::leave_loop;
}

/// False when there was nothing to range over.
bool Execution::range_over(const Value& value, const Node& node) {
    switch (value.kind()) {
        case Kind::list: {
            const size_t size = value.size();
            for (size_t i = 0; i < size; ++i) {
                if (!range_round(Value::of(static_cast<int>(i)), value.at(i, scratch_), node)) {
                    break;
                }
            }
            return size > 0;
        }
        case Kind::map: {
            class Rounds final : public EntryVisitor {
              public:
                Rounds(Execution& execution, const Type& key_type, const Node& node)
                    : execution_(execution), key_type_(key_type), node_(node) {}
                bool entry(std::string_view key, const Value& element) override {
                    return execution_.range_round(Value::of(key, key_type_), element, node_);
                }

              private:
                Execution& execution_;
                const Type& key_type_;
                const Node& node_;
            };
            const Type* key_type = value.type().key;
            Rounds rounds(*this, key_type ? *key_type : string_type, node);
            value.visit(scratch_, rounds);
            return value.size() > 0;
        }
        case Kind::integer:
        case Kind::unsigned_integer:
            return range_over_integer(value, node);
        case Kind::nil:
            if (value.absent()) return false;
            break;
        case Kind::boolean:
        case Kind::floating:
        case Kind::string:
        case Kind::record:
            break;
    }
    std::string shown;
    print_result(shown, value, scratch_);
    fail("range can't iterate over " + shown);
}

/// 0 to n-1, of the type of n.
bool Execution::range_over_integer(const Value& value, const Node& node) {
    if (node.pipe->declarations.size() > 1) {
        const Value operands[] = {value};
        fail(printf("can't use %v to iterate over more than one variable", operands, scratch_));
    }
    if (value.kind() == Kind::integer) {
        for (int64_t i = 0; i < value.integer(); ++i) {
            if (!range_round({}, Value::of(i, value.type()), node)) break;
        }
        return value.integer() > 0;
    }
    for (uint64_t i = 0; i < value.unsigned_integer(); ++i) {
        if (!range_round({}, Value::of(i, value.type()), node)) break;
    }
    return value.unsigned_integer() > 0;
}

void Execution::walk_template(const Value& dot, const Node& node) {
    const Level level(*this);
    const auto found = parsed_.templates.find(node.name);
    if (found == parsed_.templates.end()) {
        fail(fmt::format("template {} not defined", quote(node.name)));
    }
    if (template_depth_ == template_depth_limit) {
        fail(fmt::format("exceeded maximum template depth ({})", template_depth_limit));
    }
    const Value argument = node.pipe ? evaluate_pipeline(dot, *node.pipe) : Value();
    // A template sees none of its caller's variables.
    const size_t first_visible = std::exchange(first_variable_, variables_.size());
    const std::string_view caller = std::exchange(template_name_, node.name);
    ++template_depth_;
    variables_.push_back({"$", argument});
    walk(argument, *found->second);
    variables_.resize(first_variable_);
    --template_depth_;
    template_name_ = caller;
    first_variable_ = first_visible;
}

}  // namespace skiff::gotemplate
