// SPDX-License-Identifier: Apache-2.0
// One operand of fmt, by verb and flags.
#pragma once

#include <string>
#include <string_view>

#include "gotemplate/runes.h"
#include "gotemplate/value.h"

namespace skiff::gotemplate {

/// What stands between % and the verb.
struct Flags {
    bool width_present = false;
    bool precision_present = false;
    bool minus = false;
    bool plus = false;
    bool sharp = false;
    bool space = false;
    bool zero = false;
    bool plus_v = false;   ///< %+v
    bool sharp_v = false;  ///< %#v
    int width = 0;
    int precision = 0;
};

/// Appends to a text.
class Printer {
  public:
    Printer(std::string& out, Scratch& scratch) : out_(out), scratch_(scratch) {}

    Flags flags;
    void operand(const Value& value, Rune verb);

  private:
    void nested(const Value& value, Rune verb, int depth);
    const Field* string_method(const Value& value, Rune verb) const;
    void bad_verb(const Value& value, Rune verb);
    void nil_operand(const Value& value, Rune verb);
    void list(const Value& value, Rune verb, int depth);
    void map(const Value& value, Rune verb, int depth);
    void record(const Value& value, Rune verb, int depth);
    void boolean(const Value& value, Rune verb);
    void string(const Value& value, Rune verb);
    void integer(const Value& value, Rune verb);
    void floating(const Value& value, Rune verb);

    void padded(std::string_view text);
    void padding(int count);
    void digits(uint64_t magnitude, bool negative, unsigned base, Rune verb);
    void code_point(uint64_t point);
    void hexadecimal_text(std::string_view text, bool upper);
    void quoted_text(std::string_view text);
    std::string_view truncated(std::string_view text) const;
    void decimal_point(std::string& number, Rune verb, int precision) const;

    std::string& out_;
    Scratch& scratch_;
    bool complaining_ = false;  ///< about a verb: then values are shown without their methods
};

}  // namespace skiff::gotemplate
