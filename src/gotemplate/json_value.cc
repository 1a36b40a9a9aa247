// SPDX-License-Identifier: Apache-2.0
#include "gotemplate/json_value.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "gotemplate/builtins.h"

namespace skiff::gotemplate {
namespace {

const Json& document(const void* object) {
    return *static_cast<const Json*>(object);
}

std::string_view number_text(const void* number) {
    return static_cast<const Value*>(number)->text();
}

/// What Go's strconv calls the failure of json.Number's methods.
[[noreturn]] void refuse_number(std::string_view function, std::string_view text,
                                std::string_view reason) {
    throw Error(ErrorKind::invalid, "strconv.{}: parsing \"{}\": {}", function, text, reason);
}

Value number_as_string(const void* number, const Field&, Scratch&) {
    return Value::of(number_text(number));
}

Value number_as_integer(const void* number, const Field&, Scratch&) {
    const std::string_view text = number_text(number);
    int64_t value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) {
        refuse_number("ParseInt", text, "value out of range");
    }
    if (error != std::errc{} || rest != text.data() + text.size()) {
        refuse_number("ParseInt", text, "invalid syntax");
    }
    return Value::of(value);
}

Value number_as_float(const void* number, const Field&, Scratch&) {
    const std::string_view text = number_text(number);
    double value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) refuse_number("ParseFloat", text, "value out of range");
    return Value::of(value);
}

constexpr Field number_methods[] = {
    {.name = "Float64", .get = number_as_float, .type = &float64_type, .method = true},
    {.name = "Int64", .get = number_as_integer, .type = &int64_type, .method = true},
    {.name = "String", .get = number_as_string, .type = &string_type, .method = true},
};
constexpr Type json_number_type{
    .kind = Kind::string, .name = "json.Number", .fields = number_methods};

Value untyped(const Json& json, bool float_numbers, Scratch& scratch);

/// Lists and maps of untyped documents, in the two ways Go decodes numbers.
class JsonList final : public ListAccess {
  public:
    constexpr explicit JsonList(bool float_numbers) : float_numbers_(float_numbers) {}
    size_t size(const void* list) const override { return document(list).size(); }
    Value at(const void* list, size_t index, const Type& type, Scratch& scratch) const override {
        const Json& element = document(list)[index];
        if (type.element) return typed_json(element, *type.element);
        return untyped(element, float_numbers_, scratch);
    }

  private:
    bool float_numbers_;
};

class JsonMap final : public MapAccess {
  public:
    constexpr explicit JsonMap(bool float_numbers) : float_numbers_(float_numbers) {}
    size_t size(const void* map) const override { return document(map).size(); }
    bool find(const void* map, std::string_view key, const Type& type, Scratch& scratch,
              Value& found) const override {
        const auto entry = document(map).find(key);
        if (entry == document(map).end()) return false;
        found = element(*entry, type, scratch);
        return true;
    }
    // nlohmann's objects are sorted by key.
    void visit(const void* map, const Type& type, Scratch& scratch,
               EntryVisitor& visitor) const override {
        for (const auto& [key, value] : document(map).get_ref<const Json::object_t&>()) {
            if (!visitor.entry(key, element(value, type, scratch))) return;
        }
    }

  private:
    Value element(const Json& value, const Type& type, Scratch& scratch) const {
        if (type.element) return typed_json(value, *type.element);
        return untyped(value, float_numbers_, scratch);
    }
    bool float_numbers_;
};

constexpr JsonList raw_list(false);
constexpr JsonList float_list(true);
constexpr JsonMap raw_map(false);
constexpr JsonMap float_map(true);

Value untyped(const Json& json, bool float_numbers, Scratch& scratch) {
    switch (json.type()) {
        case Json::value_t::boolean:
            return Value::of(json.get<bool>());
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned:
        case Json::value_t::number_float:
            if (float_numbers) return Value::of(json.get<double>());
            // The text as Go would have written it; how it was written is not known any more.
            return Value::of(
                scratch.keep(json.is_number_float() ? json_number_text(json.get<double>())
                                                    : json.dump()),
                json_number_type);
        case Json::value_t::string:
            return Value::of(std::string_view(json.get_ref<const std::string&>()));
        case Json::value_t::array:
            return Value::list(&json, float_numbers ? float_list : raw_list, any_list_type);
        case Json::value_t::object:
            return Value::map(&json, float_numbers ? float_map : raw_map, any_map_type);
        case Json::value_t::null:
        case Json::value_t::binary:
        case Json::value_t::discarded:
            break;
    }
    return Value::nil(any_type);
}

/// The number as an integer; what no integer can hold is 0 (Go's decoder refuses such documents).
int64_t integer_of(const Json& json) {
    if (json.is_number_unsigned()) {
        const auto value = json.get<uint64_t>();
        return value <= INT64_MAX ? static_cast<int64_t>(value) : 0;
    }
    return json.is_number_integer() ? json.get<int64_t>() : 0;
}

uint64_t unsigned_of(const Json& json) {
    if (json.is_number_unsigned()) return json.get<uint64_t>();
    return static_cast<uint64_t>(std::max<int64_t>(integer_of(json), 0));
}

/// The zero value of a struct type is a struct of zero values: any object without keys will do.
const Json& empty_object() {
    static const Json object = Json::object();
    return object;
}

}  // namespace

Value raw_json(const Json& json, Scratch& scratch) {
    return untyped(json, false, scratch).unbox();
}

Value float_json(const Json& json) {
    Scratch unused;
    return untyped(json, true, unused).unbox();
}

Value typed_json(const Json& json, const Type& type) {
    if (type.pointer && json.is_null()) return Value::nil(type);
    switch (type.kind) {
        case Kind::boolean:
            return Value::of(json.is_boolean() && json.get<bool>(), type);
        case Kind::integer:
            return Value::of(integer_of(json), type);
        case Kind::unsigned_integer:
            return Value::of(unsigned_of(json), type);
        case Kind::floating:
            return Value::of(json.is_number() ? json.get<double>() : 0.0, type);
        case Kind::string:
            return Value::of(json.is_string() ? std::string_view(json.get_ref<const std::string&>())
                                              : std::string_view(),
                             type);
        case Kind::list:
            return json.is_array() ? Value::list(&json, float_list, type) : Value::nil(type);
        case Kind::map:
            return json.is_object() ? Value::map(&json, float_map, type) : Value::nil(type);
        case Kind::record:
            return Value::record(json.is_object() ? &json : &empty_object(), type);
        case Kind::nil:
            break;
    }
    return Value::nil(any_type);
}

Value json_field(const void* record, const Field& self, Scratch& scratch) {
    const Json& object = document(record);
    const auto entry = object.find(self.json_key.empty() ? self.name : self.json_key);
    if (entry == object.end()) {
        static const Json null;
        return self.type ? typed_json(null, *self.type) : Value::nil(any_type);
    }
    return self.type ? typed_json(*entry, *self.type) : untyped(*entry, true, scratch);
}

}  // namespace skiff::gotemplate
