// SPDX-License-Identifier: Apache-2.0
// From the command line to the monitor of one container: a process in new namespaces that executes
// the sealed binary.
#pragma once

#include "base/fd.h"
#include "base/file_lock.h"
#include "base/process.h"
#include "engine/container/record.h"
#include "engine/engine.h"

namespace skiff::engine {

/// What the monitor's command line says; the descriptors have fixed numbers.
struct MonitorArguments {
    std::string root;
    std::string run_root;
    std::string id;
    bool rootless = false;
    bool timing = false;
    bool strict = false;
    /// It begins with the caller's 0, 1 and 2, for the program to have (log driver passthrough).
    /// Not on the command line: the record says it.
    bool keep_streams = false;
    /// Listeners for ports that the caller was started with, in the order of the record: in the
    /// command its own numbers, in the monitor those from monitor_listener_fd on.
    std::vector<int> listeners = {};
    /// Descriptors of the caller for the program (--preserve-fds): in the command its own numbers;
    /// in the monitor they follow the listeners, and these are the numbers they had.
    std::vector<int> preserved = {};
    std::string cgroups;  ///< runtime::to_word of the container's groups; empty: none
    /// The memory of our command line, for whoever may be seen from a container (--init).
    std::span<char> command_line = {};
};
inline constexpr int monitor_client_fd = 3;    ///< the socket to the command that started it
inline constexpr int monitor_lock_fd = 4;      ///< the container's lock, held
inline constexpr int monitor_listener_fd = 5;  ///< the first of MonitorArguments::listeners
inline constexpr std::string_view monitor_program_name = "skiff-monitor";

std::vector<std::string> to_words(const MonitorArguments& arguments,
                                  std::string_view program = monitor_program_name);
/// Also wipes the words after the id from the command line: where the store lies is nobody's
/// business that sees this process.
MonitorArguments parse_monitor_arguments(int argc, char** argv);

/// A limit on processes counts those of one user in one user namespace: such a container has its
/// own, and lends it to nobody, not even to one that would join its other namespaces.
bool has_process_limit(const ContainerRecord& record);
/// That, or root of the container may write to /proc/sys/user, whose limits are those of everybody
/// in the user namespace: it is shared with nobody but containers that name this one.
bool wants_own_namespace(const ContainerRecord& record);

/// Starts the monitor of `record` and hands it the lock. Returns the client's end of its socket;
/// the first frame is the monitor's.
///
/// Rootless the monitor's user namespace is that of a running container where there is one with the
/// same maps (0.02 ms), else a new one (1.5 ms). Throws what making a user namespace throws.
Fd start_monitor(const Engine& engine, const ContainerRecord& record, FileLock lock);

}  // namespace skiff::engine
