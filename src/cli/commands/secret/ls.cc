// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "base/duration.h"
#include "cli/command.h"
#include "cli/list_options.h"
#include "cli/output.h"
#include "engine/secret/secrets.h"
#include "format/listing.h"

namespace skiff::cli {
namespace {

constexpr std::string_view table =
    "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.CreatedAt}}\t{{.UpdatedAt}}";
constexpr std::array<std::string_view, 3> filter_names{"id", "label", "name"};

struct ListOptions {
    bool quiet = false;
    std::string format;
    format::Filters filters;
};

void declare(CommandBuilder& command, ListOptions& options) {
    declare_filter(command, options.filters, complete::words("id= label= name="));
    declare_list_format(command, options.format);
    command.flag("-q,--quiet", options.quiet, "Show ids only");
}

using Row = engine::SecretRecord;

std::string id(const Row& row) {
    return row.id;
}
std::string name(const Row& row) {
    return untrusted(row.name);
}
std::string driver(const Row& row) {
    return row.driver;
}
std::string created(const Row& row) {
    return time_ago(row.created, now());
}
std::string updated(const Row& row) {
    return time_ago(row.updated, now());
}
std::string labels(const Row& row) {
    std::string text;
    for (const auto& [key, value] : row.labels)
        text += fmt::format("{}{}={}", text.empty() ? "" : ",", key, value);
    return untrusted(text);
}

using format::column;
constexpr std::array columns{
    column<Row, id>("ID", "ID"),
    column<Row, name>("Name", "NAME"),
    column<Row, driver>("Driver", "DRIVER"),
    column<Row, created>("CreatedAt", "CREATED"),
    column<Row, updated>("UpdatedAt", "UPDATED"),
    column<Row, labels>("Labels", "LABELS"),
};
constexpr format::RowShape<columns.size()> shape("*formatter.secretContext", columns);
constexpr format::RowType row_type = shape.type();

ExitCode run(engine::Engine& engine, const ListOptions& options) {
    options.filters.check_names(filter_names);
    const bool ids_only = options.quiet && (options.format.empty() || options.format == "table");
    format::Listing listing(ids_only ? "{{.ID}}" : format_or(options.format, table), row_type);
    for (const Row& row : engine::list_secrets(engine))
        if (options.filters.matches("name", row.name) && options.filters.matches("id", row.id) &&
            options.filters.match_labels(row.labels))
            listing.add(row);
    print(listing.text());
    return ExitCode::ok;
}

}  // namespace

Command secret_ls_command() {
    return make_command<ListOptions>(declare, run);
}

}  // namespace skiff::cli
