// SPDX-License-Identifier: Apache-2.0
#include "registry/registries_conf.h"

#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace skiff::registry {
namespace {

constexpr size_t max_registries = 1000;

struct Value {
    enum class Kind { text, boolean, other };
    Kind kind = Kind::other;
    std::string text;
    bool boolean = false;
};

class Reader {
  public:
    Reader(std::string_view text, std::string_view name) : rest_(text), name_(name) {}

    std::vector<RegistrySettings> read() {
        for (skip_empty(); !rest_.empty(); skip_empty()) {
            if (rest_[0] == '[')
                read_table();
            else
                read_pair();
        }
        for (size_t i = 0; i < entries_.size(); ++i) {
            RegistrySettings& entry = entries_[i];
            if (entry.prefix.empty()) entry.prefix = entry.location;
            if (entry.prefix.empty()) fail("a [[registry]] has neither 'prefix' nor 'location'");
            for (Mirror& mirror : entry.mirrors) {
                if (digest_only_[i]) mirror.for_tags = false;
                if (mirror.location.empty()) fail("a [[registry.mirror]] has no 'location'");
            }
        }
        return std::move(entries_);
    }

  private:
    enum class Table { other, registry, mirror };

    [[noreturn]] void fail(std::string_view problem) const {
        throw Error(ErrorKind::invalid, "{}:{}: {}", name_, line_, problem);
    }

    char take() {
        if (rest_.empty()) fail("unexpected end of file");
        const char c = rest_[0];
        rest_.remove_prefix(1);
        if (c == '\n') ++line_;
        return c;
    }
    void skip_blanks() {
        while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\r'))
            rest_.remove_prefix(1);
    }
    void skip_comment() {
        if (!rest_.empty() && rest_[0] == '#')
            while (!rest_.empty() && rest_[0] != '\n') rest_.remove_prefix(1);
    }
    void skip_empty() {
        for (;;) {
            skip_blanks();
            skip_comment();
            if (rest_.empty() || rest_[0] != '\n') return;
            take();
        }
    }
    void end_line() {
        skip_blanks();
        skip_comment();
        if (!rest_.empty() && rest_[0] != '\n') fail("expected the end of the line");
    }
    bool skip(std::string_view text) {
        if (!rest_.starts_with(text)) return false;
        rest_.remove_prefix(text.size());
        return true;
    }

    void read_table() {
        const bool list = skip("[[");
        if (!list) skip("[");
        const std::string name = read_key();
        skip_blanks();
        if (!skip(list ? "]]" : "]")) fail(list ? "expected ']]'" : "expected ']'");
        end_line();
        table_ = Table::other;
        if (!list) return;
        if (name == "registry") {
            if (entries_.size() == max_registries) fail("too many registries");
            entries_.emplace_back();
            digest_only_.push_back(false);
            table_ = Table::registry;
        } else if (name == "registry.mirror") {
            if (entries_.empty()) fail("[[registry.mirror]] stands before any [[registry]]");
            if (entries_.back().mirrors.size() == max_registries) fail("too many mirrors");
            entries_.back().mirrors.emplace_back();
            table_ = Table::mirror;
        }
    }

