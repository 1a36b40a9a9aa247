// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include <unistd.h>

#include "base/text.h"

namespace skiff::cli {
namespace {

struct Character {
    char32_t value = 0;
    size_t bytes = 1;
};

/// The first character; a byte that is not UTF-8 counts as one character.
Character first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (bytes == 1 || text.size() < bytes) return {lead, 1};
    char32_t value = lead & (0xffU >> (bytes + 1));
    for (size_t i = 1; i < bytes; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xc0U) != 0x80) return {lead, 1};
        value = value << 6U | (byte & 0x3fU);
    }
    return {value, bytes};
}

struct Range {
    char32_t first;
    char32_t last;
};

/// Blocks of Unicode 15 whose characters are wide; ambiguous ones count as narrow.
constexpr std::array wide_blocks{
    Range{0x1100, 0x115f},   Range{0x2e80, 0x303e},   Range{0x3041, 0x33ff},
    Range{0x3400, 0x4dbf},   Range{0x4e00, 0x9fff},   Range{0xa000, 0xa4cf},
    Range{0xac00, 0xd7a3},   Range{0xf900, 0xfaff},   Range{0xfe30, 0xfe6f},
    Range{0xff00, 0xff60},   Range{0xffe0, 0xffe6},   Range{0x1f300, 0x1f64f},
    Range{0x1f680, 0x1f6ff}, Range{0x1f900, 0x1f9ff}, Range{0x20000, 0x3fffd}};
constexpr std::array combining_blocks{
    Range{0x0300, 0x036f}, Range{0x1ab0, 0x1aff}, Range{0x1dc0, 0x1dff}, Range{0x200b, 0x200f},
    Range{0x20d0, 0x20ff}, Range{0xfe00, 0xfe0f}, Range{0xfe20, 0xfe2f}};

template <size_t n>
bool within(char32_t value, const std::array<Range, n>& blocks) {
    return std::ranges::any_of(
        blocks, [&](Range block) { return value >= block.first && value <= block.last; });
}

size_t columns_of(char32_t value) {
    if (value < 0x300) return 1;
    if (within(value, combining_blocks)) return 0;
    return within(value, wide_blocks) ? 2 : 1;
}

}  // namespace

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

void print_error(const Error& error) {
    const bool terminal = isatty(STDERR_FILENO) == 1;
    const std::string message = terminal ? printable(error.message()) : error.message();
    print_for_people("Error: " + message + "\n");
}

bool output_is_terminal() {
    return isatty(STDOUT_FILENO) == 1;
}

std::string untrusted(std::string_view text) {
    return output_is_terminal() ? printable(text) : std::string(text);
}

size_t display_width(std::string_view text) {
    size_t width = 0;
    while (!text.empty()) {
        const Character character = first_character(text);
        width += columns_of(character.value);
        text.remove_prefix(character.bytes);
    }
    return width;
}

std::string shortened(std::string_view text, size_t width) {
    if (display_width(text) <= width) return std::string(text);
    size_t used = 1;  // the ellipsis
    size_t end = 0;
    while (end < text.size()) {
        const Character character = first_character(text.substr(end));
        used += columns_of(character.value);
        if (used > width) break;
        end += character.bytes;
    }
    return std::string(text.substr(0, end)) + "…";
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

std::string human_duration(std::chrono::nanoseconds duration) {
    using namespace std::chrono;
    const auto seconds = duration_cast<std::chrono::seconds>(duration).count();
    if (seconds < 1) return "Less than a second";
    if (seconds == 1) return "1 second";
    if (seconds < 60) return fmt::format("{} seconds", seconds);
    const auto minutes = seconds / 60;
    if (minutes == 1) return "About a minute";
    if (minutes < 60) return fmt::format("{} minutes", minutes);
    const auto hours = (seconds + 1800) / 3600;  // Docker rounds hours, and only these
    if (hours == 1) return "About an hour";
    if (hours < 48) return fmt::format("{} hours", hours);
    if (hours < 24 * 7 * 2) return fmt::format("{} days", hours / 24);
    if (hours < 24 * 30 * 2) return fmt::format("{} weeks", hours / 24 / 7);
    if (hours < 24 * 365 * 2) return fmt::format("{} months", hours / 24 / 30);
    return fmt::format("{} years", hours / 24 / 365);
}

std::string time_ago(Timestamp time, Timestamp reference) {
    if (time == Timestamp{}) return "N/A";
    return human_duration(reference - time) + " ago";
}

std::string human_size(std::uint64_t bytes, int digits) {
    constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    auto size = static_cast<double>(bytes);
    size_t unit = 0;
    // The next unit where rounding would reach 1000, which three digits can only show as "1e+03".
    const double limit = digits <= 3 ? 999.5 : 999.95;
    while (size >= limit && unit + 1 < units.size()) {
        size /= 1000.0;
        ++unit;
    }
    return fmt::format("{:.{}g}{}", size, digits, units[unit]);
}

std::string_view short_id(std::string_view id) {
    const size_t colon = id.find(':');
    if (colon != std::string_view::npos) id.remove_prefix(colon + 1);
    return id.substr(0, 12);
}

}  // namespace skiff::cli
