// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "runtime/cgroup/hierarchies.h"
#include "runtime/cgroup/inner_group.h"
#include "runtime/cgroup/location.h"

namespace skiff::runtime {
namespace {

const std::string id(64, 'a');

// Recorded on Debian 12 (v2 only), as a user in an ssh session.
constexpr const char* v2_cgroup = "0::/user.slice/user-1000.slice/session-1.scope\n";
constexpr const char* v2_mounts =
    "24 31 0:22 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw\n"
    "29 24 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
    "rw,nsdelegate,memory_recursiveprot\n"
    "31 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n";

// v1 with the unified hierarchy beside it.
constexpr const char* hybrid_cgroup =
    "9:name=systemd:/\n8:pids:/\n6:freezer:/\n4:memory:/\n2:cpu,cpuacct:/\n0::/\n";
constexpr const char* hybrid_mounts =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
    "37 31 0:34 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer\n"
    "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

TEST(CgroupHierarchies, ReadsTheUnifiedOne) {
    const auto list = parse_cgroup_hierarchies(v2_cgroup, v2_mounts);
    ASSERT_EQ(list.size(), 1U);
    EXPECT_TRUE(list[0].unified);
    EXPECT_EQ(list[0].mount_point, "/sys/fs/cgroup");
    EXPECT_EQ(list[0].own, "/user.slice/user-1000.slice/session-1.scope");
    // The root file system lies on the first one of all, which some machines show.
    EXPECT_EQ(parse_cgroup_hierarchies(
                  v2_cgroup, std::string("1 1 0:2 / / rw - rootfs rootfs rw\n") + v2_mounts)
                  .size(),
              1U);
}

TEST(CgroupHierarchies, ReadsV1AndNamedOnesBesideTheUnifiedOne) {
    const auto list = parse_cgroup_hierarchies(hybrid_cgroup, hybrid_mounts);
    // pids is not mounted.
    EXPECT_EQ(list.size(), 5U);
    ASSERT_NE(find_unified(list), nullptr);
    EXPECT_EQ(find_unified(list)->mount_point, "/sys/fs/cgroup/unified");
    ASSERT_NE(find_controller(list, "cpuacct"), nullptr);
    EXPECT_EQ(find_controller(list, "cpuacct"), find_controller(list, "cpu"));
    EXPECT_NE(find_controller(list, "name=systemd"), nullptr);
    EXPECT_EQ(find_controller(list, "pids"), nullptr);
    EXPECT_EQ(find_controller(list, "mem"), nullptr);
}

TEST(GroupLocation, ALimitTakesAControllerAlsoInsideAForeignGroup) {
    constexpr const char* memberships =
        "6:freezer:/\n4:memory:/agent/job-7\n2:cpu,cpuacct:/\n0::/\n";
    const auto list = parse_cgroup_hierarchies(memberships, hybrid_mounts);
    EXPECT_EQ(to_word(locate_groups(list, id, {.root = true}).groups),
              "unified=/sys/fs/cgroup/unified/skiff/" + id);
    EXPECT_EQ(to_word(locate_groups(list, id, {.root = true}, {{"memory", "cpu"}, ""}).groups),
              "unified=/sys/fs/cgroup/unified/skiff/" + id +
                  ",memory=/sys/fs/cgroup/memory/agent/job-7/skiff/" + id +
                  ",cpu=/sys/fs/cgroup/cpu,cpuacct/skiff/" + id);
}

TEST(GroupLocation, AParentThatWasNamedIsUsedAndOursToEmpty) {
    const auto list = parse_cgroup_hierarchies(v2_cgroup, v2_mounts);
    const GroupLocation location = locate_groups(list, id, {.root = true}, {{}, "/a/b"});
    ASSERT_EQ(location.groups.size(), 1U);
    EXPECT_EQ(location.groups[0].path, "/sys/fs/cgroup/a/b/skiff-" + id);
    EXPECT_EQ(location.monitor, "/sys/fs/cgroup/skiff/monitors");
    EXPECT_TRUE(belongs_to(location.groups[0], id));
    EXPECT_FALSE(belongs_to(location.groups[0], std::string(64, 'b')));
    EXPECT_EQ(plain_cgroup_parent("a//b/./c/"), "/a/b/c");
    EXPECT_FALSE(plain_cgroup_parent("/a/../..").has_value());
    EXPECT_FALSE(plain_cgroup_parent("/").has_value());
}

TEST(CgroupHierarchies, AreTakenWhereTheirPathLeads) {
    // mount --bind /sys/fs/cgroup/unified /sys/fs/cgroup: what lay below is still in the table.
    const auto list = parse_cgroup_hierarchies(
        hybrid_cgroup,
        std::string(hybrid_mounts) + "50 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].mount_point, "/sys/fs/cgroup");
}

TEST(CgroupHierarchies, AreNoneWherePlainFoldersLieInATmpfs) {
    EXPECT_TRUE(parse_cgroup_hierarchies(
                    "4:memory:/\n", "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n")
                    .empty());
    EXPECT_TRUE(parse_cgroup_hierarchies("", hybrid_mounts).empty());
    EXPECT_TRUE(
        parse_cgroup_hierarchies("not a table\n::\n:\n0::\n", "nor this - \n - - -\n").empty());
}

TEST(CgroupHierarchies, AreSeenFromTheMountInsideAContainer) {
    // Docker with the host's cgroup namespace: the mount shows the container's part.
    const char* mounts =
        "700 699 0:32 /docker/abc /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n";
    auto list = parse_cgroup_hierarchies("4:memory:/docker/abc\n", mounts);
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].own, "/");
    list = parse_cgroup_hierarchies("4:memory:/docker/abc/below\n", mounts);
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].own, "/below");
    EXPECT_TRUE(parse_cgroup_hierarchies("4:memory:/docker/abcd\n", mounts).empty());
    EXPECT_TRUE(parse_cgroup_hierarchies("4:memory:/\n", mounts).empty());
}

