// SPDX-License-Identifier: Apache-2.0
#include "gotemplate/builtins.h"

#include <algorithm>
#include <array>
#include <compare>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "gotemplate/print.h"
#include "gotemplate/runes.h"

namespace skiff::gotemplate {
namespace {

using Operands = std::span<const Value>;

template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
    throw Error(ErrorKind::invalid, fmt::vformat(format, fmt::make_format_args(args...)));
}

/// Looking into Go's zero reflect.Value panics, and the panic's text becomes the error's.
void require_value(const Value& value, std::string_view method) {
    if (value.absent()) fail("reflect: call of reflect.Value.{} on zero Value", method);
}

// Indexing

size_t checked_index(const Value& index, size_t limit) {
    if (index.absent()) fail("cannot index slice/array with nil");
    if (index.boxed()) fail("cannot index slice/array with type {}", any_type.name);
    int64_t number = 0;
    if (index.type().pointer) {
        fail("cannot index slice/array with type {}", index.type_name());
    } else if (index.kind() == Kind::integer) {
        number = index.integer();
    } else if (index.kind() == Kind::unsigned_integer) {
        number = static_cast<int64_t>(index.unsigned_integer());
    } else {
        fail("cannot index slice/array with type {}", index.type_name());
    }
    if (number < 0 || static_cast<uint64_t>(number) > limit) {
        fail("index out of range: {}", number);
    }
    return static_cast<size_t>(number);
}

constexpr Type byte_type{Kind::unsigned_integer, "uint8"};

/// The zero value of what a map holds.
Value zero_of(const Type* type) {
    if (!type) return Value::nil(any_type);
    if (type->pointer) return Value::nil(*type);
    switch (type->kind) {
        case Kind::boolean:
            return Value::of(false, *type);
        case Kind::integer:
            return Value::of(int64_t{0}, *type);
        case Kind::unsigned_integer:
            return Value::of(uint64_t{0}, *type);
        case Kind::floating:
            return Value::of(0.0, *type);
        case Kind::string:
            return Value::of(std::string_view(), *type);
        case Kind::nil:
        case Kind::list:
        case Kind::map:
        case Kind::record:
            break;
    }
    return Value::nil(*type);
}

Value map_element(const Value& map, const Value& key, Scratch& scratch) {
    const Type& key_type = map.type().key ? *map.type().key : string_type;
    if (key.absent()) fail("value is nil; should be of type {}", key_type.name);
    if (key.type_name() != key_type.name) {
        fail("value has type {}; should be {}", key.type_name(), key_type.name);
    }
    Value found;
    return map.find(key.text(), scratch, found) ? found : zero_of(map.type().element);
}

Value index(Operands operands, Scratch& scratch) {
    Value item = operands[0].unbox();
    if (item.absent()) fail("index of untyped nil");
    for (const Value& boxed : operands.subspan(1)) {
        const Value at = boxed.unbox();
        if (item.kind() == Kind::nil) fail("index of nil pointer");
        if (item.kind() == Kind::map) {
            item = map_element(item, at, scratch);
        } else if (item.kind() == Kind::list || item.kind() == Kind::string) {
            const size_t size = item.size();
            const size_t position = checked_index(at, size);
            // Go's check lets the size itself pass; its reflection then says so.
            if (position == size) {
                fail("reflect: {} index out of range",
                     item.kind() == Kind::list ? "slice" : "string");
            }
            if (item.kind() == Kind::list) {
                item = item.at(position, scratch);
            } else {
                item = Value::of(uint64_t{static_cast<unsigned char>(item.text()[position])},
                                 byte_type);
            }
        } else {
            fail("can't index item of type {}", item.pointed_type_name());
        }
    }
    return item;
}

Value slice(Operands operands, Scratch& scratch) {
    const Value item = operands[0].unbox();
    const Operands indexes = operands.subspan(1);
    if (item.absent()) fail("slice of untyped nil");
    if (indexes.size() > 3) fail("too many slice indexes: {}", indexes.size());
    const bool string = item.kind() == Kind::string;
    if (string && indexes.size() == 3) fail("cannot 3-index slice a string");
    if ((!string && item.kind() != Kind::list) || item.type().pointer) {
        fail("can't slice item of type {}", item.type_name());
    }
    const size_t size = item.size();
    std::array<size_t, 3> bounds = {0, size, size};
    // Unlike `index`, Go's `slice` does not look into the interfaces around these.
    for (size_t i = 0; i < indexes.size(); ++i) bounds[i] = checked_index(indexes[i], size);
    if (bounds[0] > bounds[1]) fail("invalid slice index: {} > {}", bounds[0], bounds[1]);
    if (bounds[1] > bounds[2]) fail("invalid slice index: {} > {}", bounds[1], bounds[2]);
    const size_t count = bounds[1] - bounds[0];
    if (string) return Value::of(item.text().substr(bounds[0], count), item.type());
    return scratch.keep_slice(item, bounds[0], count);
}

Value length(Operands operands, Scratch&) {
    const Value& item = operands[0];
    require_value(item, "Type");
    switch (item.kind()) {
        case Kind::nil:
            fail("len of nil pointer");
        case Kind::string:
        case Kind::list:
        case Kind::map:
            return Value::of(static_cast<int64_t>(item.size()), int_type);
        case Kind::boolean:
        case Kind::integer:
        case Kind::unsigned_integer:
        case Kind::floating:
        case Kind::record:
            break;
    }
    fail("len of type {}", item.pointed_type_name());
}

Value call(Operands operands, Scratch&) {
    const Value function = operands[0].unbox();
    if (function.absent()) fail("call of nil");
    fail("non-function of type {}", function.type_name());
}

Value negation(Operands operands, Scratch&) {
    return Value::of(!is_true(operands[0]));
}

// Comparison

constexpr std::string_view bad_type = "invalid type for comparison";
constexpr std::string_view incompatible = "incompatible types for comparison";

/// The kinds that can be compared; nil for all others.
Kind basic_kind(const Value& value) {
    if (value.absent() || value.type().pointer) return Kind::nil;
    switch (value.kind()) {
        case Kind::boolean:
        case Kind::integer:
        case Kind::unsigned_integer:
        case Kind::floating:
        case Kind::string:
            return value.kind();
        case Kind::nil:
        case Kind::list:
        case Kind::map:
        case Kind::record:
            break;
    }
    return Kind::nil;
}

/// Signed and unsigned integers compare by value. Nothing for other pairs of different kinds.
std::optional<std::strong_ordering> compare_integers(const Value& a, const Value& b) {
    const bool a_signed = a.kind() == Kind::integer;
    const bool b_signed = b.kind() == Kind::integer;
    if (a_signed && b_signed) return a.integer() <=> b.integer();
    if (a_signed && b.kind() == Kind::unsigned_integer) {
        if (a.integer() < 0) return std::strong_ordering::less;
        return static_cast<uint64_t>(a.integer()) <=> b.unsigned_integer();
    }
    if (a.kind() == Kind::unsigned_integer && b_signed) {
        if (b.integer() < 0) return std::strong_ordering::greater;
        return a.unsigned_integer() <=> static_cast<uint64_t>(b.integer());
    }
    if (a.kind() == Kind::unsigned_integer && b.kind() == Kind::unsigned_integer) {
        return a.unsigned_integer() <=> b.unsigned_integer();
    }
    return std::nullopt;
}

/// What the kinds above do not cover: nil, lists, maps, structs and pointers.
bool equal_others(const Value& a, const Value& b, Scratch& scratch) {
    const auto go_kind = [](const Value& value) {
        return value.type().pointer ? Kind::nil : value.kind();
    };
    if (!a.absent() && !b.absent() && go_kind(a) != go_kind(b)) {
        const Value operands[] = {a, Value::of(a.type_name()), Value::of(b.type_name()), b};
        throw Error(ErrorKind::invalid,
                    printf("non-comparable types %s: %v, %s: %v", operands, scratch));
    }
    if (a.is_nil() || b.is_nil()) return a.is_nil() == b.is_nil();
    if (!b.type().pointer && (b.kind() == Kind::list || b.kind() == Kind::map)) {
        const Value operands[] = {b, Value::of(b.type_name())};
        throw Error(ErrorKind::invalid, printf("non-comparable type %s: %v", operands, scratch));
    }
    return a.type_name() == b.type_name() && a.object() == b.object();
}

bool equal_pair(const Value& a, const Value& b, Scratch& scratch) {
    const Kind kind = basic_kind(a);
    if (kind != basic_kind(b)) {
        const bool integers = kind != Kind::nil && basic_kind(b) != Kind::nil;
        if (const auto order = compare_integers(a, b); integers && order) return *order == 0;
        if (!a.absent() && !b.absent()) throw Error(ErrorKind::invalid, std::string(incompatible));
        return false;
    }
    switch (kind) {
        case Kind::boolean:
            return a.boolean() == b.boolean();
        case Kind::integer:
            return a.integer() == b.integer();
        case Kind::unsigned_integer:
            return a.unsigned_integer() == b.unsigned_integer();
        case Kind::floating:
            return a.floating() == b.floating();
        case Kind::string:
            return a.text() == b.text();
        case Kind::nil:
        case Kind::list:
        case Kind::map:
        case Kind::record:
            break;
    }
    return equal_others(a, b, scratch);
}

/// Whether the first equals any of the others.
bool is_equal(Operands operands, Scratch& scratch) {
    if (operands.size() < 2) {
        throw Error(ErrorKind::invalid, std::string("missing argument for comparison"));
    }
    const Value first = operands[0].unbox();
    return std::any_of(operands.begin() + 1, operands.end(), [&](const Value& other) {
        return equal_pair(first, other.unbox(), scratch);
    });
}

bool is_less(Operands operands) {
    const Value a = operands[0].unbox();
    const Value b = operands[1].unbox();
    const Kind kind = basic_kind(a);
    if (kind == Kind::nil || basic_kind(b) == Kind::nil) {
        throw Error(ErrorKind::invalid, std::string(bad_type));
    }
    if (const auto order = compare_integers(a, b)) return *order < 0;
    if (kind != basic_kind(b)) throw Error(ErrorKind::invalid, std::string(incompatible));
    if (kind == Kind::floating) return a.floating() < b.floating();
    if (kind == Kind::string) return a.text() < b.text();
    throw Error(ErrorKind::invalid, std::string(bad_type));
}

Value equal(Operands operands, Scratch& scratch) {
    return Value::of(is_equal(operands, scratch));
}
Value not_equal(Operands operands, Scratch& scratch) {
    return Value::of(!is_equal(operands, scratch));
}
Value less(Operands operands, Scratch&) {
    return Value::of(is_less(operands));
}
Value less_or_equal(Operands operands, Scratch& scratch) {
    return Value::of(is_less(operands) || is_equal(operands, scratch));
}
Value greater(Operands operands, Scratch& scratch) {
    return Value::of(!is_less(operands) && !is_equal(operands, scratch));
}
Value greater_or_equal(Operands operands, Scratch&) {
    return Value::of(!is_less(operands));
}

// Text

Value print_function(Operands operands, Scratch& scratch) {
    return Value::of(scratch.keep(print(operands, scratch)));
}

Value println_function(Operands operands, Scratch& scratch) {
    return Value::of(scratch.keep(println(operands, scratch)));
}

Value printf_function(Operands operands, Scratch& scratch) {
    return Value::of(scratch.keep(printf(operands[0].text(), operands.subspan(1), scratch)));
}

Value html(Operands operands, Scratch& scratch) {
    std::string out;
    for (const char c : print_results(operands, scratch)) {
        switch (c) {
            case '\0':
                append_rune(out, replacement_rune);
                break;
            case '"':
                out += "&#34;";
                break;
            case '\'':
                out += "&#39;";
                break;
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            default:
                out += c;
        }
    }
    return Value::of(scratch.keep(std::move(out)));
}

Value js(Operands operands, Scratch& scratch) {
    std::string out;
    const std::string text = print_results(operands, scratch);
    for (std::string_view rest = text; !rest.empty();) {
        const Decoded next = decode_rune(rest);
        const bool quoted = next.rune == '\\' || next.rune == '\'' || next.rune == '"';
        const bool markup = next.rune == '<' || next.rune == '>' || next.rune == '&' ||
                            next.rune == '=' || next.rune < ' ';
        if (quoted) {
            out += '\\';
            append_rune(out, next.rune);
        } else if (markup || (next.rune >= 0x80 && !is_printable(next.rune))) {
            out += fmt::format("\\u{:04X}", next.rune);
        } else {
            // As it stands, bytes that are no UTF-8 included.
            out += rest.substr(0, next.width);
        }
        rest.remove_prefix(next.width);
    }
    return Value::of(scratch.keep(std::move(out)));
}

Value urlquery(Operands operands, Scratch& scratch) {
    std::string out;
    for (const char c : print_results(operands, scratch)) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            out += c;
        } else if (c == ' ') {
            out += '+';
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return Value::of(scratch.keep(std::move(out)));
}

constexpr const Type* any_operands[] = {nullptr};
constexpr const Type* format_and_operands[] = {&string_type, nullptr};
constexpr const Type* one_value[] = {&reflect_value_type};
constexpr const Type* two_values[] = {&reflect_value_type, &reflect_value_type};

constexpr Function functions[] = {
    {.name = "and", .parameters = two_values, .variadic = true},
    {.name = "call", .parameters = two_values, .variadic = true, .call = call},
    {.name = "eq", .parameters = two_values, .variadic = true, .call = equal},
    {.name = "ge", .parameters = two_values, .call = greater_or_equal},
    {.name = "gt", .parameters = two_values, .call = greater},
    {.name = "html", .parameters = any_operands, .variadic = true, .call = html},
    {.name = "index", .parameters = two_values, .variadic = true, .call = index},
    {.name = "js", .parameters = any_operands, .variadic = true, .call = js},
    {.name = "le", .parameters = two_values, .call = less_or_equal},
    {.name = "len", .parameters = one_value, .call = length},
    {.name = "lt", .parameters = two_values, .call = less},
    {.name = "ne", .parameters = two_values, .call = not_equal},
    {.name = "not", .parameters = one_value, .call = negation},
    {.name = "or", .parameters = two_values, .variadic = true},
    {.name = "print", .parameters = any_operands, .variadic = true, .call = print_function},
    {.name = "printf",
     .parameters = format_and_operands,
     .variadic = true,
     .call = printf_function},
    {.name = "println", .parameters = any_operands, .variadic = true, .call = println_function},
    {.name = "slice", .parameters = two_values, .variadic = true, .call = slice},
    {.name = "urlquery", .parameters = any_operands, .variadic = true, .call = urlquery},
};

}  // namespace

FunctionSet go_functions() {
    return functions;
}

bool is_true(const Value& value) {
    if (value.is_nil()) return false;
    if (value.type().pointer) return true;
    switch (value.kind()) {
        case Kind::boolean:
            return value.boolean();
        case Kind::integer:
            return value.integer() != 0;
        case Kind::unsigned_integer:
            return value.unsigned_integer() != 0;
        case Kind::floating:
            return value.floating() != 0;
        case Kind::string:
        case Kind::list:
        case Kind::map:
            return value.size() > 0;
        case Kind::record:
            return true;
        case Kind::nil:
            break;
    }
    return false;
}

}  // namespace skiff::gotemplate
