// SPDX-License-Identifier: Apache-2.0
// How skiff talks: stdout is data, stderr is for people. Times, sizes and identifiers as Docker
// prints them; lists and documents are format/'s.
#pragma once

#include <string>
#include <string_view>

#include "base/display_width.h"
#include "base/duration.h"
#include "base/error.h"
#include "base/size.h"

namespace skiff::cli {

/// Appends to standard output (buffered until `flush_output`).
void print(std::string_view text);
void print_line(std::string_view text);
/// Writes out what was printed. Throws SystemError (a full disk must not look like success).
void flush_output();
/// Writes to standard error at once.
void print_for_people(std::string_view text);
/// "Error: message" and a newline on standard error; control characters made visible on a terminal.
void print_error(const Error& error);
/// "Warning: message", likewise: for what does not keep the command from going on.
void print_warning(const std::string& message);

bool output_is_terminal();
/// Text that came from an image or a container: as it is for scripts, made harmless for a terminal.
std::string untrusted(std::string_view text);
/// The same of text that has lines and columns of its own: ends of lines and tabs stay.
std::string untrusted_lines(std::string_view text);

/// Twelve hexadecimal digits, without "sha256:".
std::string_view short_id(std::string_view id);

}  // namespace skiff::cli
