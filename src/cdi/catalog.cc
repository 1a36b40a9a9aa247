// SPDX-License-Identifier: Apache-2.0
#include "cdi/catalog.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <set>

#include <fcntl.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "cdi/device_name.h"

namespace skiff::cdi {
namespace {

constexpr size_t file_limit = 4U << 20U;  ///< bytes; a machine with eight GPUs has 100 KiB

void append(Edits& all, const Edits& more) {
    const auto copy = [](const auto& from, auto& to) {
        std::ranges::copy(from, std::back_inserter(to));
    };
    copy(more.environment, all.environment);
    copy(more.device_nodes, all.device_nodes);
    copy(more.mounts, all.mounts);
    copy(more.hooks, all.hooks);
    copy(more.additional_gids, all.additional_gids);
    all.has_intel_rdt = all.has_intel_rdt || more.has_intel_rdt;
    all.has_net_devices = all.has_net_devices || more.has_net_devices;
}

}  // namespace

Catalog::Catalog(std::vector<std::string> directories) : directories_(std::move(directories)) {
    for (size_t i = 0; i < directories_.size(); ++i) read_directory(i);
}

void Catalog::read_directory(size_t number) {
    const std::string& path = directories_[number];
    std::vector<std::string> names;
    Fd directory;
    try {
        directory = find_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
        if (!directory.valid()) return;
        names = list_directory(directory.get());
    } catch (const Error& error) {
        faults_.push_back(error.message());
        return;
    }
    std::ranges::sort(names);
    // A conflict is one of this directory alone, and settled by a later one.
    for (const std::string& name : names) {
        if (!name.ends_with(".json") && !name.ends_with(".yaml")) continue;
        const std::string file = fmt::format("{}/{}", path, name);
        try {
            // A link is followed: a vendor's package may keep the file elsewhere.
            const auto text = find_file(directory.get(), name, file_limit);
            if (text) add(parse_specification(*text, file), number);
        } catch (const Error& error) {
            faults_.push_back(error.message());
        }
    }
}

void Catalog::add(Specification specification, size_t directory) {
    specifications_.push_back(std::move(specification));
    const Specification& added = specifications_.back();
    for (size_t i = 0; i < added.devices.size(); ++i) {
        const std::string name = fmt::format("{}={}", added.kind, added.devices[i].name);
        const auto present = devices_.find(name);
        if (present != devices_.end() && present->second.directory == directory) {
            conflicts_[name] =
                fmt::format("{} is in '{}' and in '{}'", name,
                            specifications_[present->second.specification].path, added.path);
            continue;
        }
        conflicts_.erase(name);
        devices_[name] = {specifications_.size() - 1, i, directory};
    }
}

bool Catalog::has_kind(std::string_view kind) const {
    return std::ranges::any_of(specifications_, [&](const Specification& specification) {
        return specification.kind == kind;
    });
}

Edits Catalog::edits_for(const std::vector<std::string>& qualified_names) const {
    Edits edits;
    std::vector<std::string> missing;
    std::set<size_t> used;
    std::set<std::string_view> taken;
    for (const std::string& name : qualified_names) {
        const auto found = devices_.find(name);
        if (found == devices_.end() || conflicts_.contains(name)) {
            missing.push_back(name);
            continue;
        }
        if (!taken.insert(name).second) continue;
        const Specification& specification = specifications_[found->second.specification];
        if (used.insert(found->second.specification).second) append(edits, specification.edits);
        append(edits, specification.devices[found->second.device].edits);
    }
    if (!missing.empty()) refuse(missing);
    return edits;
}

std::string Catalog::directories_text() const {
    return join(directories_, ", ");
}

void Catalog::refuse(const std::vector<std::string>& missing) const {
    std::string text = fmt::format("CDI device injection failed: unresolvable CDI devices {}",
                                   join(missing, ", "));
    std::vector<std::string> reasons;
    std::vector<std::string> known;
    for (const std::string& name : missing) {
        if (const auto conflict = conflicts_.find(name); conflict != conflicts_.end())
            reasons.push_back(conflict->second + ": one of the two files has to go");
        const std::string kind = kind_of(name);
        for (const auto& [device, entry] : devices_)
            if (kind_of(device) == kind && !conflicts_.contains(device) &&
                std::ranges::find(known, device) == known.end())
                known.push_back(device);
    }
    reasons.push_back(fmt::format("looked in {}", directories_text()));
    if (!known.empty()) reasons.push_back("there are " + join(known, ", "));
    std::ranges::copy(faults_, std::back_inserter(reasons));
    if (known.empty() && faults_.empty())
        reasons.emplace_back(
            "no file there is about devices of this kind: the vendor's tool writes one (for "
            "NVIDIA: "
            "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml), and --cdi-spec-dir names "
            "another "
            "directory");
    throw Error(ErrorKind::invalid, "{} ({})", text, join(reasons, "; "));
}

}  // namespace skiff::cdi
