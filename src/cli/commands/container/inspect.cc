// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/commands/container/container_choice.h"
#include "cli/commands/container/container_names.h"
#include "cli/each.h"
#include "cli/inspect_output.h"
#include "cli/inspect_types.h"
#include "cli/list_options.h"
#include "cli/output.h"
#include "engine/container/container_files.h"
#include "engine/container/lifecycle.h"
#include "engine/container/size.h"
#include "engine/image/list.h"
#include "engine/volume/volumes.h"

namespace skiff::cli {
namespace {

struct InspectFlags {
    std::vector<std::string> names;
    std::string type;
    std::string format;
    bool size = false;
    bool oci = false;
    bool latest = false;
};

void declare(CommandBuilder& command, InspectFlags& flags) {
    declare_document_format(command, flags.format);
    declare_latest(command, flags.latest);
    command.flag("--oci", flags.oci, "Show the OCI runtime spec that the container runs by");
    command.flag("-s,--size", flags.size, "Display total file sizes if the type is container");
    command.option("--type", flags.type, "string",
                   "Look only for a container, an image or a volume",
                   complete::words("container image volume"));
    command.arguments("NAME", flags.names, complete::containers, [&flags] { return flags.latest; });
}

struct Found {
    Json document;
    const gotemplate::Type& type;
};

/// A document without types: templates see it as it is.
constexpr gotemplate::Type untyped{.kind = gotemplate::Kind::nil, .name = "interface {}"};

Found inspect_container(const engine::Engine& engine, const InspectFlags& flags,
                        const std::string& name) {
    Json document = engine::inspect_container(engine, name);
    if (!flags.size) return {std::move(document), container_inspect_type};
    const std::array records{engine::find_container(engine, name).record()};
    const engine::ContainerSize size = engine::container_sizes(engine, records)[records[0].id];
    document["SizeRw"] = size.own;
    document["SizeRootFs"] = size.root;
    return {std::move(document), sized_container_inspect_type};
}

Found inspect_any(const engine::Engine& engine, const InspectFlags& flags,
                  const std::string& name) {
    if (flags.oci) return {engine::inspect_oci(engine, name), untyped};
    if (flags.type == "volume") return {engine::inspect_volume(engine, name), volume_inspect_type};
    if (flags.type == "image") return {engine::inspect_image(engine, name), image_inspect_type};
    try {
        return inspect_container(engine, flags, name);
    } catch (const Error& error) {
        if (flags.type == "container" || error.kind() != ErrorKind::not_found) throw;
    }
    try {
        return {engine::inspect_image(engine, name), image_inspect_type};
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::not_found && error.kind() != ErrorKind::invalid) throw;
        if (engine::volume_exists(engine, name))
            return {engine::inspect_volume(engine, name), volume_inspect_type};
        throw Error(ErrorKind::not_found, "No such object: {}", skiff::printable(name));
    }
}

ExitCode run(engine::Engine& engine, const InspectFlags& flags) {
    if (!flags.type.empty() && flags.type != "container" && flags.type != "image" &&
        flags.type != "volume")
        throw Error(ErrorKind::usage, "{} is not a valid value for --type",
                    skiff::quoted(flags.type));
    InspectOutput output(flags.format);
    Json bundles = Json::array();
    const bool bare = flags.oci && flags.format.empty();
    std::vector<std::string> names = flags.names;
    if (flags.latest) {
        if (!names.empty())
            throw Error(ErrorKind::usage, "--latest and names of objects exclude each other");
        names.push_back(latest_container(engine));
    }
    const ExitCode result = for_each_reporting(names, [&](const std::string& name) {
        Found found = inspect_any(engine, flags, name);
        if (bare)
            bundles.push_back(std::move(found.document));
        else
            output.add(found.document, found.type);
    });
    // One bundle's config.json is an object, not a list of one.
    if (!bare)
        output.print_all();
    else
        print_line(to_pretty_text(bundles.size() == 1 ? bundles[0] : bundles));
    return result;
}

}  // namespace

Command inspect_command() {
    return make_command<InspectFlags>(declare, run);
}

}  // namespace skiff::cli
