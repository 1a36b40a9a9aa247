// SPDX-License-Identifier: Apache-2.0
// What a table of Go's cannot show: limits, headers, typed documents, values that are not UTF-8.
#include "gotemplate/template.h"

#include <cmath>
#include <limits>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "case_types.h"
#include "gotemplate/time_value.h"

namespace skiff::gotemplate {
namespace {

std::string repeated(std::string_view text, size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) out += text;
    return out;
}

/// Output or message.
std::string run(const std::string& text, const Value& data = {}) {
    std::string out;
    try {
        Template::parse("", text).execute(data, out);
    } catch (const Error& error) {
        return error.message();
    }
    return out;
}

TEST(Template, RefusesDeepNestingOfBlocksAndParentheses) {
    const std::string deep = repeated("{{if true}}", 5000) + repeated("{{end}}", 5000);
    EXPECT_EQ(run(deep), "template: :1: nested too deeply");
    EXPECT_EQ(run("{{" + repeated("(", 5000) + "1" + repeated(")", 5000) + "}}"),
              "template: :1: nested too deeply");
    EXPECT_EQ(run("{{" + repeated("(", 150) + "1" + repeated(")", 150) + "}}"), "1");
}

TEST(Template, RefusesLongText) {
    EXPECT_EQ(run(std::string((1 << 20) + 1, 'x')), "template: :1: longer than 1048576 bytes");
}

TEST(Template, EndsARecursionOfTemplates) {
    EXPECT_EQ(run(R"({{define "a"}}{{template "a"}}{{end}}{{template "a"}})"),
              R"(template: :1:25: executing "a" at <{{template "a"}}>: exceeded maximum template )"
              "depth (500)");
    const std::string nested = R"({{define "a"}})" + repeated("{{if true}}", 100) +
                               R"({{template "a"}})" + repeated("{{end}}", 101) +
                               R"({{template "a"}})";
    EXPECT_TRUE(run(nested).ends_with("exceeded maximum nesting depth (2000)")) << run(nested);
}

// Go's own answers for time.Duration and time.Time.
TEST(Template, PrintsTimesAsGoAndJsonAsJson) {
    const Value span = Value::of(int64_t{90'000'000'000}, duration_type);
    EXPECT_EQ(run("{{.}} {{print .}} {{println .}}", span), "1m30s 1m30s 1m30s\n");
    EXPECT_EQ(run(R"({{printf "%v %s %q %d %x|%7s|%-7v|" . . . . . . .}})", span),
              R"(1m30s 1m30s "1m30s" 90000000000 316d333073|  1m30s|1m30s  |)");
    EXPECT_EQ(run(R"({{printf "%+v %#v %T %t %[1]v" . . . .}})", span),
              "1m30s 90000000000 time.Duration %!t(time.Duration=90000000000) 1m30s");
    EXPECT_EQ(
        run("{{.Seconds}} {{.Minutes}} {{.Milliseconds}} {{.String}} {{eq . 90000000000}}", span),
        "90 1.5 90000 1m30s true");
    EXPECT_EQ(run("{{json .}}", span), "90000000000");
    const Value time = Value::of(std::string_view("2026-11-22T03:28:06.5Z"), time_type);
    EXPECT_EQ(run("{{.}} {{json .}}", time),
              R"(2026-11-22 03:28:06.5 +0000 UTC "2026-11-22T03:28:06.5Z")");
    EXPECT_EQ(run(R"({{printf "%s" .}})", Value::of(std::string_view("x"), time_type)), "x");
}

TEST(Template, EndsAfterAMillionSteps) {
    EXPECT_NE(run("{{range 100000}}{{range 100000}}{{end}}{{end}}").find("more than 1000000 steps"),
              std::string::npos);
}

TEST(Template, EndsWhenTheTextGrowsTooMuch) {
    EXPECT_NE(run(R"({{$x := "0123456789"}}{{range 60}}{{$x = print $x $x}}{{end}})")
                  .find("makes more than 64 MiB"),
              std::string::npos);
    EXPECT_NE(run(R"({{range 100}}{{printf "%1000000d" 1}}{{end}})").find("more than 64 MiB"),
              std::string::npos);
    EXPECT_NE(run(R"({{pad "x" 1000000000 0}})").find("cannot pad"), std::string::npos);
}

TEST(Template, RefusesDeepValues) {
    Json deep;
    for (int i = 0; i < 500; ++i) deep = Json::array({std::move(deep)});
    EXPECT_NE(run("{{.}}", float_json(deep)).find("nested too deeply"), std::string::npos);
    EXPECT_NE(run("{{json .}}", float_json(deep)).find("nested too deeply"), std::string::npos);
}

TEST(Template, KeepsWhatWasWrittenBeforeAnError) {
    std::string out = "before ";
    const Template parsed = Template::parse("", "{{.a}} {{.a.b}} after");
    const Json document = Json::parse(R"({"a":"x"})");
    EXPECT_THROW(parsed.execute(float_json(document), out), Error);
    EXPECT_EQ(out, "before x ");
}

TEST(Template, CanBeExecutedAgain) {
    const Template parsed =
        Template::parse("", R"({{define "t"}}<{{.}}>{{end}}{{template "t" .}})");
    std::string out;
    parsed.execute(Value::of("a"), out);
    parsed.execute(Value::of("b"), out);
    EXPECT_EQ(out, "<a><b>");
}

TEST(Template, MakesHeadersThatFunctionsLeaveAlone) {
    const std::map<std::string, std::string> titles = {{"ID", "CONTAINER ID"}, {"Names", "NAMES"}};
    const Template parsed = Template::parse(
        "", R"({{lower .ID}}|{{truncate .ID 3}}|{{json .Names}}|{{join .Names ","}}|)"
            R"({{split .Names ","}}|{{title .ID}}|{{upper .ID}}|{{pad .Names 1 2}}|)");
    std::string out;
    parsed.execute(Value::of(titles), out, MissingKey::no_value, docker_header_functions());
    EXPECT_EQ(out,
              "CONTAINER ID|CONTAINER ID|NAMES|NAMES|NAMES|CONTAINER ID|CONTAINER ID| NAMES  |");
}

Value status(const void*, const Field&, Scratch&) {
    return Value::of("<up> & running");
}
Value absent(const void*, const Field&, Scratch&) {
    return {};
}

TEST(Template, MarshalsRowsAsDockerDoes) {
    static constexpr Field fields[] = {
        {.name = "Status", .get = status, .method = true},
        {.name = "Platform", .get = absent, .method = true},
    };
    static constexpr Type row{.kind = Kind::record,
                              .name = "*formatter.ContainerContext",
                              .fields = fields,
                              .pointer = true,
                              .marshals_methods = true};
    EXPECT_EQ(run("{{json .}}", Value::record("", row)),
              R"({"Platform":null,"Status":"\u003cup\u003e \u0026 running"})");
    EXPECT_EQ(run("{{json .Status}}", Value::record("", row)), R"("<up> & running")");
    EXPECT_EQ(run("{{.Bogus}}", Value::record("", row)),
              R"(template: :1:2: executing "" at <.Bogus>: can't evaluate field Bogus in type )"
              "*formatter.ContainerContext");
}

TEST(Template, TakesTheZeroValueForWhatATypedDocumentLacks) {
    const Json document = Json::parse(R"({"Count":"text","Size":-1,"State":{"Pid":1e300}})");
    const Value value = typed_json(document, case_document_type);
    EXPECT_EQ(run("{{.Name}}|{{.Count}}|{{.Size}}|{{.Value.Status}}|{{.Value.Pid}}|{{.Args}}|"
                  "{{.State.Pid}}|{{.NoAny}}",
                  value),
              "|0|0||0|[]|0|<no value>");
}

TEST(Template, FallsBackToTheRawDocumentAsInspectDoes) {
    const Json document = Json::parse(R"({"State":{"Status":"up","Extra":2}})");
    const Template parsed = Template::parse("", "{{.State.Extra}}{{.State.Nope}}");
    std::string out;
    EXPECT_THROW(parsed.execute(typed_json(document, case_document_type), out), Error);
    out.clear();
    Scratch scratch;
    try {
        parsed.execute(raw_json(document, scratch), out, MissingKey::error);
        FAIL() << out;
    } catch (const Error& error) {
        EXPECT_EQ(error.message(),
                  R"(template: :1:24: executing "" at <.State.Nope>: map has no entry for key )"
                  R"("Nope")");
    }
    EXPECT_EQ(out, "2");
}

TEST(Template, PassesBytesThatAreNotUtf8) {
    const Value bytes = Value::of("a\xff\xc3(");
    EXPECT_EQ(run("{{.}}", bytes), "a\xff\xc3(");
    EXPECT_EQ(run(R"({{printf "%q %s %x" . . .}})", bytes), "\"a\\xff\\xc3(\" a\xff\xc3( 61ffc328");
    EXPECT_EQ(run("{{json .}}", bytes), R"("a\ufffd\ufffd(")");
    EXPECT_EQ(run("{{upper .}}", bytes), "A\xef\xbf\xbd\xef\xbf\xbd(");
    EXPECT_EQ(run("{{len .}} {{len (split . \"\")}}", bytes), "4 4");
}

TEST(Template, PrintsNumbersThatJsonCannotHold) {
    EXPECT_EQ(run("{{.}}", Value::of(std::numeric_limits<double>::infinity())), "+Inf");
    EXPECT_EQ(run(R"({{printf "%v %5.1f|%+v" . . .}})", Value::of(std::nan(""))), "NaN   NaN|NaN");
    EXPECT_EQ(run("{{json .}}", Value::of(-std::numeric_limits<double>::infinity())),
              R"(template: :1:2: executing "" at <json .>: error calling json: json: unsupported )"
              "value: -Inf");
    EXPECT_EQ(run("{{.}}", Value::of(-0.0)), "-0");
    EXPECT_EQ(run("{{.}}", Value::of(5e-324)), "5e-324");
}

TEST(Template, RefusesComplexConstantsByName) {
    EXPECT_EQ(run("{{1i}}"), "template: :1: complex constant 1i is not supported");
    EXPECT_EQ(run("{{1+2i}}"), "template: :1: complex constant 1+2i is not supported");
}

}  // namespace
}  // namespace skiff::gotemplate
