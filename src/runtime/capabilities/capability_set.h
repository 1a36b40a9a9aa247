// SPDX-License-Identifier: Apache-2.0
// Capabilities by name and number, and Docker's rules for --cap-add, --cap-drop and --privileged.
//
// Pure, but for the two functions that ask the kernel. The result is enacted by
// enact_capabilities.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::runtime {

/// A set of capabilities; bit n is capability number n of <linux/capability.h>.
class CapabilitySet {
  public:
    constexpr CapabilitySet() = default;
    constexpr explicit CapabilitySet(std::uint64_t bits) : bits_(bits) {}

    constexpr std::uint64_t bits() const { return bits_; }
    constexpr bool has(unsigned number) const { return number < 64 && (bits_ >> number & 1) != 0; }
    constexpr void add(unsigned number) { bits_ |= std::uint64_t{1} << number; }
    constexpr void remove(unsigned number) { bits_ &= ~(std::uint64_t{1} << number); }
    constexpr CapabilitySet operator&(CapabilitySet other) const {
        return CapabilitySet(bits_ & other.bits_);
    }
    constexpr CapabilitySet operator|(CapabilitySet other) const {
        return CapabilitySet(bits_ | other.bits_);
    }
    constexpr bool operator==(const CapabilitySet&) const = default;

  private:
    std::uint64_t bits_ = 0;
};

/// Number of a name as users write it: any case, with or without "CAP_". Nothing when unknown.
std::optional<unsigned> find_capability(std::string_view name);
/// "CAP_CHOWN"; a number without a name is "CAP_41".
std::string capability_name(unsigned number);
/// Names in the order of the numbers, as the OCI runtime spec wants them.
std::vector<std::string> capability_names(CapabilitySet set);

/// The 14 that a container has unless told otherwise (Docker's defaults).
CapabilitySet default_capabilities();
/// All that the running kernel knows: what the first process of a new user namespace has.
CapabilitySet kernel_capabilities();
/// What this process may give away: permitted and in its bounding set.
CapabilitySet caller_capabilities();

/// What a container is to have. `add` and `drop` as typed; "ALL" in `add` is `available` without
/// `drop`, "ALL" in `drop` is `add` alone, otherwise what is added after dropping wins. Defaults
/// that are not `available` are left out. Throws Error{invalid}: unknown name, or an added one that
/// is not available.
CapabilitySet resolve_capabilities(std::span<const std::string> add,
                                   std::span<const std::string> drop, CapabilitySet available);

}  // namespace skiff::runtime
