// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace skiff::monitor {

/// ctrl-p ctrl-q
inline constexpr std::string_view default_detach_keys = "\x10\x11";

/// Reads --detach-keys: keys separated by commas, each one character or ctrl-X with X of a-z @ [
/// \ ] ^ _. Returns the bytes that a terminal sends for them; for "" the default. Throws
/// Error{usage}.
std::string parse_detach_keys(std::string_view text);

/// Finds the detach sequence in what a user types, across reads.
class DetachKeys {
  public:
    /// `keys` are bytes; none: nothing is ever found.
    explicit DetachKeys(std::string keys) : keys_(std::move(keys)) {}

    /// Appends to `passed` what of `typed` is for the container; true when the sequence is complete
    /// (what follows it in `typed` is dropped). The beginning of a sequence is held back until it
    /// fails to go on.
    bool filter(std::string_view typed, std::string& passed);

  private:
    std::string keys_;
    std::string held_;
};

}  // namespace skiff::monitor
