// SPDX-License-Identifier: Apache-2.0
#include "engine/container/user_lookup.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/root_dir.h"
#include "engine/store_namespace.h"
#include "runtime/rootfs/overlay.h"
#include "storage/layers.h"
#include "storage/store.h"

namespace skiff::engine {
namespace {

RootDir open_layers(const Engine& engine, const storage::Store& store,
                    const ContainerRecord& record) {
    runtime::OverlayRequest request;
    request.base_directory = engine.root() + "/l";
    request.user_xattr = engine.rootless();
    for (auto key = record.layers.rbegin(); key != record.layers.rend(); ++key) {
        const oci::Digest layer =
            oci::Digest::require("sha256:" + *key, "a layer of the container");
        if (record.layers.size() == 1) return storage::open_layer_tree(store, layer);
        const auto link = storage::find_layer_link(store, layer);
        if (!link)
            throw Error(ErrorKind::not_found, "layer {} of image {} is missing from the store",
                        *key, record.image_name);
        request.lower.push_back(*link);
    }
    return RootDir(runtime::mount_overlay(request));
}

}  // namespace

ContainerUser look_up_user(const Engine& engine, const ContainerRecord& record) {
    constexpr const char* name = "the user";
    // Built-in images have no layers before they are started; root is all that is sure to be there.
    if (!record.built_in.empty()) {
        if (!record.config.user.empty())
            throw Error(ErrorKind::unsupported,
                        "the user '{}' of the built-in image '{}' is known once the container was "
                        "started",
                        record.config.user, record.built_in);
        return {.uid = 0, .gid = 0, .groups = {}, .home = "/root"};
    }
    const storage::Store store = storage::Store::open(engine.root());
    const std::string text = run_with_own_mounts(engine, [&] {
        const ContainerUser user = resolve_user(open_layers(engine, store, record),
                                                record.config.user, record.request.group_add);
        return to_text(
            {{"uid", user.uid}, {"gid", user.gid}, {"groups", user.groups}, {"home", user.home}});
    });
    const Json found = parse_json(text, name);
    return {.uid = static_cast<std::uint32_t>(json_integer(found, "uid", name)),
            .gid = static_cast<std::uint32_t>(json_integer(found, "gid", name)),
            .groups = found.at("groups").get<std::vector<std::uint32_t>>(),
            .home = json_string(found, "home", name)};
}

}  // namespace skiff::engine
