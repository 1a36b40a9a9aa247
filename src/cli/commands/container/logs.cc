// SPDX-License-Identifier: Apache-2.0
#include "engine/container/logs.h"

#include <array>

#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/moment.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/commands/container/container_names.h"
#include "cli/terminal_filter.h"

namespace skiff::cli {
namespace {

constexpr size_t block = 1U << 16U;

struct LogsFlags {
    std::string container;
    bool details = false;
    bool follow = false;
    bool timestamps = false;
    std::string since;
    std::string until;
    std::string tail = "all";
};

void declare(CommandBuilder& command, LogsFlags& flags) {
    command.flag("--details", flags.details,
                 "Show what the log options labels, env and tag selected, before each line");
    command.flag("-f,--follow", flags.follow, "Go on until the container ends");
    command.option(
        "--since", flags.since, "string",
        "Show what was written since a time (2026-01-02T13:23:37Z) or for so long (42m)");
    command.option("-n,--tail", flags.tail, "string", "Number of lines to show from the end");
    command.flag("-t,--timestamps", flags.timestamps, "Show when each line was written");
    command.option(
        "--until", flags.until, "string",
        "Show what was written before a time (2026-01-02T13:23:37Z) or so long ago (42m)");
    command.argument("CONTAINER", flags.container, complete::containers);
}

/// Both streams, each to its own, in blocks; what one stream holds is written before the other goes
/// on, so that their order is kept where both lead to one place.
class Printer {
  public:
    Printer(bool timestamps, std::string prefix)
        : timestamps_(timestamps), prefix_(std::move(prefix)) {}

    void add(const monitor::LogLine& line) {
        const int fd = line.stream == monitor::Stream::errors ? STDERR_FILENO : STDOUT_FILENO;
        if (fd != fd_) flush();
        fd_ = fd;
        if (line.begins_line) add_prefix(line.time);
        if (terminal_.at(static_cast<std::size_t>(fd))) {
            append_harmless(pending_, line.text);
        } else {
            pending_ += line.text;
        }
        if (pending_.size() >= block) flush();
    }
    void flush() {
        if (pending_.empty()) return;
        write_all(fd_, pending_, "the log");
        pending_.clear();
    }

  private:
    void add_prefix(Timestamp time) {
        if (timestamps_) {
            // All lines that the container wrote at once have one time.
            if (time != time_ || time_text_.empty()) {
                time_ = time;
                time_text_ = to_rfc3339_nine_digits(time) + " ";
            }
            pending_ += time_text_;
        }
        pending_ += prefix_;
    }

    bool timestamps_;
    std::string prefix_;  ///< with --details
    std::array<bool, 3> terminal_{false, isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1};
    int fd_ = STDOUT_FILENO;
    std::string pending_;
    Timestamp time_{};
    std::string time_text_;
};

std::optional<Timestamp> parse_time_flag(const std::string& text, std::string_view flag,
                                         Timestamp reference) {
    if (text.empty()) return std::nullopt;
    return with_context([&] { return parse_moment(text, reference); }, "invalid value for \"{}\"",
                        flag);
}

ExitCode run(engine::Engine& engine, const LogsFlags& flags) {
    engine::LogReading reading;
    const Timestamp reference = now();
    reading.query.since = parse_time_flag(flags.since, "since", reference);
    reading.query.until = parse_time_flag(flags.until, "until", reference);
    reading.query.times = flags.timestamps;
    // Docker: a negative or nonsensical number means all.
    if (flags.tail != "all") reading.query.tail = parse_number<std::uint64_t>(flags.tail);
    Printer printer(
        flags.timestamps,
        flags.details ? engine::container_log_details(engine, flags.container) + " " : "");
    reading.follow = flags.follow;
    reading.before_wait = [&] { printer.flush(); };
    reading.output_fd = STDOUT_FILENO;
    engine::read_container_log(engine, flags.container, reading, [&](const monitor::LogLine& line) {
        printer.add(line);
        return true;
    });
    printer.flush();
    return ExitCode::ok;
}

}  // namespace

Command logs_command() {
    return make_command<LogsFlags>(declare, run);
}

}  // namespace skiff::cli
