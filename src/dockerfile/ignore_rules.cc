// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/ignore_rules.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace skiff::dockerfile {
namespace {

/// Go's filepath.Clean of a path from the root, without the leading '/': ".." goes up and never
/// above. The root itself is "".
std::string clean(std::string_view pattern) {
    std::vector<std::string_view> names;
    bool up = false;  // a relative path that leaves the context fits nothing
    for (const std::string_view name : split(pattern, '/')) {
        if (name.empty() || name == ".") continue;
        if (name != "..") {
            names.push_back(name);
        } else if (!names.empty() && names.back() != "..") {
            names.pop_back();
        } else if (!pattern.starts_with('/')) {
            names.push_back(name);
            up = true;
        }
    }
    if (up) return "..";
    std::string cleaned;
    for (const std::string_view name : names) {
        if (!cleaned.empty()) cleaned += '/';
        cleaned += name;
    }
    return cleaned;
}

}  // namespace

void IgnoreRules::add(std::string_view line) {
    std::string_view pattern = trim(line);
    const bool include = pattern.starts_with('!');
    if (include) pattern = trim(pattern.substr(1));
    if (pattern.empty()) {
        if (include)
            throw Error(ErrorKind::invalid, std::string("illegal exclusion pattern: \"!\""));
        return;
    }
    const std::string cleaned = clean(pattern);
    // "." and "/" fit nothing: the context is there in any case.
    if (cleaned.empty()) return;
    rules_.push_back({PathPattern(cleaned), include});
    has_includes_ = has_includes_ || include;
}

IgnoreRules IgnoreRules::parse(std::string_view text, std::string_view file_name) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    IgnoreRules rules;
    size_t number = 0;
    for (const std::string_view line : split(text, '\n')) {
        ++number;
        if (line.starts_with('#')) continue;
        with_context([&] { rules.add(line); }, "{}:{}", file_name, number);
    }
    return rules;
}

IgnoreRules IgnoreRules::from_patterns(const std::vector<std::string>& patterns) {
    IgnoreRules rules;
    for (const std::string& pattern : patterns) rules.add(pattern);
    return rules;
}

bool IgnoreRules::excludes(std::string_view path) const {
    bool excluded = false;
    for (const Rule& rule : rules_) {
        // Only what would change the answer is looked at.
        if (rule.include != excluded) continue;
        if (rule.pattern.fit(path) == PathPattern::Fit::path_or_parent) excluded = !rule.include;
    }
    return excluded;
}

bool IgnoreRules::may_contain_included(std::string_view directory) const {
    if (!has_includes_) return false;
    return std::ranges::any_of(rules_, [&](const Rule& rule) {
        return rule.include && rule.pattern.fit(directory) != PathPattern::Fit::none;
    });
}

}  // namespace skiff::dockerfile
