// SPDX-License-Identifier: Apache-2.0
// Which stages a Dockerfile has, what each stands on, and which of them a target needs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dockerfile/dockerfile.h"
#include "engine/build/request.h"
#include "engine/build/stage_state.h"

namespace skiff::engine {

struct PlannedStage {
    const dockerfile::Stage* source = nullptr;
    dockerfile::From from;  ///< expanded
    /// Another stage, by number; nothing: an image, or scratch.
    std::optional<size_t> base;
    bool scratch = false;
    std::string name;           ///< as progress has it: "builder", "stage-1"
    std::vector<size_t> needs;  ///< stages that it takes from, its base among them
    bool needed = false;        ///< by the target
};

struct BuildPlan {
    std::vector<PlannedStage> stages;  ///< in the order of the Dockerfile
    size_t target = 0;
};

/// Values of the arguments before the first FROM go to `arguments`. `file` must outlive the plan.
/// Throws Error{invalid} with the lines in question, Error{not_found} for a target that is none.
BuildPlan plan_build(const dockerfile::Dockerfile& file, const BuildRequest& request,
                     BuildArguments& arguments);

/// The stage that --from or a mount's from means, of those before `before`; nothing: an image.
std::optional<size_t> find_stage_number(const dockerfile::Dockerfile& file, const std::string& name,
                                        size_t before);

/// Stages and images that an instruction takes files from. No variable is expanded in their names.
std::vector<std::string> sources_of(const dockerfile::Instruction& instruction);

/// The stage, and all that it takes from.
void mark_needed(BuildPlan& plan, size_t number);

/// TARGETPLATFORM, BUILDARCH and the others, for an image of `platform`.
std::map<std::string, std::string> platform_arguments(const oci::Platform& platform);

}  // namespace skiff::engine