    /// Dotted; parts may be quoted.
    std::string read_key() {
        std::string key;
        for (;;) {
            skip_blanks();
            if (!rest_.empty() && (rest_[0] == '"' || rest_[0] == '\'')) {
                key += read_string();
            } else {
                const size_t length = rest_.find_first_not_of(
                    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
                if (length == 0 || rest_.empty()) fail("expected a key");
                key += rest_.substr(0, length);
                rest_.remove_prefix(std::min(length, rest_.size()));
            }
            skip_blanks();
            if (!skip(".")) return key;
            key += '.';
        }
    }

    void read_pair() {
        const std::string key = read_key();
        skip_blanks();
        if (!skip("=")) fail(fmt::format("expected '=' after {}", skiff::quoted(key)));
        skip_blanks();
        const Value value = read_value(0);
        end_line();
        if (table_ == Table::registry) set(entries_.back(), key, value);
        if (table_ == Table::mirror) set(entries_.back().mirrors.back(), key, value);
    }

    const std::string& text_of(const std::string& key, const Value& value) const {
        if (value.kind != Value::Kind::text) fail(fmt::format("'{}' must be a string", key));
        return value.text;
    }
    bool boolean_of(const std::string& key, const Value& value) const {
        if (value.kind != Value::Kind::boolean)
            fail(fmt::format("'{}' must be true or false", key));
        return value.boolean;
    }
    std::string location_of(const std::string& key, const Value& value) const {
        const std::string& text = text_of(key, value);
        if (text.find("://") != text.npos || text.ends_with('/') || text.empty())
            fail(fmt::format("'{}' must be host[:port][/path], not {}", key, skiff::quoted(text)));
        return text;
    }

    void set(RegistrySettings& entry, const std::string& key, const Value& value) {
        if (key == "prefix") {
            entry.prefix = location_of(key, value);
        } else if (key == "location") {
            entry.location = location_of(key, value);
        } else if (key == "insecure") {
            entry.insecure = boolean_of(key, value);
        } else if (key == "blocked") {
            entry.blocked = boolean_of(key, value);
        } else if (key == "mirror-by-digest-only") {
            digest_only_.back() = boolean_of(key, value);
        } else {
            fail(
                fmt::format("unknown key {} of a registry; known are prefix, location, insecure, "
                            "blocked, mirror-by-digest-only",
                            skiff::quoted(key)));
        }
    }

    void set(Mirror& mirror, const std::string& key, const Value& value) const {
        if (key == "location") {
            mirror.location = location_of(key, value);
        } else if (key == "insecure") {
            mirror.insecure = boolean_of(key, value);
        } else if (key == "pull-from-mirror") {
            const std::string& which = text_of(key, value);
            if (which != "all" && which != "digest-only" && which != "tag-only")
                fail("'pull-from-mirror' must be \"all\", \"digest-only\" or \"tag-only\"");
            mirror.for_tags = which != "digest-only";
            mirror.for_digests = which != "tag-only";
        } else {
            fail(fmt::format(
                "unknown key {} of a mirror; known are location, insecure, pull-from-mirror",
                skiff::quoted(key)));
        }
    }

    Value read_value(int depth) {
        constexpr int max_depth = 16;
        if (depth > max_depth) fail("lists are nested too deeply");
        if (rest_.empty()) fail("expected a value");
        if (rest_[0] == '"' || rest_[0] == '\'') return {Value::Kind::text, read_string(), false};
        if (skip("[")) {
            read_list(depth);
            return {};
        }
        if (skip("{")) {
            read_inline_table(depth);
            return {};
        }
        const size_t length = std::min(rest_.find_first_of(" \t\r\n,]}#"), rest_.size());
        const std::string_view word = rest_.substr(0, length);
        if (word == "true" || word == "false") {
            rest_.remove_prefix(length);
            return {Value::Kind::boolean, {}, word == "true"};
        }
        if (word.empty() || (word[0] != '-' && word[0] != '+' && (word[0] < '0' || word[0] > '9')))
            fail("expected a value: \"text\", true, false, a number or a list");
        rest_.remove_prefix(length);
        return {};
    }

    void read_list(int depth) {
        for (;;) {
            skip_empty();
            if (skip("]")) return;
            read_value(depth + 1);
            skip_empty();
            if (skip("]")) return;
            if (!skip(",")) fail("expected ',' or ']' in a list");
        }
    }

    void read_inline_table(int depth) {
        for (;;) {
            skip_blanks();
            if (skip("}")) return;
            read_key();
            skip_blanks();
            if (!skip("=")) fail("expected '=' in a table");
            skip_blanks();
            read_value(depth + 1);
            skip_blanks();
            if (skip("}")) return;
            if (!skip(",")) fail("expected ',' or '}' in a table");
        }
    }

    std::string read_string() {
        const char quote = take();
        std::string text;
        for (;;) {
            if (rest_.empty() || rest_[0] == '\n') fail("a string does not end in its line");
            char c = take();
            if (c == quote) return text;
            if (c == '\\' && quote == '"') c = escaped(take());
            text += c;
        }
    }
    char escaped(char c) const {
        switch (c) {
            case '"':
            case '\\':
                return c;
            case 'n':
                return '\n';
            case 't':
                return '\t';
            default:
                fail("unknown escape in a string");
        }
    }

    std::string_view rest_;
    std::string_view name_;
    size_t line_ = 1;
    Table table_ = Table::other;
    std::vector<bool> digest_only_;  ///< of each entry, for all its mirrors
    std::vector<RegistrySettings> entries_;
};

}  // namespace

std::vector<RegistrySettings> parse_registries_conf(std::string_view text, std::string_view name) {
    return Reader(text, name).read();
}

}  // namespace skiff::registry
