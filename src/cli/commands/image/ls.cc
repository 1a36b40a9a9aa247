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

constexpr std::array not_yet{UnsupportedFlag{"tree"}};

constexpr std::string_view table =
    "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
constexpr std::string_view table_with_digests =
    "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";

constexpr std::array<std::string_view, 7> filter_names{"before",    "dangling", "label", "label!",
                                                       "reference", "since",    "until"};
constexpr std::string_view filter_words =
    "before= dangling=false dangling=true label= label!= reference= since= until=";

struct ImagesOptions {
    bool all = false;
    bool digests = false;
    bool whole_ids = false;
    bool quiet = false;
    std::string pattern;
    std::string format;
    format::Filters filters;
};

void declare(CommandBuilder& command, ImagesOptions& options) {
    command.flag("-a,--all", options.all, "Show the built-in images too");
    command.flag("--digests", options.digests,
                 "Show the digests by which NAME@DIGEST names the images");
    declare_filter(command, options.filters, complete::words(filter_words));
    declare_list_format(command, options.format);
    command.flag("--no-trunc", options.whole_ids, "Do not shorten IDs");
    command.flag("-q,--quiet", options.quiet, "Show IDs only");
    command.optional_argument("REPOSITORY[:TAG]", options.pattern, complete::images);
    command.unsupported(not_yet);
}

// --- rows: Docker's formatter.imageContext

struct Row {
    const engine::ImageSummary& image;
    const ImagesOptions& options;
    Timestamp reference;
};

std::string or_none(const std::string& text) {
    return text.empty() ? "<none>" : untrusted(text);
}
std::string id(const Row& row) {
    return or_none(row.options.whole_ids ? row.image.id : std::string(short_id(row.image.id)));
}
std::string repository(const Row& row) {
    return or_none(row.image.repository);
}
std::string tag(const Row& row) {
    return row.image.built_in ? "<built-in>" : or_none(row.image.tag);
}
std::string digest(const Row& row) {
    return or_none(row.image.digest);
}
std::string created_since(const Row& row) {
    return time_ago(row.image.created, row.reference);
}
std::string created_at(const Row& row) {
    return local_text(row.image.created);
}
std::string size(const Row& row) {
    return human_size(row.image.size);
}
std::string virtual_size(const Row& row) {
    return human_size(row.image.size, 4);
}
/// What only `system df` counts, as in Docker.
std::string not_counted(const Row&) {
    return "N/A";
}

using format::column;
constexpr std::array columns{
    column<Row, id>("ID", "IMAGE ID"),
    column<Row, repository>("Repository", "REPOSITORY"),
    column<Row, tag>("Tag", "TAG"),
    column<Row, digest>("Digest", "DIGEST"),
    column<Row, created_since>("CreatedSince", "CREATED"),
    column<Row, created_at>("CreatedAt", "CREATED AT"),
    column<Row, size>("Size", "SIZE"),
    column<Row, not_counted>("Containers", "CONTAINERS"),
    column<Row, virtual_size>("VirtualSize", "SIZE"),
    column<Row, not_counted>("SharedSize", "SHARED SIZE"),
    column<Row, not_counted>("UniqueSize", "UNIQUE SIZE"),
};
constexpr format::RowShape<columns.size()> shape("*formatter.imageContext", columns);
constexpr format::RowType row_type = shape.type();

std::string listing_format(const ImagesOptions& options) {
    if (options.quiet && (options.format.empty() || options.format == "table")) return "{{.ID}}";
    std::string format(format_or(options.format, options.digests ? table_with_digests : table));
    if (options.digests && format::is_table(format) &&
        format.find("{{.Digest}}") == std::string::npos)
        format += "\t{{.Digest}}";
    return format;
}

// --- filters

/// When the images were made that `name` names; the earliest or the latest of them.
std::optional<Timestamp> created(const engine::Engine& engine, const format::Filters& filters,
                                 std::string_view name, bool earliest) {
    std::optional<Timestamp> result;
    for (const std::string& value : filters.values(name)) {
        const Timestamp time = engine::image_created(engine, value);
        result = !result ? time : earliest ? std::min(*result, time) : std::max(*result, time);
    }
    return result;
}

std::vector<engine::ImageSummary> chosen_images(const engine::Engine& engine,
                                                const ImagesOptions& options) {
    const format::Filters& filters = options.filters;
    filters.check_names(filter_names);
    const std::optional<bool> dangling = filters.boolean("dangling");
    const std::optional<Timestamp> before = created(engine, filters, "before", true);
    const std::optional<Timestamp> since = created(engine, filters, "since", false);
    const Timestamp reference = now();
    std::optional<Timestamp> until;
    for (const std::string& value : filters.values("until"))
        until = std::min(until.value_or(Timestamp::max()), parse_moment(value, reference));

    auto images = engine::list_images(engine, {.pattern = options.pattern,
                                               .alternatives = filters.values("reference"),
                                               .built_in = options.all && !options.quiet});
    std::erase_if(images, [&](const engine::ImageSummary& image) {
        const bool dated = !image.built_in;  // the others are as old as the binary
        return (dangling && *dangling != image.repository.empty()) ||
               (before && !(dated && image.created < *before)) ||
               (since && !(dated && image.created > *since)) ||
               (until && !(dated && image.created < *until)) || !filters.match_labels(image.labels);
    });
    return images;
}

ExitCode run(engine::Engine& engine, const ImagesOptions& options) {
    format::Listing listing(listing_format(options), row_type);
    const Timestamp reference = now();
    for (const engine::ImageSummary& image : chosen_images(engine, options))
        listing.add(Row{image, options, reference});
    print(listing.text());
    return ExitCode::ok;
}

}  // namespace

Command images_command() {
    return make_command<ImagesOptions>(declare, run);
}

}  // namespace skiff::cli
