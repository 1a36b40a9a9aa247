// SPDX-License-Identifier: Apache-2.0
#include "gotemplate/print.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "gotemplate/printer.h"

namespace skiff::gotemplate {
namespace {

/// Beyond this a width or precision is a mistake.
constexpr int64_t largest_width = 1'000'000;

/// The state of one printf.
class Formatting {
  public:
    Formatting(std::string_view format, std::span<const Value> operands, std::string& out,
               Scratch& scratch)
        : format_(format), operands_(operands), out_(out), printer_(out, scratch) {}

    void run();

  private:
    void verb();
    void read_flags();
    void explicit_index();
    void read_width();
    void read_precision();
    std::optional<int> number();
    std::optional<int> number_operand();
    void extra_operands();
    bool at(char c) const { return position_ < format_.size() && format_[position_] == c; }

    std::string_view format_;
    std::span<const Value> operands_;
    std::string& out_;
    Printer printer_;
    size_t position_ = 0;
    size_t next_operand_ = 0;
    bool reordered_ = false;
    bool after_index_ = false;  ///< the last thing read was an index like [3]
    bool good_index_ = true;
};

void Formatting::run() {
    while (position_ < format_.size()) {
        const size_t percent = std::min(format_.find('%', position_), format_.size());
        out_ += format_.substr(position_, percent - position_);
        position_ = percent + 1;
        if (percent < format_.size()) verb();
        if (out_.size() > Scratch::limit) {
            throw Error(ErrorKind::unsupported, "the template makes more than {} MiB of text",
                        Scratch::limit >> 20);
        }
    }
    // Whether operands are left cannot be told when they were taken out of order.
    if (!reordered_ && next_operand_ < operands_.size()) extra_operands();
}

void Formatting::verb() {
    printer_.flags = {};
    good_index_ = true;
    after_index_ = false;
    read_flags();
    explicit_index();
    read_width();
    read_precision();
    if (!after_index_) explicit_index();
    if (position_ >= format_.size()) {
        out_ += "%!(NOVERB)";
        return;
    }
    const Decoded verb = decode_rune(format_.substr(position_));
    position_ += verb.width;
    if (verb.rune == '%') {
        out_ += '%';
        return;
    }
    const auto complain = [&](std::string_view about) {
        out_ += "%!";
        append_rune(out_, verb.rune);
        out_ += about;
    };
    if (!good_index_) return complain("(BADINDEX)");
    if (next_operand_ >= operands_.size()) return complain("(MISSING)");
    Flags& flags = printer_.flags;
    if (verb.rune == 'v') {
        flags.sharp_v = std::exchange(flags.sharp, false);
        flags.plus_v = std::exchange(flags.plus, false);
    }
    printer_.operand(operands_[next_operand_++], verb.rune);
}

void Formatting::read_flags() {
    Flags& flags = printer_.flags;
    for (; position_ < format_.size(); ++position_) {
        switch (format_[position_]) {
            case '#':
                flags.sharp = true;
                break;
            case '0':
                flags.zero = !flags.minus;  // zeros only on the left
                break;
            case '+':
                flags.plus = true;
                break;
            case '-':
                flags.minus = true;
                flags.zero = false;
                break;
            case ' ':
                flags.space = true;
                break;
            default:
                return;
        }
    }
}

/// [3]: operands count from 1.
void Formatting::explicit_index() {
    if (!at('[')) {
        after_index_ = false;
        return;
    }
    reordered_ = true;
    const size_t close = format_.find(']', position_ + 1);
    if (format_.size() - position_ < 3 || close == format_.npos) {
        ++position_;
        good_index_ = false;
        after_index_ = false;
        return;
    }
    const std::string_view digits = format_.substr(position_ + 1, close - position_ - 1);
    position_ = close + 1;
    int64_t index = 0;
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    const bool well_formed = !digits.empty() && digits[0] != '-' && error == std::errc{} &&
                             rest == digits.data() + digits.size();
    after_index_ = well_formed;
    if (well_formed && index >= 1 && index <= static_cast<int64_t>(operands_.size())) {
        next_operand_ = static_cast<size_t>(index - 1);
    } else {
        good_index_ = false;
    }
}

void Formatting::read_width() {
    Flags& flags = printer_.flags;
    if (!at('*')) {
        const auto width = number();
        flags.width = width.value_or(0);
        flags.width_present = width.has_value();
        if (after_index_ && width) good_index_ = false;  // "%[3]2d"
        return;
    }
    ++position_;
    const auto width = number_operand();
    flags.width_present = width.has_value();
    if (!width) out_ += "%!(BADWIDTH)";
    flags.width = width.value_or(0);
    if (flags.width < 0) {
        flags.width = -flags.width;
        flags.minus = true;
        flags.zero = false;
    }
    after_index_ = false;
}

void Formatting::read_precision() {
    if (position_ + 1 >= format_.size() || !at('.')) return;
    ++position_;
    Flags& flags = printer_.flags;
    if (after_index_) good_index_ = false;  // "%[3].2d"
    explicit_index();
    if (!at('*')) {
        flags.precision = number().value_or(0);
        flags.precision_present = true;
        return;
    }
    ++position_;
    const auto precision = number_operand();
    flags.precision_present = precision && *precision >= 0;
    flags.precision = flags.precision_present ? *precision : 0;
    if (!flags.precision_present) out_ += "%!(BADPREC)";
    after_index_ = false;
}

/// Nothing when there are no digits; a number that is too large swallows the format, as in Go.
std::optional<int> Formatting::number() {
    int64_t value = 0;
    bool any = false;
    for (; position_ < format_.size(); ++position_) {
        const char digit = format_[position_];
        if (digit < '0' || digit > '9') break;
        if (value > largest_width) {
            position_ = format_.size();
            return std::nullopt;
        }
        value = value * 10 + (digit - '0');
        any = true;
    }
    if (!any) return std::nullopt;
    return static_cast<int>(value);
}

std::optional<int> Formatting::number_operand() {
    if (next_operand_ >= operands_.size()) return std::nullopt;
    const Value& operand = operands_[next_operand_++];
    const bool is_unsigned = operand.kind() == Kind::unsigned_integer;
    if (operand.kind() != Kind::integer && !is_unsigned) return std::nullopt;
    if (is_unsigned && operand.unsigned_integer() > uint64_t{largest_width}) return std::nullopt;
    const int64_t value =
        is_unsigned ? static_cast<int64_t>(operand.unsigned_integer()) : operand.integer();
    if (value > largest_width || value < -largest_width) return std::nullopt;
    return static_cast<int>(value);
}

void Formatting::extra_operands() {
    printer_.flags = {};
    out_ += "%!(EXTRA ";
    for (size_t i = next_operand_; i < operands_.size(); ++i) {
        if (i > next_operand_) out_ += ", ";
        const Value operand = operands_[i].unbox();
        if (operand.absent()) {
            out_ += "<nil>";
        } else {
            out_ += operand.type_name();
            out_ += '=';
            printer_.operand(operand, 'v');
        }
    }
    out_ += ')';
}

/// What a pointer points to, for text: "&{…}" is for fmt's own functions only.
void append_followed(std::string& out, const Value& value, Scratch& scratch) {
    std::string text;
    Printer(text, scratch).operand(value, 'v');
    const bool address = value.kind() == Kind::record && value.type().pointer;
    out += std::string_view(text).substr(address ? 1 : 0);
}

}  // namespace

void print_result(std::string& out, const Value& value, Scratch& scratch) {
    if (value.absent()) {
        out += "<no value>";
    } else if (value.kind() == Kind::string && value.type().fields.empty()) {
        out += value.text();
    } else if (value.kind() == Kind::record) {
        append_followed(out, value, scratch);
    } else {
        Printer(out, scratch).operand(value, 'v');
    }
}

std::string print(std::span<const Value> operands, Scratch& scratch) {
    std::string out;
    Printer printer(out, scratch);
    bool after_string = true;
    for (const Value& operand : operands) {
        const bool is_string = operand.kind() == Kind::string && !operand.type().pointer;
        if (!is_string && !after_string) out += ' ';
        printer.operand(operand, 'v');
        after_string = is_string;
    }
    return out;
}

std::string println(std::span<const Value> operands, Scratch& scratch) {
    std::string out;
    Printer printer(out, scratch);
    for (size_t i = 0; i < operands.size(); ++i) {
        if (i > 0) out += ' ';
        printer.operand(operands[i], 'v');
    }
    return out + '\n';
}

std::string printf(std::string_view format, std::span<const Value> operands, Scratch& scratch) {
    std::string out;
    Formatting(format, operands, out, scratch).run();
    return out;
}

std::string print_results(std::span<const Value> operands, Scratch& scratch) {
    std::string out;
    bool after_string = true;
    for (const Value& operand : operands) {
        // Absent values become the string "<no value>", which as a string needs no blanks.
        const bool is_string = operand.unbox().absent() || operand.kind() == Kind::string;
        if (!is_string && !after_string) out += ' ';
        print_result(out, operand.unbox(), scratch);
        after_string = is_string;
    }
    return out;
}

}  // namespace skiff::gotemplate
