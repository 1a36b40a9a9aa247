// SPDX-License-Identifier: Apache-2.0
#include "format/filters.h"

#include <algorithm>

#include "base/error.h"
#include "base/pattern.h"
#include "base/text.h"

namespace skiff::format {
namespace {

/// As in Docker, what is no regular expression matches nothing.
bool matches_pattern(const std::string& pattern, const std::string& text) {
    const auto compiled = Pattern::compile(pattern);
    return compiled && compiled->matches(text);
}

/// `wanted` is "key" or "key=value".
bool has_label(const std::map<std::string, std::string>& labels, std::string_view wanted) {
    const Cut parts = cut(wanted, '=');
    const auto label = labels.find(std::string(parts.before));
    return label != labels.end() && (!parts.found || label->second == parts.after);
}

}  // namespace

void Filters::add(std::string_view text) {
    if (text.empty()) return;
    const Cut parts = cut(text, '=');
    if (!parts.found) throw Error(ErrorKind::invalid, "bad format of filter (expected name=value)");
    std::vector<std::string>& values = values_[to_lower(trim(parts.before))];
    const std::string value(trim(parts.after));
    if (std::ranges::find(values, value) == values.end()) values.push_back(value);
}

const std::vector<std::string>& Filters::values(std::string_view name) const {
    static const std::vector<std::string> none;
    const auto found = values_.find(name);
    return found == values_.end() ? none : found->second;
}

void Filters::check_names(std::span<const std::string_view> names) const {
    for (const auto& [name, values] : values_)
        if (std::ranges::find(names, name) == names.end())
            throw Error(ErrorKind::invalid, "invalid filter '{}'", name);
}

bool Filters::any(std::string_view name,
                  const std::function<bool(const std::string&)>& agrees) const {
    const std::vector<std::string>& given = values(name);
    return given.empty() || std::ranges::any_of(given, agrees);
}

bool Filters::equals(std::string_view name, std::string_view text) const {
    return any(name, [&](const std::string& value) { return value == text; });
}

bool Filters::matches(std::string_view name, const std::string& text) const {
    return any(name, [&](const std::string& value) {
        return value == text || matches_pattern(value, text);
    });
}

bool Filters::match_labels(const std::map<std::string, std::string>& labels) const {
    const auto has = [&](const std::string& wanted) { return has_label(labels, wanted); };
    const bool unwanted = contains("label!") && std::ranges::all_of(values("label!"), has);
    return std::ranges::all_of(values("label"), has) && !unwanted;
}

std::optional<bool> Filters::boolean(std::string_view name) const {
    const std::vector<std::string>& given = values(name);
    if (given.empty()) return std::nullopt;
    const auto says = [&](std::string_view a, std::string_view b) {
        return std::ranges::any_of(
            given, [&](const std::string& value) { return value == a || value == b; });
    };
    const bool yes = says("true", "1");
    if (yes == says("false", "0")) refuse_filter(name, fmt::format("[{}]", join(given, " ")));
    return yes;
}

void refuse_filter(std::string_view name, std::string_view value) {
    throw Error(ErrorKind::invalid, "invalid filter '{}={}'", name, value);
}

}  // namespace skiff::format
