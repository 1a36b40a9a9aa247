// SPDX-License-Identifier: Apache-2.0
// Pipelines of an execution: variables, fields, calls.
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "gotemplate/builtins.h"
#include "gotemplate/execution.h"
#include "gotemplate/runes.h"

namespace skiff::gotemplate {
namespace {

const Function* find(FunctionSet functions, std::string_view name) {
    const auto found = std::find_if(functions.begin(), functions.end(),
                                    [&](const Function& each) { return each.name == name; });
    return found == functions.end() ? nullptr : &*found;
}

}  // namespace

Value& Execution::variable(std::string_view name) {
    for (size_t i = variables_.size(); i > first_variable_; --i) {
        if (variables_[i - 1].name == name) return variables_[i - 1].value;
    }
    fail(fmt::format("undefined variable: {}", name));
}

void Execution::set_variable(std::string_view name, const Value& value) {
    variable(name) = value;
}

Value Execution::evaluate_pipeline(const Value& dot, const Node& pipe) {
    const Level level(*this);
    at_ = &pipe;
    Value value;
    for (const Node* command : pipe.nodes) {
        const bool first = command == pipe.nodes.front();
        value = evaluate_command(dot, *command, first ? nullptr : &value).unbox();
    }
    for (const Node* declaration : pipe.declarations) {
        if (pipe.assigns) {
            set_variable(declaration->identifiers[0], value);
        } else {
            variables_.push_back({declaration->identifiers[0], value});
        }
    }
    return value;
}

void Execution::not_a_function(const Node& word, Arguments arguments, const Value* final) const {
    if (arguments.empty() && !final) return;
    fail("can't give argument to non-function " + source_of(word));
}

/// `final` is the result of the stage before, the last argument of this one; nullptr: none.
Value Execution::evaluate_command(const Value& dot, const Node& command, const Value* final) {
    step();
    const Node& word = *command.nodes.front();
    const Arguments arguments = Arguments(command.nodes).subspan(1);
    switch (word.kind) {
        case NodeKind::field:
            at_ = &word;
            return evaluate_fields(dot, dot, word, word.identifiers, arguments, final);
        case NodeKind::chain:
            return evaluate_chain(dot, word, arguments, final);
        case NodeKind::function:
            return evaluate_function(dot, word, command, arguments, final);
        case NodeKind::pipe:
            // The arguments are all inside the parentheses.
            not_a_function(word, arguments, final);
            return evaluate_pipeline(dot, word);
        case NodeKind::variable:
            return evaluate_variable(dot, word, arguments, final);
        default:
            break;
    }
    at_ = &word;
    not_a_function(word, arguments, final);
    if (word.kind == NodeKind::dot) return dot;
    if (word.kind == NodeKind::nil) fail("nil is not a command");
    return constant(word);
}

/// A literal where no type is asked for.
Value Execution::constant(const Node& node) {
    at_ = &node;
    switch (node.kind) {
        case NodeKind::boolean:
            return Value::of(node.text == "true");
        case NodeKind::string:
            return Value::of(std::string_view(node.name));
        case NodeKind::number: {
            const std::string_view text = node.text;
            const bool hexadecimal = text.size() > 2 && text[0] == '0' &&
                                     (text[1] == 'x' || text[1] == 'X') &&
                                     text.find_first_of("pP") == text.npos;
            const bool looks_float =
                !hexadecimal && text[0] != '\'' && text.find_first_of(".eEpP") != text.npos;
            if (node.number.is_float && looks_float) return Value::of(node.number.floating);
            if (node.number.is_integer) return Value::of(node.number.integer, int_type);
            fail(fmt::format("{} overflows int", text));
        }
        default:
            fail("can't evaluate command " + quote(source_of(node)));
    }
}

Value Execution::evaluate_chain(const Value& dot, const Node& chain, Arguments arguments,
                                const Value* final) {
    at_ = &chain;
    if (chain.operand->kind == NodeKind::nil) {
        fail("indirection through explicit nil in " + source_of(chain));
    }
    const Value receiver = evaluate_argument(dot, nullptr, *chain.operand);
    return evaluate_fields(dot, receiver, chain, chain.identifiers, arguments, final);
}

Value Execution::evaluate_variable(const Value& dot, const Node& node, Arguments arguments,
                                   const Value* final) {
    at_ = &node;
    const Value value = variable(node.identifiers[0]);
    if (node.identifiers.size() == 1) {
        not_a_function(node, arguments, final);
        return value;
    }
    const auto fields = std::span(node.identifiers).subspan(1);
    return evaluate_fields(dot, value, node, fields, arguments, final);
}

/// `.X.Y.Z` with arguments for the last. `dot` is what arguments are evaluated with, `receiver`
/// what is walked along.
Value Execution::evaluate_fields(const Value& dot, Value receiver, const Node& node,
                                 std::span<const std::string_view> names, Arguments arguments,
                                 const Value* final) {
    for (const std::string_view name : names.first(names.size() - 1)) {
        receiver = evaluate_field(dot, name, node, {}, nullptr, receiver);
    }
    return evaluate_field(dot, names.back(), node, arguments, final, receiver);
}

Value Execution::evaluate_field(const Value& dot, std::string_view name, const Node& node,
                                Arguments arguments, const Value* final, const Value& receiver) {
    step();
    if (receiver.absent()) {
        if (missing_key_ == MissingKey::error) {
            fail(fmt::format("nil data; no entry for key {}", quote(name)));
        }
        return {};
    }
    const Type& type = receiver.type();
    const std::string_view type_name = receiver.boxed() ? any_type.name : type.name;
    const auto field = std::find_if(type.fields.begin(), type.fields.end(),
                                    [&](const Field& each) { return each.name == name; });
    const bool known = field != type.fields.end();
    if (receiver.kind() == Kind::nil) {
        // A nil struct without such a field has the more useful message.
        const bool pointer_to_other = type.kind == Kind::record && !known;
        if (!pointer_to_other) {
            fail(fmt::format("nil pointer evaluating {}.{}", type_name, name));
        }
    } else if (known && field->method) {
        return call_method(dot, *field, receiver, node, arguments, final);
    } else if (known && receiver.kind() == Kind::record) {
        if (!arguments.empty() || final) {
            fail(fmt::format("{} has arguments but cannot be invoked as function", name));
        }
        const Value value = field->get(receiver.object(), *field, scratch_);
        return field->type ? value : value.box();
    } else if (receiver.kind() == Kind::map && (!type.key || type.key->name == string_type.name)) {
        if (!arguments.empty() || final) {
            fail(fmt::format("{} is not a method but has arguments", name));
        }
        Value found;
        if (!receiver.find(name, scratch_, found) && missing_key_ == MissingKey::error) {
            fail(fmt::format("map has no entry for key {}", quote(name)));
        }
        return found;
    }
    fail(fmt::format("can't evaluate field {} in type {}", name, type_name));
}

Value Execution::call_method(const Value& dot, const Field& field, const Value& receiver,
                             const Node& node, Arguments arguments, const Value* final) {
    const void* object = receiver.kind() == Kind::record ? receiver.object() : &receiver;
    const auto body = [&](std::span<const Value> values) {
        return field.call ? field.call(object, values, scratch_)
                          : field.get(object, field, scratch_);
    };
    const Signature signature{field.name, field.parameters, false};
    const auto values = evaluate_arguments(dot, signature, arguments, final);
    return invoke(field.name, node, [&] { return body(values); });
}

Value Execution::evaluate_function(const Value& dot, const Node& word, const Node& command,
                                   Arguments arguments, const Value* final) {
    at_ = &word;
    const Function* function = find(overriding_, word.text);
    if (!function) function = find(functions_, word.text);
    const bool builtin = !function;
    if (builtin) function = find(go_functions(), word.text);
    if (!function) fail(fmt::format("{} is not a defined function", quote(word.text)));
    const Signature signature{function->name, function->parameters, function->variadic};
    if (builtin && !function->call) return and_or(dot, signature, arguments, final);
    const auto values = evaluate_arguments(dot, signature, arguments, final);
    return invoke(function->name, command, [&] { return function->call(values, scratch_); });
}

template <typename Body>
Value Execution::invoke(std::string_view name, const Node& node, Body body) {
    try {
        return body();
    } catch (const Error& error) {
        at_ = &node;
        fail(fmt::format("error calling {}: {}", name, error.message()));
    }
}

void Execution::check_count(const Signature& signature, size_t arguments, bool final) const {
    const size_t given = arguments + (final ? 1 : 0);
    const size_t wanted = signature.parameters.size();
    if (signature.variadic && given < wanted - 1) {
        fail(fmt::format("wrong number of args for {}: want at least {} got {}", signature.name,
                         wanted - 1, arguments));
    }
    if (!signature.variadic && given != wanted) {
        fail(fmt::format("wrong number of args for {}: want {} got {}", signature.name, wanted,
                         given));
    }
}

/// The first argument that decides, or the last.
Value Execution::and_or(const Value& dot, const Signature& signature, Arguments arguments,
                        const Value* final) {
    check_count(signature, arguments.size(), final != nullptr);
    Value value;
    for (const Node* argument : arguments) {
        value = evaluate_argument(dot, &reflect_value_type, *argument);
        if (is_true(value) == (signature.name == "or")) return value;
    }
    return final ? *final : value;
}

std::vector<Value> Execution::evaluate_arguments(const Value& dot, const Signature& signature,
                                                 Arguments arguments, const Value* final) {
    check_count(signature, arguments.size(), final != nullptr);
    const auto type_of = [&](size_t index) {
        return signature.parameters[std::min(index, signature.parameters.size() - 1)];
    };
    std::vector<Value> values;
    values.reserve(arguments.size() + 1);
    for (const Node* argument : arguments) {
        values.push_back(evaluate_argument(dot, type_of(values.size()), *argument));
    }
    if (final) values.push_back(validated(*final, type_of(values.size())));
    return values;
}

/// The value as an argument of this type (nullptr: interface{}).
Value Execution::validated(const Value& value, const Type* type) const {
    if (!type || type == &reflect_value_type) return value;
    if (value.absent()) {
        const bool nillable = type->pointer || type->kind == Kind::list || type->kind == Kind::map;
        if (nillable) return Value::nil(*type);
        fail(fmt::format("invalid value; expected {}", type->name));
    }
    if (value.type_name() == type->name) return value;
    // One dereference is done for the caller.
    if (value.type().pointer && value.type_name().substr(1) == type->name) {
        if (value.is_nil()) {
            fail(fmt::format("dereference of nil pointer of type {}", type->name));
        }
        return value;
    }
    fail(fmt::format("wrong type for value; expected {}; got {}", type->name, value.type_name()));
}

Value Execution::evaluate_argument(const Value& dot, const Type* type, const Node& node) {
    step();
    at_ = &node;
    switch (node.kind) {
        case NodeKind::dot:
            return validated(dot, type);
        case NodeKind::nil:
            if (type && type != &reflect_value_type && !type->pointer && type->kind != Kind::list &&
                type->kind != Kind::map) {
                fail(fmt::format("cannot assign nil to {}", type->name));
            }
            return validated({}, type);
        case NodeKind::field:
            return validated(evaluate_fields(dot, dot, node, node.identifiers, {}, nullptr), type);
        case NodeKind::variable:
            return validated(evaluate_variable(dot, node, {}, nullptr), type);
        case NodeKind::pipe:
            return validated(evaluate_pipeline(dot, node), type);
        case NodeKind::function:
            return validated(evaluate_function(dot, node, node, {}, nullptr), type);
        case NodeKind::chain:
            return validated(evaluate_chain(dot, node, {}, nullptr), type);
        default:
            return typed_constant(node, type);
    }
}

/// A literal for a parameter of this type.
Value Execution::typed_constant(const Node& node, const Type* type) {
    if (!type || type == &reflect_value_type) return constant(node);
    const auto expected = [&](std::string_view what) {
        fail(fmt::format("expected {}; found {}", what, source_of(node)));
    };
    const Number& number = node.number;
    const bool is_number = node.kind == NodeKind::number;
    switch (type->kind) {
        case Kind::boolean:
            if (node.kind != NodeKind::boolean) expected("bool");
            return Value::of(node.text == "true", *type);
        case Kind::string:
            if (node.kind != NodeKind::string) expected("string");
            return Value::of(std::string_view(node.name), *type);
        case Kind::integer:
            if (!is_number || !number.is_integer) expected("integer");
            return Value::of(number.integer, *type);
        case Kind::unsigned_integer:
            if (!is_number || !number.is_unsigned) expected("unsigned integer");
            return Value::of(number.unsigned_integer, *type);
        case Kind::floating:
            if (!is_number || !number.is_float) expected("float");
            return Value::of(number.floating, *type);
        case Kind::nil:
        case Kind::list:
        case Kind::map:
        case Kind::record:
            break;
    }
    fail(fmt::format("can't handle {} for arg of type {}", source_of(node), type->name));
}

}  // namespace skiff::gotemplate
