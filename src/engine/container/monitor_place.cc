// SPDX-License-Identifier: Apache-2.0
#include "engine/container/monitor_place.h"

#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/container/container_files.h"
#include "engine/container/devices.h"
#include "runtime/cgroup/container_groups.h"

namespace skiff::engine {
namespace {

bool wants_groups(const ContainerRecord& record) {
    // Another runtime makes its own.
    return record.request.runtime.empty();
}

runtime::GroupWish wish_of(const ContainerRecord& record) {
    const Resources& resources = record.request.resources;
    runtime::GroupWish wish{needed_controllers(group_limits(resources)), ""};
    if (wants_device_group(record.request)) wish.controllers.emplace_back("devices");
    if (!resources.cgroup_parent.empty())
        wish.parent = runtime::plain_cgroup_parent(resources.cgroup_parent).value_or("");
    return wish;
}

runtime::GroupLocation locate(const Engine& engine, const std::string& id,
                              const runtime::GroupWish& wish = {}) {
    const auto hierarchies = runtime::find_cgroup_hierarchies();
    return locate_groups(hierarchies, id,
                         runtime::find_group_caller(hierarchies, !engine.rootless()), wish);
}

}  // namespace

std::string groups_for(const Engine& engine, const ContainerRecord& record) {
    // A scope of systemd is handed its controllers.
    if (engine.rootless() || !wants_groups(record)) return "";
    return to_word(locate(engine, record.id, wish_of(record)).groups);
}

MonitorPlace::MonitorPlace(const Engine& engine, const ContainerRecord& record)
    : engine_(engine), id_(record.id) {
    if (!wants_groups(record)) return;
    hierarchies_ = runtime::find_cgroup_hierarchies();
    if (engine.rootless() && runtime::find_unified(hierarchies_) != nullptr)
        scope_ = runtime::ScopeRequest::connect();
    location_ = locate_groups(hierarchies_, id_,
                              runtime::find_group_caller(hierarchies_, !engine.rootless()),
                              wish_of(record));
    if (!scope_) group_ = open_monitor_group(location_);
    engine.phases().mark("control groups");
}

CloneResult MonitorPlace::clone(unsigned long long flags) const {
    if (group_.valid()) {
        try {
            return clone_process(flags, group_.get());
        } catch (const SystemError& error) {
            // The group was removed, or may not be entered from here; whatever else is wrong shows
            // again.
        }
    }
    return clone_process(flags);
}

void MonitorPlace::request(pid_t pid) {
    try {
        scope_->send(id_, pid);
    } catch (const Error& error) {
        engine_.warn(error.message());
        scope_.reset();
    }
}

std::string MonitorPlace::settle() {
    if (scope_) {
        try {
            location_ =
                runtime::locate_in_scope(scope_->finish(*runtime::find_unified(hierarchies_)));
        } catch (const Error& error) {
            engine_.warn(fmt::format("the container has no control group: {}", error.message()));
        }
        engine_.phases().mark("systemd's scope");
    }
    return groups();
}

void clear_leftover_groups(const Engine& engine, const std::string& id,
                           const ContainerState& state) {
    if (!state.cgroups.empty()) {
        runtime::clear_groups(state.cgroups, id);
        return;
    }
    // Killed before its first word: then they are where they would be made now. (A scope ends with
    // its last process.)
    runtime::GroupWish wish{{"memory", "cpu", "cpuset", "pids", "blkio", "devices"}, ""};
    try {
        if (const auto record = ContainerFiles(engine, id).find_record())
            wish.parent =
                runtime::plain_cgroup_parent(record->request.resources.cgroup_parent).value_or("");
    } catch (const Error&) {
        // A damaged record: then those in the usual place.
    }
    runtime::clear_groups(locate(engine, id, wish).groups, id);
}

std::string cgroup_version() {
    const auto hierarchies = runtime::find_cgroup_hierarchies();
    if (hierarchies.empty()) return "none";
    if (runtime::find_unified(hierarchies) == nullptr) return "v1";
    return hierarchies.size() == 1 ? "v2" : "hybrid";
}

std::string describe_groups(const Engine& engine) {
    const auto hierarchies = runtime::find_cgroup_hierarchies();
    if (hierarchies.empty()) return "none (no hierarchy is mounted)";
    const runtime::CgroupHierarchy* unified = runtime::find_unified(hierarchies);
    if (engine.rootless()) {
        if (unified == nullptr) return "none (v1 is for root only)";
        if (runtime::ScopeRequest::connect()) return "unified, by a scope of systemd";
    }
    std::vector<std::string> names;
    for (const runtime::ContainerGroup& group : locate(engine, std::string(64, '0')).groups)
        names.push_back(group.hierarchy);
    if (!names.empty()) return join(names, ", ");
    return engine.rootless() ? "none (no bus of the user's systemd, and nothing delegated)"
                             : "none (skiff runs inside a group of another manager)";
}

}  // namespace skiff::engine
