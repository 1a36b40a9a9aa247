// SPDX-License-Identifier: Apache-2.0
#include "engine/build/explain.h"

#include <fcntl.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "storage/archive/sha256.h"

namespace skiff::engine {
namespace {

constexpr size_t max_size = 16U << 20U;
constexpr size_t shown = 60;

std::string shortened(const std::string& text) {
    return skiff::quoted(text.size() <= shown ? text : text.substr(0, shown) + "…");
}

/// Values of variables are not for a file that outlives the build, and digests say nothing.
bool is_shown(const std::string& part) {
    return part == "the instruction" || part == "the user" || part == "the working directory";
}

}  // namespace

StepHistory::StepHistory(const storage::Store& store, const std::string& context,
                         const std::string& dockerfile)
    : store_(store), name_(storage::sha256_hex(context + "\n" + dockerfile)) {
    const auto text = find_file(store.fd(), fmt::format("{}/{}", plan_folder, name_), max_size);
    if (!text) return;
    try {
        before_ = parse_json(*text, "the last build").get<std::map<std::string, Parts>>();
    } catch (const Error&) {
    } catch (const Json::exception&) {
    }
}

std::string StepHistory::compare(const std::string& step, const StepKey& key) {
    Parts& parts = now_[step];
    for (const auto& [name, value] : key.parts())
        parts[name] = is_shown(name) ? value : storage::sha256_hex(value);
    const auto last = before_.find(step);
    if (last == before_.end()) return "there was no such step in the last build";
    std::string text;
    for (const auto& [name, value] : parts) {
        const auto old = last->second.find(name);
        if (old != last->second.end() && old->second == value) continue;
        if (!text.empty()) text += "; ";
        text += name + " changed";
        if (is_shown(name) && old != last->second.end())
            text += fmt::format(" from {} to {}", shortened(old->second), shortened(value));
    }
    return text.empty() ? "nothing changed, but the cache has it no longer" : text;
}

void StepHistory::keep(const std::string& step) {
    if (const auto last = before_.find(step); last != before_.end()) now_[step] = last->second;
}

void StepHistory::save() noexcept {
    try {
        const Fd plans = open_or_make_directory(store_.fd(), plan_folder, 0700);
        replace_file(plans.get(), name_, to_text(Json(now_)), 0600, Durability::none);
    } catch (const Error&) {
    }
}

}  // namespace skiff::engine
