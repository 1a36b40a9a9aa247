// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include <fcntl.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "engine/container/container_files.h"
#include "engine/container/lifecycle.h"
#include "engine/container/remove.h"
#include "storage/store.h"

namespace skiff::engine {
namespace {

/// One record that cannot be read must not hide the others; it is listed with what is known, and
/// `rm -f` removes it.
ContainerSummary damaged(const Engine& engine, const std::string& id, const Error& error) {
    const bool newer = error.kind() == ErrorKind::unsupported;
    const std::string remedy =
        newer ? "" : fmt::format("; remove the container with 'skiff rm -f {}'", id.substr(0, 12));
    engine.warn(
        fmt::format("{} (in '{}/containers/{}'){}", error.message(), engine.root(), id, remedy));
    ContainerSummary summary;
    summary.record.id = id;
    summary.record.image_name = newer ? "<newer record>" : "<damaged record>";
    summary.state.error = error.message();
    return summary;
}

/// All entries of data/containers, whatever they are.
std::vector<std::string> entries_of_containers(const Engine& engine) {
    const Fd containers = find_at(AT_FDCWD, engine.root() + "/containers", O_RDONLY | O_DIRECTORY);
    if (containers.valid()) return list_directory(containers.get());
    storage::require_directory_or_nothing(engine.root());
    return {};
}

using Look = std::unique_ptr<ContainerSummary> (*)(const Engine&, const std::string& id, bool all);

/// Nothing for what is no container (yet, or any more), and for one that does not run unless `all`.
std::unique_ptr<ContainerSummary> look(const Engine& engine, const std::string& id, bool all) {
    if (!is_container_id(id)) return nullptr;
    const ContainerFiles files(engine, id);
    ContainerState state = files.current_state();
    if (!all && !is_active(state.status)) return nullptr;
    auto record = files.find_record();
    // A step of a build is that build's business.
    if (!record || !record->build_layer.empty()) return nullptr;
    return std::make_unique<ContainerSummary>(std::move(*record), std::move(state));
}

/// Reads each file once for nearly all: those that have ended, or wait for their start.
std::unique_ptr<ContainerSummary> repair_and_look(const Engine& engine, const std::string& id,
                                                  bool all) {
    if (is_container_id(id)) {
        const ContainerFiles files(engine, id);
        ContainerState state = files.stored_state();
        if (!all && state.status == ContainerStatus::exited) return nullptr;
        auto record = files.find_record();
        if (record && !is_active(state.status) && !is_leftover(*record, state.status)) {
            if (!all) return nullptr;
            return std::make_unique<ContainerSummary>(std::move(*record), std::move(state));
        }
    }
    repair_container(engine, id);
    return look(engine, id, all);
}

std::vector<ContainerSummary> list(const Engine& engine, bool all, Look look_at) {
    // A record is a large object: it stays where it was made until its place is known.
    std::vector<std::unique_ptr<ContainerSummary>> found;
    for (const std::string& id : entries_of_containers(engine)) {
        try {
            if (auto summary = look_at(engine, id, all)) found.push_back(std::move(summary));
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::not_found) continue;  // removed meanwhile
            if (error.kind() != ErrorKind::invalid && error.kind() != ErrorKind::unsupported) throw;
            found.push_back(std::make_unique<ContainerSummary>(damaged(engine, id, error)));
        }
    }
    std::ranges::sort(found, std::ranges::greater{},
                      [](const auto& summary) { return summary->record.created; });
    std::vector<ContainerSummary> list;
    list.reserve(found.size());
    for (const auto& summary : found) list.push_back(std::move(*summary));
    return list;
}

}  // namespace

std::vector<ContainerSummary> list_containers(const Engine& engine, bool all) {
    return list(engine, all, look);
}

std::vector<ContainerSummary> repair_and_list(const Engine& engine, bool all) {
    std::vector<ContainerSummary> summaries = list(engine, all, repair_and_look);
    repair_names_and_trash(engine);
    return summaries;
}

std::vector<ContainerSummary> list_external(const Engine& engine) {
    std::vector<ContainerSummary> list;
    for (const std::string& id : ids_in_the_making(engine)) {
        ContainerSummary summary;
        summary.external = true;
        summary.record.id = id;
        summary.record.image_name = "<none>";
        summary.record.config.command = {"storage"};
        try {
            const ContainerFiles files(engine, id);
            struct stat status{};
            if (fstat(files.directory(), &status) < 0) continue;
            summary.record.created = Timestamp(std::chrono::seconds(status.st_mtim.tv_sec) +
                                               std::chrono::nanoseconds(status.st_mtim.tv_nsec));
            summary.record.name = name_leading_to(engine, id);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::not_found) throw;
            continue;  // given up meanwhile
        }
        list.push_back(std::move(summary));
    }
    return list;
}

}  // namespace skiff::engine
