// SPDX-License-Identifier: Apache-2.0
// Regular expressions as people write them for Docker, which has Go's: matched by the C library's
// extended ones, which agree on all but the syntax that begins with "(?".
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace skiff {

class Pattern {
  public:
    /// Nothing when `text` is no regular expression.
    static std::optional<Pattern> compile(const std::string& text);
    /// Anywhere in `text`.
    bool matches(const std::string& text) const;

  private:
    struct Compiled;
    explicit Pattern(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
    std::shared_ptr<const Compiled> compiled_;
};

}  // namespace skiff
