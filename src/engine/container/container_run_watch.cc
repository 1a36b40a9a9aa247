// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "engine/container/container_run.h"
#include "engine/container/health.h"
#include "engine/container/pause.h"
#include "engine/container/resources.h"
#include "engine/container/update.h"

namespace skiff::engine {

monitor::SupervisorOptions ContainerRun::with_changes(monitor::SupervisorOptions options) {
    options.set_paused = [this](bool paused) { set_paused(paused); };
    options.update = [this](int request) { return update(request); };
    return options;
}

/// The freezer where there is one: no process can tell, and none can refuse.
void ContainerRun::hold(bool paused) {
    if (!groups_.can_freeze()) {
        hold_processes(record_, paused);
    } else if (paused) {
        groups_.freeze(group_patience);
    } else {
        groups_.thaw();
    }
}

void ContainerRun::set_paused(bool paused) {
    hold(paused);
    state_.paused = paused;
    state_.paused_by = !paused ? "" : groups_.can_freeze() ? "freezer" : "signals";
    try {
        files_.write_state(state_, Durability::none);
    } catch (const Error&) {
        hold(!paused);
        state_.paused = !paused;
        throw;
    }
}

/// A controller of v1 that no limit needed so far has no group yet.
void ContainerRun::extend_groups(const UpdateRequest& request, const ContainerRecord& changed) {
    const std::vector<runtime::ContainerGroup> wanted = runtime::parse_groups_word(request.groups);
    groups_.extend(wanted, record_.id, needed_controllers(group_limits(changed.request.resources)));
    if (groups_.recorded().size() == state_.cgroups.size()) return;
    for (const runtime::ContainerGroup& group : wanted)
        if (std::ranges::find(wanted_groups_, group.hierarchy,
                              &runtime::ContainerGroup::hierarchy) == wanted_groups_.end())
            wanted_groups_.push_back(group);
    state_.cgroups = groups_.recorded();
    files_.write_state(state_, Durability::none);
}

std::vector<std::string> ContainerRun::update(int request) {
    const UpdateRequest wanted = read_update_request(request);
    ContainerRecord changed = record_;
    apply_update(wanted, changed);
    // What was in force is so again, and said once more what of it is not.
    const std::vector<std::string> before = groups_.apply(group_limits(record_.request.resources));
    std::vector<std::string> less;
    try {
        extend_groups(wanted, changed);
        less = groups_.apply(group_limits(changed.request.resources));
        record_ = update_record(
            engine_, files_, [&](ContainerRecord& current) { apply_update(wanted, current); },
            Durability::sync);
    } catch (const Error&) {
        // What was in force before; what was unlimited then keeps what it got now.
        groups_.apply(group_limits(record_.request.resources));
        throw;
    }
    std::erase_if(state_.less, [&](const std::string& sentence) {
        return std::ranges::find(before, sentence) != before.end();
    });
    state_.less.insert(state_.less.end(), less.begin(), less.end());
    files_.write_state(state_, Durability::none);
    const RestartPolicy policy = parse_restart_policy(record_.request.restart);
    if (policy.kind == RestartPolicy::Kind::no) {
        forget_policy();
    } else if (policy_.kind == RestartPolicy::Kind::no) {
        mark_wanted(engine_, record_.id);
    }
    policy_ = policy;
    return less;
}

/// Of the container's processes, not only of the first: the container may go on without one.
void ContainerRun::watch_memory() {
    runtime::ContainerGroups::OomEvent event;
    try {
        event = groups_.open_oom_event();
    } catch (const SystemError&) {
        // Refused: the count is looked at when the container has ended.
    }
    if (!event.fd.valid()) return;
    const int fd = event.fd.get();
    supervisor_.watch({std::move(event.fd), event.events, [this, fd] {
                           runtime::ContainerGroups::take_oom_event(fd);
                           return note_memory();
                       }});
}

/// Where the event comes before the kill is counted, it is looked for a little longer.
std::optional<std::chrono::milliseconds> ContainerRun::note_memory() {
    if (state_.oom_killed) return std::nullopt;
    state_.oom_killed = groups_.oom_kills() > 0;
    constexpr int looks = 10;
    if (!state_.oom_killed) {
        memory_looks_ = (memory_looks_ + 1) % looks;
        if (memory_looks_ == 0) return std::nullopt;
        return std::chrono::milliseconds(20);
    }
    try {
        files_.write_state(state_, Durability::none);
    } catch (const Error&) {
        // A full disk: the state is written once more at the end.
    }
    return std::nullopt;
}

bool ContainerRun::note_health(monitor::HealthResult result) {
    take_result(record_.config.health, std::move(result), state_.health);
    try {
        files_.write_state(state_, Durability::none);
    } catch (const Error&) {
        // A full disk: the next check tells again.
    }
    return state_.health.status == "starting";
}

}  // namespace skiff::engine
