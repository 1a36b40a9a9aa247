// SPDX-License-Identifier: Apache-2.0
#include "format/listing.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "format/columns.h"

namespace skiff::format {
namespace {

using gotemplate::Template;
using gotemplate::Value;

constexpr std::string_view table_word = "table";

/// The template that `format` asks for.
std::string template_text(std::string_view format) {
    if (format == "json") return "{{json .}}";
    if (is_table(format)) format.remove_prefix(table_word.size());
    while (format.starts_with(' ')) format.remove_prefix(1);
    while (format.ends_with(' ')) format.remove_suffix(1);
    std::string text;
    for (size_t i = 0; i < format.size(); ++i) {
        const std::string_view escape = format.substr(i, 2);
        if (escape == "\\t" || escape == "\\n") {
            text += escape == "\\t" ? '\t' : '\n';
            ++i;
        } else {
            text += format[i];
        }
    }
    return text;
}

/// Execution on the titles fails for two kinds of reasons: the row has no such field, or a function
/// wants more of a value than a title has. Only the first says something about the template.
bool names_unknown_field(const Error& error) {
    return error.message().find("can't evaluate field") != std::string::npos;
}

/// Docker throws away what goes wrong in a header; what was written before it stays.
std::string header_text(const Template& row_template, const RowType& type) {
    std::string header;
    try {
        row_template.execute(Value::record(&type, type.header), header,
                             gotemplate::MissingKey::no_value,
                             gotemplate::docker_header_functions());
    } catch (const Error& error) {
        if (names_unknown_field(error)) throw;
    }
    return header;
}

}  // namespace

Value column_title(const void* row_type, const gotemplate::Field& self, gotemplate::Scratch&) {
    const RowType& type = *static_cast<const RowType*>(row_type);
    const auto column =
        std::ranges::find(type.columns, self.name, [](const Column& c) { return c.field.name; });
    return Value::of(column->title);
}

Value label_title(const void*, std::span<const Value> arguments, gotemplate::Scratch& scratch) {
    const std::string_view key = arguments[0].text();
    std::string title(key.substr(key.find_last_of('.') + 1));  // npos + 1 is 0
    std::ranges::replace_if(title, [](char c) { return c == '-' || c == '_'; }, ' ');
    return Value::of(scratch.keep(std::move(title)));
}

bool is_table(std::string_view format) {
    return format.starts_with(table_word);
}

void check_format(std::string_view format, const RowType& type) {
    const Template parsed =
        with_context([&] { return Template::parse("", format); }, "failed to parse template");
    with_context([&] { header_text(parsed, type); }, "failed to execute template");
}

Listing::Listing(std::string_view format, const RowType& type)
    : type_(type),
      table_(is_table(format)),
      template_(with_context([&] { return Template::parse("", template_text(format)); },
                             "template parsing error")) {}

void Listing::add_record(const void* row) {
    with_context([&] { template_.execute(Value::record(row, type_.row), rows_); },
                 "template parsing error");
    rows_ += '\n';
}

std::string Listing::text() const {
    if (!table_) return rows_;
    const std::string header =
        with_context([&] { return header_text(template_, type_); }, "template parsing error");
    return align_columns(header + "\n" + rows_);
}

}  // namespace skiff::format
