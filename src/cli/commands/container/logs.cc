// SPDX-License-Identifier: Apache-2.0
#include "engine/container/logs.h"

#include <array>

#include <unistd.h>

#include "base/fd.h"
#include "base/moment.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/commands/container/container_names.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"details"}};
constexpr size_t block = 1U << 16U;

struct LogsFlags {
    std::string container;
    bool follow = false;
    bool timestamps = false;
    std::string tail = "all";
    std::string since;
    std::string until;
};

void declare(CommandBuilder& command, LogsFlags& flags) {
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
    command.unsupported(not_yet);
}

/// Both streams, each to its own, in blocks; what one stream holds is written before the other goes
/// on, so that their order is kept where both lead to one place.
class Printer {
  public:
    explicit Printer(bool timestamps) : timestamps_(timestamps) {}

    void add(const monitor::LogLine& line) {
        const int fd = line.stream == monitor::Stream::errors ? STDERR_FILENO : STDOUT_FILENO;
        if (fd != fd_) flush();
        fd_ = fd;
        if (timestamps_ && line.begins_line) pending_ += monitor::nine_digits(line.time) + " ";
        pending_ += line.text;
        if (pending_.size() >= block) flush();
    }
    void flush() {
        write_all(fd_, pending_, "the log");
        pending_.clear();
    }

  private:
    bool timestamps_;
    int fd_ = STDOUT_FILENO;
    std::string pending_;
};

std::optional<Timestamp> moment(std::string_view name, const std::string& text,
                                Timestamp reference) {
    if (text.empty()) return std::nullopt;
    return with_context([&] { return parse_moment(text, reference); }, "invalid value for \"{}\"",
                        name);
}

ExitCode run(engine::Engine& engine, const LogsFlags& flags) {
    const Timestamp reference = now();
    monitor::LogQuery query{.since = moment("since", flags.since, reference),
                            .until = moment("until", flags.until, reference)};
    if (flags.tail != "all") {
        query.tail = parse_number<std::uint64_t>(flags.tail);
        // Docker: a negative or nonsensical number means all.
    }
    Printer printer(flags.timestamps);
    engine::read_container_log(engine, flags.container, query, flags.follow,
                               [&](const monitor::LogLine& line) {
                                   printer.add(line);
                                   if (flags.follow) printer.flush();
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
