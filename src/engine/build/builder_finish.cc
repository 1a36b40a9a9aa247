// SPDX-License-Identifier: Apache-2.0
// The end of a build: what comes out of it.

#include "base/text.h"
#include "engine/build/builder.h"
#include "engine/build/export.h"
#include "engine/build/export_tree.h"
#include "engine/build/prune.h"
#include "oci/reference.h"

namespace skiff::engine {

void Builder::warn_of_arguments() {
    std::vector<std::string> unused;
    for (const auto& [name, value] : arguments_.given)
        if (!arguments_.used.contains(name) && to_lower(name).find("_proxy") == std::string::npos &&
            !arguments_.predefined.contains(name))
            unused.push_back(name);
    if (!unused.empty())
        events_.warning(
            fmt::format("One or more build-args [{}] were not consumed", join(unused, " ")));
}

/// The files of the target, for whoever wants no image.
void Builder::write_output() {
    const BuildOutput& output = request_.output;
    const bool archive = output.kind == BuildOutput::Kind::archive;
    const size_t event =
        events_.begin(archive ? "exporting to client tarball" : "exporting to client directory");
    const TreeExport tree{engine_, lease_, ownership_, stages_[plan_.target].state.visible()};
    OutputPlace place(output);
    BuildWorker(engine_, BuildWorker::Place::store, [&] {
        archive ? write_tree(tree, place.fd()) : copy_tree(tree, place.fd());
        return std::string();
    }).finish_unless_cancelled();
    place.commit();
    events_.done(event);
}

BuildResult Builder::finish() {
    if (request_.output.kind != BuildOutput::Kind::image) {
        write_output();
        history_->save();
        if (made_something_) trim_build_cache(engine_, store_);
        return {};
    }
    StageState& state = stages_[plan_.target].state;
    for (const auto& [key, value] : request_.labels) state.config.opaque.labels[key] = value;
    std::vector<oci::Reference> names;
    for (const std::string& tag : request_.tags) names.push_back(oci::parse_tag_target(tag));
    const size_t event = events_.begin("exporting to image");
    const std::string id = BuildWorker(engine_, BuildWorker::Place::store, [&] {
                               return export_image(store_, ownership_, state, names).text();
                           }).finish_unless_cancelled();
    // The export has flushed the disk: what else was made is there for good as well.
    for (const Stage& stage : stages_)
        for (const StageLayer& layer : stage.state.layers) storage::keep_layer(store_, layer.key);
    events_.note(event, "exporting layers done");
    events_.note(event, fmt::format("writing image {} done", id));
    for (const oci::Reference& name : names)
        events_.note(event, fmt::format("naming to {} done", name.text()));
    events_.done(event);
    history_->save();
    if (made_something_) trim_build_cache(engine_, store_);
    return {oci::Digest::require(id, "the image")};
}

}  // namespace skiff::engine
