// SPDX-License-Identifier: Apache-2.0
// Real groups, where this machine and user can make some; elsewhere skipped.
#include <algorithm>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "runtime/cgroup/container_groups.h"

namespace skiff::runtime {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds patience{20000};

/// 64 digits that no other test process has.
std::string own_id(char first) {
    std::string id = std::to_string(getpid());
    return std::string(1, first) + std::string(63 - id.size(), '0') + id;
}

/// The groups of one hierarchy alone, removed at the end.
class Groups {
  public:
    Groups(const std::string& hierarchy, char first) : id_(own_id(first)) {
        if (geteuid() != 0) return;
        auto list = find_cgroup_hierarchies();
        std::erase_if(list, [&](const CgroupHierarchy& found) {
            return hierarchy == "unified" ? !found.unified : !found.has(hierarchy);
        });
        location_ = locate_groups(list, id_, {.root = true});
        groups_ = ContainerGroups::create(location_.groups, id_);
    }
    ~Groups() { clear_groups(location_.groups, id_); }
    ContainerGroups& operator*() { return groups_; }
    ContainerGroups* operator->() { return &groups_; }
    const GroupLocation& location() const { return location_; }
    const std::string& id() const { return id_; }

    /// A process in the groups that waits for signals; with `fork`, with a child that does so in a
    /// session of its own.
    Child start(bool with_child = false) {
        const std::vector<Fd> tasks = groups_.open_task_files();
        Pipe ready = make_pipe();
        CloneResult cloned = clone_process(0, groups_.unified());
        if (cloned.in_child) {
            for (const Fd& file : tasks)
                if (::write(file.get(), "0", 1) != 1) _exit(1);
            if (with_child && fork() == 0) setsid();
            if (::write(ready.write.get(), "r", 1) != 1) _exit(1);
            for (;;) pause();
        }
        ready.write.reset();
        char text[2];
        const size_t wanted = with_child ? 2 : 1;
        EXPECT_EQ(read_full(ready.read.get(), {text, wanted}, "pipe"), wanted);
        return std::move(cloned.child);
    }

  private:
    std::string id_;
    GroupLocation location_;
    ContainerGroups groups_;
};

class EachHierarchy : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Hierarchies, EachHierarchy, testing::Values("unified", "freezer"));

/// Where the kernel keeps a frozen process: v2 in get_signal, v1 in its freezer. A process in
/// pause(2) is elsewhere.
bool stands_still(pid_t pid) {
    const std::string place = read_file(fmt::format("/proc/{}/wchan", pid), 4096);
    return place.find("signal") != std::string::npos || place.find("freeze") != std::string::npos ||
           place.find("frozen") != std::string::npos ||
           place.find("refrigerator") != std::string::npos;
}

/// A frozen process may be about to go back to its place, after it was woken to look: there is no
/// event for that.
bool comes_to_stand_still(pid_t pid) {
    for (int look = 0; look < 1000; ++look) {
        if (stands_still(pid)) return true;
        usleep(1000);
    }
    return false;
}

TEST_P(EachHierarchy, HoldsFreezesThawsAndKills) {
    Groups groups(GetParam(), 'a');
    if (groups->empty()) GTEST_SKIP() << "no group can be made in " << GetParam();
    Child child = groups.start(true);
    const std::vector<pid_t> pids = groups->pids();
    EXPECT_EQ(pids.size(), 2U);
    EXPECT_NE(std::find(pids.begin(), pids.end(), child.pid()), pids.end());

    EXPECT_TRUE(groups->can_freeze());
    EXPECT_FALSE(groups->is_frozen());
    groups->freeze(patience);
    EXPECT_TRUE(groups->is_frozen());
    EXPECT_TRUE(comes_to_stand_still(child.pid()))
        << read_file(fmt::format("/proc/{}/wchan", child.pid()), 99);
    groups->thaw();
    EXPECT_FALSE(groups->is_frozen());
    EXPECT_FALSE(groups->remove(milliseconds(0)));  // two processes live in it

    // Found again by what was recorded, as the next command does.
    ContainerGroups again = ContainerGroups::open(groups.location().groups, groups.id());
    EXPECT_TRUE(again.kill_all(patience));
    EXPECT_EQ(child.wait().signal, SIGKILL);
    EXPECT_TRUE(again.pids().empty());
    EXPECT_TRUE(again.remove(patience));
    EXPECT_TRUE(ContainerGroups::open(groups.location().groups, groups.id()).empty());
}

TEST_P(EachHierarchy, KillsWhatIsFrozen) {
    Groups groups(GetParam(), 'b');
    if (groups->empty()) GTEST_SKIP() << "no group can be made in " << GetParam();
    Child child = groups.start();
    groups->freeze(patience);
    EXPECT_TRUE(groups->kill_all(patience));
    EXPECT_EQ(child.wait().signal, SIGKILL);
}

TEST_P(EachHierarchy, EmptiesWhatAnEarlierLifeLeft) {
    Groups groups(GetParam(), 'c');
    if (groups->empty()) GTEST_SKIP() << "no group can be made in " << GetParam();
    Child child = groups.start();
    const ContainerGroups second = ContainerGroups::create(groups.location().groups, groups.id());
    EXPECT_EQ(child.wait().signal, SIGKILL);
    EXPECT_FALSE(second.empty());
    EXPECT_TRUE(second.pids().empty());
}

TEST_P(EachHierarchy, RemovesGroupsThatTheContainerMade) {
    Groups groups(GetParam(), 'd');
    if (groups->empty()) GTEST_SKIP() << "no group can be made in " << GetParam();
    const std::string path = groups.location().groups[0].path;
    make_directories(path + "/a/b/c", 0755);
    make_directories(path + "/a/d", 0755);
    EXPECT_TRUE(groups->remove(patience));
    EXPECT_TRUE(ContainerGroups::open(groups.location().groups, groups.id()).empty());
}

TEST(ContainerGroups, DoNothingWhereThereAreNone) {
    ContainerGroups none;
    EXPECT_TRUE(none.empty());
    EXPECT_EQ(none.unified(), -1);
    EXPECT_TRUE(none.open_task_files().empty());
    EXPECT_FALSE(none.can_freeze());
    EXPECT_FALSE(none.is_frozen());
    EXPECT_THROW(none.freeze(milliseconds(1)), Error);
    none.thaw();
    EXPECT_TRUE(none.kill_all(milliseconds(0)));
    EXPECT_TRUE(none.pids().empty());
    EXPECT_EQ(none.oom_kills(), 0U);
    EXPECT_FALSE(none.open_oom_event().fd.valid());
    EXPECT_TRUE(none.remove(milliseconds(0)));
}

TEST(ContainerGroups, AreNeverMadeOrEmptiedOutsideControlGroups) {
    const TempDir directory;
    const std::string id = own_id('e');
    make_directories(directory.path() + "/skiff/" + id, 0755);
    const std::vector<ContainerGroup> groups{{"unified", directory.path() + "/skiff/" + id},
                                             {"freezer", directory.path() + "/skiff/" + id}};
    EXPECT_TRUE(ContainerGroups::open(groups, id).empty());
    EXPECT_TRUE(ContainerGroups::create(groups, id).empty());
    EXPECT_TRUE(clear_groups(groups, id));
    EXPECT_TRUE(find_at(AT_FDCWD, directory.path() + "/skiff/" + id, O_RDONLY).valid());
}

}  // namespace
}  // namespace skiff::runtime
