// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "base/error.h"
#include "cli/command.h"
#include "cli/commands/system/df_verbose.h"
#include "cli/list_options.h"
#include "cli/output.h"
#include "engine/container/remove.h"
#include "engine/system/disk_usage.h"
#include "format/listing.h"

namespace skiff::cli {
namespace {

constexpr std::string_view table =
    "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}";

struct UsageOptions {
    std::string format;
    bool verbose = false;
};

void declare(CommandBuilder& command, UsageOptions& options) {
    declare_list_format(command, options.format);
    command.flag("-v,--verbose", options.verbose, "Show each image, container, volume and cache");
}

// --- rows: Docker's formatter.diskUsageContext

using Row = engine::UsageRow;

std::string type(const Row& row) {
    return row.type;
}
std::string total(const Row& row) {
    return std::to_string(row.total);
}
std::string active(const Row& row) {
    return std::to_string(row.active);
}
std::string size(const Row& row) {
    return human_size(row.size, 4);
}
std::string reclaimable(const Row& row) {
    const std::string text = human_size(row.reclaimable, 4);
    if (row.size == 0 || row.type == "Build Cache") return text;
    return fmt::format("{} ({}%)", text, row.reclaimable * 100 / row.size);
}

using format::column;
constexpr std::array columns{
    column<Row, type>("Type", "TYPE"),
    column<Row, total>("TotalCount", "TOTAL"),
    column<Row, active>("Active", "ACTIVE"),
    column<Row, size>("Size", "SIZE"),
    column<Row, reclaimable>("Reclaimable", "RECLAIMABLE"),
};
constexpr format::RowShape<columns.size()> shape("*formatter.diskUsageContext", columns);
constexpr format::RowType row_type = shape.type();

ExitCode run(engine::Engine& engine, const UsageOptions& options) {
    if (options.verbose) {
        if (!options.format.empty() && options.format != "table")
            throw Error(ErrorKind::usage,
                        std::string("the verbose and the format options conflict"));
        engine::repair(engine);
        print(verbose_usage(engine));
        return ExitCode::ok;
    }
    format::Listing listing(format_or(options.format, table), row_type);
    engine::repair(engine);
    for (const Row& row : engine::disk_usage(engine)) listing.add(row);
    print(listing.text());
    return ExitCode::ok;
}

}  // namespace

Command df_command() {
    return make_command<UsageOptions>(declare, run);
}

}  // namespace skiff::cli
