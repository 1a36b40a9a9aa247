// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "engine/container/container_run.h"
#include "engine/container/leftover.h"
#include "engine/container/monitor_process.h"
#include "engine/container/namespace_sharing.h"
#include "engine/volume/volume_users.h"

namespace skiff::engine {
namespace {

/// Everybody has heard of the end by now. What cannot be deleted stays in the trash, which the next
/// command empties.
void delete_what_can_be(const Discarded& trash) {
    try {
        for (const std::string& volume : trash.volumes) delete_trash(volume);
        delete_trash(trash.container);
    } catch (const Error&) {
    }
}

}  // namespace

void ContainerRun::run_stopped_hooks() {
    if (!hooks_) return;
    for (std::string& failure : hooks_->run_stopped()) state_.less.push_back(std::move(failure));
    hooks_.reset();
}

int ContainerRun::end_failed(const Error& error) {
    state_ = files_.stored_state();
    state_.status =
        state_.started_at == Timestamp{} ? ContainerStatus::created : ContainerStatus::exited;
    state_.error = error.message();
    state_.exit_code = error.kind() == ErrorKind::command_missing  ? 127
                       : error.kind() == ErrorKind::cannot_execute ? 126
                                                                   : 125;
    if (external_) external_->remove();
    run_stopped_hooks();
    end_network();
    // One that ran before is wanted still: what is missing today may be there tomorrow.
    if (state_.started_at == Timestamp{}) forget_policy();
    state_.cgroups.clear();
    groups_.remove(group_patience);
    const Discarded trash = conclude();
    lock_.unlock();
    supervisor_.report_failure(error);
    delete_what_can_be(trash);
    return state_.exit_code;
}

void ContainerRun::note_end(ExitStatus status) {
    engine_.phases().mark("monitor: the program");
    end_network();
    state_.oom_killed = state_.oom_killed || groups_.oom_kills() > 0;
    if (!has_own_pid_namespace(record_.request.namespaces)) {
        // Nobody else kills what the program left running, and it must be gone before the
        // writable layer is used again or removed.
        groups_.kill_all(group_patience);
        supervisor_.end_orphans();
        // What is orphaned in another container's pid namespace is that one's child.
        if (groups_.empty() && record_.request.namespaces.pid != "host") kill_strays(record_.id);
    }
    // Before the lock is free: the next start makes groups of the same name. With --rm there is
    // none.
    state_.cgroups.clear();
    if (!record_.request.auto_remove) groups_.remove(group_patience);
    state_.status = ContainerStatus::exited;
    state_.paused = false;
    state_.network_lost.clear();
    state_.ports.clear();
    state_.pid = 0;
    state_.exit_code = status.shell_code();
    state_.finished_at = now();
    if (const std::uint64_t lost = supervisor_.undelivered(); lost != undelivered_) {
        state_.less.push_back(
            fmt::format("{} messages were not delivered: the log server of the "
                        "driver {} did not take them",
                        lost - undelivered_, record_.request.log.driver));
        undelivered_ = lost;
    }
    if (const auto* log = supervisor_.log_file(); log != nullptr && log->dropped() > 0)
        state_.less.push_back(fmt::format("{} lines of its log were lost: {}", log->dropped(),
                                          errno_text(log->drop_error())));
    if (external_) external_->remove();
    run_stopped_hooks();
}

/// False when the container is to stay as it is.
bool ContainerRun::rest_before_restart() {
    const bool asked = supervisor_.take_restart();
    if (!asked && (supervisor_.asked_to_end() ||
                   !starts_again(policy_, state_.exit_code, state_.restart_count)))
        return false;
    // The next run mounts the same writable layer: nothing of the last may hold it.
    supervisor_.await_sessions(std::chrono::seconds(2));
    mount_namespace_.reset();
    built_in_lock_.unlock();
    state_.status = ContainerStatus::restarting;
    files_.write_state(state_, Durability::none);
    const auto delay = asked ? std::chrono::milliseconds(0)
                             : back_off_.next(state_.finished_at - state_.started_at);
    if (!supervisor_.rest(state_.exit_code, delay)) {
        state_.status = ContainerStatus::exited;
        return false;
    }
    if (!asked) ++state_.restart_count;
    return true;
}

int ContainerRun::end() {
    // Whoever ends us by SIGTERM ends the session or the host, and not what the user wants.
    if (!supervisor_.terminated()) {
        if (supervisor_.asked_to_end())
            mark_stopped(engine_, record_.id, policy_);
        else
            forget_policy();
    }
    hand_over_layer();
    const Discarded trash = conclude();
    engine_.phases().mark("monitor: final state");
    report_phases();
    // The next start mounts the same writable layer; what is removed comes down after the news.
    if (!record_.request.auto_remove) mount_namespace_.reset();
    // The next command may be `start` or `rm`, typed by a script right after the exit code.
    lock_.unlock();
    supervisor_.report_exit(state_.exit_code);
    groups_.remove(group_patience);
    mount_namespace_.reset();
    delete_what_can_be(trash);
    // They end with us, and a client of theirs may still be taking the last of its output.
    supervisor_.await_sessions();
    return 0;
}

bool ContainerRun::is_gone_for_good() const {
    return record_.request.auto_remove && !supervisor_.terminated() &&
           !wants_own_namespace(record_) && joined_container(record_).empty();
}

void ContainerRun::hand_over_layer() {
    if (record_.build_layer.empty() || state_.exit_code != 0) return;
    // The next step mounts it below its own: not while it is the upper one here.
    mount_namespace_.reset();
    const std::string to = engine_.root() + "/" + record_.build_layer;
    if (renameat(files_.directory(), "upper", AT_FDCWD, to.c_str()) < 0)
        throw SystemError(errno, "cannot keep the layer of the step");
}

void ContainerRun::forget_policy() {
    if (policy_.kind != RestartPolicy::Kind::no) forget_wanted(engine_, record_.id);
}

/// What must be true before anybody hears of the end: the name is free again, or the state says
/// exited.
Discarded ContainerRun::conclude() {
    unlink(fmt::format("{}/{}.sock", engine_.run_root(), record_.id).c_str());
    if (!record_.request.auto_remove) {
        try {
            files_.write_state(state_, Durability::sync);
        } catch (const Error&) {
            // Whoever waits hears the exit code all the same.
        }
        return {};
    }
    return discard_with_volumes(engine_, files_, files_.record(), true);
}

}  // namespace skiff::engine
