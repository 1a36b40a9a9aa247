// SPDX-License-Identifier: Apache-2.0
#include "engine/store_namespace.h"

#include <cerrno>

#include <unistd.h>

#include <sys/mman.h>

#include "base/error.h"
#include "base/fd.h"
#include "engine/shared_namespace.h"
#include "runtime/userns/id_map.h"
#include "runtime/userns/user_namespace.h"
#include "storage/collect.h"

namespace skiff::engine {
namespace {

/// What `act` may return: an image id, a list of loaded images.
constexpr size_t max_result_size = 64U << 20U;

}  // namespace

std::string run_in_store_namespace(const Engine& engine, const storage::Store&,
                                   const std::function<std::string(const LayerOwnership&)>& act) {
    if (!engine.rootless()) return act({});

    const runtime::IdMaps maps = store_id_maps(engine);
    const LayerOwnership ownership{
        .ownership = maps.single_id() ? storage::Ownership::record : storage::Ownership::apply,
        .overlay_xattrs = storage::OverlayXattrs::user};
    // A file in memory, not a pipe: the child writes its result whole before the parent looks.
    const Fd result(memfd_create("skiff-result", MFD_CLOEXEC));
    if (!result.valid()) throw SystemError(errno, "cannot make a file in memory");
    runtime::run_in_user_namespace(maps, [&] {
        write_all(result.get(), act(ownership), "the result of work in the store");
        return 0;
    });
    if (lseek(result.get(), 0, SEEK_SET) < 0)
        throw SystemError(errno, "cannot read a file in memory");
    return read_to_end(result.get(), max_result_size, "the result of work in the store");
}

void empty_store_trash(const Engine& engine, const storage::Store& store) {
    run_in_store_namespace(engine, store, [&](const LayerOwnership&) {
        storage::empty_trash(store);
        return std::string();
    });
}

}  // namespace skiff::engine
