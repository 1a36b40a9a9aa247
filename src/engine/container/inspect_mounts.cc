// SPDX-License-Identifier: Apache-2.0
#include "engine/container/inspect_mounts.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "engine/volume/volume_store.h"

namespace skiff::engine {
namespace {

Json point_json(const Engine& engine, const MountRequest& mount) {
    Json json = {{"Type", to_string(mount.type)}, {"Source", mount.source},
                 {"Destination", mount.target},   {"Mode", mount.mode},
                 {"RW", !mount.read_only},        {"Propagation", ""}};
    if (mount.type == MountType::bind)
        json["Propagation"] = mount.propagation.empty() ? "rprivate" : mount.propagation;
    if (mount.type == MountType::volume) {
        json["Name"] = mount.source;
        json["Source"] = volume_data_path(engine, mount.source);
        json["Driver"] = "local";
        // Docker asks for the shared label where nobody said one.
        if (mount.mode.empty() && !mount.anonymous) json["Mode"] = "z";
    }
    return json;
}

/// As the command line's client sends it: the directory made absolute.
std::string bind_text(const MountRequest& mount) {
    return fmt::format("{}:{}{}{}", mount.source, mount.target, mount.mode.empty() ? "" : ":",
                       mount.mode);
}

/// What Docker's client leaves out when it is not set.
void add(Json& json, const char* key, const Json& value, bool set) {
    if (set) json[key] = value;
}

Json bind_options(const MountRequest& mount) {
    Json json = Json::object();
    add(json, "Propagation", mount.propagation, !mount.propagation.empty());
    add(json, "NonRecursive", true, !mount.recursive);
    add(json, "CreateMountpoint", true, mount.create_source);
    add(json, "ReadOnlyNonRecursive", true, mount.writable_submounts);
    add(json, "ReadOnlyForceRecursive", true, mount.forced_read_only);
    return json;
}

Json volume_options(const MountRequest& mount) {
    Json json = Json::object();
    add(json, "NoCopy", true, mount.no_copy);
    add(json, "Labels", mount.labels, !mount.labels.empty());
    add(json, "Subpath", mount.subpath, !mount.subpath.empty());
    Json driver = Json::object();
    add(driver, "Name", mount.driver, !mount.driver.empty());
    add(driver, "Options", mount.driver_options, !mount.driver_options.empty());
    add(json, "DriverConfig", driver, !driver.empty());
    return json;
}

/// size= and mode= as the numbers that they were.
Json tmpfs_options(const MountRequest& mount) {
    Json json = Json::object();
    for (const std::string& option : mount.options) {
        const Cut parts = cut(option, '=');
        const bool is_mode = parts.before == "mode";
        if (const auto number = parse_number<std::uint64_t>(parts.after, is_mode ? 8 : 10))
            json[is_mode ? "Mode" : "SizeBytes"] = *number;
    }
    return json;
}

Json mount_json(const MountRequest& mount) {
    Json json = {{"Type", to_string(mount.type)}, {"Target", mount.target}};
    add(json, "Source", mount.source, !mount.source.empty());
    // An image is read-only whether or not that was said.
    add(json, "ReadOnly", true, mount.read_only && mount.type != MountType::image);
    const auto add_options = [&](const char* key, const Json& options) {
        add(json, key, options, !options.empty());
    };
    switch (mount.type) {
        case MountType::bind:
            add_options("BindOptions", bind_options(mount));
            break;
        case MountType::volume:
            add_options("VolumeOptions", volume_options(mount));
            break;
        case MountType::tmpfs:
            add_options("TmpfsOptions", tmpfs_options(mount));
            break;
        case MountType::image:
            if (!mount.subpath.empty()) json["ImageOptions"] = {{"Subpath", mount.subpath}};
            break;
    }
    return json;
}

}  // namespace

Json mounts_json(const Engine& engine, const ContainerRecord& record) {
    Json mounts = Json::array();
    for (const MountRequest& mount : record.mounts)
        if (mount.type != MountType::tmpfs || !mount.short_form)
            mounts.push_back(point_json(engine, mount));
    return mounts;
}

void add_mount_requests(const CreateRequest& request, Json& host_config) {
    Json binds = Json::array();
    Json mounts = Json::array();
    Json tmpfs = Json::object();
    for (const MountRequest& mount : request.mounts) {
        if (!mount.short_form) {
            mounts.push_back(mount_json(mount));
        } else if (mount.type == MountType::tmpfs) {
            tmpfs[mount.target] = mount.mode;
        } else if (!mount.source.empty()) {  // without one it is in Config.Volumes
            binds.push_back(bind_text(mount));
        }
    }
    host_config["Binds"] = binds.empty() ? Json(nullptr) : binds;
    if (!mounts.empty()) host_config["Mounts"] = mounts;
    if (!tmpfs.empty()) host_config["Tmpfs"] = tmpfs;
    host_config["VolumeDriver"] = request.volume_driver;
    host_config["VolumesFrom"] =
        request.volumes_from.empty() ? Json(nullptr) : Json(request.volumes_from);
}

}  // namespace skiff::engine
