// SPDX-License-Identifier: Apache-2.0
// The options that every command with a list or a document has, declared once.
#pragma once

#include <string>
#include <string_view>

#include "cli/command.h"
#include "format/filters.h"

namespace skiff::cli {

/// -f, --filter. `completer` offers the names that the command knows.
void declare_filter(CommandBuilder& command, format::Filters& filters, Completer completer);

/// --format of a list.
void declare_list_format(CommandBuilder& command, std::string& format);
/// -f, --format of a document.
void declare_document_format(CommandBuilder& command, std::string& format);

/// The table of a command, unless something else was asked.
std::string_view format_or(std::string_view format, std::string_view table);

}  // namespace skiff::cli
