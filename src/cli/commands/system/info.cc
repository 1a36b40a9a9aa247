// SPDX-License-Identifier: Apache-2.0
#include "engine/system/info.h"

#include <array>

#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"format", 'f'}};

struct InfoFlags {};

void declare(CommandBuilder& command, InfoFlags&) {
    command.unsupported(not_yet);
}

ExitCode run(engine::Engine& engine, const InfoFlags&) {
    const engine::SystemInfo info = engine::system_info(engine);
    constexpr double gib = 1024.0 * 1024.0 * 1024.0;
    const auto line = [](std::string_view name, std::string_view value) {
        print_line(fmt::format("{}: {}", name, value));
    };
    line("Containers", std::to_string(info.running + info.stopped));
    line(" Running", std::to_string(info.running));
    line(" Paused", "0");
    line(" Stopped", std::to_string(info.stopped));
    line("Images", std::to_string(info.images));
    line(" Built in", join(info.built_in_images, " "));
    line("Server Version", SKIFF_VERSION);
    line("Storage Driver", "overlay");
    line(" Backing Filesystem", info.backing_file_system);
    line(" Overlay", info.overlay);
    line("Logging Driver", "json-file");
    line("Cgroup Version", info.cgroup);
    line("Rootless", info.rootless ? "true" : "false");
    if (info.rootless) line(" Id map", info.id_map);
    line("Proc", info.proc);
    line("Network", "loopback only, none, host");
    line("Kernel Version", info.kernel);
    line("Operating System", untrusted(info.operating_system));
    line("OSType", "linux");
    line("Architecture", info.architecture);
    line("CPUs", std::to_string(info.cpus));
    line("Total Memory", fmt::format("{:.4g}GiB", static_cast<double>(info.memory) / gib));
    line("Name", info.hostname);
    line("Docker Root Dir", info.root);
    line("Run Dir", info.run_root);
    line("Config File", info.config);
    return ExitCode::ok;
}

}  // namespace

Command info_command() {
    return make_command<InfoFlags>(declare, run);
}

}  // namespace skiff::cli
