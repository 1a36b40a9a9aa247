// SPDX-License-Identifier: Apache-2.0
#include "engine/container/update.h"

#include <cerrno>

#include <fcntl.h>

#include <sys/mman.h>

#include "base/error.h"
#include "base/file.h"
#include "engine/container/container_files.h"
#include "engine/container/lifecycle.h"
#include "engine/container/monitor_place.h"
#include "engine/container/restart_policy.h"
#include "monitor/client.h"

namespace skiff::engine {
namespace {

constexpr size_t document_limit = 1 << 20;

[[noreturn]] void refuse(const char* reason) {
    throw Error(ErrorKind::conflict, "{}", reason);
}

/// In Docker's words. What --cpus is once, stays --cpus: period and quota follow from it.
void check_conflicts(const UpdateRequest& request, const ContainerRecord& record) {
    const Resources& wanted = request.resources;
    const Resources& present = record.request.resources;
    if (wanted.nano_cpus > 0 && present.cpu_period > 0)
        refuse(
            "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set");
    if (wanted.nano_cpus > 0 && present.cpu_quota > 0)
        refuse(
            "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set");
    if (wanted.cpu_period > 0 && present.nano_cpus > 0)
        refuse(
            "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set");
    if (wanted.cpu_quota > 0 && present.nano_cpus > 0)
        refuse("Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set");
    const std::int64_t swap = effective_memory_swap(present);
    if (wanted.memory > swap && swap > 0 && wanted.memory_swap == 0)
        refuse(
            "Memory limit should be smaller than already set memoryswap limit, update the "
            "memoryswap at the same time");
    if (request.restart && record.request.auto_remove &&
        parse_restart_policy(*request.restart).kind != RestartPolicy::Kind::no)
        refuse("Restart policy cannot be updated because AutoRemove is enabled for the container");
}

/// Docker keeps the sum of memory and swap of a container as it was made.
void keep_implied_swap(const Resources& wanted, Resources& present) {
    if (wanted.memory != 0 && wanted.memory_swap == 0)
        present.memory_swap = effective_memory_swap(present);
}

template <typename T>
void take(const T& wanted, T& present) {
    if (wanted != T{}) present = wanted;
}

}  // namespace

Fd to_memory_file(const UpdateRequest& request) {
    Fd file(memfd_create("skiff-update", MFD_CLOEXEC));
    if (!file.valid()) throw SystemError(errno, "cannot pass the update to the container");
    write_all(file.get(), to_document(request), "the update for the container");
    return file;
}

UpdateRequest read_update_request(int file) {
    constexpr const char* name = "the update of a container";
    const Fd again = open_file(fmt::format("/proc/self/fd/{}", file), O_RDONLY);
    return parse_update_request(read_to_end(again.get(), document_limit, name), name);
}

void apply_update(const UpdateRequest& request, ContainerRecord& record) {
    check_conflicts(request, record);
    const Resources& wanted = request.resources;
    Resources& present = record.request.resources;
    keep_implied_swap(wanted, present);
    take(wanted.memory, present.memory);
    take(wanted.memory_reservation, present.memory_reservation);
    take(wanted.memory_swap, present.memory_swap);
    take(wanted.nano_cpus, present.nano_cpus);
    take(wanted.cpu_period, present.cpu_period);
    take(wanted.cpu_quota, present.cpu_quota);
    take(wanted.cpu_shares, present.cpu_shares);
    take(wanted.cpu_rt_period, present.cpu_rt_period);
    take(wanted.cpu_rt_runtime, present.cpu_rt_runtime);
    take(wanted.cpuset_cpus, present.cpuset_cpus);
    take(wanted.cpuset_mems, present.cpuset_mems);
    take(wanted.pids_limit, present.pids_limit);
    take(wanted.blkio_weight, present.blkio_weight);
    check_resources(present);
    if (request.restart) record.request.restart = *request.restart;
}

std::vector<std::string> update_container(const Engine& engine, const std::string& name,
                                          const UpdateRequest& request) {
    const ContainerFiles files = find_container(engine, name);
    return with_context(
        [&]() -> std::vector<std::string> {
            // Nobody starts it while we hold this.
            if (const auto lock = files.try_lock()) {
                update_record(
                    engine, files, [&](ContainerRecord& record) { apply_update(request, record); },
                    Durability::sync);
                return {};
            }
            UpdateRequest located = request;
            ContainerRecord changed = files.record();
            apply_update(request, changed);
            located.groups = groups_for(engine, changed);
            const monitor::MonitorConnection connection = connect_to_running(files);
            return monitor::request_update(connection.socket.get(), connection.version,
                                           to_memory_file(located).get());
        },
        "Cannot update container {}", files.id());
}

}  // namespace skiff::engine
