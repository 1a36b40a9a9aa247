// SPDX-License-Identifier: Apache-2.0
// A profile that is accepted has an OCI form, which is accepted and stays the same; what compiles
// runs to a verdict's end.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "runtime/seccomp/compile.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace skiff::runtime;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const SeccompTarget target{default_capabilities(), {5, 11}};
    SeccompProfile profile;
    std::string oci;
    try {
        profile = parse_seccomp_profile(text, "the input");
        oci = to_oci_text(profile, target);
    } catch (const skiff::Error&) {
        return 0;  // refused with a message: the other good outcome
    }
    if (to_oci_text(parse_seccomp_profile(oci, "our own form"), target) != oci) std::abort();
    if (profile.rules.size() > 50)
        return 0;  // libseccomp is slow on large ones, and not what is tested
    try {
        const auto program = compile_profile(profile, target);
        // The kernel wants a return at the end of every path; libseccomp's last instruction is one.
        if (program.empty() || BPF_CLASS(program.back().code) != BPF_RET) std::abort();
    } catch (const skiff::Error&) {
        return 0;  // libseccomp refuses a rule
    }
    return 0;
}
