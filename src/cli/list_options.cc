// SPDX-License-Identifier: Apache-2.0
#include "cli/list_options.h"

namespace skiff::cli {

void declare_filter(CommandBuilder& command, format::Filters& filters, Completer completer) {
    command.parsed(
        "-f,--filter", [&filters](std::string_view text) { filters.add(text); }, "filter",
        "Show only what agrees with NAME=VALUE; values of one name are alternatives", completer);
}

void declare_list_format(CommandBuilder& command, std::string& format) {
    command.option("--format", format, "string",
                   "Print as 'table', 'table TEMPLATE', 'json', or by a Go template",
                   complete::words("table json"));
}

void declare_document_format(CommandBuilder& command, std::string& format) {
    command.option("-f,--format", format, "string", "Print as 'json', or by a Go template",
                   complete::words("json"));
}

std::string_view format_or(std::string_view format, std::string_view table) {
    return format.empty() || format == "table" ? table : format;
}

}  // namespace skiff::cli
