// SPDX-License-Identifier: Apache-2.0
// Values as Go's encoding/json writes them.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "gotemplate/builtins.h"
#include "gotemplate/float_text.h"
#include "gotemplate/print.h"
#include "gotemplate/runes.h"

namespace skiff::gotemplate {
namespace {

class JsonWriter {
  public:
    JsonWriter(std::string& out, Scratch& scratch) : out_(out), scratch_(scratch) {}

    void write(const Value& value, int depth);

  private:
    void write_string(std::string_view text);
    void write_record(const Value& value, int depth);
    void write_methods(const Value& value, int depth);
    void write_key(std::string_view key, bool first);

    std::string& out_;
    Scratch& scratch_;
    bool escapes_markup_ = false;
};

void JsonWriter::write(const Value& value, int depth) {
    if (depth > value_depth_limit) {
        throw Error(ErrorKind::unsupported, "a value is nested too deeply for JSON");
    }
    if (value.is_nil()) {
        out_ += "null";
        return;
    }
    switch (value.kind()) {
        case Kind::boolean:
            out_ += value.boolean() ? "true" : "false";
            break;
        case Kind::integer:
            out_ += fmt::to_string(value.integer());
            break;
        case Kind::unsigned_integer:
            out_ += fmt::to_string(value.unsigned_integer());
            break;
        case Kind::floating:
            out_ += json_number_text(value.floating());
            break;
        case Kind::string:
            if (value.type_name() == "json.Number") {
                out_ += value.text().empty() ? "0" : value.text();
            } else {
                write_string(value.text());
            }
            break;
        case Kind::list:
            out_ += '[';
            for (size_t i = 0; i < value.size(); ++i) {
                if (i > 0) out_ += ',';
                write(value.at(i, scratch_), depth + 1);
            }
            out_ += ']';
            break;
        case Kind::map: {
            class Entries final : public EntryVisitor {
              public:
                Entries(JsonWriter& writer, int depth) : writer_(writer), depth_(depth) {}
                bool entry(std::string_view key, const Value& element) override {
                    writer_.write_key(key, std::exchange(first_, false));
                    writer_.write(element, depth_);
                    return true;
                }

              private:
                JsonWriter& writer_;
                int depth_;
                bool first_ = true;
            } entries(*this, depth + 1);
            out_ += '{';
            value.visit(scratch_, entries);
            out_ += '}';
            break;
        }
        case Kind::record:
            out_ += '{';
            if (value.type().marshals_methods) {
                write_methods(value, depth);
            } else {
                write_record(value, depth);
            }
            out_ += '}';
            break;
        case Kind::nil:
            break;
    }
}

void JsonWriter::write_record(const Value& value, int depth) {
    bool first = true;
    for (const Field& field : value.type().fields) {
        if (field.method) continue;
        const Value member = field.get(value.object(), field, scratch_);
        if (field.omit_empty && !is_true(member)) continue;
        write_key(field.json_key.empty() ? field.name : field.json_key,
                  std::exchange(first, false));
        write(member, depth + 1);
    }
}

void JsonWriter::write_methods(const Value& value, int depth) {
    std::vector<const Field*> methods;
    for (const Field& field : value.type().fields) {
        if (field.get) methods.push_back(&field);
    }
    std::sort(methods.begin(), methods.end(),
              [](const Field* a, const Field* b) { return a->name < b->name; });
    const bool outer = std::exchange(escapes_markup_, true);
    for (const Field* field : methods) {
        write_key(field->name, field == methods.front());
        write(field->get(value.object(), *field, scratch_), depth + 1);
    }
    escapes_markup_ = outer;
}

void JsonWriter::write_key(std::string_view key, bool first) {
    if (!first) out_ += ',';
    write_string(key);
    out_ += ':';
}

void JsonWriter::write_string(std::string_view text) {
    out_ += '"';
    while (!text.empty()) {
        const Decoded next = decode_rune(text);
        const Rune rune = next.rune;
        const bool markup = rune == '<' || rune == '>' || rune == '&';
        const bool invalid = rune == replacement_rune && next.width == 1;
        if (rune == '"' || rune == '\\') {
            out_ += '\\';
            out_ += static_cast<char>(rune);
        } else if (rune == '\n') {
            out_ += "\\n";
        } else if (rune == '\r') {
            out_ += "\\r";
        } else if (rune == '\t') {
            out_ += "\\t";
        } else if (rune == '\b') {
            out_ += "\\b";
        } else if (rune == '\f') {
            out_ += "\\f";
        } else if (rune < ' ' || (markup && escapes_markup_) || invalid || rune == 0x2028 ||
                   rune == 0x2029) {
            // The last two are line ends to JavaScript.
            out_ += fmt::format("\\u{:04x}", rune);
        } else {
            out_ += text.substr(0, next.width);
        }
        text.remove_prefix(next.width);
    }
    out_ += '"';
}

}  // namespace

std::string json_number_text(double number) {
    if (!std::isfinite(number)) {
        throw Error(ErrorKind::invalid, "json: unsupported value: {}",
                    format_float(number, 'g', -1));
    }
    const double magnitude = std::fabs(number);
    const bool exponent = magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21);
    std::string text = format_float(number, exponent ? 'e' : 'f', -1);
    // "e-09" is written "e-9".
    if (const size_t e = text.find("e-0"); e != text.npos) text.erase(e + 2, 1);
    return text;
}

std::string json_text(const Value& value, Scratch& scratch) {
    std::string out;
    JsonWriter(out, scratch).write(value, 0);
    return out;
}

}  // namespace skiff::gotemplate
