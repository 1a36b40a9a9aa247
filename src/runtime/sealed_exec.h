// SPDX-License-Identifier: Apache-2.0
// Running our own binary again from a file that no container can write (CVE-2019-5736).
#pragma once

#include <string>
#include <vector>

namespace skiff::runtime {

/// Replaces this process by skiff itself, executed from a read-only clone of its mount, or where
/// the kernel cannot make one from a sealed copy in memory. The caller is root of its own mount
/// namespace. The environment is empty but for PATH. Descriptors without close-on-exec stay.
/// Returns only by throwing SystemError.
[[noreturn]] void exec_sealed_self(const std::vector<std::string>& arguments);

/// True when /proc/self/exe cannot be opened for writing by anybody through its own mount: what a
/// role that enters container namespaces asserts first.
bool runs_sealed();

}  // namespace skiff::runtime
