// SPDX-License-Identifier: Apache-2.0
// --filter of `ps`. Names whose subject skiff does not have (services) agree with what is so.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/container/lifecycle.h"
#include "format/filters.h"

namespace skiff::cli {

/// For completion.
inline constexpr std::string_view ps_filter_names =
    "ancestor= before= exited= expose= health= id= is-task= label= label!= name= network= publish= "
    "since= status=created status=exited status=paused status=running volume=";

class PsFilters {
  public:
    /// Throws Error{invalid} for names and values that Docker refuses, Error{not_found} for a
    /// container of before and since that is not there. Both borrowed.
    PsFilters(const engine::Engine& engine, const format::Filters& filters);

    /// A status was asked for: then those that do not run are looked at as well.
    bool looks_at_all() const { return filters_.contains("status"); }
    bool agree(const engine::ContainerSummary& container);

  private:
    bool agree_in_origin(const engine::ContainerRecord& record);
    bool has_ancestor(const engine::ContainerRecord& record);

    const engine::Engine& engine_;
    const format::Filters& filters_;
    std::set<int> exit_codes_;
    std::optional<bool> is_task_;
    /// The oldest of `before`, the newest of `since`.
    std::optional<Timestamp> before_;
    std::optional<Timestamp> since_;
    std::set<std::string> ancestor_ids_;
    /// Of images that containers have; asked once.
    std::map<std::string, std::vector<std::string>> ancestors_;
};

}  // namespace skiff::cli
