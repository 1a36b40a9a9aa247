// SPDX-License-Identifier: Apache-2.0
#include "monitor/detach_keys.h"

#include "base/error.h"
#include "base/text.h"

namespace skiff::monitor {

std::string parse_detach_keys(std::string_view text) {
    if (text.empty()) return std::string(default_detach_keys);
    constexpr std::string_view control = "ctrl-";
    constexpr std::string_view others = "@[\\]^_";
    std::string keys;
    for (const std::string_view key : split(text, ',')) {
        if (key.size() == 1) {
            keys += key[0];
            continue;
        }
        const char c = key.size() == control.size() + 1 ? to_lower(key)[control.size()] : '\0';
        if (!to_lower(key).starts_with(control) ||
            !((c >= 'a' && c <= 'z') || (c != '\0' && others.find(c) != std::string_view::npos)))
            throw Error(ErrorKind::usage, "invalid detach keys ({}): unknown key '{}'", text, key);
        keys += static_cast<char>(c & 0x1f);
    }
    return keys;
}

bool DetachKeys::filter(std::string_view typed, std::string& passed) {
    if (keys_.empty()) {
        passed += typed;
        return false;
    }
    for (const char c : typed) {
        held_ += c;
        while (!keys_.starts_with(held_)) {
            passed += held_[0];
            held_.erase(0, 1);
        }
        if (held_ == keys_) {
            held_.clear();
            return true;
        }
    }
    return false;
}

}  // namespace skiff::monitor
