// SPDX-License-Identifier: Apache-2.0
// Compiled seccomp programs, kept as files. libseccomp takes milliseconds, a file some
// microseconds.
//
// A file is "skiffbpf", version and count of instructions (32 bits each), SHA-256 of the key,
// SHA-256 of the instructions, then these, in the byte order of the machine. Its name is the key's
// SHA-256 in hexadecimal digits.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <linux/filter.h>

namespace skiff::runtime {

class ProgramCache {
  public:
    /// `directory` need not exist.
    explicit ProgramCache(std::string directory) : directory_(std::move(directory)) {}

    /// Nothing when absent, or in any doubt: wrong owner or mode, cut off, another key, a sum that
    /// differs.
    std::optional<std::vector<sock_filter>> find(std::string_view key) const;
    /// Replaces what is kept under `key`. Best effort: a full or read-only disk keeps nothing,
    /// silently.
    void keep(std::string_view key, std::span<const sock_filter> program) const;
    /// The path of a key's file.
    std::string path_of(std::string_view key) const;

  private:
    std::string directory_;
};

}  // namespace skiff::runtime
