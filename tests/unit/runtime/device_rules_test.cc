// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/device_rules.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "base/process.h"
#include "runtime/cgroup/container_groups.h"

namespace skiff::runtime {
namespace {

TEST(DeviceRules, AreReadAsDockerReadsThem) {
    EXPECT_EQ(parse_device_rule("c 1:3 rwm"), (DeviceRule{'c', 1, 3, true, true, true}));
    EXPECT_EQ(parse_device_rule("b 8:* r"), (DeviceRule{'b', 8, {}, true, false, false}));
    EXPECT_EQ(parse_device_rule("a *:* mw"), (DeviceRule{'a', {}, {}, false, true, true}));
    for (const char* bad :
         {"", "c", "c 1:3", "c 1 r", "d 1:3 r", "cc 1:3 r", "c 1:3 x", "c 1:3 rwmr", "c  1:3 r",
          "c 1:3 r ", "c -1:3 r", "c 1:", "c :3 r", "c 4294967296:1 r", "c 0x1:3 r", "c 1:3: r"})
        EXPECT_EQ(parse_device_rule(bad), std::nullopt) << bad;
}

TEST(DeviceRules, AreWrittenAsV1TakesThem) {
    for (const char* text : {"c 1:3 rwm", "b 8:* r", "c *:* m"})
        EXPECT_EQ(to_text(*parse_device_rule(text)), text);
}

/// The errno with which a child in the groups opens the node of a device that it has made; 0 when
/// it can.
int open_in(const ContainerGroups& groups, dev_t device, int flags) {
    const std::string path = "/tmp/skiff-device-" + std::to_string(getpid());
    if (mknod(path.c_str(), S_IFCHR | 0600, device) < 0) return -1;
    const std::vector<Fd> tasks = groups.open_task_files();
    CloneResult cloned = clone_process(0, groups.unified());
    if (cloned.in_child) {
        for (const Fd& file : tasks)
            if (::write(file.get(), "0", 1) != 1) _exit(255);
        _exit(::open(path.c_str(), flags) < 0 ? errno : 0);
    }
    const int result = cloned.child.wait().code;
    unlink(path.c_str());
    return result;
}

class DeviceGroups : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Hierarchies, DeviceGroups, testing::Values("unified", "devices"));

/// The program of v2 and the files of v1 say the same of each.
TEST_P(DeviceGroups, OpenWhatIsAllowed) {
    const std::string hierarchy = GetParam();
    if (geteuid() != 0) GTEST_SKIP() << "groups are root's";
    const std::string digits = std::to_string(getpid());
    const std::string id = "d" + std::string(63 - digits.size(), '0') + digits;
    auto list = find_cgroup_hierarchies();
    std::erase_if(list, [&](const CgroupHierarchy& found) {
        return hierarchy == "unified" ? !found.unified : !found.has(hierarchy);
    });
    const GroupLocation location = locate_groups(list, id, {.root = true}, {{"devices"}, ""});
    ContainerGroups groups = ContainerGroups::create(location.groups, id);
    const ScopeExit remove([&] { clear_groups(location.groups, id); });
    if (groups.empty()) GTEST_SKIP() << "no " << hierarchy << " hierarchy";

    std::vector<DeviceRule> rules = default_device_rules();
    rules.push_back(*parse_device_rule("a 10:229 r"));
    const bool watched = groups.watch_devices(rules);
    // Version 1's files are there where its hierarchy is; a program takes CONFIG_CGROUP_BPF.
    // (tests/vm/cases/devices.sh, on a kernel that has it, has no such way out.)
    if (hierarchy == "unified" && !watched) GTEST_SKIP() << "the kernel has no such programs";
    ASSERT_TRUE(watched);
    EXPECT_EQ(open_in(groups, makedev(1, 3), O_RDWR), 0);
    EXPECT_EQ(open_in(groups, makedev(1, 5), O_RDONLY), 0);
    EXPECT_EQ(open_in(groups, makedev(1, 11), O_RDONLY), EPERM);
    EXPECT_EQ(open_in(groups, makedev(1, 11), O_WRONLY), EPERM);
    EXPECT_NE(open_in(groups, makedev(10, 229), O_RDONLY), EPERM);
    EXPECT_EQ(open_in(groups, makedev(10, 229), O_RDWR), EPERM);
    EXPECT_EQ(open_in(groups, makedev(10, 200), O_RDONLY), EPERM);
    // One more allows one more; what is not named is denied as before.
    rules.push_back(*parse_device_rule("c 1:11 w"));
    ASSERT_TRUE(groups.watch_devices(rules));
}

}  // namespace
}  // namespace skiff::runtime
