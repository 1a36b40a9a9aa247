// SPDX-License-Identifier: Apache-2.0
#include "runtime/capabilities/capability_set.h"

#include <array>
#include <cerrno>

#include <cap-ng.h>
#include <unistd.h>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/text.h"

namespace skiff::runtime {
namespace {

constexpr std::string_view prefix = "CAP_";

constexpr CapabilitySet set_of(std::initializer_list<unsigned> numbers) {
    CapabilitySet set;
    for (const unsigned number : numbers) set.add(number);
    return set;
}

constexpr CapabilitySet docker_defaults =
    set_of({CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FSETID, CAP_FOWNER, CAP_MKNOD, CAP_NET_RAW, CAP_SETGID,
            CAP_SETUID, CAP_SETFCAP, CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_KILL,
            CAP_AUDIT_WRITE});
static_assert(docker_defaults.bits() == 0xa80425fb, "CapBnd of a container of Docker");

struct Choice {
    bool all = false;
    CapabilitySet named;
};

/// `flag` is Docker's word for the list in messages: CapAdd or CapDrop.
Choice read_choice(std::span<const std::string> names, std::string_view flag) {
    Choice choice;
    for (const std::string& name : names) {
        if (to_upper(name) == "ALL") {
            choice.all = true;
            continue;
        }
        const auto number = find_capability(name);
        if (!number) {
            std::string full = to_upper(name);
            if (!full.starts_with(prefix)) full.insert(0, prefix);
            throw Error(ErrorKind::invalid, "invalid {}: unknown capability: {}", flag,
                        quoted(full));
        }
        choice.named.add(*number);
    }
    return choice;
}

}  // namespace

std::optional<unsigned> find_capability(std::string_view name) {
    std::string bare = to_lower(name);
    if (bare.starts_with("cap_")) bare.erase(0, prefix.size());
    const int number = capng_name_to_capability(bare.c_str());
    // The library also takes numbers ("cap_41") in newer versions; a name is letters.
    if (number < 0 || number >= 64 || bare.empty() || (bare[0] >= '0' && bare[0] <= '9'))
        return std::nullopt;
    return static_cast<unsigned>(number);
}

std::string capability_name(unsigned number) {
    const char* name = capng_capability_to_name(number);
    return std::string(prefix) + (name != nullptr ? to_upper(name) : std::to_string(number));
}

std::vector<std::string> capability_names(CapabilitySet set) {
    std::vector<std::string> names;
    for (unsigned number = 0; number < 64; ++number)
        if (set.has(number)) names.push_back(capability_name(number));
    return names;
}

CapabilitySet default_capabilities() {
    return docker_defaults;
}

CapabilitySet kernel_capabilities() {
    CapabilitySet set;
    // EINVAL for the first number that the kernel does not know.
    for (unsigned number = 0; number < 64 && prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; ++number)
        set.add(number);
    return set;
}

CapabilitySet caller_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    if (syscall(SYS_capget, &header, data.data()) != 0)
        throw SystemError(errno, "cannot read the capabilities of this process");
    const CapabilitySet permitted(data[0].permitted | std::uint64_t{data[1].permitted} << 32);
    CapabilitySet set;
    for (unsigned number = 0; number < 64; ++number)
        if (permitted.has(number) && prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1) set.add(number);
    return set;
}

CapabilitySet resolve_capabilities(std::span<const std::string> add,
                                   std::span<const std::string> drop, CapabilitySet available) {
    const Choice added = read_choice(add, "CapAdd");
    const Choice dropped = read_choice(drop, "CapDrop");
    for (unsigned number = 0; number < 64; ++number)
        if (added.named.has(number) && !available.has(number))
            throw Error(ErrorKind::invalid,
                        "invalid CapAdd: capability not supported by your kernel or not available "
                        "in the current "
                        "environment: {}",
                        quoted(capability_name(number)));
    const CapabilitySet kept(~dropped.named.bits());
    if (added.all) return available & kept;
    if (dropped.all) return added.named;
    return (docker_defaults & available & kept) | added.named;
}

}  // namespace skiff::runtime
