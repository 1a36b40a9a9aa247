// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "cli/command.h"
#include "cli/commands/image/image_names.h"
#include "cli/output.h"
#include "engine/image/list.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"filter", 'f'}, UnsupportedFlag{"format"},
                             UnsupportedFlag{"tree"}};

struct ImagesOptions {
    bool all = false;
    bool digests = false;
    bool whole_ids = false;
    bool quiet = false;
    std::string pattern;
};

void declare(CommandBuilder& command, ImagesOptions& options) {
    command.flag("-a,--all", options.all, "Show the built-in images too");
    command.flag("--digests", options.digests, "Show the digests of images that have one");
    command.flag("--no-trunc", options.whole_ids, "Do not shorten IDs");
    command.flag("-q,--quiet", options.quiet, "Show IDs only");
    command.optional_argument("REPOSITORY[:TAG]", options.pattern, complete::images);
    command.unsupported(not_yet);
}

std::string or_none(const std::string& text) {
    return text.empty() ? "<none>" : untrusted(text);
}

ExitCode run(engine::Engine& engine, const ImagesOptions& options) {
    const auto images = engine::list_images(
        engine, {.pattern = options.pattern, .built_in = options.all && !options.quiet});
    const auto shown_id = [&](const std::string& id) {
        return options.whole_ids ? id : std::string(short_id(id));
    };
    if (options.quiet) {
        for (const engine::ImageSummary& image : images) print_line(shown_id(image.id));
        return ExitCode::ok;
    }
    std::vector<std::string> header{"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"};
    if (options.digests) header.insert(header.begin() + 2, "DIGEST");
    Table table(std::move(header));
    const Timestamp reference = now();
    for (const engine::ImageSummary& image : images) {
        std::vector<std::string> row{or_none(image.repository),
                                     image.built_in ? "<built-in>" : or_none(image.tag),
                                     or_none(shown_id(image.id)),
                                     time_ago(image.created, reference), human_size(image.size)};
        if (options.digests) row.insert(row.begin() + 2, or_none(image.digest));
        table.add(std::move(row));
    }
    print(table.text());
    return ExitCode::ok;
}

}  // namespace

Command images_command() {
    return make_command<ImagesOptions>(declare, run);
}

}  // namespace skiff::cli
