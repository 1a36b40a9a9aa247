// SPDX-License-Identifier: Apache-2.0
#include "engine/build/plan.h"

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/expand.h"
#include "dockerfile/run_mount_fields.h"

namespace skiff::engine {
namespace {

using dockerfile::Dockerfile;

/// Adds the frame of the lines to what is thrown.
template <typename Act>
auto at_lines(const Dockerfile& file, dockerfile::LineRange lines, Act act) {
    try {
        return act();
    } catch (const Error& error) {
        throw Error(error.kind(), "{}\n{}", error.message(), file.frame(lines));
    }
}

/// What FROM lines and the ARGs before them see.
dockerfile::Variables global_variables(const Dockerfile& file, const BuildArguments& arguments) {
    return {.lookup = [&](std::string_view name) -> std::optional<std::string> {
                const std::string key(name);
                if (const auto found = arguments.global.find(key); found != arguments.global.end())
                    return found->second;
                if (const auto found = arguments.predefined.find(key);
                    found != arguments.predefined.end())
                    return found->second;
                return std::nullopt;
            },
            .escape = file.escape};
}

void settle_global_arguments(const Dockerfile& file, BuildArguments& arguments) {
    const dockerfile::Variables variables = global_variables(file, arguments);
    for (const dockerfile::Instruction& instruction : file.global_arguments) {
        const auto body = at_lines(file, instruction.lines, [&] {
            return dockerfile::expand_instruction(instruction, variables);
        });
        for (const auto& argument : std::get<dockerfile::Arg>(body).arguments) {
            std::optional<std::string> value = argument.value;
            if (const auto given = arguments.given.find(argument.name);
                given != arguments.given.end()) {
                value = given->second;
                arguments.used[argument.name] = true;
            }
            arguments.global[argument.name] = value;
        }
    }
}

void find_needs(const Dockerfile& file, size_t number, PlannedStage& stage) {
    if (stage.base) stage.needs.push_back(*stage.base);
    for (const dockerfile::Instruction& instruction : stage.source->instructions)
        for (const std::string& name : sources_of(instruction))
            if (const auto other = find_stage_number(file, name, number))
                stage.needs.push_back(*other);
}

size_t find_target(const Dockerfile& file, const std::string& target) {
    if (target.empty()) return file.stages.size() - 1;
    const auto found = find_stage_number(file, target, file.stages.size());
    if (!found)
        throw Error(ErrorKind::not_found, "target stage {} could not be found", quoted(target));
    return *found;
}

}  // namespace

std::vector<std::string> sources_of(const dockerfile::Instruction& instruction) {
    std::vector<std::string> names;
    if (const auto* copy = std::get_if<dockerfile::Copy>(&instruction.body))
        names.push_back(copy->from);
    if (const auto* run = std::get_if<dockerfile::Run>(&instruction.body))
        for (const std::string& mount : run->mounts)
            for (const dockerfile::MountField& field : dockerfile::mount_fields(mount))
                if (field.key == "from") names.push_back(field.value.value_or(""));
    std::erase(names, "");
    return names;
}

void mark_needed(BuildPlan& plan, size_t number) {
    PlannedStage& stage = plan.stages[number];
    if (stage.needed) return;
    stage.needed = true;
    for (const size_t other : stage.needs) mark_needed(plan, other);
}

std::map<std::string, std::string> platform_arguments(const oci::Platform& platform) {
    const oci::Platform host = oci::host_platform();
    return {{"TARGETPLATFORM", oci::to_string(platform)},
            {"TARGETOS", platform.os},
            {"TARGETARCH", platform.architecture},
            {"TARGETVARIANT", platform.variant},
            {"BUILDPLATFORM", oci::to_string(host)},
            {"BUILDOS", host.os},
            {"BUILDARCH", host.architecture},
            {"BUILDVARIANT", host.variant}};
}

std::optional<size_t> find_stage_number(const Dockerfile& file, const std::string& name,
                                        size_t before) {
    const dockerfile::Stage* found = file.find_stage(name, before);
    if (found == nullptr) return std::nullopt;
    return static_cast<size_t>(found - file.stages.data());
}

BuildPlan plan_build(const Dockerfile& file, const BuildRequest& request,
                     BuildArguments& arguments) {
    arguments.given = request.arguments;
    const oci::Platform platform =
        request.platform.empty() ? oci::host_platform() : oci::parse_platform(request.platform);
    arguments.predefined = platform_arguments(platform);
    arguments.predefined["TARGETSTAGE"] = request.target.empty() ? "default" : request.target;
    settle_global_arguments(file, arguments);
    const dockerfile::Variables variables = global_variables(file, arguments);
    BuildPlan plan;
    for (size_t number = 0; number < file.stages.size(); ++number) {
        const dockerfile::Stage& source = file.stages[number];
        PlannedStage stage;
        stage.source = &source;
        stage.from = at_lines(file, source.lines,
                              [&] { return dockerfile::expand_from(source.from, variables); });
        stage.base = find_stage_number(file, stage.from.image, number);
        stage.scratch = !stage.base && stage.from.image == "scratch";
        stage.name = !source.from.name.empty() ? source.from.name : fmt::format("stage-{}", number);
        if (stage.from.image.empty())
            throw Error(ErrorKind::invalid, "base name ({}) should not be blank\n{}",
                        source.from.image, file.frame(source.lines));
        find_needs(file, number, stage);
        plan.stages.push_back(std::move(stage));
    }
    plan.target = find_target(file, request.target);
    mark_needed(plan, plan.target);
    return plan;
}

}  // namespace skiff::engine
