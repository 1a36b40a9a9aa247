// SPDX-License-Identifier: Apache-2.0
#include "engine/image/import.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "engine/image/config_change.h"
#include "engine/image/new_image.h"
#include "engine/shared_namespace.h"
#include "engine/store_namespace.h"

namespace skiff::engine {
namespace {

Fd open_source(const std::string& source) {
    if (source == "-") {
        if (isatty(STDIN_FILENO) != 0)
            throw Error(
                ErrorKind::usage,
                std::string(
                    "cannot import from a terminal: redirect the archive into standard input"));
        return duplicate(STDIN_FILENO);
    }
    if (source.starts_with("http://") || source.starts_with("https://"))
        throw Error(ErrorKind::unsupported,
                    "importing from a URL is not supported by this version of skiff: download it, "
                    "or 'curl -L {} | skiff "
                    "import -'",
                    source);
    return open_file(source, O_RDONLY);
}

}  // namespace

oci::Digest import_image(const Engine& engine, const ImportRequest& request) {
    // Everything that can be wrong with the request is said before the archive is read.
    oci::ImageConfig config;
    config.platform =
        request.platform.empty() ? oci::host_platform() : oci::parse_platform(request.platform);
    apply_changes(request.changes, config);
    std::vector<oci::Reference> references;
    if (!request.target.empty()) references.push_back(oci::parse_tag_target(request.target));
    const Fd source = open_source(request.source);

    refuse_single_id(engine);
    const storage::Store store = storage::Store::open(engine.root());
    const std::string id =
        run_in_store_namespace(engine, store, [&](const LayerOwnership& ownership) {
            ImageStaging staging(store, ownership);
            const std::string name =
                request.source == "-" ? "standard input" : "'" + request.source + "'";
            storage::FdSource bytes(source.get(), name);
            ImageStaging::ImportedLayer layer = with_context(
                [&] { return staging.import_layer(bytes, name); }, "cannot import {}", name);

            config.created = now();
            config.opaque.comment = request.message.empty() ? "Imported from -" : request.message;
            config.diff_ids = {layer.diff};
            config.history = {{.created = config.created,
                               .created_by = "",
                               .author = "",
                               .comment = config.opaque.comment}};
            std::string text = oci::print_image_config(config);
            const oci::Digest image = staging.add({.config_text = std::move(text),
                                                   .config = config,
                                                   .layers = {std::move(layer.blob)},
                                                   .manifest_text = std::nullopt,
                                                   .manifest_type = "",
                                                   .references = references});
            staging.commit();
            return image.text();
        });
    return oci::Digest::require(id, "the imported image");
}

}  // namespace skiff::engine
