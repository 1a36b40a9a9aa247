// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/container/ps_filters.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "engine/container/container_files.h"
#include "engine/container/container_network.h"
#include "engine/image/list.h"

namespace skiff::cli {
namespace {

constexpr std::array<std::string_view, 16> names{
    "ancestor", "before", "exited",  "expose",  "health", "id",     "is-task", "label",
    "label!",   "name",   "network", "publish", "since",  "status", "volume",  "isolation"};
constexpr std::array<std::string_view, 7> states{"created",  "running", "paused", "restarting",
                                                 "removing", "exited",  "dead"};
constexpr std::array<std::string_view, 4> healths{"starting", "healthy", "unhealthy", "none"};

/// "80", "80/udp", "80-90/tcp".
struct PortRange {
    unsigned first = 0;
    unsigned last = 0;
    std::string_view protocol;
};

std::optional<PortRange> parse_ports(std::string_view text) {
    const Cut parts = cut(text, '/');
    const Cut range = cut(parts.before, '-');
    const auto first = parse_number<unsigned>(range.before);
    const auto last = range.found ? parse_number<unsigned>(range.after) : first;
    const std::string_view protocol = parts.found ? parts.after : "tcp";
    if (!first || !last || *first == 0 || *last > 65535 || *first > *last) return std::nullopt;
    if (protocol != "tcp" && protocol != "udp" && protocol != "sctp") return std::nullopt;
    return PortRange{*first, *last, protocol};
}

void check_ports(const format::Filters& filters, std::string_view name) {
    for (const std::string& value : filters.values(name))
        if (!parse_ports(value)) format::refuse_filter(name, value);
}

bool means(const PortRange& wanted, const std::string& key) {
    const auto port = parse_ports(key);
    return port && port->protocol == wanted.protocol && port->first <= wanted.last &&
           wanted.first <= port->last;
}

bool exposes(const engine::EffectiveConfig& config, const std::string& ports) {
    const PortRange wanted = parse_ports(ports).value();
    return std::ranges::any_of(config.exposed_ports,
                               [&](const std::string& key) { return means(wanted, key); });
}

/// By the container's port, as Docker's page has it, whether it runs or not; or by the host's, as
/// its engine does, where the container can be reached now.
bool publishes(const engine::ContainerSummary& container, const std::string& ports) {
    const PortRange wanted = parse_ports(ports).value();
    const auto& asked = container.record.request.publish;
    const auto& open = container.state.ports;
    return std::ranges::any_of(
               asked,
               [&](const engine::PortRequest& port) {
                   return means(wanted, engine::port_key(port.container_port, port.protocol));
               }) ||
           std::ranges::any_of(open, [&](const engine::PublishedPort& port) {
               return means(wanted, engine::port_key(port.host_port, port.protocol));
           });
}

bool has_mount(const engine::ContainerRecord& record, const std::string& place) {
    return std::ranges::any_of(record.mounts, [&](const engine::MountRequest& mount) {
        return mount.type != engine::MountType::tmpfs &&
               (mount.source == place || mount.target == place);
    });
}

}  // namespace

PsFilters::PsFilters(const engine::Engine& engine, const format::Filters& filters)
    : engine_(engine), filters_(filters), is_task_(filters.boolean("is-task")) {
    filters.check_names(names);
    for (const std::string& value : filters.values("status"))
        if (std::ranges::find(states, value) == states.end())
            format::refuse_filter("status", value);
    for (const std::string& value : filters.values("health"))
        if (std::ranges::find(healths, value) == healths.end())
            format::refuse_filter("health", value);
    for (const std::string& value : filters.values("exited")) {
        const auto code = parse_number<int>(value);
        if (!code) format::refuse_filter("exited", value);
        exit_codes_.insert(*code);
    }
    check_ports(filters, "expose");
    check_ports(filters, "publish");
    const auto created = [&](const std::string& container) {
        return engine::find_container(engine, container).record().created;
    };
    for (const std::string& value : filters.values("before"))
        before_ = std::min(before_.value_or(Timestamp::max()), created(value));
    for (const std::string& value : filters.values("since"))
        since_ = std::max(since_.value_or(Timestamp::min()), created(value));
    for (const std::string& value : filters.values("ancestor"))
        if (auto id = engine::find_image_id(engine, value)) ancestor_ids_.insert(*std::move(id));
}

bool PsFilters::has_ancestor(const engine::ContainerRecord& record) {
    if (!record.built_in.empty()) return filters_.equals("ancestor", record.built_in);
    if (ancestor_ids_.contains(record.image_id)) return true;
    const auto [entry, is_new] = ancestors_.try_emplace(record.image_id);
    if (is_new) entry->second = engine::image_ancestors(engine_, record.image_id);
    return std::ranges::any_of(entry->second,
                               [&](const std::string& id) { return ancestor_ids_.contains(id); });
}

bool PsFilters::agree_in_origin(const engine::ContainerRecord& record) {
    if (before_ && record.created >= *before_) return false;
    if (since_ && record.created <= *since_) return false;
    return !filters_.contains("ancestor") || has_ancestor(record);
}

bool PsFilters::agree(const engine::ContainerSummary& container) {
    const engine::ContainerRecord& record = container.record;
    const engine::ContainerState& state = container.state;
    const bool ended_with =
        state.status == engine::ContainerStatus::exited && exit_codes_.contains(state.exit_code);
    // Docker's names begin with a slash, and patterns are written for both: ^web$ and ^/web$.
    const bool named =
        filters_.matches("name", record.name) || filters_.matches("name", "/" + record.name);
    return named && filters_.matches("id", record.id) &&
           filters_.match_labels(record.config.labels) &&
           filters_.equals("status", status_text(state)) &&
           filters_.equals("health", state.health.status.empty() ? "none" : state.health.status) &&
           filters_.equals("isolation", "default") &&
           filters_.equals("network", engine::network_name(record.request)) &&
           filters_.any("publish",
                        [&](const std::string& ports) { return publishes(container, ports); }) &&
           !is_task_.value_or(false) && (exit_codes_.empty() || ended_with) &&
           filters_.any("volume",
                        [&](const std::string& place) { return has_mount(record, place); }) &&
           filters_.any("expose",
                        [&](const std::string& ports) { return exposes(record.config, ports); }) &&
           agree_in_origin(record);
}

}  // namespace skiff::cli
