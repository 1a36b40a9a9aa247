// SPDX-License-Identifier: Apache-2.0
// Patterns over paths: Go's filepath.Match for COPY and ADD, and the one of .dockerignore with
// "**".
#pragma once

#include <cstdint>
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

    enum class Fit {
        none,
        may_fit_below,   ///< neither, but a path below this one can fit
        path_or_parent,  ///< the pattern fits the path or a directory it is in
    };
    /// One pass over `path`, which is clean too.
    Fit fit(std::string_view path) const;
    const std::string& text() const { return text_; }

    // What follows is for wildcard.cc.
    enum class Kind {
        literal,
        any_but_slash,
        one_of,
        none_of,
        star,         ///< any text without '/'
        anything,     ///< any text
        directories,  ///< nothing, or any text that ends in '/'
    };
    struct Range {
        std::uint32_t low = 0;
        std::uint32_t high = 0;
    };
    struct Token {
        Kind kind = Kind::literal;
        std::uint32_t character = 0;
        std::vector<Range> ranges{};
    };

  private:
    std::string text_;
    std::string prefix_;         ///< what every path that fits begins with
    std::vector<Token> tokens_;  ///< the rest
};

}  // namespace skiff::dockerfile
