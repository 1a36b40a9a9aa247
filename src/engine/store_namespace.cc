// SPDX-License-Identifier: Apache-2.0
#include "engine/store_namespace.h"

#include <cerrno>
#include <csignal>

#include <sched.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/mount.h>

#include "base/die_with.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/shared_namespace.h"
#include "runtime/userns/id_map.h"
#include "runtime/userns/user_namespace.h"
#include "storage/collect.h"

namespace skiff::engine {
namespace {

/// What `act` may return: an image id, a list of loaded images.
constexpr size_t max_result_size = 64U << 20U;
constexpr const char* result_name = "the result of work in the store";

/// What `work` wrote to the descriptor that it is given: a file in memory, not a pipe, since the
/// child writes its result whole before the parent looks.
template <typename Work>
std::string result_of(Work work) {
    const Fd result(memfd_create("skiff-result", MFD_CLOEXEC));
    if (!result.valid()) throw SystemError(errno, "cannot make a file in memory");
    work(result.get());
    if (lseek(result.get(), 0, SEEK_SET) < 0)
        throw SystemError(errno, "cannot read a file in memory");
    return read_to_end(result.get(), max_result_size, result_name);
}

/// The life of root's child in a mount namespace of its own.
[[noreturn]] void in_own_mounts(pid_t parent, int result, int failure,
                                const std::function<std::string()>& act) {
    try {
        // Work that nobody waits for is not to go on.
        die_with(parent);
        if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) < 0)
            throw SystemError(errno, "cannot separate our mounts from the host's");
        write_all(result, act(), result_name);
        _exit(0);
    } catch (const Error& error) {
        const std::string text = fmt::format("{}\n{}", to_string(error.kind()), error.message());
        [[maybe_unused]] const ssize_t n = ::write(failure, text.data(), text.size());
    } catch (const std::exception&) {
    }
    _exit(1);
}

}  // namespace

LayerOwnership layer_ownership(const Engine& engine) {
    if (!engine.rootless()) return {};
    return {.ownership = store_id_maps(engine).single_id() ? storage::Ownership::record
                                                           : storage::Ownership::apply,
            .overlay_xattrs = storage::OverlayXattrs::user};
}

std::string run_in_store_namespace(const Engine& engine, const storage::Store&,
                                   const std::function<std::string(const LayerOwnership&)>& act) {
    if (!engine.rootless()) return act({});

    const runtime::IdMaps maps = store_id_maps(engine);
    const LayerOwnership ownership = layer_ownership(engine);
    return result_of([&](int result) {
        runtime::run_in_user_namespace(maps, [&] {
            write_all(result, act(ownership), result_name);
            return 0;
        });
    });
}

std::string run_with_own_mounts(const Engine& engine, const std::function<std::string()>& act) {
    if (engine.rootless())
        return result_of([&](int result) {
            runtime::run_in_user_namespace(store_id_maps(engine), [&] {
                write_all(result, act(), result_name);
                return 0;
            });
        });
    return result_of([&](int result) {
        Pipe failure = make_pipe();
        const pid_t parent = getpid();
        CloneResult cloned = clone_process(CLONE_NEWNS);
        if (cloned.in_child) in_own_mounts(parent, result, failure.write.get(), act);
        failure.write.reset();
        const std::string text = read_to_end(failure.read.get(), max_result_size, result_name);
        const ExitStatus status = cloned.child.wait();
        const Cut parts = cut(text, '\n');
        if (!text.empty()) throw Error(error_kind_from(parts.before), std::string(parts.after));
        if (status.signal == SIGPIPE)
            throw SystemError(EPIPE, "cannot write what was found in the store");
        if (!status.ok())
            throw Error(ErrorKind::system, "the process that looked into the store was killed");
    });
}

void empty_store_trash(const Engine& engine, const storage::Store& store) {
    run_in_store_namespace(engine, store, [&](const LayerOwnership&) {
        storage::empty_trash(store);
        return std::string();
    });
}

}  // namespace skiff::engine
