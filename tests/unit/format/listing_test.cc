// SPDX-License-Identifier: Apache-2.0
#include "format/listing.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::format {
namespace {

struct Row {
    std::string id;
    std::string name;
    mutable int asked = 0;
};
std::string id_of(const Row& row) {
    return row.id;
}
std::string name_of(const Row& row) {
    ++row.asked;
    return row.name;
}
std::string label_of(const Row& row, std::string_view key) {
    return row.id + "'s " + std::string(key);
}

constexpr std::array columns{column<Row, id_of>("ID", "ROW ID"),
                             column<Row, name_of>("Names", "NAMES"), label_column<Row, label_of>()};
constexpr RowShape<columns.size()> shape("*formatter.RowContext", columns);
constexpr RowType row_type = shape.type();

const std::vector<Row> two_rows{{"1", "web"}, {"2", "a->b"}};

std::string listed(std::string_view format, const std::vector<Row>& rows = two_rows) {
    Listing listing(format, row_type);
    for (const Row& row : rows) listing.add(row);
    return listing.text();
}

template <typename Act>
std::string message_of(Act&& act) {
    try {
        act();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        return error.message();
    }
    return "no error";
}

TEST(Listing, IsATemplatePerRow) {
    EXPECT_EQ(listed("{{.ID}}={{upper .Names}}"), "1=WEB\n2=A->B\n");
    EXPECT_EQ(listed("{{.Label \"tier\"}}"), "1's tier\n2's tier\n");
    EXPECT_EQ(listed("x", {}), "");
}

TEST(Listing, KnowsTwoEscapesAndDropsOuterBlanks) {
    EXPECT_EQ(listed("  {{.ID}}\\t{{.Names}}\\n\\x  "), "1\tweb\n\\x\n2\ta->b\n\\x\n");
}

TEST(Listing, IsATableWithTheTitlesOfTheFieldsThatAreAsked) {
    EXPECT_EQ(listed("table {{.Names}}\\t{{.ID}}"),
              "NAMES     ROW ID\n"
              "web       1\n"
              "a->b      2\n");
    EXPECT_EQ(listed("table {{.Names}}\t{{.ID}}", {}), "NAMES     ROW ID\n");
}

TEST(Listing, TitlesAreNotChangedByFunctions) {
    EXPECT_EQ(listed("table {{json .Names}}\\t{{lower .ID}}\\t{{title .Names}}"),
              "NAMES     ROW ID    NAMES\n"
              "\"web\"     1         Web\n"
              "\"a->b\"    2         A->B\n");
}

TEST(Listing, NamesALabelsColumnByTheLastWordOfItsKey) {
    EXPECT_EQ(listed(R"(table {{.Label "com.example.swarm-node_name"}})", {}), "swarm node name\n");
}

TEST(Listing, IsAnObjectPerLineInJson) {
    EXPECT_EQ(listed("json"),
              "{\"ID\":\"1\",\"Names\":\"web\"}\n"
              "{\"ID\":\"2\",\"Names\":\"a-\\u003eb\"}\n");
}

TEST(Listing, AsksOnlyForWhatIsShown) {
    const std::vector<Row> rows{{"1", "web"}};
    listed("{{.ID}}", rows);
    EXPECT_EQ(rows[0].asked, 0);
    listed("{{.Names}}", rows);
    EXPECT_EQ(rows[0].asked, 1);
}

TEST(Listing, RefusesAsDockerDoes) {
    EXPECT_EQ(message_of([] { listed("{{.ID"); }),
              "template parsing error: template: :1: unclosed action");
    EXPECT_EQ(message_of([] { listed("{{.Bogus}}"); }),
              "template parsing error: template: :1:2: executing \"\" at <.Bogus>: can't evaluate "
              "field Bogus in type *formatter.RowContext");
    EXPECT_EQ(message_of([] { listed("table {{.Bogus}}", {}); }),
              "template parsing error: template: :1:2: executing \"\" at <.Bogus>: can't evaluate "
              "field Bogus in type *formatter.RowContext");
}

TEST(CheckFormat, FindsWrongTemplatesWithoutARow) {
    EXPECT_EQ(message_of([] { check_format("{{.ID", row_type); }),
              "failed to parse template: template: :1: unclosed action");
    EXPECT_EQ(message_of([] { check_format("{{.Bogus}}", row_type); }),
              "failed to execute template: template: :1:2: executing \"\" at <.Bogus>: can't "
              "evaluate field Bogus in type *formatter.RowContext");
    // What only a value can answer is left to the rows.
    EXPECT_EQ(message_of([] { check_format("{{slice .ID 40}}", row_type); }), "no error");
    EXPECT_EQ(message_of([] { check_format("{{index (split .Names \"/\") 1}}", row_type); }),
              "no error");
}

}  // namespace
}  // namespace skiff::format
