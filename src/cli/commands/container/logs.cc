// SPDX-License-Identifier: Apache-2.0
#include "engine/container/logs.h"

#include <array>

#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/commands/container/container_names.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"details"}, UnsupportedFlag{"since"},
                             UnsupportedFlag{"until"}};
constexpr size_t block = 1U << 16U;

struct LogsFlags {
    std::string container;
    bool follow = false;
    bool timestamps = false;
    std::string tail = "all";
};

void declare(CommandBuilder& command, LogsFlags& flags) {
    command.flag("-f,--follow", flags.follow, "Go on until the container ends");
    command.option("-n,--tail", flags.tail, "string", "Number of lines to show from the end");
    command.flag("-t,--timestamps", flags.timestamps, "Show when each line was written");
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

ExitCode run(engine::Engine& engine, const LogsFlags& flags) {
    monitor::LogQuery query;
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
