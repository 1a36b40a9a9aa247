// SPDX-License-Identifier: Apache-2.0
// --filter NAME=VALUE, as often as one likes: Docker's filters.Args.
//
// Values of one name are alternatives, except for labels, which must all be there; different names
// must all agree. A name that was not given agrees with everything.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::format {

class Filters {
  public:
    /// One --filter as typed; names are taken in lower case, "label!=x" has the name "label!".
    /// Throws Error{invalid} where there is no '='. An empty text is none.
    void add(std::string_view text);

    bool empty() const { return values_.empty(); }
    bool contains(std::string_view name) const { return !values(name).empty(); }
    /// In the order given, without duplicates.
    const std::vector<std::string>& values(std::string_view name) const;

    /// Throws Error{invalid} for a name that is not among `names`: "invalid filter 'x'".
    void check_names(std::span<const std::string_view> names) const;

    /// One of the values is `text`.
    bool equals(std::string_view name, std::string_view text) const;
    /// One of the values is `text` or, read as a regular expression (POSIX extended, with \d),
    /// matches a part of it.
    bool matches(std::string_view name, const std::string& text) const;
    /// `agrees` says so of one of the values.
    bool any(std::string_view name, const std::function<bool(const std::string&)>& agrees) const;
    /// Every label of "label" is there, as "key" or as "key=value", and not every one of "label!".
    bool match_labels(const std::map<std::string, std::string>& labels) const;
    /// "true" or "1", "false" or "0"; nothing when not given. Throws Error{invalid} for anything
    /// else, and for both at once.
    std::optional<bool> boolean(std::string_view name) const;

  private:
    std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

/// "invalid filter 'status=x'".
[[noreturn]] void refuse_filter(std::string_view name, std::string_view value);

}  // namespace skiff::format
