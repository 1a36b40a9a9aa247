// SPDX-License-Identifier: Apache-2.0
#include "engine/system/tiers.h"

#include <cerrno>

#include <sched.h>
#include <unistd.h>

#include <sys/mount.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/store_namespace.h"
#include "runtime/rootfs/overlay.h"
#include "storage/lease.h"
#include "storage/store.h"

namespace skiff::engine {
namespace {

std::string try_overlay(const Engine& engine, const std::string& directory) {
    try {
        runtime::mount_overlay({.base_directory = directory,
                                .lower = {"lower"},
                                .upper = "upper",
                                .work = "work",
                                .user_xattr = engine.rootless()});
        return "native";
    } catch (const Error& error) {
        return "unusable: " + error.message();
    }
}

/// As the launcher does it: the procfs of a new pid namespace, while the outer one is still visible
/// (without it the kernel refuses, "too revealing").
std::string try_proc(const std::string& target) {
    CloneResult cloned = clone_process(CLONE_NEWPID | CLONE_NEWNS);
    if (cloned.in_child)
        _exit(mount("proc", target.c_str(), "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, nullptr) == 0
                  ? 0
                  : errno);
    const ExitStatus status = cloned.child.wait();
    if (status.ok()) return "own";
    return fmt::format("refused: {}", errno_text(status.code));
}

}  // namespace

Tiers probe_tiers(const Engine& engine) {
    const auto store = storage::Store::find(engine.root());
    if (!store) return {"not tried: there is no store yet", "not tried: there is no store yet"};
    try {
        storage::Lease lease = storage::Lease::take(*store);
        for (const char* name : {"lower", "upper", "work"})
            open_or_make_directory(lease.staging(), name, 0700);
        const std::string directory = store->root() + "/" + lease.staging_path();
        const std::string text = run_with_own_mounts(engine, [&] {
            return try_overlay(engine, directory) + "\n" + try_proc(directory + "/lower");
        });
        const Cut lines = cut(text, '\n');
        return {std::string(lines.before), std::string(lines.after)};
    } catch (const Error& error) {
        return {"unusable: " + error.message(), "unusable: " + error.message()};
    }
}

}  // namespace skiff::engine
