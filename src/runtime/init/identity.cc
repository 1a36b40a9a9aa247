// SPDX-License-Identifier: Apache-2.0
// From root of the user namespace to the identity the program shall have. The order is the point of
// this file.
#include <errno.h>
#include <grp.h>
#include <unistd.h>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "runtime/capabilities/enact_capabilities.h"
#include "runtime/init/steps.h"
#include "runtime/seccomp/load_filter.h"

namespace skiff::runtime::init {
namespace {

constexpr std::uint64_t bit(unsigned capability) noexcept {
    return std::uint64_t{1} << capability;
}

}  // namespace

int set_rlimits(const LaunchPlan& plan, Position& at) noexcept {
    at.step = Step::rlimit;
    for (unsigned i = 0; i < plan.rlimits.size(); ++i) {
        at.index = i;
        if (prlimit(0, static_cast<__rlimit_resource>(plan.rlimits[i].resource),
                    &plan.rlimits[i].limit, nullptr) < 0)
            return errno;
    }
    return 0;
}

int take_identity(const LaunchPlan& plan, Position& at) noexcept {
    // Supplementary groups are set even when there are none: ours must not leak in
    // (CVE-2022-36109).
    at = {Step::groups, 0};
    if (plan.set_groups && syscall(SYS_setgroups, plan.groups.size(), plan.groups.data()) < 0)
        return errno;

    // The bounding set while CAP_SETPCAP is still effective.
    at.step = Step::capabilities;
    if (const int error = limit_bounding_set(plan.capabilities.bounding)) return error;

    // The ids; KEEPCAPS carries the permitted set over, since the filter below needs CAP_SYS_ADMIN.
    at.step = Step::user;
    if (prctl(PR_SET_KEEPCAPS, 1) < 0) return errno;
    if (setresgid(plan.gid, plan.gid, plan.gid) < 0) return errno;
    if (setresuid(plan.uid, plan.uid, plan.uid) < 0) return errno;

    // For another user than root an exec leaves no capability anyway; without this, exec itself
    // would still run with CAP_DAC_OVERRIDE and start what that user may not even reach.
    const std::uint64_t wanted = plan.uid == 0 ? plan.capabilities.permitted : 0;
    const bool filtered = !plan.seccomp.empty();
    // The filter goes in as late as possible, so that it need not allow what we do before; without
    // no_new_privs the kernel wants CAP_SYS_ADMIN for it, kept until then and dropped right after.
    const std::uint64_t admin = filtered && !plan.no_new_privileges ? bit(CAP_SYS_ADMIN) : 0;
    at.step = Step::capabilities;
    if (const int error = set_capabilities(wanted | admin)) return error;
    if (plan.no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return errno;
    if (filtered) {
        at.step = Step::seccomp;
        if (const int error = load_filter(plan.seccomp)) return error;
        at.step = Step::capabilities;
        if (admin != 0)
            if (const int error = set_capabilities(wanted)) return error;
    }
    return 0;
}

}  // namespace skiff::runtime::init
