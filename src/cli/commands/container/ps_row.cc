// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/container/ps_row.h"

#include <algorithm>
#include <array>

#include "base/moment.h"
#include "base/text.h"
#include "cli/output.h"
#include "engine/container/container_network.h"
#include "engine/container/port_text.h"
#include "engine/image/list.h"

namespace skiff::cli {
namespace {

constexpr size_t command_width = 20;
constexpr size_t mount_width = 15;

const engine::ContainerRecord& record_of(const PsRow& row) {
    return row.container.record;
}

std::string id(const PsRow& row) {
    const std::string& whole = record_of(row).id;
    return row.list.truncates() ? std::string(short_id(whole)) : whole;
}
std::string name(const PsRow& row) {
    return record_of(row).name;
}
std::string image(const PsRow& row) {
    const std::string text = row.list.image_name(record_of(row));
    const bool is_id = !text.empty() && row.list.truncates() &&
                       short_id(text) == short_id(record_of(row).image_id);
    return untrusted(is_id ? short_id(text) : text);
}

std::string command(const PsRow& row) {
    const engine::EffectiveConfig& config = record_of(row).config;
    std::vector<std::string> words = config.entrypoint;
    words.insert(words.end(), config.command.begin(), config.command.end());
    // As Docker: arguments with blanks in single quotes, the program's path as it is.
    for (size_t i = 1; i < words.size(); ++i)
        if (words[i].find(' ') != std::string::npos) words[i] = fmt::format("'{}'", words[i]);
    const std::string text = join(words, " ");
    return untrusted(quoted(row.list.truncates() ? shortened(text, command_width) : text));
}

std::string created_at(const PsRow& row) {
    return local_text(record_of(row).created);
}
std::string running_for(const PsRow& row) {
    return time_ago(record_of(row).created, row.list.reference());
}
/// Where a container that runs can be reached; with `none` and `host` nothing that is exposed leads
/// anywhere.
std::string ports(const PsRow& row) {
    const engine::ContainerRecord& record = record_of(row);
    const engine::ContainerState& state = row.container.state;
    if (state.status != engine::ContainerStatus::running ||
        !engine::has_private_network(record.request))
        return "";
    return untrusted(engine::ports_column(state.ports, record.config.exposed_ports));
}
std::string state(const PsRow& row) {
    return row.container.external ? "storage" : std::string(status_text(row.container.state));
}
std::string health(const engine::ContainerState& state) {
    const std::string& status = state.health.status;
    if (status.empty()) return "";
    return fmt::format(" ({}{})", status == "starting" ? "health: " : "", status);
}
std::string status(const PsRow& row) {
    const engine::ContainerState& state = row.container.state;
    if (row.container.external) return "Storage";
    switch (state.status) {
        case engine::ContainerStatus::created:
            return "Created";
        case engine::ContainerStatus::running:
            return "Up " + human_duration(row.list.reference() - state.started_at) +
                   (state.paused ? " (Paused)" : health(state));
        case engine::ContainerStatus::restarting:
            return fmt::format("Restarting ({}) {}", state.exit_code,
                               time_ago(state.finished_at, row.list.reference()));
        case engine::ContainerStatus::exited:
            return fmt::format("Exited ({}) {}", state.exit_code,
                               time_ago(state.finished_at, row.list.reference()));
    }
    return "";
}
std::string size(const PsRow& row) {
    const engine::ContainerSize size = row.list.size_of(record_of(row));
    if (size.root == 0) return human_size(size.own);
    return fmt::format("{} (virtual {})", human_size(size.own), human_size(size.root));
}

std::string labels(const PsRow& row) {
    std::string text;
    for (const auto& [key, value] : record_of(row).config.labels)
        text += fmt::format("{}{}={}", text.empty() ? "" : ",", key, value);
    return untrusted(text);
}
std::string label(const PsRow& row, std::string_view key) {
    const auto& labels = record_of(row).config.labels;
    const auto found = labels.find(std::string(key));
    return found == labels.end() ? "" : untrusted(found->second);
}
/// Not those of --tmpfs, as in Docker.
std::string mounts(const PsRow& row) {
    std::vector<std::string> sources;
    for (const engine::MountRequest& mount : record_of(row).mounts) {
        if (mount.type == engine::MountType::tmpfs) continue;
        sources.push_back(row.list.truncates() ? shortened(mount.source, mount_width)
                                               : mount.source);
    }
    return untrusted(join(sources, ","));
}
std::string local_volumes(const PsRow& row) {
    return std::to_string(std::ranges::count(record_of(row).mounts, engine::MountType::volume,
                                             &engine::MountRequest::type));
}
std::string networks(const PsRow& row) {
    return engine::network_name(record_of(row).request);
}

constexpr gotemplate::Type platform_type{
    .kind = gotemplate::Kind::record, .name = "*formatter.Platform", .pointer = true};
/// Docker knows it only where its images are kept by containerd.
constexpr format::Column platform{
    {.name = "Platform",
     .get = [](const void*, const gotemplate::Field&,
               gotemplate::Scratch&) { return gotemplate::Value::nil(platform_type); },
     .type = &platform_type,
     .method = true},
    "PLATFORM"};

using format::column;
constexpr std::array columns{
    column<PsRow, id>("ID", "CONTAINER ID"),
    column<PsRow, name>("Names", "NAMES"),
    column<PsRow, image>("Image", "IMAGE"),
    column<PsRow, command>("Command", "COMMAND"),
    column<PsRow, created_at>("CreatedAt", "CREATED AT"),
    column<PsRow, running_for>("RunningFor", "CREATED"),
    column<PsRow, ports>("Ports", "PORTS"),
    column<PsRow, state>("State", "STATE"),
    column<PsRow, status>("Status", "STATUS"),
    column<PsRow, size>("Size", "SIZE"),
    column<PsRow, labels>("Labels", "LABELS"),
    format::label_column<PsRow, label>(),
    column<PsRow, mounts>("Mounts", "MOUNTS"),
    column<PsRow, local_volumes>("LocalVolumes", "LOCAL VOLUMES"),
    column<PsRow, networks>("Networks", "NETWORKS"),
    platform,
};
constexpr format::RowShape<columns.size()> shape("*formatter.ContainerContext", columns);

std::string own_size(const PsRow& row) {
    return human_size(row.list.size_of(record_of(row)).own);
}
constexpr std::array usage_columns{
    column<PsRow, id>("ID", "CONTAINER ID"),
    column<PsRow, image>("Image", "IMAGE"),
    column<PsRow, command>("Command", "COMMAND"),
    column<PsRow, local_volumes>("LocalVolumes", "LOCAL VOLUMES"),
    column<PsRow, own_size>("Size", "SIZE"),
    column<PsRow, running_for>("RunningFor", "CREATED"),
    column<PsRow, status>("Status", "STATUS"),
    column<PsRow, name>("Names", "NAMES"),
};
constexpr format::RowShape<usage_columns.size()> usage_shape("*formatter.ContainerContext",
                                                             usage_columns);

}  // namespace

constexpr format::RowType ps_row_type = shape.type();
constexpr format::RowType container_usage_row_type = usage_shape.type();

PsList::PsList(const engine::Engine& engine, std::span<const engine::ContainerSummary> containers,
               bool truncate, bool measure)
    : engine_(engine),
      containers_(containers),
      truncate_(truncate),
      measure_(measure),
      reference_(now()) {}

engine::ContainerSize PsList::size_of(const engine::ContainerRecord& record) const {
    if (!measure_) return {};
    if (!sizes_) {
        std::vector<engine::ContainerRecord> records;
        for (const engine::ContainerSummary& container : containers_)
            records.push_back(container.record);
        sizes_ = engine::container_sizes(engine_, records);
    }
    const auto found = sizes_->find(record.id);
    return found == sizes_->end() ? engine::ContainerSize{} : found->second;
}

std::string PsList::image_name(const engine::ContainerRecord& record) const {
    if (record.image_id.empty()) return record.image_name;
    const auto [entry, is_new] = image_ids_.try_emplace(record.image_name);
    if (is_new) {
        try {
            entry->second = engine::find_image_id(engine_, record.image_name).value_or("");
        } catch (const Error&) {
            // What is no name any more names nothing.
        }
    }
    return entry->second == record.image_id ? record.image_name : record.image_id;
}

}  // namespace skiff::cli
