// SPDX-License-Identifier: Apache-2.0
#include "gotemplate/printer.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "gotemplate/float_text.h"
#include "gotemplate/print.h"

namespace skiff::gotemplate {
namespace {

constexpr std::string_view nil_text = "<nil>";

/// What strconv.CanBackquote accepts.
bool can_stand_in_backquotes(std::string_view text) {
    while (!text.empty()) {
        const Decoded next = decode_rune(text);
        if (next.width == 1 && next.rune == replacement_rune) return false;
        if (next.rune == 0xFEFF || next.rune == '`' || next.rune == 0x7F) return false;
        if (next.rune < ' ' && next.rune != '\t') return false;
        text.remove_prefix(next.width);
    }
    return true;
}

}  // namespace

void Printer::operand(const Value& value, Rune verb) {
    const bool nothing = value.unbox().absent();
    if (verb == 'T' && !nothing) {
        padded(truncated(value.type_name()));
        return;
    }
    if (nothing) {
        if (verb == 'v' || verb == 'T') {
            padded(nil_text);
        } else {
            bad_verb({}, verb);
        }
        return;
    }
    // For errors of Errorf; elsewhere it is refused before anything is looked into.
    if (verb == 'w') return bad_verb(value, verb);
    if (value.kind() == Kind::record && value.type().pointer) out_ += '&';
    nested(value, verb, 0);
}

void Printer::nested(const Value& value, Rune verb, int depth) {
    if (depth > value_depth_limit) {
        throw Error(ErrorKind::unsupported, "a value is nested too deeply to be printed");
    }
    if (out_.size() > Scratch::limit) {
        throw Error(ErrorKind::unsupported, "the template makes more than {} MiB of text",
                    Scratch::limit >> 20);
    }
    if (const Field* method = string_method(value, verb))
        return string(method->get(&value, *method, scratch_), verb);
    switch (value.kind()) {
        case Kind::nil:
            return nil_operand(value, verb);
        case Kind::boolean:
            return boolean(value, verb);
        case Kind::integer:
        case Kind::unsigned_integer:
            return integer(value, verb);
        case Kind::floating:
            return floating(value, verb);
        case Kind::string:
            return string(value, verb);
        case Kind::list:
            return list(value, verb, depth);
        case Kind::map:
            return map(value, verb, depth);
        case Kind::record:
            return record(value, verb, depth);
    }
}

/// Go's Stringer, of what is no struct: to the verbs that take a text the value is that text.
const Field* Printer::string_method(const Value& value, Rune verb) const {
    const bool scalar = value.kind() == Kind::integer || value.kind() == Kind::string;
    if (!scalar || complaining_ || flags.sharp_v) return nullptr;
    if (std::u32string_view(U"vsxXq").find(static_cast<char32_t>(verb)) ==
        std::u32string_view::npos)
        return nullptr;
    const auto& fields = value.type().fields;
    const auto found = std::ranges::find(fields, "String", &Field::name);
    return found == fields.end() ? nullptr : &*found;
}

void Printer::bad_verb(const Value& value, Rune verb) {
    out_ += "%!";
    append_rune(out_, verb);
    out_ += '(';
    if (value.absent()) {
        out_ += nil_text;
    } else {
        out_ += value.type_name();
        out_ += '=';
        if (value.kind() == Kind::record && value.type().pointer) out_ += '&';
        const bool outer = std::exchange(complaining_, true);
        nested(value, 'v', 0);
        complaining_ = outer;
    }
    out_ += ')';
}

/// A nil pointer, or an interface{} inside a list, map or record that holds nothing.
void Printer::nil_operand(const Value& value, Rune verb) {
    const bool interface = value.absent() || value.type().name == any_type.name;
    if (flags.sharp_v) {
        out_ += interface ? "interface {}(nil)" : fmt::format("({})(nil)", value.type_name());
    } else if (interface) {
        out_ += nil_text;
    } else if (verb == 'v') {
        padded(nil_text);
    } else if (std::string_view("bodxXp").find(static_cast<char>(verb)) != std::string_view::npos) {
        digits(0, false, verb == 'b' ? 2 : verb == 'o' ? 8 : verb == 'd' ? 10 : 16, verb);
    } else {
        bad_verb(value, verb);
    }
}

void Printer::list(const Value& value, Rune verb, int depth) {
    if (flags.sharp_v) {
        out_ += value.pointed_type_name();
        if (value.is_nil()) {
            out_ += "(nil)";
            return;
        }
    }
    out_ += flags.sharp_v ? '{' : '[';
    for (size_t i = 0; i < value.size(); ++i) {
        if (i > 0) out_ += flags.sharp_v ? ", " : " ";
        nested(value.at(i, scratch_), verb, depth + 1);
    }
    out_ += flags.sharp_v ? '}' : ']';
}

void Printer::map(const Value& value, Rune verb, int depth) {
    class Entries final : public EntryVisitor {
      public:
        Entries(Printer& printer, const Type& key_type, Rune verb, int depth)
            : printer_(printer), key_type_(key_type), verb_(verb), depth_(depth) {}
        bool entry(std::string_view key, const Value& element) override {
            if (!first_) printer_.out_ += printer_.flags.sharp_v ? ", " : " ";
            first_ = false;
            printer_.nested(Value::of(key, key_type_), verb_, depth_);
            printer_.out_ += ':';
            printer_.nested(element, verb_, depth_);
            return true;
        }

      private:
        Printer& printer_;
        const Type& key_type_;
        Rune verb_;
        int depth_;
        bool first_ = true;
    };
    if (flags.sharp_v) {
        out_ += value.pointed_type_name();
        if (value.is_nil()) {
            out_ += "(nil)";
            return;
        }
    }
    out_ += flags.sharp_v ? "{" : "map[";
    Entries entries(*this, value.type().key ? *value.type().key : string_type, verb, depth + 1);
    value.visit(scratch_, entries);
    out_ += flags.sharp_v ? '}' : ']';
}

void Printer::record(const Value& value, Rune verb, int depth) {
    if (flags.sharp_v) out_ += value.pointed_type_name();
    out_ += '{';
    bool first = true;
    for (const Field& field : value.type().fields) {
        if (field.method) continue;
        if (!first) out_ += flags.sharp_v ? ", " : " ";
        first = false;
        if (flags.plus_v || flags.sharp_v) {
            out_ += field.name;
            out_ += ':';
        }
        nested(field.get(value.object(), field, scratch_), verb, depth + 1);
    }
    out_ += '}';
}

void Printer::boolean(const Value& value, Rune verb) {
    if (verb != 't' && verb != 'v') return bad_verb(value, verb);
    padded(value.boolean() ? "true" : "false");
}

void Printer::string(const Value& value, Rune verb) {
    const std::string_view text = value.text();
    switch (verb) {
        case 'v':
            return flags.sharp_v ? quoted_text(text) : padded(truncated(text));
        case 's':
            return padded(truncated(text));
        case 'x':
        case 'X':
            return hexadecimal_text(text, verb == 'X');
        case 'q':
            return quoted_text(text);
        default:
            return bad_verb(value, verb);
    }
}

void Printer::integer(const Value& value, Rune verb) {
    const bool is_signed = value.kind() == Kind::integer;
    const bool negative = is_signed && value.integer() < 0;
    const uint64_t bits =
        is_signed ? static_cast<uint64_t>(value.integer()) : value.unsigned_integer();
    const uint64_t magnitude = negative ? 0 - bits : bits;
    switch (verb) {
        case 'v':
            if (flags.sharp_v && !is_signed) {
                flags.sharp = true;
                digits(magnitude, false, 16, 'v');
                flags.sharp = false;
                return;
            }
            return digits(magnitude, negative, 10, verb);
        case 'd':
            return digits(magnitude, negative, 10, verb);
        case 'b':
            return digits(magnitude, negative, 2, verb);
        case 'o':
        case 'O':
            return digits(magnitude, negative, 8, verb);
        case 'x':
        case 'X':
            return digits(magnitude, negative, 16, verb);
        case 'c': {
            std::string text;
            append_rune(text, bits > largest_rune ? replacement_rune : static_cast<Rune>(bits));
            return padded(text);
        }
        case 'q':
            return padded(quote_rune(
                bits > largest_rune ? replacement_rune : static_cast<Rune>(bits), flags.plus));
        case 'U':
            return code_point(bits);
        default:
            return bad_verb(value, verb);
    }
}

void Printer::digits(uint64_t magnitude, bool negative, unsigned base, Rune verb) {
    // %.3d and %03d both ask for leading zeros; with both, the width pads with blanks.
    int wanted = 0;
    if (flags.precision_present) {
        wanted = flags.precision;
        if (wanted == 0 && magnitude == 0) return padding(flags.width_present ? flags.width : 0);
    } else if (flags.zero && flags.width_present) {
        wanted = flags.width - (negative || flags.plus || flags.space ? 1 : 0);
    }
    const char* alphabet = verb == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    std::string text;  // from the right
    do {
        text += alphabet[magnitude % base];
        magnitude /= base;
    } while (magnitude > 0);
    while (static_cast<int>(text.size()) < wanted) text += '0';
    if (flags.sharp) {
        if (base == 2) text += "b0";
        if (base == 8 && text.back() != '0') text += '0';
        if (base == 16) text += verb == 'X' ? "X0" : "x0";
    }
    if (verb == 'O') text += "o0";
    if (negative) {
        text += '-';
    } else if (flags.plus) {
        text += '+';
    } else if (flags.space) {
        text += ' ';
    }
    std::reverse(text.begin(), text.end());
    const bool zero = std::exchange(flags.zero, false);
    padded(text);
    flags.zero = zero;
}

void Printer::code_point(uint64_t point) {
    const int width = flags.precision_present ? std::max(flags.precision, 4) : 4;
    std::string text = fmt::format("U+{:0{}X}", point, width);
    if (flags.sharp && point <= largest_rune && is_printable(static_cast<Rune>(point))) {
        text += " '";
        append_rune(text, static_cast<Rune>(point));
        text += '\'';
    }
    const bool zero = std::exchange(flags.zero, false);
    padded(text);
    flags.zero = zero;
}

void Printer::floating(const Value& value, Rune verb) {
    char form = 0;
    int precision = -1;
    switch (verb) {
        case 'v':
            form = 'g';
            break;
        case 'b':
        case 'g':
        case 'G':
        case 'x':
        case 'X':
            form = static_cast<char>(verb);
            break;
        case 'f':
        case 'e':
        case 'E':
            form = static_cast<char>(verb);
            precision = 6;
            break;
        case 'F':
            form = 'f';
            precision = 6;
            break;
        default:
            return bad_verb(value, verb);
    }
    if (flags.precision_present) precision = flags.precision;
    std::string number = format_float(value.floating(), form, precision);
    if (number[0] != '-' && number[0] != '+') number.insert(0, 1, '+');
    if (flags.space && number[0] == '+' && !flags.plus) number[0] = ' ';
    if (!std::isfinite(value.floating())) {
        // They do not look like numbers, so zeros in front would not either.
        if (std::isnan(value.floating()) && !flags.space && !flags.plus) number.erase(0, 1);
        const bool zero = std::exchange(flags.zero, false);
        padded(number);
        flags.zero = zero;
        return;
    }
    if (flags.sharp && verb != 'b') decimal_point(number, form, precision);
    if (!flags.plus && number[0] == '+') return padded(std::string_view(number).substr(1));
    const int size = static_cast<int>(number.size());
    if (flags.zero && flags.width_present && flags.width > size) {
        // The sign comes before the zeros.
        out_ += number[0];
        padding(flags.width - size);
        out_ += std::string_view(number).substr(1);
        return;
    }
    padded(number);
}

/// '#': there is a point even without decimals, and %g keeps its zeros. The number has a sign.
void Printer::decimal_point(std::string& number, Rune form, int precision) const {
    const bool hexadecimal = form == 'x' || form == 'X';
    int missing = 0;
    if (form == 'g' || form == 'G' || form == 'x') missing = precision == -1 ? 6 : precision;
    size_t end = number.size();
    bool point = false;
    bool significant = false;
    for (size_t i = 1; i < end; ++i) {
        const char c = number[i];
        if (c == '.') {
            point = true;
        } else if (c == 'p' || c == 'P' || (!hexadecimal && (c == 'e' || c == 'E'))) {
            end = i;
        } else {
            significant = significant || c != '0';
            if (significant) --missing;
        }
    }
    const std::string tail = number.substr(end);
    number.resize(end);
    if (!point) {
        if (number.size() == 2 && number[1] == '0') --missing;
        number += '.';
    }
    number.append(static_cast<size_t>(std::max(missing, 0)), '0');
    number += tail;
}

void Printer::padding(int count) {
    if (count > 0) out_.append(static_cast<size_t>(count), flags.zero ? '0' : ' ');
}

void Printer::padded(std::string_view text) {
    if (!flags.width_present || flags.width == 0) {
        out_ += text;
        return;
    }
    const int missing = flags.width - static_cast<int>(count_runes(text));
    if (!flags.minus) padding(missing);
    out_ += text;
    if (flags.minus) padding(missing);
}

std::string_view Printer::truncated(std::string_view text) const {
    if (!flags.precision_present) return text;
    size_t bytes = 0;
    for (int runes = 0; runes < flags.precision && bytes < text.size(); ++runes) {
        bytes += decode_rune(text.substr(bytes)).width;
    }
    return text.substr(0, bytes);
}

void Printer::hexadecimal_text(std::string_view text, bool upper) {
    if (flags.precision_present) {
        text = text.substr(0, std::min(text.size(), static_cast<size_t>(flags.precision)));
    }
    std::string encoded;
    for (size_t i = 0; i < text.size(); ++i) {
        if (flags.space && i > 0) encoded += ' ';
        if (flags.sharp && (flags.space || i == 0)) encoded += upper ? "0X" : "0x";
        const auto byte = static_cast<unsigned char>(text[i]);
        encoded += upper ? fmt::format("{:02X}", byte) : fmt::format("{:02x}", byte);
    }
    padded(encoded);
}

void Printer::quoted_text(std::string_view text) {
    text = truncated(text);
    if (flags.sharp && can_stand_in_backquotes(text)) {
        padded(fmt::format("`{}`", text));
    } else {
        padded(quote(text, flags.plus));
    }
}

}  // namespace skiff::gotemplate
