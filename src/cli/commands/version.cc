// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cerrno>

#include <nlohmann/json.hpp>
#include <sys/utsname.h>

#include "cli/command.h"
#include "cli/list_options.h"
#include "cli/output.h"
#include "format/columns.h"
#include "format/document.h"
#include "gotemplate/json_value.h"

namespace skiff::cli {
namespace {

struct VersionOptions {
    std::string format;
};

void declare(CommandBuilder& command, VersionOptions& options) {
    declare_document_format(command, options.format);
}

// --- Docker's types: a client and a server, which skiff is both of

using gotemplate::Field;
using gotemplate::Kind;
using gotemplate::Type;

constexpr Field member(std::string_view name, const Type& type = gotemplate::string_type,
                       std::string_view key = {}) {
    return {.name = name, .get = gotemplate::json_field, .type = &type, .json_key = key};
}
constexpr std::array platform_fields{member("Name")};
constexpr Type platform_type{.kind = Kind::record, .name = "struct", .fields = platform_fields};
constexpr std::array client_fields{
    member("Platform", platform_type),
    member("Version"),
    member("APIVersion", gotemplate::string_type, "ApiVersion"),
    member("DefaultAPIVersion"),
    member("GitCommit"),
    member("GoVersion"),
    member("Os"),
    member("Arch"),
    member("BuildTime"),
    member("Context"),
};
constexpr Type client_type{
    .kind = Kind::record, .name = "system.clientVersion", .fields = client_fields};
constexpr std::array component_fields{member("Name"), member("Version"),
                                      member("Details", gotemplate::string_map_type)};
constexpr Type component_type{
    .kind = Kind::record, .name = "types.ComponentVersion", .fields = component_fields};
constexpr Type components_type{
    .kind = Kind::list, .name = "[]types.ComponentVersion", .element = &component_type};
constexpr std::array server_fields{
    member("Platform", platform_type),
    member("Components", components_type),
    member("Version"),
    member("APIVersion", gotemplate::string_type, "ApiVersion"),
    member("MinAPIVersion"),
    member("GitCommit"),
    member("GoVersion"),
    member("Os"),
    member("Arch"),
    member("KernelVersion"),
    member("Experimental", gotemplate::bool_type),
    member("BuildTime"),
};
constexpr Type server_type{
    .kind = Kind::record, .name = "*types.Version", .fields = server_fields, .pointer = true};
constexpr std::array version_fields{member("Client", client_type), member("Server", server_type)};
constexpr Type version_type{
    .kind = Kind::record, .name = "system.versionInfo", .fields = version_fields};

// --- what there is to say

std::string_view architecture([[maybe_unused]] const utsname& machine) {
#if defined(__x86_64__)
    return "amd64";
#elif defined(__aarch64__)
    return "arm64";
#else
    return machine.machine;
#endif
}

/// There is no API and no Go in it: what Docker says of them is empty.
format::Json version_json(const utsname& machine) {
    const format::Json common = {{"Platform", {{"Name", "skiff"}}},
                                 {"Version", SKIFF_VERSION},
                                 {"ApiVersion", ""},
                                 {"GitCommit", ""},
                                 {"GoVersion", ""},
                                 {"Os", "linux"},
                                 {"Arch", architecture(machine)},
                                 {"BuildTime", ""}};
    format::Json client = common;
    client.update({{"DefaultAPIVersion", ""}, {"Context", "default"}});
    const format::Json engine = {{"Name", "Engine"},
                                 {"Version", SKIFF_VERSION},
                                 {"Details",
                                  {{"Arch", architecture(machine)},
                                   {"Compiler", __VERSION__},
                                   {"Experimental", "false"},
                                   {"KernelVersion", machine.release},
                                   {"Linked", SKIFF_LINKED},
                                   {"Os", "linux"}}}};
    format::Json server = common;
    server.update({{"Components", format::Json::array({engine})},
                   {"MinAPIVersion", ""},
                   {"KernelVersion", machine.release},
                   {"Experimental", false}});
    return {{"Client", client}, {"Server", server}};
}

std::string version_text(const utsname& machine) {
    const std::string platform = fmt::format("linux/{}", architecture(machine));
    return fmt::format(
        "Client: skiff\n"
        " Version:\t{0}\n"
        " OS/Arch:\t{1}\n"
        " Context:\tdefault\n"
        "\n"
        "Server: skiff\n"
        " Engine:\n"
        "  Version:\t{0}\n"
        "  OS/Arch:\t{1}\n"
        "  Kernel:\t{2}\n"
        "  Compiler:\t{3}\n"
        "  Linked:\t{4}\n"
        "  Experimental:\tfalse\n",
        SKIFF_VERSION, platform, machine.release, __VERSION__, SKIFF_LINKED);
}

ExitCode run(const VersionOptions& options) {
    utsname machine{};
    if (uname(&machine) != 0) throw SystemError(errno, "cannot ask the kernel for its version");
    constexpr format::ColumnRules rules{.minimum = 20, .padding = 1};
    if (options.format.empty()) {
        print(format::align_columns(version_text(machine), rules));
        return ExitCode::ok;
    }
    const format::DocumentFormat format(options.format == "json" ? "{{json .}}" : options.format,
                                        "version");
    print_line(format::align_columns(
        format.text(version_json(machine), version_type, format::View::typed), rules));
    return ExitCode::ok;
}

}  // namespace

Command version_command() {
    return make_command<VersionOptions>(declare, run);
}

}  // namespace skiff::cli
