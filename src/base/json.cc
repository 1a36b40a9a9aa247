// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace skiff {
namespace {

constexpr int max_depth = 128;

const Json* find_member(const Json& object, const char* key, std::string_view name) {
    if (!object.is_object()) throw Error(ErrorKind::invalid, "{} is not a JSON object", name);
    const auto it = object.find(key);
    return it == object.end() || it->is_null() ? nullptr : &*it;
}

[[noreturn]] void wrong_type(std::string_view name, const char* key, const char* wanted,
                             const Json& value) {
    throw Error(ErrorKind::invalid, "{}: '{}' must be {}, not {}", name, key, wanted,
                value.type_name());
}

/// Of brackets outside of strings. The library's own way to bound it, a function called for every
/// value, doubles the time of parsing. Meaningless for what is no JSON, which the parser refuses.
int nesting_depth(std::string_view text) {
    int depth = 0;
    int deepest = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        switch (text[i]) {
            case '"':
                for (++i; i < text.size() && text[i] != '"'; ++i)
                    if (text[i] == '\\') ++i;
                break;
            case '[':
            case '{':
                deepest = std::max(deepest, ++depth);
                break;
            case ']':
            case '}':
                --depth;
                break;
            default:
                break;
        }
    }
    return deepest;
}

}  // namespace

Json parse_json(std::string_view text, std::string_view name) {
    if (nesting_depth(text) > max_depth)
        throw Error(ErrorKind::invalid, "{}: nested deeper than {} levels", name, max_depth);
    try {
        return Json::parse(text);
    } catch (const Json::exception& error) {
        // The library's text begins with "[json.exception.parse_error.101] parse error at line …:
        // ".
        std::string_view detail = error.what();
        if (const size_t end = detail.find("] "); end != std::string_view::npos)
            detail.remove_prefix(end + 2);
        throw Error(ErrorKind::invalid, "{} is not valid JSON: {}", name, detail);
    }
}

std::string to_text(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_pretty_text(const Json& value) {
    return value.dump(4, ' ', false, Json::error_handler_t::replace);
}

std::string json_string(const Json& object, const char* key, std::string_view name,
                        std::string fallback) {
    const Json* value = find_member(object, key, name);
    if (value == nullptr) return fallback;
    if (!value->is_string()) wrong_type(name, key, "a string", *value);
    return value->get<std::string>();
}

long long json_integer(const Json& object, const char* key, std::string_view name,
                       long long fallback) {
    const Json* value = find_member(object, key, name);
    if (value == nullptr) return fallback;
    if (!value->is_number_integer()) wrong_type(name, key, "an integer", *value);
    return value->get<long long>();
}

bool json_bool(const Json& object, const char* key, std::string_view name, bool fallback) {
    const Json* value = find_member(object, key, name);
    if (value == nullptr) return fallback;
    if (!value->is_boolean()) wrong_type(name, key, "true or false", *value);
    return value->get<bool>();
}

}  // namespace skiff
