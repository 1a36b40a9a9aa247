// SPDX-License-Identifier: Apache-2.0
#include "format/document.h"

#include <array>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "gotemplate/json_value.h"

namespace skiff::format {
namespace {

using gotemplate::Field;
using gotemplate::Kind;
using gotemplate::Type;

constexpr std::array state_fields{
    Field{.name = "Status", .get = gotemplate::json_field, .type = &gotemplate::string_type},
    Field{.name = "ExitCode", .get = gotemplate::json_field, .type = &gotemplate::int_type}};
constexpr Type state_type{.kind = Kind::record, .name = "State", .fields = state_fields};
constexpr std::array fields{
    Field{.name = "ID",
          .get = gotemplate::json_field,
          .type = &gotemplate::string_type,
          .json_key = "Id"},
    Field{.name = "State", .get = gotemplate::json_field, .type = &state_type},
    Field{.name = "Args", .get = gotemplate::json_field, .type = &gotemplate::string_list_type},
    Field{.name = "Name", .get = gotemplate::json_field, .type = &gotemplate::string_type}};
constexpr Type type{.kind = Kind::record, .name = "Document", .fields = fields};

const Json document = {{"Args", {"-f", "-p"}}, {"Id", "c141"},
                       {"Name", "/we<b>"},     {"State", {{"ExitCode", 3}, {"Status", "exited"}}},
                       {"Zone", nullptr},      {"Extra", Json::object()}};

std::string formatted(std::string_view text) {
    return DocumentFormat(text).text(document, type, View::typed_then_raw);
}

TEST(DocumentFormat, KnowsGosNamesAndThoseOfTheJson) {
    EXPECT_EQ(formatted("{{.ID}} {{.State.ExitCode}}"), "c141 3");
    EXPECT_EQ(formatted("{{.Id}} {{.State.ExitCode}}"), "c141 3");
    EXPECT_EQ(formatted("{{join .Args \" \"}}"), "-f -p");
    EXPECT_EQ(formatted("{{json .State}}"), R"({"Status":"exited","ExitCode":3})");
    EXPECT_EQ(formatted("{{.Name}}\\t"), "/we<b>\\t");
}

TEST(DocumentFormat, SeesADocumentWithoutATypeAsItIs) {
    constexpr Type untyped{.name = "interface {}"};
    EXPECT_EQ(DocumentFormat("{{json .State}} {{.Args}}").text(document, untyped, View::raw),
              R"({"ExitCode":3,"Status":"exited"} [-f -p])");
}

TEST(DocumentFormat, ComplainsOfTheRawDocument) {
    const auto message_of = [](std::string_view text) {
        try {
            return formatted(text);
        } catch (const Error& error) {
            return error.message();
        }
    };
    EXPECT_EQ(message_of("{{.Nope}}"),
              "template parsing error: template: :1:2: executing \"\" at <.Nope>: map has no entry "
              "for key \"Nope\"");
    EXPECT_EQ(message_of("{{.State.Status"),
              "template parsing error: template: :1: unclosed action");
    EXPECT_EQ(message_of("{{join .Args \" \"}}{{.Id}}"),
              "template parsing error: template: :1:7: executing \"\" at <.Args>: wrong type for "
              "value; expected []string; got []interface {}");
}

TEST(PrettyDocument, HasTheOrderOfTheType) {
    EXPECT_EQ(pretty_document(document, type), R"({
    "Id": "c141",
    "State": {
        "Status": "exited",
        "ExitCode": 3
    },
    "Args": [
        "-f",
        "-p"
    ],
    "Name": "/we<b>",
    "Extra": {},
    "Zone": null
})");
    EXPECT_EQ(compact_document(document, type),
              R"({"Id":"c141","State":{"Status":"exited","ExitCode":3},"Args":["-f","-p"],)"
              R"("Name":"/we<b>","Extra":{},"Zone":null})");
}

TEST(PrettyDocument, LeavesNoControlCharacters) {
    EXPECT_EQ(compact_document(Json("\x1b[2J\x7f\u009b é\xff"), type),
              "\"\\u001b[2J\\u007f\\u009b é\ufffd\"");
}

}  // namespace
}  // namespace skiff::format
