// SPDX-License-Identifier: Apache-2.0
#include "engine/registry/search.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/list_options.h"
#include "cli/output.h"
#include "format/listing.h"

namespace skiff::cli {
namespace {

constexpr std::string_view table =
    "table {{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}";
constexpr std::array<std::string_view, 3> filter_names{"is-automated", "is-official", "stars"};
constexpr std::string_view filter_words = "is-official=true is-official=false stars=";
constexpr size_t shown_description = 45;
constexpr int most_results = 100;

struct SearchOptions {
    std::string term;
    int limit = 25;
    bool whole = false;
    std::string format;
    format::Filters filters;
};

void declare(CommandBuilder& command, SearchOptions& options) {
    declare_filter(command, options.filters, complete::words(filter_words));
    declare_list_format(command, options.format);
    command.option("--limit", options.limit, "int", "Most results that are shown, 1 to 100");
    command.flag("--no-trunc", options.whole, "Show descriptions whole");
    command.argument("TERM", options.term);
}

// --- rows: Docker's formatter.searchContext

struct Row {
    const engine::SearchResult& result;
    bool whole = false;
};

std::string name(const Row& row) {
    return untrusted(row.result.name);
}
/// In one line; cut behind whole characters.
std::string description(const Row& row) {
    std::string text = row.result.description;
    for (char& c : text)
        if (c == '\n' || c == '\r') c = ' ';
    size_t characters = 0;
    for (size_t i = 0; i < text.size() && !row.whole; ++i) {
        const bool begins = (static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80;
        if (begins && ++characters == shown_description && text.size() - i > 1) {
            text = text.substr(0, i) + "…";
            break;
        }
    }
    return untrusted(text);
}
std::string stars(const Row& row) {
    return std::to_string(row.result.stars);
}
std::string official(const Row& row) {
    return row.result.official ? "[OK]" : "";
}
std::string automated(const Row&) {
    return "";
}

using format::column;
constexpr std::array columns{
    column<Row, name>("Name", "NAME"),
    column<Row, description>("Description", "DESCRIPTION"),
    column<Row, stars>("StarCount", "STARS"),
    column<Row, official>("IsOfficial", "OFFICIAL"),
    column<Row, automated>("IsAutomated", "AUTOMATED"),
};
constexpr format::RowShape<columns.size()> shape("*formatter.searchContext", columns);
constexpr format::RowType row_type = shape.type();

ExitCode run(engine::Engine& engine, const SearchOptions& options) {
    options.filters.check_names(filter_names);
    if (options.limit < 1 || options.limit > most_results)
        throw Error(ErrorKind::invalid, "Limit {} is outside the range of [1, 100]", options.limit);
    long long least_stars = 0;
    for (const std::string& value : options.filters.values("stars")) {
        const auto number = parse_number<long long>(value);
        if (!number || *number < 0)
            throw Error(ErrorKind::invalid, "invalid filter 'stars={}'", value);
        least_stars = std::max(least_stars, *number);
    }
    const std::optional<bool> wants_official = options.filters.boolean("is-official");
    // Builds by Docker Hub were ended: nothing is automated any more.
    if (options.filters.boolean("is-automated").value_or(false)) least_stars = INT64_MAX;
    format::Listing listing(format_or(options.format, table), row_type);
    for (const engine::SearchResult& result :
         engine::search_registry(engine, options.term, options.limit)) {
        if (result.stars < least_stars || (wants_official && *wants_official != result.official))
            continue;
        listing.add(Row{result, options.whole});
    }
    print(listing.text());
    return ExitCode::ok;
}

}  // namespace

Command search_command() {
    return make_command<SearchOptions>(declare, run);
}

}  // namespace skiff::cli
