// SPDX-License-Identifier: Apache-2.0
#include "storage/build_steps.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace skiff::storage {
namespace {

constexpr const char* folder = "build/steps";
constexpr size_t max_step_size = 1U << 20U;
constexpr int step_format = 1;

std::string path_of(const oci::Digest& key) {
    return std::string(folder) + "/" + key.hex();
}

std::optional<BuildStep> parse_step(std::string_view text) {
    try {
        const std::string name = "a step of a build";
        const Json json = parse_json(text, name);
        if (json_integer(json, "format", name) != step_format) return std::nullopt;
        BuildStep step;
        if (const std::string layer = json_string(json, "layer", name); !layer.empty()) {
            step.layer = oci::Digest::require(layer, name);
            step.diff = oci::Digest::require(json_string(json, "diff", name), name);
        }
        step.tar_size = static_cast<std::uint64_t>(json_integer(json, "tar_size", name));
        step.size = static_cast<std::uint64_t>(json_integer(json, "size", name));
        const auto created = parse_rfc3339(json_string(json, "created", name));
        if (!created) return std::nullopt;
        step.created = *created;
        step.text = json_string(json, "text", name);
        return step;
    } catch (const Error&) {
        return std::nullopt;
    }
}

Timestamp time_of(const timespec& time) {
    return Timestamp(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

}  // namespace

std::optional<BuildStep> find_build_step(const Store& store, const oci::Digest& key) {
    const std::string path = path_of(key);
    const auto text = find_file(store.fd(), path, max_step_size);
    if (!text) return std::nullopt;
    auto step = parse_step(*text);
    if (step) utimensat(store.fd(), path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
    return step;
}

void put_build_step(const Store& store, const StoreLock&, const oci::Digest& key,
                    const BuildStep& step) {
    Json json = {{"format", step_format},
                 {"tar_size", step.tar_size},
                 {"size", step.size},
                 {"created", to_rfc3339(step.created)},
                 {"text", step.text}};
    if (step.layer) {
        json["layer"] = step.layer->text();
        json["diff"] = step.diff->text();
    }
    const Fd steps = open_or_make_directory(store.fd(), folder, 0700);
    replace_file(steps.get(), key.hex(), to_text(json), 0600, Durability::none);
}

std::vector<ListedBuildStep> list_build_steps(const Store& store) {
    std::vector<ListedBuildStep> steps;
    const Fd directory = find_at(store.fd(), folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!directory.valid()) return steps;
    for (const std::string& name : list_directory(directory.get())) {
        const auto key = oci::Digest::from_hex(name);
        struct stat status{};
        if (!key || fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        const auto text = find_file(directory.get(), name, max_step_size);
        if (!text) continue;
        if (auto step = parse_step(*text))
            steps.push_back({*std::move(step), *key, time_of(status.st_mtim)});
    }
    return steps;
}

bool remove_build_step(const Store& store, const oci::Digest& key) {
    if (unlinkat(store.fd(), path_of(key).c_str(), 0) == 0) return true;
    if (errno == ENOENT) return false;
    throw SystemError(errno, "cannot remove a step of the build cache");
}

}  // namespace skiff::storage