TEST(CgroupHierarchies, OutsideTheNamespaceAreLeftOut) {
    EXPECT_TRUE(parse_cgroup_hierarchies("0::/../other\n", v2_mounts).empty());
    EXPECT_TRUE(parse_cgroup_hierarchies("0::/..\n", v2_mounts).empty());
    EXPECT_TRUE(parse_cgroup_hierarchies("0::/a/../b\n", v2_mounts).empty());
    EXPECT_TRUE(parse_cgroup_hierarchies("0::a\n", v2_mounts).empty());
    const char* odd_root = "29 24 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
    EXPECT_TRUE(parse_cgroup_hierarchies("0::/\n", odd_root).empty());
}

TEST(CgroupHierarchies, CoveredByAnotherMountAreLeftOut) {
    const std::string mounts =
        std::string(v2_mounts) + "90 29 0:50 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n";
    EXPECT_TRUE(parse_cgroup_hierarchies(v2_cgroup, mounts).empty());
}

TEST(CgroupHierarchies, HaveEscapedMountPoints) {
    const auto list = parse_cgroup_hierarchies(
        "0::/\n", "29 24 0:26 / /mnt/c\\040g\\134 rw shared:1 master:2 - cgroup2 none rw\n");
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].mount_point, "/mnt/c g\\");
}

TEST(GroupLocation, IsOneGroupAtTheTopForRoot) {
    const auto list = parse_cgroup_hierarchies(v2_cgroup, v2_mounts);
    const GroupLocation location = locate_groups(list, id, {.root = true});
    ASSERT_EQ(location.groups.size(), 1U);
    EXPECT_EQ(location.groups[0], (ContainerGroup{"unified", "/sys/fs/cgroup/skiff/" + id}));
    EXPECT_EQ(location.monitor, "/sys/fs/cgroup/skiff/monitors");
}

TEST(GroupLocation, OfHybridMachinesCountsMemoryInV1) {
    const auto list = parse_cgroup_hierarchies(hybrid_cgroup, hybrid_mounts);
    const GroupLocation location = locate_groups(list, id, {.root = true});
    EXPECT_EQ(to_word(location.groups), "unified=/sys/fs/cgroup/unified/skiff/" + id +
                                            ",memory=/sys/fs/cgroup/memory/skiff/" + id);
}

TEST(GroupLocation, OfV1NeedsTheFreezer) {
    const auto list =
        parse_cgroup_hierarchies("6:freezer:/\n4:memory:/user.slice\n", hybrid_mounts);
    const GroupLocation location = locate_groups(list, id, {.root = true});
    EXPECT_EQ(to_word(location.groups), "freezer=/sys/fs/cgroup/freezer/skiff/" + id +
                                            ",memory=/sys/fs/cgroup/memory/skiff/" + id);
    EXPECT_EQ(location.monitor, "");
}

