// SPDX-License-Identifier: Apache-2.0
// What Docker adds to Go's functions: templates/templates.go of its command line, as documented in
// https://docs.docker.com/engine/cli/formatting/.
#include <string>
#include <vector>

#include "base/error.h"
#include "gotemplate/builtins.h"
#include "gotemplate/runes.h"
#include "gotemplate/template.h"

namespace skiff::gotemplate {
namespace {

using Operands = std::span<const Value>;

Value json(Operands operands, Scratch& scratch) {
    return Value::of(scratch.keep(json_text(operands[0], scratch)));
}

Value join_function(Operands operands, Scratch& scratch) {
    const std::string_view separator = operands[1].text();
    std::string out;
    for (size_t i = 0; i < operands[0].size(); ++i) {
        if (i > 0) out += separator;
        out += operands[0].at(i, scratch).text();
    }
    return Value::of(scratch.keep(std::move(out)));
}

Value split_function(Operands operands, Scratch& scratch) {
    std::string_view rest = operands[0].text();
    const std::string_view separator = operands[1].text();
    std::vector<std::string> parts;
    if (separator.empty()) {
        // Into code points; bytes that are no UTF-8 are kept.
        while (!rest.empty()) {
            const size_t width = decode_rune(rest).width;
            parts.emplace_back(rest.substr(0, width));
            rest.remove_prefix(width);
        }
        return scratch.keep(std::move(parts));
    }
    while (true) {
        const size_t found = rest.find(separator);
        parts.emplace_back(rest.substr(0, found));
        if (found == rest.npos) return scratch.keep(std::move(parts));
        rest.remove_prefix(found + separator.size());
    }
}

/// Maps each code point, given the one before it.
template <typename Map>
Value mapped(std::string_view text, Scratch& scratch, Map map) {
    std::string out;
    Rune before = ' ';
    while (!text.empty()) {
        const Decoded next = decode_rune(text);
        append_rune(out, map(before, next.rune));
        before = next.rune;
        text.remove_prefix(next.width);
    }
    return Value::of(scratch.keep(std::move(out)));
}

Value lower(Operands operands, Scratch& scratch) {
    return mapped(operands[0].text(), scratch, [](Rune, Rune rune) { return to_lower_rune(rune); });
}

Value upper(Operands operands, Scratch& scratch) {
    return mapped(operands[0].text(), scratch, [](Rune, Rune rune) { return to_upper_rune(rune); });
}

/// strings.Title's idea of what stands between words.
bool separates_words(Rune rune) {
    if (rune < 0x80) return rune != '_' && !is_letter(rune) && !is_digit(rune);
    return !is_letter(rune) && !is_digit(rune) && is_space(rune);
}

Value title(Operands operands, Scratch& scratch) {
    return mapped(operands[0].text(), scratch, [](Rune before, Rune rune) {
        return separates_words(before) ? to_title_rune(rune) : rune;
    });
}

Value pad(Operands operands, Scratch& scratch) {
    const std::string_view text = operands[0].text();
    if (text.empty()) return operands[0];
    const int64_t before = operands[1].integer();
    const int64_t after = operands[2].integer();
    if (before < 0 || after < 0) {
        throw Error(ErrorKind::invalid, std::string("strings: negative Repeat count"));
    }
    constexpr auto limit = static_cast<int64_t>(Scratch::limit);
    if (before > limit || after > limit) {
        throw Error(ErrorKind::unsupported, "cannot pad with more than {} blanks", limit);
    }
    std::string out(static_cast<size_t>(before), ' ');
    out += text;
    out.append(static_cast<size_t>(after), ' ');
    return Value::of(scratch.keep(std::move(out)));
}

/// Counts bytes, as Docker's does.
Value truncate(Operands operands, Scratch&) {
    const std::string_view text = operands[0].text();
    const int64_t length = operands[1].integer();
    if (length < 0) {
        throw Error(ErrorKind::invalid, "runtime error: slice bounds out of range [:{}]", length);
    }
    return Value::of(text.substr(0, static_cast<size_t>(length)));
}

Value unchanged(Operands operands, Scratch&) {
    return operands[0];
}

constexpr const Type* any[] = {nullptr};
constexpr const Type* text[] = {&string_type};
constexpr const Type* two_texts[] = {&string_type, &string_type};
constexpr const Type* list_and_text[] = {&string_list_type, &string_type};
constexpr const Type* text_and_number[] = {&string_type, &int_type};
constexpr const Type* text_and_two_numbers[] = {&string_type, &int_type, &int_type};

constexpr Function functions[] = {
    {.name = "join", .parameters = list_and_text, .call = join_function},
    {.name = "json", .parameters = any, .call = json},
    {.name = "lower", .parameters = text, .call = lower},
    {.name = "pad", .parameters = text_and_two_numbers, .call = pad},
    {.name = "split", .parameters = two_texts, .call = split_function},
    {.name = "title", .parameters = text, .call = title},
    {.name = "truncate", .parameters = text_and_number, .call = truncate},
    {.name = "upper", .parameters = text, .call = upper},
};

// In a header the column's title is to be seen, whatever is done to the column.
constexpr Function header_functions[] = {
    {.name = "join", .parameters = two_texts, .call = unchanged},
    {.name = "json", .parameters = text, .call = unchanged},
    {.name = "lower", .parameters = text, .call = unchanged},
    {.name = "pad", .parameters = text_and_two_numbers, .call = pad},
    {.name = "split", .parameters = two_texts, .call = unchanged},
    {.name = "title", .parameters = text, .call = unchanged},
    {.name = "truncate", .parameters = text_and_number, .call = unchanged},
    {.name = "upper", .parameters = text, .call = unchanged},
};

}  // namespace

FunctionSet docker_functions() {
    return functions;
}
FunctionSet docker_header_functions() {
    return header_functions;
}

}  // namespace skiff::gotemplate
