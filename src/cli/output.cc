// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <algorithm>
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

void print_message(std::string_view kind, const std::string& message) {
    const bool terminal = isatty(STDERR_FILENO) == 1;
    print_for_people(fmt::format("{}: {}\n", kind, terminal ? printable(message) : message));
}

}  // namespace

void print_error(const Error& error) {
    print_message("Error", error.message());
}

void print_warning(const std::string& message) {
    print_message("Warning", message);
}

bool output_is_terminal() {
    return isatty(STDOUT_FILENO) == 1;
}

std::string untrusted(std::string_view text) {
    return output_is_terminal() ? printable(text) : std::string(text);
}

std::string Table::text() const {
    constexpr size_t gap = 3;
    std::vector<size_t> widths(rows_.front().size());
    for (const auto& row : rows_) {
        for (size_t i = 0; i < row.size(); ++i)
            widths.at(i) = std::max(widths.at(i), display_width(row[i]));
    }
    std::string text;
    for (const auto& row : rows_) {
        for (size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            if (i + 1 < row.size()) text.append(widths[i] + gap - display_width(row[i]), ' ');
        }
        text += '\n';
    }
    return text;
}

std::string_view short_id(std::string_view id) {
    const size_t colon = id.find(':');
    if (colon != std::string_view::npos) id.remove_prefix(colon + 1);
    return id.substr(0, 12);
}

}  // namespace skiff::cli
