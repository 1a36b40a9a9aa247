// SPDX-License-Identifier: Apache-2.0
// What --format makes of rows: Docker's formatter. Each list of a command is a template executed
// for every row; the table that is printed by default is one as well, with a header on top.
//
//     std::string id(const Row& row) { … }
//     constexpr std::array columns{column<Row, id>("ID", "CONTAINER ID"), …};
//     constexpr RowShape<columns.size()> shape("*formatter.ContainerContext", columns);
//
//     Listing listing(format, shape.type());
//     for (const Row& row : rows) listing.add(row);
//     print(listing.text());
//
// Nothing of it exists before a command that lists is run: everything static is a constant.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "gotemplate/template.h"
#include "gotemplate/value.h"

namespace skiff::format {

/// What templates may ask of a row, and the title of the column that shows it.
struct Column {
    gotemplate::Field field;
    std::string_view title = {};
};

/// A column whose text is made by `text` when a template asks for it.
template <typename Row, std::string (*text)(const Row&)>
constexpr Column column(std::string_view name, std::string_view title) {
    const auto get = [](const void* row, const gotemplate::Field&, gotemplate::Scratch& scratch) {
        return gotemplate::Value::of(scratch.keep(text(*static_cast<const Row*>(row))));
    };
    return {{.name = name, .get = get, .type = &gotemplate::string_type, .method = true}, title};
}

inline constexpr std::array<const gotemplate::Type*, 1> label_parameters{&gotemplate::string_type};

/// `{{.Label "key"}}`; its title is the last word of the key.
template <typename Row, std::string (*text)(const Row&, std::string_view key)>
constexpr Column label_column() {
    const auto call = [](const void* row, std::span<const gotemplate::Value> arguments,
                         gotemplate::Scratch& scratch) {
        return gotemplate::Value::of(
            scratch.keep(text(*static_cast<const Row*>(row), arguments[0].text())));
    };
    return {{.name = "Label",
             .type = &gotemplate::string_type,
             .method = true,
             .parameters = label_parameters,
             .call = call}};
}

/// A row as templates see it, and the row of titles.
struct RowType {
    gotemplate::Type row;
    gotemplate::Type header;
    std::span<const Column> columns;
};

/// Getters of the row of titles: the record is its RowType.
gotemplate::Value column_title(const void* row_type, const gotemplate::Field& self,
                               gotemplate::Scratch& scratch);
gotemplate::Value label_title(const void* row_type, std::span<const gotemplate::Value> arguments,
                              gotemplate::Scratch& scratch);

/// A constant that holds the fields which a RowType looks at.
template <size_t n>
class RowShape {
  public:
    /// `name` is the type's in messages, Docker's own. `columns` must outlive this.
    constexpr RowShape(std::string_view name, const std::array<Column, n>& columns)
        : name_(name), columns_(columns) {
        for (size_t i = 0; i < n; ++i) {
            row_[i] = columns[i].field;
            header_[i] = columns[i].field;
            if (header_[i].call != nullptr) {
                header_[i].call = label_title;
            } else {
                header_[i].get = column_title;
                header_[i].type = &gotemplate::string_type;
            }
        }
    }
    constexpr RowType type() const {
        const auto record = [&](std::span<const gotemplate::Field> fields) {
            return gotemplate::Type{.kind = gotemplate::Kind::record,
                                    .name = name_,
                                    .fields = fields,
                                    .pointer = true,
                                    .marshals_methods = true};
        };
        return {record(row_), record(header_), columns_};
    }

  private:
    std::string_view name_;
    std::span<const Column> columns_;
    std::array<gotemplate::Field, n> row_{};
    std::array<gotemplate::Field, n> header_{};
};

/// True for "table" and what begins with it.
bool is_table(std::string_view format);

/// Parses `format` as it was typed and looks for fields that rows do not have, so that a wrong
/// template is refused where there is nothing to list, too. Throws Error{invalid} with the words of
/// `docker ps`.
void check_format(std::string_view format, const RowType& type);

class Listing {
  public:
    /// `format` is "json" (an object per line), "table TEMPLATE", or a template; in it \t and \n
    /// are escapes. "table" alone must have been replaced by the command's own default.
    /// Throws Error{invalid}: "template parsing error: …". `type` must outlive this.
    Listing(std::string_view format, const RowType& type);

    /// `row` is what the getters of the columns expect. Throws Error{invalid}.
    template <typename Row>
    void add(const Row& row) {
        add_record(&row);
    }

    /// All rows, each on its line, below the header if it is a table.
    std::string text() const;

  private:
    void add_record(const void* row);

    const RowType& type_;
    bool table_;
    gotemplate::Template template_;
    std::string rows_;
};

}  // namespace skiff::format
