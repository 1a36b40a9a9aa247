// SPDX-License-Identifier: Apache-2.0
// A seccomp profile in Docker's JSON format, and in the OCI runtime spec's, which is the same
// without conditions.
//
// This is data: what of it applies to a container, and the program made of that, is compile.h's.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/capabilities/capability_set.h"

namespace skiff::runtime {

enum class SeccompAction { kill_thread, kill_process, trap, error, trace, log, allow };
/// "SCMP_ACT_ALLOW".
std::string_view to_string(SeccompAction action);

enum class Comparison { not_equal, less, less_equal, equal, greater_equal, greater, masked_equal };
/// "SCMP_CMP_EQ".
std::string_view to_string(Comparison comparison);

/// One argument of a system call (64 bits), compared. With masked_equal: (argument & value) ==
/// value_two.
struct ArgumentTest {
    unsigned index = 0;  ///< 0 to 5
    Comparison comparison = Comparison::equal;
    std::uint64_t value = 0;
    std::uint64_t value_two = 0;
};

struct KernelVersion {
    unsigned major = 0;
    unsigned minor = 0;
    auto operator<=>(const KernelVersion&) const = default;
};
/// "5.11", also with more behind it ("5.11.0-1-amd64"); nothing when malformed.
std::optional<KernelVersion> parse_kernel_version(std::string_view text);

/// Names a container's circumstances. Empty: says nothing.
struct RuleCondition {
    CapabilitySet capabilities;
    std::vector<std::string> architectures;  ///< as Go names them: amd64, arm64 …
    std::optional<KernelVersion> minimum_kernel;
};

struct SyscallRule {
    std::vector<std::string> names;
    SeccompAction action = SeccompAction::allow;
    std::optional<std::uint16_t> error;  ///< for error, trace and trap; EPERM when absent
    std::vector<ArgumentTest>
        tests;               ///< all must hold; several of one argument: any (as runc reads it)
    RuleCondition includes;  ///< applies only if all of it holds
    RuleCondition excludes;  ///< does not apply if any of it holds
};

struct SeccompProfile {
    SeccompAction default_action = SeccompAction::error;
    std::uint16_t default_error = 1;  ///< EPERM
    std::vector<SyscallRule> rules;
    /// Every capability that a condition names: programs for sets that agree on these are the same.
    CapabilitySet mentioned_capabilities;
};

/// Throws Error{invalid}: not JSON (with `name`, line and column), or a member that is missing, of
/// a wrong type, unknown, or with an unknown value, named as 'syscalls[3].args[0].op'. Unknown
/// members are refused, since a misspelt "excludes" would open what it was to close.
/// Error{unsupported}: what skiff cannot enact (SCMP_ACT_NOTIFY, a listener). The lists of
/// architectures are checked, but open nothing: which ABIs are open is not the profile's business
/// (security: an i386 system call bypasses a filter of families).
SeccompProfile parse_seccomp_profile(std::string_view text, std::string_view name);

}  // namespace skiff::runtime
