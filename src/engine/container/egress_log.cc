// SPDX-License-Identifier: Apache-2.0
#include "engine/container/egress_log.h"

#include <exception>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "base/timestamp.h"

namespace skiff::engine {
namespace {

constexpr off_t largest_log = 1 << 20;
constexpr std::size_t longest_line = 400;
constexpr mode_t log_mode = 0640;

/// From the first whole line of the newer half on.
void drop_older_half(int directory) {
    const std::string content = find_file(directory, egress_log_name, 2 * largest_log).value_or("");
    const std::size_t line_end = content.find('\n', content.size() / 2);
    const std::string_view rest = line_end == std::string::npos
                                      ? std::string_view()
                                      : std::string_view(content).substr(line_end + 1);
    replace_file(directory, egress_log_name, rest, log_mode, Durability::none);
}

}  // namespace

void append_refusal(int directory, std::string_view line) noexcept {
    try {
        constexpr int flags = O_WRONLY | O_CREAT | O_APPEND;
        Fd file = open_at(directory, egress_log_name, flags, log_mode);
        if (lseek(file.get(), 0, SEEK_END) >= largest_log) {
            drop_older_half(directory);
            file = open_at(directory, egress_log_name, flags, log_mode);
        }
        write_all(
            file.get(),
            fmt::format("{} {}\n", to_rfc3339(now()), printable(line.substr(0, longest_line))),
            egress_log_name);
    } catch (const std::exception&) {
        // The container's network does not stop for it.
    }
}

}  // namespace skiff::engine
