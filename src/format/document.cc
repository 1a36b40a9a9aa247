// SPDX-License-Identifier: Apache-2.0
#include "format/document.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "gotemplate/json_value.h"

namespace skiff::format {
namespace {

using gotemplate::Field;
using gotemplate::Kind;
using gotemplate::Type;

std::string_view key_of(const Field& field) {
    return field.json_key.empty() ? field.name : field.json_key;
}

/// A quoted JSON string.
std::string string_text(const Json& value) {
    const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    std::string escaped;
    for (size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool c1 =
            byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
        if (c1) {
            ++i;
            fmt::format_to(std::back_inserter(escaped), "\\u{:04x}",
                           static_cast<unsigned char>(text[i]));
        } else if (byte == 0x7f) {
            escaped += "\\u007f";
        } else {
            escaped += text[i];
        }
    }
    return escaped;
}

class Printer {
  public:
    explicit Printer(bool pretty) : pretty_(pretty) {}

    void print(const Json& value, const Type* type) {
        if (value.is_object()) {
            print_object(value, type);
        } else if (value.is_array()) {
            begin('[');
            for (const Json& element : value) {
                begin_member();
                print(element, type != nullptr ? type->element : nullptr);
            }
            end(']', value.empty());
        } else if (value.is_string()) {
            text_ += string_text(value);
        } else {
            text_ += value.dump();
        }
    }
    std::string take() { return std::move(text_); }

  private:
    void print_object(const Json& object, const Type* type) {
        begin('{');
        const bool record = type != nullptr && type->kind == Kind::record;
        if (record) {
            for (const Field& field : type->fields) {
                if (field.method) continue;
                const auto member = object.find(key_of(field));
                if (member != object.end()) print_member(member.key(), *member, field.type);
            }
        }
        for (const auto& [key, value] : object.items()) {
            if (record && knows(*type, key)) continue;
            print_member(key, value, type != nullptr ? type->element : nullptr);
        }
        end('}', object.empty());
    }
    static bool knows(const Type& type, std::string_view key) {
        for (const Field& field : type.fields)
            if (!field.method && key_of(field) == key) return true;
        return false;
    }
    void print_member(const std::string& key, const Json& value, const Type* type) {
        begin_member();
        text_ += string_text(key);
        text_ += pretty_ ? ": " : ":";
        print(value, type);
    }

    void begin(char bracket) {
        text_ += bracket;
        ++depth_;
        first_ = true;
    }
    void begin_member() {
        if (!first_) text_ += ',';
        first_ = false;
        end_line();
    }
    void end(char bracket, bool empty) {
        --depth_;
        if (!empty) end_line();
        text_ += bracket;
        first_ = false;
    }
    void end_line() {
        if (!pretty_) return;
        text_ += '\n';
        text_.append(depth_ * 4, ' ');
    }

    bool pretty_;
    bool first_ = true;
    size_t depth_ = 0;
    std::string text_;
};

std::string document_text(const Json& document, const Type& type, bool pretty) {
    Printer printer(pretty);
    printer.print(document, &type);
    return printer.take();
}

}  // namespace

DocumentFormat::DocumentFormat(std::string_view text, std::string_view name)
    : template_(with_context([&] { return gotemplate::Template::parse(name, text); },
                             "template parsing error")) {}

std::string DocumentFormat::text(const Json& document, const Type& type, View view) const {
    std::string text;
    gotemplate::Scratch scratch;
    const auto fill = [&](bool raw) {
        text.clear();
        if (raw)
            template_.execute(gotemplate::raw_json(document, scratch), text,
                              gotemplate::MissingKey::error);
        else
            template_.execute(gotemplate::typed_json(document, type), text);
    };
    bool raw = view == View::raw;
    if (view == View::typed_then_raw) {
        try {
            fill(false);
            return text;
        } catch (const Error&) {
            raw = true;
        }
    }
    with_context([&] { fill(raw); }, "template parsing error");
    return text;
}

std::string pretty_document(const Json& document, const Type& type) {
    return document_text(document, type, true);
}

std::string compact_document(const Json& document, const Type& type) {
    return document_text(document, type, false);
}

}  // namespace skiff::format
