// SPDX-License-Identifier: Apache-2.0
#include "engine/registry/manifest_inspect.h"

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

struct ManifestOptions {
    engine::ManifestRequest request;
    bool verbose = false;
};

void declare(CommandBuilder& command, ManifestOptions& options) {
    command.flag("--insecure", options.request.insecure,
                 "Ask without a verified certificate, and without TLS where there is none");
    command.argument("MANIFEST", options.request.image);
    command.flag("-v,--verbose", options.verbose,
                 "Show platforms, and the manifests that an index names");
}

/// Members stay in the order in which they came. Docker indents manifests by tabs, but an index by
/// three blanks.
std::string indented(const engine::RemoteManifest& manifest) {
    return nlohmann::ordered_json::parse(manifest.text)
        .dump(manifest.is_index ? 3 : 1, manifest.is_index ? ' ' : '\t', false,
              nlohmann::ordered_json::error_handler_t::replace);
}

ExitCode run(engine::Engine& engine, const ManifestOptions& options) {
    print_line(untrusted_lines(
        options.verbose ? engine::describe_remote_manifest(engine, options.request)
                        : indented(engine::find_remote_manifest(engine, options.request))));
    return ExitCode::ok;
}

}  // namespace

Command manifest_inspect_command() {
    return make_command<ManifestOptions>(declare, run);
}

}  // namespace skiff::cli
