// SPDX-License-Identifier: Apache-2.0
// A container as `ps` shows it: Docker's formatter.ContainerContext.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "engine/container/lifecycle.h"
#include "engine/container/size.h"
#include "format/listing.h"

namespace skiff::cli {

/// What all rows of one list share; knows what costs something only when a row asks for it.
class PsList {
  public:
    /// Borrows both.
    PsList(const engine::Engine& engine, std::span<const engine::ContainerSummary> containers,
           bool truncate, bool measure);

    bool truncates() const { return truncate_; }
    Timestamp reference() const { return reference_; }
    /// Measures all of them at once. Zero where sizes were not asked for, as in Docker.
    engine::ContainerSize size_of(const engine::ContainerRecord& record) const;
    /// The image's name, or its id where the name means another one by now.
    std::string image_name(const engine::ContainerRecord& record) const;

  private:
    const engine::Engine& engine_;
    std::span<const engine::ContainerSummary> containers_;
    bool truncate_;
    bool measure_;
    Timestamp reference_;
    mutable std::optional<std::map<std::string, engine::ContainerSize>> sizes_;
    mutable std::map<std::string, std::string> image_ids_;  ///< by name; "" for none
};

struct PsRow {
    const engine::ContainerSummary& container;
    const PsList& list;
};

extern const format::RowType ps_row_type;
/// As `system df` shows it: without the size of the image.
extern const format::RowType container_usage_row_type;

}  // namespace skiff::cli
