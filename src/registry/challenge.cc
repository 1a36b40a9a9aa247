// SPDX-License-Identifier: Apache-2.0
#include "registry/challenge.h"

#include <optional>

#include "base/text.h"

namespace skiff::registry {
namespace {

constexpr size_t max_length = 8U << 10U;
constexpr size_t max_challenges = 16;
constexpr size_t max_parameters = 32;

/// token (RFC 9110, 5.6.2).
bool is_token_character(char c) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != others.npos;
}

class Scanner {
  public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    bool at_end() const { return rest_.empty(); }
    void skip_blanks() {
        while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t')) rest_.remove_prefix(1);
    }
    void skip_separators() {
        while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == ','))
            rest_.remove_prefix(1);
    }
    bool skip(char c) {
        if (rest_.empty() || rest_[0] != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    std::string_view token() {
        size_t length = 0;
        while (length < rest_.size() && is_token_character(rest_[length])) ++length;
        const std::string_view result = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return result;
    }
    /// A token or a quoted string; nothing when it does not end.
    std::optional<std::string> value() {
        if (!skip('"')) return std::string(token());
        std::string result;
        while (!rest_.empty()) {
            char c = rest_[0];
            rest_.remove_prefix(1);
            if (c == '"') return result;
            if (c == '\\' && !rest_.empty()) {
                c = rest_[0];
                rest_.remove_prefix(1);
            }
            result += c;
        }
        return std::nullopt;
    }
    /// Whether "name=" follows, blanks allowed, as opposed to the next scheme.
    std::optional<std::string> parameter_name() {
        const std::string_view before = rest_;
        std::string name = to_lower(token());
        skip_blanks();
        if (!name.empty() && skip('=')) {
            skip_blanks();
            return name;
        }
        rest_ = before;
        return std::nullopt;
    }

  private:
    std::string_view rest_;
};

}  // namespace

std::string Challenge::parameter(const std::string& name) const {
    const auto found = parameters.find(name);
    return found == parameters.end() ? "" : found->second;
}

std::vector<Challenge> parse_challenges(std::string_view text) {
    std::vector<Challenge> challenges;
    Scanner scanner(text.substr(0, max_length));
    for (scanner.skip_separators(); !scanner.at_end() && challenges.size() < max_challenges;
         scanner.skip_separators()) {
        Challenge challenge{to_lower(scanner.token()), {}};
        if (challenge.scheme.empty()) return challenges;
        scanner.skip_blanks();
        while (auto name = scanner.parameter_name()) {
            auto value = scanner.value();
            if (!value || challenge.parameters.size() == max_parameters) return challenges;
            challenge.parameters.emplace(*std::move(name), *std::move(value));
            scanner.skip_separators();
        }
        challenges.push_back(std::move(challenge));
    }
    return challenges;
}

}  // namespace skiff::registry
