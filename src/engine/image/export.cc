// SPDX-License-Identifier: Apache-2.0
#include "engine/image/export.h"

#include <cerrno>

#include <fcntl.h>

#include <sys/stat.h>

#include "base/cancellation.h"
#include "base/error.h"
#include "base/file.h"
#include "base/root_dir.h"
#include "engine/build/layer_work.h"
#include "engine/build/worker.h"
#include "engine/container/container_files.h"
#include "engine/container/layer_links.h"
#include "engine/image/archive_target.h"
#include "engine/store_namespace.h"
#include "runtime/rootfs/overlay.h"
#include "storage/archive/sink.h"
#include "storage/archive/tar_write.h"
#include "storage/lease.h"
#include "storage/store.h"

namespace skiff::engine {
namespace {

/// Its layers, with what it has written on top, to be read.
RootDir mount_container(const Engine& engine, storage::Lease& lease, const ContainerFiles& files,
                        const ContainerRecord& record) {
    lease.staging();
    runtime::OverlayRequest request;
    request.base_directory = engine.root() + "/l";
    request.lower = layer_links(engine, record.layers, record.name);
    const Fd upper = find_at(files.directory(), "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (upper.valid())
        request.lower.insert(request.lower.begin(),
                             fmt::format("../containers/{}/upper", record.id));
    // Overlay wants two.
    for (int number = 0; request.lower.size() < 2; ++number) {
        const std::string path = fmt::format("{}/empty-{}", lease.staging_path(), number);
        if (mkdirat(lease.store().fd(), path.c_str(), 0755) < 0)
            throw SystemError(errno, "cannot make a directory");
        request.lower.push_back("../" + path);
    }
    request.user_xattr = engine.rootless();
    return RootDir(runtime::mount_overlay(request));
}

}  // namespace

void export_container(const Engine& engine, const ExportRequest& request) {
    const ContainerFiles files = find_container(engine, request.container);
    const ContainerRecord record = files.record();
    if (!record.built_in.empty())
        throw Error(ErrorKind::unsupported,
                    "container {} cannot be exported: what the built-in image '{}' shows is this "
                    "machine's",
                    record.name, record.built_in);
    if (record.id_maps)
        throw Error(ErrorKind::unsupported,
                    "container {} cannot be exported: it has a user namespace of its own; commit "
                    "it, and export a container of that image",
                    record.name);
    // Whoever may read the container's files is not everybody.
    constexpr mode_t ours_alone = 0600;
    ArchiveTarget target(request.target, ours_alone);
    const storage::Store store = storage::Store::open(engine.root());
    storage::Lease lease = storage::Lease::take(store);
    const LayerOwnership ownership = layer_ownership(engine);
    const Cancellation cancellation;
    BuildWorker(engine, BuildWorker::Place::store, [&] {
        const RootDir root = mount_container(engine, lease, files, record);
        storage::FdSink sink(target.fd(), target.name());
        storage::write_layer_tar(root, sink, layer_tar_options(ownership, nullptr));
        return std::string();
    }).finish_unless_cancelled();
    target.commit();
}

}  // namespace skiff::engine
