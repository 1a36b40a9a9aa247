// SPDX-License-Identifier: Apache-2.0
// The one exception family of skiff.
//
// Thrown at the failing call, naming the act and the object; callers prepend what only they know
// with `with_context`; printed once, at the top (cli), or recorded once (monitor). Never log and
// throw.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

namespace skiff {

/// What went wrong, as far as a caller may branch on it. cli/exit_code.h maps it to an exit status.
enum class ErrorKind {
    usage,            ///< the command line is wrong
    invalid,          ///< a value (flag, file, archive, image) is malformed
    not_found,        ///< a named object does not exist
    conflict,         ///< a name is taken, or flags exclude each other
    in_use,           ///< the object is in use (running container, image of a container)
    unsupported,      ///< skiff or this machine cannot do it
    denied,           ///< permission
    cannot_execute,   ///< the container's program was found but cannot be executed (exit 126)
    command_missing,  ///< the container's program was not found (exit 127)
    system,           ///< a system call failed
};

std::string_view to_string(ErrorKind kind);
/// The inverse of to_string; unknown text is `system` (an older reader meets a newer monitor).
ErrorKind error_kind_from(std::string_view text);

class Error : public std::exception {
  public:
    Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

    template <typename... Args>
        requires(sizeof...(Args) > 0)
    Error(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args)
        : Error(kind, fmt::vformat(format, fmt::make_format_args(args...))) {}

    ErrorKind kind() const { return kind_; }
    const std::string& message() const { return message_; }
    const char* what() const noexcept override { return message_.c_str(); }

    /// "context: message"; used by with_context.
    void prepend(std::string_view context);

  private:
    ErrorKind kind_;
    std::string message_;
};

/// An Error that came from a system call; the message ends in strerror(errno_value).
class SystemError : public Error {
  public:
    template <typename... Args>
    SystemError(int errno_value, fmt::format_string<Args...> format, Args&&... args)
        : SystemError(errno_value, Text{fmt::vformat(format, fmt::make_format_args(args...))}) {}

    int errno_value() const { return errno_; }

  private:
    struct Text {
        std::string text;
    };
    SystemError(int errno_value, Text text);
    int errno_;
};

/// Text of an errno value ("No such file or directory"), without locale and thread-safe.
std::string errno_text(int errno_value);

/// Runs `act`; an Error that leaves it gets "context: " in front.
template <typename Act, typename... Args>
decltype(auto) with_context(Act&& act, fmt::format_string<Args...> format, Args&&... args) {
    try {
        return std::forward<Act>(act)();
    } catch (Error& error) {
        error.prepend(fmt::vformat(format, fmt::make_format_args(args...)));
        throw;
    }
}

/// Runs `act` when the scope ends, unless released. `act` must not throw.
template <typename Act>
class [[nodiscard]] ScopeExit {
  public:
    explicit ScopeExit(Act act) : act_(std::move(act)) {}
    ScopeExit(const ScopeExit&) = delete;
    ScopeExit& operator=(const ScopeExit&) = delete;
    ~ScopeExit() {
        if (armed_) act_();
    }
    void release() { armed_ = false; }

  private:
    Act act_;
    bool armed_ = true;
};

}  // namespace skiff
