// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect_output.h"

#include "cli/output.h"

namespace skiff::cli {
namespace {

/// The text of a document within an array, four blanks further in.
std::string indented(std::string_view text) {
    std::string result = "    ";
    for (const char c : text) {
        result += c;
        if (c == '\n') result += "    ";
    }
    return result;
}

}  // namespace

InspectOutput::InspectOutput(const std::string& format) : pretty_(format.empty()) {
    if (!format.empty() && format != "json") format_.emplace(format);
}

void InspectOutput::add(const format::Json& document, const gotemplate::Type& type) {
    if (format_) {
        const bool raw = type.kind == gotemplate::Kind::nil;
        text_ +=
            format_->text(document, type, raw ? format::View::raw : format::View::typed_then_raw) +
            "\n";
        return;
    }
    if (!text_.empty()) text_ += pretty_ ? ",\n" : ",";
    text_ += pretty_ ? indented(format::pretty_document(document, type))
                     : format::compact_document(document, type);
}

void InspectOutput::print_all() const {
    if (format_) {
        print(text_.empty() ? "\n" : untrusted_lines(text_));
    } else if (pretty_ && !text_.empty()) {
        print_line("[\n" + text_ + "\n]");
    } else {
        print_line("[" + text_ + "]");
    }
}

}  // namespace skiff::cli
