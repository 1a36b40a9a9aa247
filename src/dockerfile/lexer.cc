// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/lexer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/shell_pattern.h"

namespace skiff::dockerfile {
namespace {

constexpr int max_depth = 100;
constexpr size_t max_result = size_t{16} << 20U;
constexpr char no_stop = '\0';

bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}
/// What a shell has in $@, $? and so on: names here too, of variables that nobody can set.
bool is_special(char c) {
    return std::string_view("@*#?-$!").find(c) != std::string_view::npos;
}

[[noreturn]] void fail(std::string message) {
    throw Error(ErrorKind::invalid, std::move(message));
}

/// Collects words between unquoted blanks. An empty one is none, quoted or not.
class WordList {
  public:
    void add(char c) {
        if (!is_blank(c)) {
            word_ += c;
        } else if (!word_.empty()) {
            words_.push_back(std::exchange(word_, {}));
        }
    }
    void add(std::string_view text) {
        for (const char c : text) add(c);
    }
    void add_quoted(std::string_view text) { word_ += text; }
    std::vector<std::string> take() {
        if (!word_.empty()) words_.push_back(std::exchange(word_, {}));
        return std::move(words_);
    }

  private:
    std::string word_;
    std::vector<std::string> words_;
};

class Lexer {
  public:
    Lexer(std::string_view source, const Variables& variables, LexerOptions options)
        : rest_(source), variables_(variables), options_(options) {}

    Lexed read() {
        WordList words;
        Lexed lexed;
        lexed.text = read_until(no_stop, options_.keep_escapes, options_.split ? &words : nullptr);
        lexed.words = words.take();
        return lexed;
    }

  private:
    char take() {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }
    bool at(char c) const { return !rest_.empty() && rest_.front() == c; }

    void bound(size_t size) const {
        if (size > max_result) fail(fmt::format("the result is longer than {} bytes", max_result));
    }

    std::string read_until(char stop, bool keep_escapes, WordList* words) {
        const bool escapes_before = std::exchange(keep_escapes_, keep_escapes);
        const ScopeExit restore([&] { keep_escapes_ = escapes_before; });
        std::string result;
        while (!rest_.empty()) {
            const char c = rest_.front();
            if (stop != no_stop && c == stop) {
                take();
                return result;
            }
            if (c == '$') {
                const std::string value = read_dollar();
                result += value;
                if (words != nullptr) words->add(value);
            } else if (!options_.plain_quotes && (c == '\'' || c == '"')) {
                const std::string value = c == '"' ? read_double_quotes() : read_single_quotes();
                result += value;
                if (words != nullptr) words->add_quoted(value);
            } else if (c == variables_.escape) {
                read_escape(result, words);
            } else {
                take();
                result += c;
                if (words != nullptr) words->add(c);
            }
            bound(result.size());
        }
        if (stop != no_stop)
            fail(fmt::format("unexpected end of statement while looking for matching {}", stop));
        return result;
    }

    /// The next character as it is; an escape at the end is nothing.
    void read_escape(std::string& result, WordList* words) {
        std::string taken;
        const char escape = take();
        if (keep_escapes_) taken += escape;
        if (!rest_.empty()) taken += take();
        result += taken;
        if (words != nullptr) words->add_quoted(taken);
    }

    std::string read_single_quotes() {
        const size_t end = rest_.find('\'', 1);
        if (end == std::string_view::npos)
            fail("unexpected end of statement while looking for matching single-quote");
        std::string result(options_.keep_quotes ? rest_.substr(0, end + 1)
                                                : rest_.substr(1, end - 1));
        rest_.remove_prefix(end + 1);
        return result;
    }

    std::string read_double_quotes() {
        std::string result;
        if (const char quote = take(); options_.keep_quotes) result += quote;
        for (;;) {
            if (rest_.empty())
                fail("unexpected end of statement while looking for matching double-quote");
            if (at('$')) {
                result += read_dollar();
                bound(result.size());
                continue;
            }
            const char c = take();
            if (c == '"') {
                if (options_.keep_quotes) result += c;
                return result;
            }
            if (c != variables_.escape) {
                result += c;
                continue;
            }
            if (keep_escapes_) result += c;
            // Before anything else the escape is a character like others.
            if (at('"') || at('$') || at(variables_.escape)) {
                result += take();
            } else if (!rest_.empty() && !keep_escapes_) {
                result += c;
            }
        }
    }

    std::string_view read_name() {
        size_t length = 0;
        if (!rest_.empty() && is_special(rest_[0])) {
            length = 1;
        } else {
            const auto belongs = !rest_.empty() && is_digit(rest_[0]) ? is_digit : is_name;
            length = static_cast<size_t>(std::ranges::find_if_not(rest_, belongs) - rest_.begin());
        }
        const std::string_view name = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return name;
    }

