// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/output.h"
#include "engine/registry/search.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"insecure"}, UnsupportedFlag{"verbose", 'v'}};

struct ManifestOptions {
    std::string image;
};

void declare(CommandBuilder& command, ManifestOptions& options) {
    command.argument("MANIFEST", options.image);
    command.unsupported(not_yet);
}

ExitCode run(engine::Engine& engine, const ManifestOptions& options) {
    // Members stay in the order in which they came; the text was checked to be JSON.
    const auto document =
        nlohmann::ordered_json::parse(engine::find_remote_manifest(engine, options.image).text);
    print_line(untrusted_lines(
        document.dump(1, '\t', false, nlohmann::ordered_json::error_handler_t::replace)));
    return ExitCode::ok;
}

}  // namespace

Command manifest_inspect_command() {
    return make_command<ManifestOptions>(declare, run);
}

}  // namespace skiff::cli
