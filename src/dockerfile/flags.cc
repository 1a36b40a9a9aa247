// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/flags.h"

#include <algorithm>

#include "base/error.h"
#include "base/near_word.h"

namespace skiff::dockerfile {

const Flag* Flags::find_one(std::string_view name) {
    known_.push_back(name);
    const Flag* found = nullptr;
    for (const Flag& flag : flags_) {
        if (flag.name != name) continue;
        if (found != nullptr) {
            culprit_ = flag.word;
            throw Error(ErrorKind::invalid, "duplicate flag specified: {}", name);
        }
        found = &flag;
    }
    if (found != nullptr) culprit_ = found->word;
    return found;
}

std::string Flags::text(std::string_view name) {
    const Flag* flag = find_one(name);
    if (flag == nullptr) return {};
    if (!flag->value) throw Error(ErrorKind::invalid, "missing a value on flag: {}", name);
    return *flag->value;
}

std::vector<std::string> Flags::list(std::string_view name) {
    known_.push_back(name);
    std::vector<std::string> values;
    for (const Flag& flag : flags_) {
        if (flag.name != name) continue;
        culprit_ = flag.word;
        if (!flag.value) throw Error(ErrorKind::invalid, "missing a value on flag: {}", name);
        values.push_back(*flag.value);
    }
    return values;
}

std::optional<bool> Flags::find_truth(std::string_view name) {
    const Flag* flag = find_one(name);
    if (flag == nullptr) return std::nullopt;
    if (!flag->value || *flag->value == "true") return true;
    if (*flag->value == "false") return false;
    throw Error(ErrorKind::invalid, "expecting boolean value for flag {}, not: {}", name,
                *flag->value);
}

void Flags::not_yet(std::string_view name) {
    known_.push_back(name);
    const auto flag = std::ranges::find(flags_, name, &Flag::name);
    if (flag == flags_.end()) return;
    culprit_ = flag->word;
    throw Error(ErrorKind::unsupported, "--{} is not supported yet", name);
}

void Flags::check_all_known() const {
    for (const Flag& flag : flags_) {
        if (std::ranges::find(known_, flag.name) != known_.end()) continue;
        culprit_ = flag.word;
        const std::string_view near = near_word(flag.name, known_);
        const std::string hint = near.empty() ? "" : fmt::format(" (did you mean {}?)", near);
        throw Error(ErrorKind::invalid, "unknown flag: {}{}", flag.name, hint);
    }
    culprit_.clear();
}

}  // namespace skiff::dockerfile
