// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/moment.h"
#include "cli/command.h"
#include "cli/commands/image/image_names.h"
#include "cli/list_options.h"
#include "cli/output.h"
#include "engine/image/list.h"
#include "format/listing.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"platform"}};
constexpr size_t created_by_width = 45;

constexpr std::string_view table =
    "table {{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";
constexpr std::string_view table_for_programs =
    "table {{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";

struct HistoryOptions {
    std::string image;
    std::string format;
    bool human = true;
    bool whole = false;
    bool quiet = false;
};

void declare(CommandBuilder& command, HistoryOptions& options) {
    declare_list_format(command, options.format);
    command.flag("-H,--human", options.human, "Print sizes and times in words");
    command.flag("--no-trunc", options.whole, "Do not shorten anything");
    command.flag("-q,--quiet", options.quiet, "Show IDs only");
    command.argument("IMAGE", options.image, complete::images);
    command.unsupported(not_yet);
}

struct Row {
    const engine::HistoryLine& line;
    const HistoryOptions& options;
    Timestamp reference;
};

/// On one line, whatever a Dockerfile's command was.
std::string one_line(std::string text) {
    std::ranges::replace(text, '\t', ' ');
    std::ranges::replace(text, '\n', ' ');
    return untrusted(text);
}

std::string id(const Row& row) {
    if (row.line.id.empty()) return "<missing>";
    return row.options.whole ? row.line.id : std::string(short_id(row.line.id));
}
std::string created_at(const Row& row) {
    return local_rfc3339(row.line.created.value_or(Timestamp{}));
}
std::string created_since(const Row& row) {
    if (!row.options.human) return created_at(row);
    return time_ago(row.line.created.value_or(Timestamp{}), row.reference);
}
std::string created_by(const Row& row) {
    const std::string text = one_line(row.line.created_by);
    return row.options.whole ? text : shortened(text, created_by_width);
}
std::string size(const Row& row) {
    return row.options.human ? human_size(row.line.size) : std::to_string(row.line.size);
}
std::string comment(const Row& row) {
    return one_line(row.line.comment);
}

using format::column;
constexpr std::array columns{
    column<Row, id>("ID", "IMAGE"),
    column<Row, created_at>("CreatedAt", "CREATED AT"),
    column<Row, created_since>("CreatedSince", "CREATED"),
    column<Row, created_by>("CreatedBy", "CREATED BY"),
    column<Row, size>("Size", "SIZE"),
    column<Row, comment>("Comment", "COMMENT"),
};
constexpr format::RowShape<columns.size()> shape("*image.historyContext", columns);
constexpr format::RowType row_type = shape.type();

std::string_view listing_format(const HistoryOptions& options) {
    const std::string_view own = options.human ? table : table_for_programs;
    return format_or(options.format, options.quiet ? "{{.ID}}" : own);
}

ExitCode run(engine::Engine& engine, const HistoryOptions& options) {
    format::Listing listing(listing_format(options), row_type);
    const Timestamp reference = now();
    for (const engine::HistoryLine& line : engine::image_history(engine, options.image))
        listing.add(Row{line, options, reference});
    print(listing.text());
    return ExitCode::ok;
}

}  // namespace

Command history_command() {
    return make_command<HistoryOptions>(declare, run);
}

}  // namespace skiff::cli
