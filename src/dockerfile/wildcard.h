// SPDX-License-Identifier: Apache-2.0
// Patterns over paths: Go's filepath.Match for COPY and ADD, and the one of .dockerignore with
// "**".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace skiff::dockerfile {

/// Whether `text` has a character that makes it a pattern: '*', '?', '[' or '\\'.
bool has_wildcard(std::string_view text);

/// Go's filepath.Match on Unix: '*' is any text without '/', '?' a character but '/', [a-z] and
/// [^a-z] classes, '\\' makes the next one ordinary. The whole of `text` has to fit. Throws
/// Error{invalid}
/// ("syntax error in pattern") for a bad pattern, whether or not its good part fits.
bool match_wildcard(std::string_view pattern, std::string_view text);

/// Throws as match_wildcard does.
void check_wildcard(std::string_view pattern);

/// A pattern of .dockerignore: as above, and "**" is any number of directories.
class PathPattern {
  public:
    /// `pattern` is clean: no leading or trailing '/', no "." or "..". Throws Error{invalid}.
    explicit PathPattern(std::string_view pattern);

    bool matches(std::string_view path) const;
    /// Whether `matches` can be true for a path below `directory`.
    bool may_match_below(std::string_view directory) const;
    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

}  // namespace skiff::dockerfile
