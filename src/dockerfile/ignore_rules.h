// SPDX-License-Identifier: Apache-2.0
// .dockerignore, as moby/patternmatcher reads it.
//
// A line is a pattern from the context's root: '#' at its very beginning makes it a comment, blanks
// around it go, it is cleaned as a path ("/a/./b/" is "a/b"), '!' before it takes matches back in.
// '*' and '?' stop at '/', "**" does not. A pattern that fits a directory fits everything below.
// The last line that fits a path decides.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/wildcard.h"

namespace skiff::dockerfile {

class IgnoreRules {
  public:
    IgnoreRules() = default;
    /// Throws Error{invalid} with `file_name`, line and pattern for a bad one. A UTF-8 byte order
    /// mark and CR before LF are allowed.
    static IgnoreRules parse(std::string_view text, std::string_view file_name);
    /// The same from a list: COPY --exclude.
    static IgnoreRules from_patterns(const std::vector<std::string>& patterns);

    /// Whether `path` (relative to the context, '/' between names, no '.' or '..') is left out, for
    /// itself or with a directory it is in. The context's own root ("") never is.
    bool excludes(std::string_view path) const;

    /// Whether something below `directory` may be included although the directory itself is
    /// excluded: false lets a walk leave the directory out unread. Never false wrongly.
    bool may_contain_included(std::string_view directory) const;

    bool empty() const { return rules_.empty(); }

  private:
    struct Rule {
        PathPattern pattern;
        bool include = false;  ///< '!'
    };
    void add(std::string_view pattern);
    std::vector<Rule> rules_;
    bool has_includes_ = false;
};

}  // namespace skiff::dockerfile