    std::optional<std::string> find(std::string_view name) const {
        return variables_.lookup ? variables_.lookup(name) : std::nullopt;
    }

    std::string value_of(std::string_view name, std::string_view as_written) const {
        if (auto value = find(name)) return *std::move(value);
        if (options_.skip_unset) return std::string(as_written);
        if (variables_.undefined != nullptr) variables_.undefined->emplace_back(name);
        return {};
    }

    std::string read_dollar() {
        const std::string_view start = rest_;
        const auto as_written = [&] { return start.substr(0, start.size() - rest_.size()); };
        take();
        if (!at('{')) {
            const std::string_view name = read_name();
            return name.empty() ? "$" : value_of(name, as_written());
        }
        take();
        if (rest_.empty()) fail("syntax error: missing '}'");
        if (at('{') || at('}') || at(':')) fail("syntax error: bad substitution");
        if (++depth_ > max_depth)
            fail(fmt::format("variables are nested deeper than {} levels", max_depth));
        const ScopeExit leave([&] { --depth_; });
        const std::string_view name = read_name();
        if (at('}')) {
            take();
            return value_of(name, as_written());
        }
        return read_modifier(name, start);
    }

    /// Behind the name in "${name", up to the closing brace.
    std::string read_modifier(std::string_view name, std::string_view start) {
        bool empty_is_unset = false;
        std::string modifier;
        if (at(':')) {
            modifier += take();
            empty_is_unset = true;
        }
        if (!rest_.empty()) modifier += take();
        const char kind = modifier.empty() || modifier == ":" ? no_stop : modifier.back();
        if (kind == no_stop) fail("syntax error: missing '}'");
        if (kind == '/' && !empty_is_unset) return read_replacement(name, start);
        if (std::string_view("+-?#%").find(kind) == std::string_view::npos)
            fail(fmt::format("unsupported modifier ({}) in substitution", modifier));
        const bool is_pattern = kind == '#' || kind == '%';
        std::string word = read_operand('}', is_pattern);
        const std::optional<std::string> value = find(name);
        if (!value && options_.skip_unset)
            return std::string(start.substr(0, start.size() - rest_.size()));
        const bool counts_as_set = value && !(empty_is_unset && value->empty());
        switch (kind) {
            case '-':
                return counts_as_set ? *value : word;
            case '+':
                return counts_as_set ? word : std::string();
            case '?':
                if (counts_as_set) return *value;
                if (word.empty())
                    word = value ? "is not allowed to be empty" : "is not allowed to be unset";
                fail(fmt::format("{}: {}", name, word));
            default:
                return without_part(kind, value.value_or(""), word);
        }
    }

    std::string without_part(char kind, std::string_view value, std::string_view pattern) const {
        MatchLength length = MatchLength::shortest;
        if (pattern.starts_with(kind)) {
            pattern.remove_prefix(1);
            length = MatchLength::longest;
        }
        return kind == '#' ? without_prefix(value, pattern, length, variables_.escape)
                           : without_suffix(value, pattern, length, variables_.escape);
    }

    std::string read_replacement(std::string_view name, std::string_view start) {
        Replace which = Replace::first;
        if (at('/')) {
            take();
            which = Replace::all;
        }
        const std::string pattern = read_operand('/', true);
        const std::string replacement = read_operand('}', true);
        const std::optional<std::string> value = find(name);
        if (!value && options_.skip_unset)
            return std::string(start.substr(0, start.size() - rest_.size()));
        return with_replaced(value.value_or(""), pattern, replacement, which, variables_.escape);
    }

    std::string read_operand(char stop, bool keep_escapes) {
        try {
            return read_until(stop, keep_escapes, nullptr);
        } catch (const Error&) {
            if (!rest_.empty()) throw;
            fail(fmt::format("syntax error: missing '{}'{}", stop, stop == '/' ? " in ${}" : ""));
        }
    }

    std::string_view rest_;
    const Variables& variables_;
    LexerOptions options_;
    bool keep_escapes_ = false;
    int depth_ = 0;
};

}  // namespace

Lexed lex(std::string_view source, const Variables& variables, LexerOptions options) {
    try {
        return Lexer(source, variables, options).read();
    } catch (const Error& error) {
        // A line of a megabyte helps nobody.
        constexpr size_t shown = 200;
        const std::string_view dots = source.size() > shown ? "…" : "";
        throw Error(ErrorKind::invalid, "failed to process {}{}: {}",
                    quoted(source.substr(0, shown)), dots, error.message());
    }
}

}  // namespace skiff::dockerfile
