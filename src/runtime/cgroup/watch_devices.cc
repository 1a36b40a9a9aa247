// SPDX-License-Identifier: Apache-2.0
// The part of ContainerGroups that decides which devices may be opened.
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/fd.h"
#include "runtime/cgroup/container_groups.h"

namespace skiff::runtime {
namespace {

void write_rule(int directory, const char* name, const std::string& text) {
    const Fd file = open_at(directory, name, O_WRONLY);
    if (::write(file.get(), text.data(), text.size()) < 0)
        throw SystemError(errno, "cannot write '{}' to {} of the container's control group", text,
                          name);
}

/// Errors: EPERM for who is not root of the machine, EINVAL and ENOSYS without eBPF.
int attach_program(int directory, std::span<const DeviceRule> rules) {
    const std::vector<bpf_insn> program = device_program(rules);
    const char license[] = "Apache-2.0";
    bpf_attr attributes{};
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = reinterpret_cast<std::uintptr_t>(program.data());
    attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
    attributes.license = reinterpret_cast<std::uintptr_t>(license);
    const Fd loaded(
        static_cast<int>(syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes)));
    if (!loaded.valid()) return errno;
    bpf_attr attachment{};
    attachment.target_fd = static_cast<std::uint32_t>(directory);
    attachment.attach_bpf_fd = static_cast<std::uint32_t>(loaded.get());
    attachment.attach_type = BPF_CGROUP_DEVICE;
    // Those of groups above are asked as well.
    attachment.attach_flags = BPF_F_ALLOW_MULTI;
    return syscall(SYS_bpf, BPF_PROG_ATTACH, &attachment, sizeof attachment) < 0 ? errno : 0;
}

}  // namespace

bool ContainerGroups::watch_devices(std::span<const DeviceRule> rules) const {
    if (const Opened* opened = find("devices")) {
        write_rule(opened->directory.get(), "devices.deny", "a");
        for (const DeviceRule& rule : rules)
            // There "a" stands for everything, whatever numbers follow.
            for (const char type :
                 std::string(rule.type == 'a' ? "bc" : std::string(1, rule.type))) {
                DeviceRule one = rule;
                one.type = type;
                write_rule(opened->directory.get(), "devices.allow", to_text(one));
            }
        return true;
    }
    const Opened* opened = find("unified");
    return opened != nullptr && attach_program(opened->directory.get(), rules) == 0;
}

}  // namespace skiff::runtime
