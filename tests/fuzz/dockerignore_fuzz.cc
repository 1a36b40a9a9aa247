// SPDX-License-Identifier: Apache-2.0
// Patterns: the first line is a path, the rest a .dockerignore. What the rules say of a path agrees
// with what they say of its directories.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/ignore_rules.h"
#include "dockerfile/wildcard.h"

using namespace skiff;
using namespace skiff::dockerfile;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

std::string clean(std::string_view path) {
    std::string cleaned;
    for (const std::string_view name : split(path, '/')) {
        if (name.empty() || name == "." || name == "..") continue;
        if (!cleaned.empty()) cleaned += '/';
        cleaned += name;
    }
    return cleaned;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const Cut parts = cut({reinterpret_cast<const char*>(data), size}, '\n');
    const std::string path = clean(parts.before.substr(0, 512));
    try {
        const bool fits = match_wildcard(parts.after.substr(0, 512), path);
        require(!fits || !path.empty() || parts.after.find_first_not_of('*') != 0);
    } catch (const Error&) {
    }
    try {
        const IgnoreRules rules = IgnoreRules::parse(parts.after.substr(0, 4096), "f");
        if (path.empty()) return 0;
        const bool excluded = rules.excludes(path);
        // A walk that leaves out what it may reaches every path that is included.
        for (size_t end = path.find('/'); end != std::string::npos; end = path.find('/', end + 1)) {
            const std::string_view directory = std::string_view(path).substr(0, end);
            if (rules.excludes(directory) && !excluded)
                require(rules.may_contain_included(directory));
        }
    } catch (const Error&) {
    }
    return 0;
}
