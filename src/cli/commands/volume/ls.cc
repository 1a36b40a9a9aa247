// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "cli/command.h"
#include "cli/list_options.h"
#include "cli/output.h"
#include "engine/volume/volumes.h"
#include "format/listing.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"cluster"}};

constexpr std::string_view table = "table {{.Driver}}\t{{.Name}}";
constexpr std::array<std::string_view, 5> filter_names{"dangling", "driver", "label", "label!",
                                                       "name"};

struct ListOptions {
    bool quiet = false;
    std::string format;
    format::Filters filters;
};

void declare(CommandBuilder& command, ListOptions& options) {
    declare_filter(command, options.filters,
                   complete::words("dangling=true dangling=false driver= label= label!= name="));
    declare_list_format(command, options.format);
    command.flag("-q,--quiet", options.quiet, "Show names only");
    command.unsupported(not_yet);
}

// --- rows: Docker's formatter.volumeContext

using Row = engine::VolumeSummary;

std::string name(const Row& row) {
    return row.record.name;
}
std::string driver(const Row& row) {
    return untrusted(row.record.driver);
}
std::string scope(const Row&) {
    return "local";
}
std::string mountpoint(const Row& row) {
    return row.mountpoint;
}
std::string labels(const Row& row) {
    std::string text;
    for (const auto& [key, value] : row.record.labels)
        text += fmt::format("{}{}={}", text.empty() ? "" : ",", key, value);
    return untrusted(text);
}
std::string label(const Row& row, std::string_view key) {
    const auto found = row.record.labels.find(std::string(key));
    return found == row.record.labels.end() ? "" : untrusted(found->second);
}
/// What only `system df` counts, and what only a cluster has.
std::string not_known(const Row&) {
    return "N/A";
}

using format::column;
constexpr std::array columns{
    column<Row, name>("Name", "VOLUME NAME"),
    column<Row, driver>("Driver", "DRIVER"),
    column<Row, scope>("Scope", "SCOPE"),
    column<Row, mountpoint>("Mountpoint", "MOUNTPOINT"),
    column<Row, labels>("Labels", "LABELS"),
    format::label_column<Row, label>(),
    column<Row, not_known>("Links", "LINKS"),
    column<Row, not_known>("Size", "SIZE"),
    column<Row, not_known>("Group", "GROUP"),
    column<Row, not_known>("Availability", "AVAILABILITY"),
    column<Row, not_known>("Status", "STATUS"),
};
constexpr format::RowShape<columns.size()> shape("*formatter.volumeContext", columns);
constexpr format::RowType row_type = shape.type();

bool agrees(const format::Filters& filters, const Row& row) {
    return filters.matches("name", row.record.name) &&
           filters.equals("driver", row.record.driver) && filters.match_labels(row.record.labels);
}

ExitCode run(engine::Engine& engine, const ListOptions& options) {
    options.filters.check_names(filter_names);
    const std::optional<bool> dangling = options.filters.boolean("dangling");
    const bool names_only = options.quiet && (options.format.empty() || options.format == "table");
    format::Listing listing(names_only ? "{{.Name}}" : format_or(options.format, table), row_type);
    for (const Row& row : engine::list_volumes(engine, dangling.has_value()))
        if (agrees(options.filters, row) && (!dangling || *dangling != row.in_use))
            listing.add(row);
    print(listing.text());
    return ExitCode::ok;
}

}  // namespace

Command volume_ls_command() {
    return make_command<ListOptions>(declare, run);
}

}  // namespace skiff::cli
