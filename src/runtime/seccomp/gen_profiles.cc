// SPDX-License-Identifier: Apache-2.0
// Build-time program: default_profile.json in, a C++ source with the text and its usual programs
// out.
#include <cstdio>
#include <string>

#include <fcntl.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "runtime/seccomp/compile.h"

namespace {

using namespace skiff;
using namespace skiff::runtime;

// The oldest kernel that skiff runs on: conditions on older ones hold, newer ones must not be
// assumed.
constexpr KernelVersion oldest_kernel{5, 11};
constexpr size_t max_profile = 1 << 20;

std::string array_text(std::string_view name, const std::vector<sock_filter>& program) {
    std::string text = fmt::format("constexpr sock_filter {}[] = {{\n", name);
    for (const sock_filter& step : program)
        text += fmt::format("    {{{}, {}, {}, {}U}},\n", step.code, step.jt, step.jf, step.k);
    return text + "};\n\n";
}

std::string source_text(const std::string& profile_text) {
    const SeccompProfile profile = parse_seccomp_profile(profile_text, "default_profile.json");
    const CapabilitySet mentioned = profile.mentioned_capabilities;
    for (const SyscallRule& rule : profile.rules)
        for (const RuleCondition& condition : {rule.includes, rule.excludes})
            if (condition.minimum_kernel && oldest_kernel < *condition.minimum_kernel)
                throw Error(ErrorKind::invalid,
                            "a program cannot be linked in when it depends on a newer kernel");
    struct Wanted {
        std::string_view name;
        CapabilitySet capabilities;
    };
    // The usual run, --cap-add ALL, --cap-drop ALL.
    const Wanted all_wanted[] = {{"with_defaults", default_capabilities() & mentioned},
                                 {"with_all", mentioned},
                                 {"with_none", {}}};

    std::string arrays;
    std::string rows;
    for (const Wanted& wanted : all_wanted) {
        arrays +=
            array_text(wanted.name, compile_profile(profile, {wanted.capabilities, oldest_kernel}));
        rows += fmt::format("    {{CapabilitySet({:#x}), {}}},\n", wanted.capabilities.bits(),
                            wanted.name);
    }
    return fmt::format(
        "// SPDX-License-Identifier: Apache-2.0\n"
        "// Made by gen_profiles from default_profile.json.\n"
        "#include \"runtime/seccomp/linked_programs.h\"\n\n"
        "namespace skiff::runtime {{\n"
        "namespace {{\n\n"
        "{}"
        "constexpr LinkedProgram programs[] = {{\n{}}};\n\n"
        "constexpr std::string_view text = R\"json({})json\";\n\n"
        "}}  // namespace\n\n"
        "std::span<const LinkedProgram> linked_programs() noexcept {{ return programs; }}\n"
        "CapabilitySet mentioned_in_default_profile() noexcept {{ return CapabilitySet({:#x}); }}\n"
        "std::string_view default_profile_text() noexcept {{ return text; }}\n\n"
        "}}  // namespace skiff::runtime\n",
        arrays, rows, profile_text, mentioned.bits());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: gen_profiles PROFILE.json OUTPUT.cc\n", stderr);
        return 2;
    }
    try {
        const std::string text = source_text(read_file(argv[1], max_profile));
        const Fd output = open_file(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
        write_all(output.get(), text, argv[2]);
    } catch (const Error& error) {
        std::fprintf(stderr, "gen_profiles: %s\n", error.what());
        return 1;
    }
    return 0;
}
