// SPDX-License-Identifier: Apache-2.0
#include "base/pattern.h"

#include <string_view>

#include <regex.h>

namespace skiff {
namespace {

/// Go's \d, which POSIX lacks; the other classes (\w, \s, \b) are in the C library.
std::string posix_pattern(std::string_view pattern) {
    std::string text;
    for (size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] != '\\' || i + 1 == pattern.size()) {
            text += pattern[i];
            continue;
        }
        ++i;
        if (pattern[i] == 'd') {
            text += "[0-9]";
        } else {
            text += {'\\', pattern[i]};
        }
    }
    return text;
}

}  // namespace

struct Pattern::Compiled {
    Compiled() = default;
    Compiled(const Compiled&) = delete;
    Compiled& operator=(const Compiled&) = delete;
    ~Compiled() {
        if (valid) regfree(&expression);
    }
    regex_t expression{};
    bool valid = false;
};

std::optional<Pattern> Pattern::compile(const std::string& text) {
    auto compiled = std::make_shared<Compiled>();
    if (regcomp(&compiled->expression, posix_pattern(text).c_str(), REG_EXTENDED | REG_NOSUB) != 0)
        return std::nullopt;
    compiled->valid = true;
    return Pattern(std::move(compiled));
}

bool Pattern::matches(const std::string& text) const {
    return regexec(&compiled_->expression, text.c_str(), 0, nullptr, 0) == 0;
}

}  // namespace skiff
