// SPDX-License-Identifier: Apache-2.0
// What the user asked of `exec`, and how it travels to the session that runs it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace skiff::engine {

struct ExecRequest {
    std::vector<std::string> command;
    std::vector<std::string> environment;  ///< "K=V" in order; "K" alone removes K
    std::string user;                      ///< "" : the container's own
    std::string working_directory;         ///< "" : the container's own
    bool interactive = false;              ///< -i
    bool tty = false;                      ///< -t
    bool privileged = false;               ///< all capabilities that there are
    bool dies_with_session = false;        ///< a health check, which is given up after its time
};

/// The longest document, in bytes: the kernel takes no longer command line than a quarter of this.
inline constexpr std::size_t exec_request_limit = 8U << 20U;

std::string to_document(const ExecRequest& request);
/// The document as a file in memory: command lines are longer than a frame, and nobody else may
/// read them. Throws SystemError, Error{invalid} when it is too long.
Fd to_memory_file(const ExecRequest& request);
/// Throws Error{invalid}.
ExecRequest parse_exec_request(std::string_view text);

}  // namespace skiff::engine
