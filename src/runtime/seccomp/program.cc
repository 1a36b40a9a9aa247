// SPDX-License-Identifier: Apache-2.0
#include "runtime/seccomp/program.h"

#include <algorithm>

#include <seccomp.h>

#include <linux/capability.h>

#include "base/error.h"
#include "base/text.h"
#include "runtime/seccomp/linked_programs.h"
#include "runtime/seccomp/program_cache.h"

namespace skiff::runtime {
namespace {

// Raised whenever compile.cc makes other instructions of the same profile.
constexpr int compiler_form = 1;

/// Everything that the instructions depend on: two requests with the same text have the same
/// program.
std::string cache_key_text(const SeccompRequest& request, const SeccompTarget& target) {
    const scmp_version* library = seccomp_version();
    return fmt::format(
        "skiff {}.{} libseccomp {}.{}.{} arch {:#x} abis {} kernel {}.{} capabilities {:#x}\n{}",
        SKIFF_VERSION, compiler_form, library->major, library->minor, library->micro,
        seccomp_arch_native(), static_cast<int>(target.abis), target.kernel.major,
        target.kernel.minor, target.capabilities.bits(),
        request.profile ? request.profile->text
                        : fmt::format("{}-{}{}", join(request.also_allowed, " "),
                                      join(request.withheld, " "), default_profile_text()));
}

SeccompProfile profile_of(const SeccompRequest& request) {
    if (request.profile) return parse_seccomp_profile(request.profile->text, request.profile->name);
    SeccompProfile profile = parse_seccomp_profile(default_profile_text(), "default_profile.json");
    for (SyscallRule& rule : profile.rules)
        if (rule.includes.capabilities.has(CAP_SYS_ADMIN))
            std::erase_if(rule.names, [&](const std::string& name) {
                return std::ranges::find(request.withheld, name) != request.withheld.end();
            });
    if (!request.also_allowed.empty()) {
        SyscallRule rule;
        rule.names = request.also_allowed;
        profile.rules.push_back(std::move(rule));
    }
    return profile;
}

}  // namespace

SeccompProgram get_program(const SeccompRequest& request, const std::string& cache_directory) {
    SeccompTarget target{request.capabilities, {}, request.abis};
    if (!request.profile) {
        target.capabilities = request.capabilities & mentioned_in_default_profile();
        if (request.abis == OpenAbis::native && request.also_allowed.empty())
            for (const LinkedProgram& linked : linked_programs())
                if (linked.capabilities == target.capabilities)
                    return SeccompProgram(linked.instructions);
    }
    target.kernel = running_kernel();
    if (cache_directory.empty())
        return SeccompProgram(compile_profile(profile_of(request), target));

    const ProgramCache cache(cache_directory);
    const std::string key = cache_key_text(request, target);
    if (auto kept = cache.find(key)) return SeccompProgram(std::move(*kept));
    std::vector<sock_filter> program = compile_profile(profile_of(request), target);
    cache.keep(key, program);
    return SeccompProgram(std::move(program));
}

std::string oci_seccomp(const SeccompRequest& request) {
    return to_oci_text(profile_of(request), {request.capabilities, running_kernel(), request.abis});
}

}  // namespace skiff::runtime
