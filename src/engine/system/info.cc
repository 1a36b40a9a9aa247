// SPDX-License-Identifier: Apache-2.0
#include "engine/system/info.h"

#include <cerrno>
#include <set>

#include <fcntl.h>
#include <unistd.h>

#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/container/lifecycle.h"
#include "engine/container/monitor_place.h"
#include "engine/image/list.h"
#include "engine/shared_namespace.h"
#include "engine/system/tiers.h"

namespace skiff::engine {
namespace {

std::string file_system_name(std::string path) {
    struct statfs status{};
    // The store may not exist yet: then it will be where its nearest existing parent is.
    while (statfs(path.c_str(), &status) < 0) {
        const size_t slash = path.find_last_of('/');
        if (errno != ENOENT || slash == std::string::npos || slash == 0) return "unknown";
        path.resize(slash);
    }
    switch (static_cast<unsigned long>(status.f_type)) {
        case 0xef53:
            return "extfs";
        case 0x58465342:
            return "xfs";
        case 0x9123683e:
            return "btrfs";
        case 0x01021994:
            return "tmpfs";
        case 0x794c7630:
            return "overlayfs";
        case 0x2fc12fc1:
            return "zfs";
        case 0x6969:
            return "nfs";
        default:
            return fmt::format("{:#x}", status.f_type);
    }
}

std::string id_map_text() {
    try {
        const runtime::IdMaps maps = caller_id_maps();
        if (maps.single_id()) return "single id (no range in /etc/subuid and /etc/subgid)";
        std::uint64_t count = 0;
        for (const runtime::IdExtent& extent : maps.uids) count += extent.count;
        return fmt::format("full ({} ids)", count);
    } catch (const Error& error) {
        return "unusable: " + error.message();
    }
}

std::string operating_system() {
    const std::string text = find_file(AT_FDCWD, "/etc/os-release", 65536).value_or("");
    for (const std::string_view line : split(text, '\n')) {
        if (!line.starts_with("PRETTY_NAME=")) continue;
        std::string_view name = line.substr(12);
        if (name.size() >= 2 && name.front() == '"') name = name.substr(1, name.size() - 2);
        return std::string(name);
    }
    return "Linux";
}

}  // namespace

SystemInfo system_info(const Engine& engine) {
    SystemInfo info;
    for (const ContainerSummary& row : list_containers(engine, true))
        ++(is_paused(row.state)          ? info.paused
           : is_active(row.state.status) ? info.running
                                         : info.stopped);
    std::set<std::string> ids;
    for (const ImageSummary& image : list_images(engine, {.pattern = "", .built_in = true})) {
        if (image.built_in) {
            info.built_in_images.push_back(image.repository);
        } else {
            ids.insert(image.id);
        }
    }
    info.images = static_cast<unsigned>(ids.size());
    info.root = engine.root();
    info.run_root = engine.run_root();
    info.config = engine.config_path();
    info.backing_file_system = file_system_name(engine.root());
    info.rootless = engine.rootless();
    if (info.rootless) info.id_map = id_map_text();
    Tiers tiers = probe_tiers(engine);
    info.overlay = std::move(tiers.overlay);
    info.proc = std::move(tiers.proc);
    info.network = std::move(tiers.network);
    info.cgroup = cgroup_version();
    info.cgroup_groups = describe_groups(engine);
    info.operating_system = operating_system();
    struct utsname names{};
    if (uname(&names) < 0) throw SystemError(errno, "cannot ask the kernel for its name");
    info.kernel = names.release;
    info.architecture = names.machine;
    info.hostname = names.nodename;
    info.cpus = static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN));
    struct sysinfo memory{};
    if (sysinfo(&memory) == 0) info.memory = std::uint64_t{memory.totalram} * memory.mem_unit;
    return info;
}

}  // namespace skiff::engine
