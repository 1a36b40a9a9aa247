// SPDX-License-Identifier: Apache-2.0
#include "engine/image/config_change.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/expand.h"
#include "engine/build/stage_state.h"

namespace skiff::engine {
namespace {

/// As `docker commit` takes them.
constexpr std::array<std::string_view, 11> keywords = {
    "CMD",     "ENTRYPOINT", "ENV",  "EXPOSE", "HEALTHCHECK", "LABEL",
    "ONBUILD", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"};

/// One line of a message that has the lines of a Dockerfile below it, which here are none.
std::string first_line(const std::string& message) {
    return std::string(cut(message, '\n').before);
}

void apply_checked(std::string_view line, StageState& state) {
    const dockerfile::Dockerfile file =
        dockerfile::parse(fmt::format("FROM scratch\n{}\n", line), "--change");
    if (file.stages.size() != 1 || file.stages[0].instructions.size() != 1)
        throw Error(ErrorKind::invalid, "one instruction is expected");
    BuildArguments none;
    const dockerfile::Variables variables{.lookup = state.lookup(), .escape = file.escape};
    state.apply(dockerfile::expand_instruction(file.stages[0].instructions[0], variables), none);
}

void apply_change(std::string_view instruction, StageState& state) {
    const std::string_view line = trim(instruction);
    const size_t end = std::min(line.find_first_of(" \t"), line.size());
    const std::string keyword = to_upper(line.substr(0, end));
    if (std::ranges::find(keywords, keyword) == keywords.end())
        throw Error(ErrorKind::invalid, "{} is not a valid change command", quoted(keyword));
    try {
        apply_checked(line, state);
    } catch (const Error& error) {
        throw Error(error.kind(), "--change {}: {}", keyword, first_line(error.message()));
    }
}

}  // namespace

void apply_changes(std::span<const std::string> instructions, oci::ImageConfig& config) {
    // One for all of them: ENTRYPOINT forgets a CMD, but not one that was said here.
    StageState state;
    state.config = config;
    for (const std::string& instruction : instructions) apply_change(instruction, state);
    config = std::move(state.config);
}

}  // namespace skiff::engine
