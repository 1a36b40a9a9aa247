// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

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

}  // namespace

Json parse_json(std::string_view text, std::string_view name) {
    bool too_deep = false;
    const auto bound_depth = [&](int depth, Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > max_depth;
        return !too_deep;
    };
    try {
        Json value = Json::parse(text, bound_depth);
        if (too_deep)
            throw Error(ErrorKind::invalid, "{}: nested deeper than {} levels", name, max_depth);
        return value;
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
