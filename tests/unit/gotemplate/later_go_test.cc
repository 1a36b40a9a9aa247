// SPDX-License-Identifier: Apache-2.0
// What Go learned after the 1.19 that makes cases.json: written by hand, from the release notes of
// 1.22 to 1.24 and the documentation of text/template.
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "gotemplate/json_value.h"
#include "gotemplate/template.h"

namespace skiff::gotemplate {
namespace {

std::string run(const std::string& text) {
    static const Json document = Json::parse(R"({"s":"x","e":"","l":["a","b"],"m":{"k":"v"}})");
    std::string out;
    try {
        Template::parse("", text).execute(float_json(document), out);
    } catch (const Error& error) {
        return error.message();
    }
    return out;
}

TEST(LaterGo, RangesOverIntegers) {
    EXPECT_EQ(run("{{range 3}}{{.}},{{end}}"), "0,1,2,");
    EXPECT_EQ(run("{{range $i := len .l}}{{$i}}{{end}}"), "01");
    EXPECT_EQ(run("{{range 0}}x{{else}}none{{end}}"), "none");
    EXPECT_EQ(run("{{range -1}}x{{else}}none{{end}}"), "none");
    EXPECT_EQ(run("{{range 5}}{{if eq . 2}}{{break}}{{end}}{{.}}{{end}}"), "01");
    EXPECT_EQ(run("{{range $i, $v := 3}}{{end}}"),
              R"(template: :1:18: executing "" at <3>: can't use 3 to iterate over more than one )"
              "variable");
}

TEST(LaterGo, HasElseWith) {
    EXPECT_EQ(run("{{with .e}}1{{else with .s}}2{{.}}{{else}}3{{end}}"), "2x");
    EXPECT_EQ(run("{{with .e}}1{{else with .n}}2{{else}}3{{end}}"), "3");
    EXPECT_EQ(run("{{if .e}}1{{else with .s}}2{{end}}{{end}}"),
              R"(template: :1: unexpected <with> in input)");
}

TEST(LaterGo, AssignsInRange) {
    EXPECT_EQ(run("{{$v := 0}}{{range $v = .l}}{{end}}{{$v}}"), "b");
    EXPECT_EQ(run("{{$k := 0}}{{$v := 0}}{{range $k, $v = .m}}{{end}}{{$k}}{{$v}}"), "kv");
}

TEST(LaterGo, NamesBackspaceAndFormFeedInJson) {
    EXPECT_EQ(run(R"({{json "a\b\f\v"}})"), R"("a\b\f\u000b")");
}

}  // namespace
}  // namespace skiff::gotemplate
