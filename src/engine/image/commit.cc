// SPDX-License-Identifier: Apache-2.0
#include "engine/image/commit.h"

#include <set>

#include <fcntl.h>

#include "base/cancellation.h"
#include "base/error.h"
#include "base/root_dir.h"
#include "base/text.h"
#include "engine/build/base_image.h"
#include "engine/build/export.h"
#include "engine/build/layer_work.h"
#include "engine/build/worker.h"
#include "engine/container/container_files.h"
#include "engine/container/lifecycle.h"
#include "engine/container/mapped_layers.h"
#include "engine/container/mount_stubs.h"
#include "engine/image/config_change.h"
#include "engine/image/new_image.h"
#include "engine/store_namespace.h"
#include "monitor/client.h"
#include "storage/archive/tar_write.h"

namespace skiff::engine {
namespace {

/// The container's processes stand still while it lives, if they did not already.
class Standstill {
  public:
    Standstill(const ContainerFiles& files, bool wanted) : files_(files) {
        const ContainerState state = files.current_state();
        if (!wanted || state.status != ContainerStatus::running || is_paused(state)) return;
        try {
            ask(true);
            paused_ = true;
        } catch (const Error&) {
            // It has come to its end meanwhile, or somebody else has paused it.
            if (!files.lock_when_idle() && !is_paused(files.current_state())) throw;
        }
    }
    Standstill(const Standstill&) = delete;
    Standstill& operator=(const Standstill&) = delete;
    ~Standstill() {
        try {
            if (paused_) ask(false);
        } catch (const Error&) {
            // It has ended, or `inspect` says that it is paused still.
        }
    }

  private:
    void ask(bool paused) const {
        const monitor::MonitorConnection connection = connect_to_running(files_);
        monitor::request_pause(connection.socket.get(), connection.version, paused);
    }
    const ContainerFiles& files_;
    bool paused_ = false;
};

/// What the container runs with is what the image's containers will.
void take_configuration(const ContainerRecord& record, oci::ImageConfig& config) {
    const EffectiveConfig& effective = record.config;
    oci::UntrustedImageConfig& runtime = config.config;
    runtime.environment = effective.environment;
    runtime.entrypoint = effective.entrypoint;
    runtime.command = effective.command;
    runtime.user = effective.user;
    runtime.working_directory = effective.working_directory;
    runtime.stop_signal = effective.stop_signal;
    runtime.exposed_ports = {effective.exposed_ports.begin(), effective.exposed_ports.end()};
    runtime.volumes = {effective.volumes.begin(), effective.volumes.end()};
    config.opaque.labels = effective.labels;
}

/// The trees of the container's image, topmost first.
std::vector<RootDir> open_layers(const storage::Store& store, const ContainerRecord& record) {
    std::vector<RootDir> trees;
    for (auto key = record.layers.rbegin(); key != record.layers.rend(); ++key)
        trees.push_back(storage::open_layer_tree(
            store, oci::Digest::require("sha256:" + *key, "a layer of the container")));
    return trees;
}

/// It may be running: they stay where they are, and are left out of the layer.
std::set<std::string> mount_stubs(const ContainerRecord& record, Fd upper,
                                  const std::vector<RootDir>& below,
                                  const LayerOwnership& ownership) {
    std::vector<RootDir> trees;
    trees.emplace_back(std::move(upper));
    for (const RootDir& tree : below) trees.emplace_back(duplicate(tree.fd()));
    const std::vector<std::string> stubs = find_mount_stubs(
        LayerStack(std::move(trees), ownership.overlay_xattrs), mount_targets(record));
    return {stubs.begin(), stubs.end()};
}

/// What the container has written is owned by ids that are the container's own.
storage::TreeTarOptions tar_options(const LayerOwnership& ownership, const ContainerRecord& record,
                                    const RootDir* below) {
    storage::TreeTarOptions options = layer_tar_options(ownership, below);
    if (!record.id_maps) return options;
    IdTranslation translation = to_inside_translation(*record.id_maps);
    options.uid = std::move(translation.uid);
    options.gid = std::move(translation.gid);
    return options;
}

}  // namespace

oci::Digest commit_container(const Engine& engine, const CommitRequest& request) {
    std::vector<oci::Reference> names;
    if (!request.target.empty()) names.push_back(oci::parse_tag_target(request.target));
    const ContainerFiles files = find_container(engine, request.container);
    const ContainerRecord record = files.record();
    if (!record.built_in.empty())
        throw Error(ErrorKind::unsupported,
                    "container {} cannot be committed: what the built-in image '{}' shows is this "
                    "machine's",
                    record.name, record.built_in);
    const storage::Store store = storage::Store::open(engine.root());
    storage::Lease lease = storage::Lease::take(store);
    StageState state = load_base_image(store, lease, record.image_id);
    take_configuration(record, state.config);
    apply_changes(request.changes, state.config);
    state.config.created = now();
    state.config.opaque.author = request.author;
    state.config.opaque.comment = request.message;
    std::vector<std::string> command = record.config.entrypoint;
    command.insert(command.end(), record.config.command.begin(), record.config.command.end());
    state.config.history.push_back({.created = state.config.created,
                                    .created_by = join(command, " "),
                                    .author = request.author,
                                    .comment = request.message});
    // Whoever interrupts us must not leave the container standing still.
    const Cancellation cancellation;
    const Standstill standstill(files, request.pause);
    const auto add = [&](const LayerOwnership& ownership) {
        ImageStaging staging(store, ownership);
        ImageStaging::NewImage image = image_of_stage(staging, store, state);
        auto blob =
            std::make_shared<storage::BlobWriter>(staging.lease(), storage::BlobForm::packed);
        Fd upper = find_at(files.directory(), "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (upper.valid()) {
            const std::vector<RootDir> below = open_layers(store, record);
            storage::TreeTarOptions options =
                tar_options(ownership, record, below.empty() ? nullptr : &below.front());
            options.without = mount_stubs(record, duplicate(upper.get()), below, ownership);
            storage::write_layer_tar(RootDir(std::move(upper)), *blob, options);
        } else {  // it never ran
            storage::TarWriter(*blob).finish();
        }
        image.config.diff_ids.push_back(blob->finish().digest);
        const ImageStaging::StagedBlob layer{blob, oci::media_type::oci_layer};
        staging.unpack_layer(layer, image.config.diff_ids, "the container's layer");
        image.layers.push_back(layer);
        image.config_text = oci::print_image_config(image.config);
        image.references = names;
        const oci::Digest added = staging.add(std::move(image));
        staging.commit();
        return added.text();
    };
    const std::string id = BuildWorker(engine, BuildWorker::Place::ours, [&] {
                               return run_in_store_namespace(engine, store, add);
                           }).finish_unless_cancelled();
    return oci::Digest::require(id, "the image");
}

}  // namespace skiff::engine
