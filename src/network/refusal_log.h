// SPDX-License-Identifier: Apache-2.0
// What egress= refused, told to the monitor, which keeps it: enough to see what a container tried,
// never so much that a container which tries all the time costs anything.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace skiff::network {

/// A line for each thing that was refused, at most once a minute, and at most `burst` lines at a
/// time, then one every 100 ms. How many were left out is told with the next line.
class RefusalLog {
  public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds repeat_interval{60};
    static constexpr unsigned burst = 100;
    static constexpr std::chrono::milliseconds line_interval{100};
    static constexpr std::size_t most_remembered = 256;

    /// `write` takes a line without its end; false: it could not, which counts as left out.
    explicit RefusalLog(std::function<bool(const std::string&)> write);
    /// `what`: "tcp 192.0.2.7:443", "name example.org".
    void note(const std::string& what, Time now);

  private:
    bool has_room(Time now);

    std::function<bool(const std::string&)> write_;
    std::map<std::string, Time> told_;
    std::uint64_t left_out_ = 0;
    unsigned room_ = burst;
    Time refilled_{};
};

}  // namespace skiff::network
