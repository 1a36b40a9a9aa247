// SPDX-License-Identifier: Apache-2.0
// The --flags of one instruction: each that stands there has to be asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/words.h"

namespace skiff::dockerfile {

class Flags {
  public:
    /// `culprit` receives the flag that an error is about.
    Flags(std::vector<Flag> flags, std::string& culprit)
        : flags_(std::move(flags)), culprit_(culprit) {}

    /// The value of --name, "" when it is absent. Throws Error{invalid} when it has none or is
    /// there twice.
    std::string text(std::string_view name);
    /// All values of a flag that may be repeated.
    std::vector<std::string> list(std::string_view name);
    /// --name or --name=true.
    bool truth(std::string_view name) { return find_truth(name).value_or(false); }
    /// The same; nothing when it is absent.
    std::optional<bool> find_truth(std::string_view name);
    /// Throws Error{unsupported} when --name is there.
    void not_yet(std::string_view name);
    /// Throws Error{invalid} for flags that nobody asked for, with the nearest one.
    void check_all_known() const;

  private:
    const Flag* find_one(std::string_view name);

    std::vector<Flag> flags_;
    std::vector<std::string_view> known_;
    std::string& culprit_;
};

}  // namespace skiff::dockerfile
