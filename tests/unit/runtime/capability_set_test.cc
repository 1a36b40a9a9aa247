// SPDX-License-Identifier: Apache-2.0
#include "runtime/capabilities/capability_set.h"

#include <sched.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/capabilities/enact_capabilities.h"
#include "runtime/userns/user_namespace.h"

namespace skiff::runtime {
namespace {

using Names = std::vector<std::string>;

constexpr CapabilitySet everything{(std::uint64_t{1} << 41) - 1};

CapabilitySet resolve(const Names& add, const Names& drop, CapabilitySet available = everything) {
    return resolve_capabilities(add, drop, available);
}

std::string refusal(const Names& add, const Names& drop, CapabilitySet available = everything) {
    try {
        resolve(add, drop, available);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        return error.message();
    }
    return "no error";
}

TEST(Capabilities, AreNamedForEveryNumber) {
    EXPECT_EQ(capability_name(CAP_CHOWN), "CAP_CHOWN");
    EXPECT_EQ(capability_name(CAP_CHECKPOINT_RESTORE), "CAP_CHECKPOINT_RESTORE");
    EXPECT_EQ(capability_name(63), "CAP_63");
    for (unsigned number = 0; number <= CAP_LAST_CAP; ++number)
        EXPECT_EQ(find_capability(capability_name(number)), number);
}

TEST(Capabilities, AreFoundInAnyCaseWithOrWithoutPrefix) {
    for (const char* name :
         {"SYS_ADMIN", "CAP_SYS_ADMIN", "sys_admin", "cap_sys_admin", "Cap_Sys_Admin"})
        EXPECT_EQ(find_capability(name), unsigned{CAP_SYS_ADMIN}) << name;
    for (const char* name : {"", "CAP_", "NOPE", "21", "CAP_21", "CAP_CAP_CHOWN", "CHOWN "})
        EXPECT_EQ(find_capability(name), std::nullopt) << name;
}

TEST(Capabilities, DefaultsAreDockersFourteen) {
    EXPECT_EQ(capability_names(default_capabilities()).size(), 14U);
    EXPECT_EQ(default_capabilities().bits(), 0xa80425fbU);
}

TEST(Capabilities, AreAddedAndDroppedAsInDocker) {
    const CapabilitySet defaults = default_capabilities();
    EXPECT_EQ(resolve({}, {}), defaults);
    CapabilitySet with_admin = defaults;
    with_admin.add(CAP_NET_ADMIN);
    EXPECT_EQ(resolve({"net_admin"}, {}), with_admin);
    CapabilitySet without_mknod = defaults;
    without_mknod.remove(CAP_MKNOD);
    EXPECT_EQ(resolve({}, {"CAP_MKNOD"}), without_mknod);
    EXPECT_EQ(resolve({}, {"ALL"}), CapabilitySet());
    EXPECT_EQ(capability_names(resolve({"CHOWN"}, {"all"})), Names{"CAP_CHOWN"});
    EXPECT_EQ(resolve({"ALL"}, {}), everything);
    EXPECT_EQ(resolve({"ALL"}, {"SYS_ADMIN"}).bits(),
              everything.bits() & ~(std::uint64_t{1} << CAP_SYS_ADMIN));
    // Both "ALL": Docker drops named ones from all, and "ALL" names none.
    EXPECT_EQ(resolve({"ALL"}, {"ALL"}), everything);
    // Added after dropping: the same name in both lists is there.
    EXPECT_EQ(resolve({"MKNOD"}, {"MKNOD"}), defaults);
}

TEST(Capabilities, UnknownNamesAreRefusedInDockersWords) {
    EXPECT_EQ(refusal({"NOPE"}, {}), R"(invalid CapAdd: unknown capability: "CAP_NOPE")");
    EXPECT_EQ(refusal({}, {"cap_nope"}), R"(invalid CapDrop: unknown capability: "CAP_NOPE")");
}

TEST(Capabilities, WhatTheCallerLacksIsLeftOutOrRefused) {
    CapabilitySet available = everything;
    available.remove(CAP_SYS_RESOURCE);
    available.remove(CAP_MKNOD);
    EXPECT_NE(refusal({"SYS_RESOURCE"}, {}, available).find("not available"), std::string::npos);
    EXPECT_FALSE(resolve({}, {}, available).has(CAP_MKNOD));
    EXPECT_EQ(resolve({"ALL"}, {}, available), available);
}

TEST(Capabilities, OfTheKernelIncludeTheCallers) {
    EXPECT_TRUE(kernel_capabilities().has(CAP_CHOWN));
    const CapabilitySet own = caller_capabilities();
    EXPECT_EQ(own & kernel_capabilities(), own);
}

/// The line of /proc/self/status, "0000…" as a number.
std::uint64_t status_word(std::string_view key) {
    const std::string status = read_file("/proc/self/status", 1 << 16);
    for (const std::string_view line : split(status, '\n'))
        if (line.starts_with(key))
            return parse_number<std::uint64_t>(trim(line.substr(key.size())), 16).value_or(~0ULL);
    return ~0ULL;
}

TEST(EnactCapabilities, LeavesExactlyWhatWasAsked) {
    const IdMaps maps{{{0, geteuid(), 1}}, {{0, getegid(), 1}}};
    const int result = run_in_user_namespace(maps, [] {
        const std::uint64_t wanted = default_capabilities().bits();
        // An inheritable and an ambient one before, as a caller that prepares them for us would.
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        const std::uint32_t all = ~0U;
        const __user_cap_data_struct data[2] = {{all, all, all}, {0x1ff, 0x1ff, 0x1ff}};
        if (syscall(SYS_capset, &header, data) != 0) return 1;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0) != 0) return 2;
        if (status_word("CapAmb:") != 1) return 3;

        if (limit_bounding_set(wanted) != 0) return 4;
        if (set_capabilities(wanted) != 0) return 5;
        if (status_word("CapBnd:") != wanted || status_word("CapPrm:") != wanted) return 6;
        if (status_word("CapEff:") != wanted) return 7;
        if (status_word("CapInh:") != 0 || status_word("CapAmb:") != 0) return 8;
        // What is gone does not come back.
        if (set_capabilities(wanted | 1U << CAP_SYS_ADMIN) != EPERM) return 9;
        // Idempotent, also without CAP_SETPCAP.
        if (set_capabilities(0) != 0 || limit_bounding_set(wanted) != 0) return 10;
        if (limit_bounding_set(0) != EPERM) return 11;
        return 0;
    });
    EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace skiff::runtime
