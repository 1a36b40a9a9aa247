// SPDX-License-Identifier: Apache-2.0
// Each template of the table gives what Go's text/template gives: output, error text, position.
#include <array>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "case_types.h"
#include "gotemplate/template.h"

namespace skiff::gotemplate {
namespace {

struct Row {
    std::string id = "0123456789ab";
    std::map<std::string, std::string> labels = {{"tier", "front"}};
    std::vector<std::string> ports = {"80/tcp", "443/tcp"};
};

const Row& row(const void* object) {
    return *static_cast<const Row*>(object);
}

Value id(const void* object, const Field&, Scratch&) {
    return Value::of(std::string_view(row(object).id));
}
Value count(const void*, const Field&, Scratch&) {
    return Value::of(7);
}
Value ports(const void* object, const Field&, Scratch&) {
    return Value::of(row(object).ports);
}
Value platform(const void*, const Field&, Scratch&) {
    return Value::nil(case_state_pointer_type);
}
Value label(const void* object, std::span<const Value> arguments, Scratch&) {
    const auto found = row(object).labels.find(std::string(arguments[0].text()));
    return Value::of(found == row(object).labels.end() ? std::string_view()
                                                       : std::string_view(found->second));
}
Value sum(const void*, std::span<const Value> arguments, Scratch&) {
    return Value::of(arguments[0].integer() + arguments[1].integer(), int_type);
}
Value broken(const void*, const Field&, Scratch&) {
    throw Error(ErrorKind::invalid, std::string("cannot tell"));
}

constexpr const Type* one_text[] = {&string_type};
constexpr const Type* two_numbers[] = {&int_type, &int_type};
constexpr Field row_fields[] = {
    {.name = "ID", .get = id, .type = &string_type, .method = true},
    {.name = "Count", .get = count, .type = &int_type, .method = true},
    {.name = "Ports", .get = ports, .type = &string_list_type, .method = true},
    {.name = "Platform", .get = platform, .type = &case_state_pointer_type, .method = true},
    {.name = "Label", .type = &string_type, .method = true, .parameters = one_text, .call = label},
    {.name = "Sum", .type = &int_type, .method = true, .parameters = two_numbers, .call = sum},
    {.name = "Broken", .get = broken, .type = &string_type, .method = true},
};
constexpr Type row_type{.kind = Kind::record,
                        .name = "*main.Row",
                        .fields = row_fields,
                        .pointer = true,
                        .marshals_methods = true};

/// The table, read once.
const Json& table() {
    static const Json loaded = [] {
        std::ifstream file(SKIFF_TEMPLATE_CASES);
        return Json::parse(file);
    }();
    return loaded;
}

/// Go's error text, or nothing; what was written before it is in `output`.
std::string run(const std::string& group, const std::string& text, std::string& output) {
    static const Json general = Json::parse(table()["general"].get<std::string>());
    static const Json container = Json::parse(table()["container"].get<std::string>());
    static const Json columns = Json::parse(table()["columns"].get<std::string>());
    static const Json typed = Json::parse(table()["typed"].get<std::string>());
    static const Row one;
    try {
        const auto parsed = Template::parse(group == "named" ? "a \"n\"" : "", text);
        Scratch scratch;
        if (group == "float" || group == "named") parsed.execute(float_json(general), output);
        if (group == "columns") parsed.execute(float_json(columns), output);
        if (group == "raw") {
            parsed.execute(raw_json(container, scratch), output, MissingKey::error);
        }
        if (group == "typed") parsed.execute(typed_json(typed, case_document_type), output);
        if (group == "row") parsed.execute(Value::record(&one, row_type), output);
        if (group == "nil") parsed.execute({}, output);
        if (group == "nil error") parsed.execute({}, output, MissingKey::error);
    } catch (const Error& error) {
        return error.message();
    }
    return {};
}

TEST(TemplateCases, AreAsGoHasThem) {
    ASSERT_GE(table()["cases"].size(), 1000U);
    for (const Json& each : table()["cases"]) {
        std::string output;
        const auto template_text = each["template"].get<std::string>();
        const std::string error = run(each["group"], template_text, output);
        EXPECT_EQ(error, each.value("error", "")) << each["group"] << ' ' << template_text;
        EXPECT_EQ(output, each["output"].get<std::string>())
            << each["group"] << ' ' << template_text;
    }
}

}  // namespace
}  // namespace skiff::gotemplate
