// SPDX-License-Identifier: Apache-2.0
// The health check of one container: a timer that runs a command in it, as a client of a session of
// `exec`, and remembers what came out.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/timestamp.h"
#include "monitor/page_buffer.h"

namespace skiff::monitor {

/// All above zero, but for start_period; Docker's defaults are in engine/container/health.h.
struct HealthSettings {
    std::chrono::nanoseconds interval{};
    std::chrono::nanoseconds timeout{};
    std::chrono::nanoseconds start_period{};    ///< failures in it do not count
    std::chrono::nanoseconds start_interval{};  ///< between checks in it
};

struct HealthResult {
    Timestamp start{};
    Timestamp end{};
    int exit_code = 0;   ///< -1: it took too long
    std::string output;  ///< both streams, at most max_health_output bytes
    bool in_start_period = false;
};

/// As Docker.
inline constexpr std::size_t max_health_output = 4096;

struct HealthOptions {
    HealthSettings settings;
    Fd request;  ///< the document for the session, read from its beginning each time
    /// What became of one check; true when the container counts as starting still.
    std::function<bool(HealthResult)> report;
};

/// Never waits. The supervisor polls fd(), calls attend() when it is ready or due() has come.
class HealthCheck {
  public:
    using Clock = std::chrono::steady_clock;
    /// Starts a session that speaks with the other end of `socket`; its pid, a child of ours that
    /// is not waited for while we use the number.
    using Start = std::function<pid_t(int socket, int request)>;

    explicit HealthCheck(HealthOptions options);

    /// The container runs. A check that is under way is abandoned.
    void begin();
    /// It does not run any more.
    void end();

    int fd() const { return socket_.get(); }
    std::optional<Clock::time_point> due() const { return due_; }
    void attend(const Start& start);

  private:
    void start_check(const Start& start);
    void read_frames();
    void take_output(std::string_view bytes);
    void finish(int exit_code);
    bool in_start_period() const;

    HealthOptions options_;
    Fd socket_;   ///< of the check that is under way
    Fd session_;  ///< its process, as a pidfd
    PageBuffer buffer_;
    HealthResult result_;
    bool starting_ = true;
    Clock::time_point began_{};
    std::optional<Clock::time_point> due_;  ///< of the next check, or of the time-out of this one
};

}  // namespace skiff::monitor
