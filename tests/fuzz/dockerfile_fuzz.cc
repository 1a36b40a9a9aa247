// SPDX-License-Identifier: Apache-2.0
// A Dockerfile: any text is stages or an Error, and what was parsed can be expanded, shown and run.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/expand.h"
#include "dockerfile/run_mount.h"
#include "dockerfile/run_program.h"

using namespace skiff;
using namespace skiff::dockerfile;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

std::optional<std::string> look_up(std::string_view name) {
    if (name.size() % 3 == 0) return std::nullopt;
    return std::string(name) + " \"*/";
}

void use(const Instruction& instruction, size_t lines) {
    require(instruction.lines.first >= 1 && instruction.lines.first <= instruction.lines.last &&
            instruction.lines.last <= lines);
    const Variables variables{.lookup = look_up};
    require(expanded_text(instruction, variables).starts_with(instruction.keyword));
    try {
        const InstructionBody body = expand_instruction(instruction, variables);
        if (const auto* run = std::get_if<Run>(&body)) {
            require(!run_program(*run, {}).argv.empty());
            for (const std::string& mount : run->mounts) parse_run_mount(mount);
        }
        if (const auto* trigger = std::get_if<OnBuild>(&body)) parse_trigger(trigger->trigger, "i");
    } catch (const Error&) {
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    size_t lines = 1;
    for (const char c : text) lines += c == '\n' ? 1 : 0;
    try {
        const Dockerfile file = parse(text, "Dockerfile");
        require(!file.stages.empty());
        for (const Stage& stage : file.stages)
            for (const Instruction& instruction : stage.instructions) use(instruction, lines);
        for (const Warning& warning : file.warnings) require(!file.frame(warning.lines).empty());
    } catch (const Error& error) {
        // Frames are bounded, whatever is in the file.
        require(!error.message().empty() && error.message().size() < 20'000);
    }
    return 0;
}
