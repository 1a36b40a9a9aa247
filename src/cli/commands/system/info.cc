// SPDX-License-Identifier: Apache-2.0
#include "engine/system/info.h"

#include <array>
#include <span>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/command.h"
#include "cli/list_options.h"
#include "cli/output.h"
#include "format/document.h"
#include "gotemplate/json_value.h"

namespace skiff::cli {
namespace {

struct InfoFlags {
    std::string format;
};

void declare(CommandBuilder& command, InfoFlags& flags) {
    declare_document_format(command, flags.format);
}

// --- what of Docker's system.Info skiff can say

using gotemplate::Field;
using gotemplate::Kind;
using gotemplate::Type;

constexpr Field member(std::string_view name, const Type& type = gotemplate::string_type) {
    return {.name = name, .get = gotemplate::json_field, .type = &type};
}
constexpr Type status_type{
    .kind = Kind::list, .name = "[][2]string", .element = &gotemplate::string_list_type};
constexpr std::array plugins_fields{
    member("Volume", gotemplate::string_list_type),
    member("Network", gotemplate::string_list_type),
    member("Authorization", gotemplate::string_list_type),
    member("Log", gotemplate::string_list_type),
};
constexpr Type plugins_type{
    .kind = Kind::record, .name = "system.PluginsInfo", .fields = plugins_fields};
constexpr std::array info_fields{
    member("ID"),
    member("Containers", gotemplate::int_type),
    member("ContainersRunning", gotemplate::int_type),
    member("ContainersPaused", gotemplate::int_type),
    member("ContainersStopped", gotemplate::int_type),
    member("Images", gotemplate::int_type),
    member("Driver"),
    member("DriverStatus", status_type),
    member("Plugins", plugins_type),
    member("Debug", gotemplate::bool_type),
    member("SystemTime"),
    member("LoggingDriver"),
    member("CgroupDriver"),
    member("CgroupVersion"),
    member("KernelVersion"),
    member("OperatingSystem"),
    member("OSType"),
    member("Architecture"),
    member("NCPU", gotemplate::int_type),
    member("MemTotal", gotemplate::int64_type),
    member("DockerRootDir"),
    member("Name"),
    member("Labels", gotemplate::string_list_type),
    member("ExperimentalBuild", gotemplate::bool_type),
    member("ServerVersion"),
    member("DefaultRuntime"),
    member("LiveRestoreEnabled", gotemplate::bool_type),
    member("SecurityOptions", gotemplate::string_list_type),
    member("Warnings", gotemplate::string_list_type),
};
constexpr Type info_type{.kind = Kind::record, .name = "system.dockerInfo", .fields = info_fields};

// In the order of the alphabet, as Docker's; "null" is what its network "none" has.
constexpr std::array<std::string_view, 1> volume_drivers{"local"};
constexpr std::array<std::string_view, 3> network_drivers{"host", "null", "slirp"};
constexpr std::array<std::string_view, 8> log_drivers{"fluentd", "gelf", "journald",    "json-file",
                                                      "local",   "none", "passthrough", "syslog"};

format::Json info_json(const engine::SystemInfo& info) {
    format::Json security{"name=seccomp,profile=builtin"};
    if (info.rootless) security.push_back("name=rootless");
    const format::Json backing =
        format::Json::array({"Backing Filesystem", info.backing_file_system});
    const std::string_view cgroup = info.cgroup;
    return {{"ID", ""},
            {"Containers", info.running + info.paused + info.stopped},
            {"ContainersRunning", info.running},
            {"ContainersPaused", info.paused},
            {"ContainersStopped", info.stopped},
            {"Images", info.images},
            {"Driver", "overlay"},
            {"DriverStatus", format::Json::array({backing})},
            {"Plugins",
             {{"Volume", volume_drivers},
              {"Network", network_drivers},
              {"Authorization", nullptr},
              {"Log", log_drivers}}},
            {"Debug", false},
            {"SystemTime", to_rfc3339(now())},
            {"LoggingDriver", "json-file"},
            {"CgroupDriver", "none"},
            {"CgroupVersion", cgroup.starts_with('v') ? cgroup.substr(1) : ""},
            {"KernelVersion", info.kernel},
            {"OperatingSystem", info.operating_system},
            {"OSType", "linux"},
            {"Architecture", info.architecture},
            {"NCPU", info.cpus},
            {"MemTotal", info.memory},
            {"DockerRootDir", info.root},
            {"Name", info.hostname},
            {"Labels", format::Json::array()},
            {"ExperimentalBuild", false},
            {"ServerVersion", SKIFF_VERSION},
            {"DefaultRuntime", "skiff"},
            {"LiveRestoreEnabled", true},
            {"SecurityOptions", security},
            {"Warnings", nullptr}};
}

ExitCode run(engine::Engine& engine, const InfoFlags& flags) {
    const engine::SystemInfo info = engine::system_info(engine);
    if (!flags.format.empty()) {
        const format::DocumentFormat format(flags.format == "json" ? "{{json .}}" : flags.format);
        print_line(untrusted_lines(format.text(info_json(info), info_type, format::View::typed)));
        return ExitCode::ok;
    }
    const auto line = [](std::string_view name, std::string_view value) {
        print_line(fmt::format("{}: {}", name, value));
    };
    const auto words = [](std::span<const std::string_view> list) {
        return join({list.begin(), list.end()}, " ");
    };
    line("Containers", std::to_string(info.running + info.paused + info.stopped));
    line(" Running", std::to_string(info.running));
    line(" Paused", std::to_string(info.paused));
    line(" Stopped", std::to_string(info.stopped));
    line("Images", std::to_string(info.images));
    line(" Built in", join(info.built_in_images, " "));
    line("Server Version", SKIFF_VERSION);
    line("Storage Driver", "overlay");
    line(" Backing Filesystem", info.backing_file_system);
    line(" Overlay", info.overlay);
    line("Logging Driver", "json-file");
    print_line("Plugins:");
    line(" Volume", words(volume_drivers));
    line(" Network", words(network_drivers));
    line(" Log", words(log_drivers));
    line("Cgroup Version", info.cgroup);
    line(" Groups", info.cgroup_groups);
    line("Rootless", info.rootless ? "true" : "false");
    if (info.rootless) line(" Id map", info.id_map);
    line("Proc", info.proc);
    line("Network", "slirp, none, host");
    line(" Slirp", info.network);
    line("Kernel Version", info.kernel);
    line("Operating System", untrusted(info.operating_system));
    line("OSType", "linux");
    line("Architecture", info.architecture);
    line("CPUs", std::to_string(info.cpus));
    line("Total Memory", binary_size(info.memory));
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
