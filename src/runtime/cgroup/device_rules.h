// SPDX-License-Identifier: Apache-2.0
// Which devices a container's processes may open, in the words of Docker's --device-cgroup-rule and
// of both kinds of hierarchy. Everything that no rule allows is denied. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <linux/bpf.h>

namespace skiff::runtime {

struct DeviceRule {
    char type = 'c';                ///< 'c', 'b' or 'a': both
    std::optional<unsigned> major;  ///< nothing: any
    std::optional<unsigned> minor;
    bool read = false;
    bool write = false;
    bool make = false;  ///< mknod(2)
    bool operator==(const DeviceRule&) const = default;
};

/// "c 1:3 rwm", "b 8:* r"; nothing when it is none.
std::optional<DeviceRule> parse_device_rule(std::string_view text);
/// The same form, which is also that of v1's devices.allow.
std::string to_text(const DeviceRule& rule);

/// What every container may do: make any node, open the usual ones and its terminals.
std::vector<DeviceRule> default_device_rules();

/// The same for v2: a program of type BPF_PROG_TYPE_CGROUP_DEVICE that says 1 for what is allowed.
std::vector<bpf_insn> device_program(std::span<const DeviceRule> rules);

}  // namespace skiff::runtime
