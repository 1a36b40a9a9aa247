// SPDX-License-Identifier: Apache-2.0
// A template, a zero byte, a JSON document (or none). Whatever is parsed can be executed on the
// document in each of the three views without crash or hang, gives the same twice, and what it
// writes is within the limits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "gotemplate/json_value.h"
#include "gotemplate/template.h"

namespace {

namespace gt = skiff::gotemplate;

constexpr gt::Type limit_type{.kind = gt::Kind::integer, .name = "*int64", .pointer = true};
extern const gt::Type document_type;
constexpr gt::Field fields[] = {
    {.name = "s", .get = gt::json_field, .type = &gt::string_type},
    {.name = "i", .get = gt::json_field, .type = &gt::int_type},
    {.name = "d", .get = gt::json_field, .type = &gt::float64_type},
    {.name = "t", .get = gt::json_field, .type = &gt::bool_type},
    {.name = "z", .get = gt::json_field, .type = &gt::uint64_type},
    {.name = "l", .get = gt::json_field, .type = &gt::string_list_type},
    {.name = "m", .get = gt::json_field, .type = &gt::string_map_type},
    {.name = "n", .get = gt::json_field, .type = &limit_type},
    {.name = "mixed", .get = gt::json_field},
    {.name = "nested", .get = gt::json_field, .type = &document_type},
};
constexpr gt::Type document_type{
    .kind = gt::Kind::record, .name = "*fuzz.Document", .fields = fields, .pointer = true};

/// Output and message together.
std::string run(const gt::Template& parsed, const gt::Value& data, gt::MissingKey missing_key) {
    std::string out;
    try {
        parsed.execute(data, out, missing_key);
    } catch (const skiff::Error& error) {
        return out + '\0' + error.message();
    }
    return out;
}

void run_twice(const gt::Template& parsed, const gt::Value& data, gt::MissingKey missing_key) {
    const std::string once = run(parsed, data, missing_key);
    if (once.size() > (size_t{66} << 20)) std::abort();
    if (run(parsed, data, missing_key) != once) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const size_t zero = input.find('\0');
    skiff::Json document;
    try {
        if (zero != input.npos) {
            document = skiff::parse_json(input.substr(zero + 1), "the document");
        }
        const auto parsed = gt::Template::parse("", input.substr(0, zero));
        gt::Scratch scratch;
        run_twice(parsed, gt::float_json(document), gt::MissingKey::no_value);
        run_twice(parsed, gt::raw_json(document, scratch), gt::MissingKey::error);
        run_twice(parsed, gt::typed_json(document, document_type), gt::MissingKey::no_value);
    } catch (const skiff::Error&) {
        return 0;  // refused with a message: the other good outcome
    }
    return 0;
}
