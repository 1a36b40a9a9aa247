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
#include "network/namespace_setup.h"
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

/// As the network's helper does it, in a namespace that ends with the child.
std::string try_network() {
    constexpr int done = 4;
    constexpr int by_tap = 2;
    constexpr int by_gate = 1;
    CloneResult cloned = clone_process(CLONE_NEWNET);
    if (cloned.in_child) {
        try {
            const network::NamespaceResult result =
                network::set_up_namespace(network::make_config(network::default_cidr));
            _exit(done | (result.facts.tap ? by_tap : 0) |
                  (result.facts.paths.gate4 ? by_gate : 0));
        } catch (const Error&) {
            _exit(0);
        }
    }
    const int code = cloned.child.wait().code;
    if ((code & done) == 0) return "unusable (skiff run says why)";
    return fmt::format("by {}, TCP by {}",
                       (code & by_tap) != 0 ? "/dev/net/tun" : "a veth pair (no /dev/net/tun)",
                       (code & by_gate) != 0 ? "the kernel (SYN gate)"
                                             : "libslirp (the kernel has no tproxy in nftables)");
}

}  // namespace

Tiers probe_tiers(const Engine& engine) {
    const auto store = storage::Store::find(engine.root());
    if (!store) {
        const std::string none = "not tried: there is no store yet";
        return {none, none, none};
    }
    try {
        storage::Lease lease = storage::Lease::take(*store);
        for (const char* name : {"lower", "upper", "work"})
            open_or_make_directory(lease.staging(), name, 0700);
        const std::string directory = store->root() + "/" + lease.staging_path();
        const std::string text = run_with_own_mounts(engine, [&] {
            return join(
                {try_overlay(engine, directory), try_proc(directory + "/lower"), try_network()},
                "\n");
        });
        const std::vector<std::string_view> lines = split(text, '\n');
        return {std::string(lines.at(0)), std::string(lines.at(1)), std::string(lines.at(2))};
    } catch (const Error& error) {
        const std::string why = "unusable: " + error.message();
        return {why, why, why};
    }
}

}  // namespace skiff::engine