TEST(GroupLocation, LeavesGroupsOfOtherManagersAlone) {
    const auto list =
        parse_cgroup_hierarchies("4:memory:/batch/job17\n6:freezer:/\n0::/", hybrid_mounts);
    EXPECT_EQ(to_word(locate_groups(list, id, {.root = true}).groups),
              "unified=/sys/fs/cgroup/unified/skiff/" + id);
    const auto pods = parse_cgroup_hierarchies("0::/kubepods/pod1/c\n", v2_mounts);
    EXPECT_TRUE(locate_groups(pods, id, {.root = true}).groups.empty());
}

TEST(GroupLocation, OfARegularUserIsWhatWasDelegated) {
    const auto list = parse_cgroup_hierarchies(v2_cgroup, v2_mounts);
    EXPECT_TRUE(locate_groups(list, id, {}).groups.empty());
    const GroupLocation location = locate_groups(list, id, {.owns_unified = true});
    EXPECT_EQ(to_word(location.groups),
              "unified=/sys/fs/cgroup/user.slice/user-1000.slice/session-1.scope/skiff/" + id);
    EXPECT_EQ(location.monitor, "");
    EXPECT_TRUE(locate_groups(parse_cgroup_hierarchies(hybrid_cgroup, hybrid_mounts), id, {})
                    .groups.empty());
}

TEST(GroupLocation, InAScopeKeepsTheMonitorBesideThePayload) {
    const std::string scope = "/sys/fs/cgroup/user.slice/" + scope_name(id);
    const GroupLocation location = locate_in_scope(scope);
    EXPECT_EQ(to_word(location.groups), "unified=" + scope + "/payload");
    EXPECT_EQ(location.monitor, scope + "/monitor");
    EXPECT_TRUE(belongs_to(location.groups[0], id));
}

TEST(ContainerGroup, TravelsAsAWord) {
    const std::vector<ContainerGroup> groups{{"unified", "/a/skiff/1"}, {"memory", "/m/skiff/1=2"}};
    EXPECT_EQ(parse_groups_word(to_word(groups)), groups);
    EXPECT_TRUE(parse_groups_word("").empty());
    EXPECT_TRUE(parse_groups_word("nonsense").empty());
}

TEST(ContainerGroup, OfAnotherContainerOrPlaceIsRefused) {
    EXPECT_TRUE(belongs_to({"unified", "/sys/fs/cgroup/skiff/" + id}, id));
    EXPECT_FALSE(belongs_to({"unified", "/sys/fs/cgroup/skiff/" + std::string(64, 'b')}, id));
    EXPECT_FALSE(belongs_to({"unified", "/sys/fs/cgroup/skiff/../skiff/" + id}, id));
    EXPECT_FALSE(belongs_to({"unified", "/sys/fs/cgroup/skiff/" + id + "/.."}, id));
    EXPECT_FALSE(belongs_to({"unified", "/sys/fs/cgroup/docker/" + id}, id));
    EXPECT_FALSE(belongs_to({"unified", "/sys/fs/cgroup/skiff/monitors"}, id));
    EXPECT_FALSE(belongs_to({"unified", "skiff/" + id}, id));
    EXPECT_FALSE(belongs_to({"unified", "/sys/fs/cgroup/user.slice"}, id));
    EXPECT_FALSE(belongs_to({"memory", "/x/" + scope_name(id) + "/payload"}, id));
    EXPECT_FALSE(belongs_to({"unified", "/sys/fs/cgroup/skiff/"}, ""));
}

TEST(InnerGroup, IsTheRestOfAMembership) {
    const std::string path = "/sys/fs/cgroup/skiff/" + id;
    EXPECT_EQ(membership_below("0::/skiff/" + id + "/init.scope\n", path), "init.scope");
    EXPECT_EQ(membership_below("1:name=systemd:/x\n0::/skiff/" + id + "/a/b\n", path), "a/b");
    // Another part of the hierarchy mounted, or all of it under a longer path.
    EXPECT_EQ(membership_below("0::/" + id + "/x\n", path), "x");
    EXPECT_EQ(membership_below("0::/skiff/" + id + "\n", path), std::nullopt);
    EXPECT_EQ(membership_below("0::/skiff/" + id + "/\n", path), std::nullopt);
    EXPECT_EQ(membership_below("0::/skiff/" + id + "0/x\n", path), std::nullopt);
    EXPECT_EQ(membership_below("0::/other/init.scope\n", path), std::nullopt);
    EXPECT_EQ(membership_below("0::/\n", path), std::nullopt);
    EXPECT_EQ(membership_below("", path), std::nullopt);
}

}  // namespace
}  // namespace skiff::runtime
