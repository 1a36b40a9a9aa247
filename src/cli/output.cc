// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <cerrno>
#include <cstdio>

#include <unistd.h>

#include "base/text.h"

namespace skiff::cli {
void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

void print_line(std::string_view text) {
    print(text);
    print("\n");
}

void flush_output() {
    errno = 0;
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        const int reason = errno == 0 ? EIO : errno;
        std::clearerr(stdout);
        throw SystemError(reason, "cannot write to standard output");
    }
}

void print_for_people(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
}

namespace {

/// Lines and columns stay, so that the lines of a Dockerfile can be shown.
std::string printable_lines(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const size_t end = text.find_first_of("\n\t");
        result += printable(text.substr(0, end));
        if (end == std::string_view::npos) break;
        result += text[end];
        text.remove_prefix(end + 1);
    }
    return result;
}

void print_message(std::string_view kind, const std::string& message) {
    const bool terminal = isatty(STDERR_FILENO) == 1;
    print_for_people(fmt::format("{}: {}\n", kind, terminal ? printable_lines(message) : message));
}

}  // namespace

void print_error(const Error& error) {
    print_message("Error", error.message());
}

void print_warning(const std::string& message) {
    print_message("Warning", message);
}

bool output_is_terminal() {
    static const bool terminal = isatty(STDOUT_FILENO) == 1;  // asked for every field of a list
    return terminal;
}

std::string untrusted(std::string_view text) {
    return output_is_terminal() ? printable(text) : std::string(text);
}

std::string untrusted_lines(std::string_view text) {
    return output_is_terminal() ? printable_lines(text) : std::string(text);
}

std::string_view short_id(std::string_view id) {
    const size_t colon = id.find(':');
    if (colon != std::string_view::npos) id.remove_prefix(colon + 1);
    return id.substr(0, 12);
}

}  // namespace skiff::cli
