// SPDX-License-Identifier: Apache-2.0
#include "engine/image/dockerfile_words.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Reads one line from left to right.
class WordReader {
  public:
    WordReader(std::string_view text, const std::vector<std::string>& environment)
        : rest_(text), environment_(environment) {}

    std::vector<std::string> read() {
        std::vector<std::string> words;
        for (;;) {
            while (!rest_.empty() && is_blank(rest_.front())) take();
            if (rest_.empty()) return words;
            std::string word;
            while (!rest_.empty() && !is_blank(rest_.front())) read_part(word);
            words.push_back(std::move(word));
        }
    }

  private:
    char take() {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    void read_part(std::string& word) {
        switch (const char c = take()) {
            case '\'':
                return read_single_quotes(word);
            case '"':
                return read_double_quotes(word);
            case '$':
                return read_variable(word);
            case '\\':
                if (!rest_.empty()) word += take();
                return;
            default:
                word += c;
        }
    }

    void read_single_quotes(std::string& word) {
        const size_t end = rest_.find('\'');
        if (end == std::string_view::npos)
            throw Error(ErrorKind::invalid, std::string("a quote is not closed"));
        word += rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
    }

    void read_double_quotes(std::string& word) {
        while (!rest_.empty()) {
            const char c = take();
            if (c == '"') return;
            if (c == '$') {
                read_variable(word);
            } else if (c == '\\' && !rest_.empty() &&
                       (rest_[0] == '"' || rest_[0] == '\\' || rest_[0] == '$')) {
                word += take();
            } else {
                word += c;
            }
        }
        throw Error(ErrorKind::invalid, std::string("a quote is not closed"));
    }

    void read_variable(std::string& word) {
        if (!rest_.empty() && rest_.front() == '{') {
            const size_t end = rest_.find('}');
            if (end == std::string_view::npos)
                throw Error(ErrorKind::invalid, std::string("'${' is not closed"));
            const std::string_view inner = rest_.substr(1, end - 1);
            rest_.remove_prefix(end + 1);
            word += expand(inner);
            return;
        }
        const size_t length =
            static_cast<size_t>(std::ranges::find_if_not(rest_, is_name) - rest_.begin());
        if (length == 0) {
            word += '$';
            return;
        }
        word += value(rest_.substr(0, length));
        rest_.remove_prefix(length);
    }

    std::string expand(std::string_view inner) const {
        const Cut parts = cut(inner, ':');
        if (parts.before.empty() || !std::ranges::all_of(parts.before, is_name))
            throw Error(ErrorKind::invalid, "{} is no variable", skiff::quoted(inner));
        std::string found = value(parts.before);
        if (!parts.found) return found;
        if (parts.after.starts_with('-'))
            return found.empty() ? std::string(parts.after.substr(1)) : found;
        if (parts.after.starts_with('+'))
            return found.empty() ? found : std::string(parts.after.substr(1));
        throw Error(ErrorKind::invalid, "the modifier of {} is not supported",
                    skiff::quoted(inner));
    }

    std::string value(std::string_view name) const {
        for (const std::string& entry : environment_)
            if (const Cut parts = cut(entry, '='); parts.before == name)
                return std::string(parts.after);
        return {};
    }

    std::string_view rest_;
    const std::vector<std::string>& environment_;
};

}  // namespace

std::vector<std::string> dockerfile_words(std::string_view text,
                                          const std::vector<std::string>& environment) {
    return WordReader(text, environment).read();
}

std::optional<std::vector<std::string>> json_words(std::string_view text) {
    if (!text.starts_with('[')) return std::nullopt;
    try {
        const Json list = parse_json(text, "the list");
        std::vector<std::string> words;
        for (const Json& word : list) {
            if (!word.is_string()) return std::nullopt;
            words.push_back(word.get<std::string>());
        }
        return words;
    } catch (const Error&) {
        return std::nullopt;  // "[ -f x ] && …" is a shell's command
    }
}

std::optional<long long> parse_go_duration(std::string_view text) {
    struct Unit {
        std::string_view name;
        double nanoseconds;
    };
    // Longer names first: "ms" begins with "m".
    constexpr std::array units = {Unit{"ns", 1},    Unit{"us", 1e3}, Unit{"µs", 1e3},
                                  Unit{"ms", 1e6},  Unit{"s", 1e9},  Unit{"m", 60e9},
                                  Unit{"h", 3600e9}};
    if (text == "0") return 0;
    if (text.empty()) return std::nullopt;
    double sum = 0;
    while (!text.empty()) {
        const size_t length = std::min(text.find_first_not_of("0123456789."), text.size());
        double number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + length, number);
        if (length == 0 || error != std::errc{} || end != text.data() + length) return std::nullopt;
        text.remove_prefix(length);
        const auto unit =
            std::ranges::find_if(units, [&](const Unit& u) { return text.starts_with(u.name); });
        if (unit == units.end()) return std::nullopt;
        text.remove_prefix(unit->name.size());
        sum += number * unit->nanoseconds;
    }
    if (sum > 9.2e18) return std::nullopt;
    return std::llround(sum);
}

}  // namespace skiff::engine
