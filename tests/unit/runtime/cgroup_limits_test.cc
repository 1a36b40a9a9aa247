// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "runtime/cgroup/limits.h"

namespace skiff::runtime {
namespace {

/// "file=value" of each write, in order.
std::vector<std::string> lines(const GroupLimits& limits, bool unified) {
    std::vector<std::string> list;
    for (const LimitWrite& write : limit_writes(limits, unified))
        list.push_back(std::string(write.file) + "=" + write.value);
    return list;
}
using Lines = std::vector<std::string>;

TEST(CgroupLimits, NothingAskedIsNothingWritten) {
    EXPECT_TRUE(lines({}, false).empty());
    EXPECT_TRUE(lines({}, true).empty());
    EXPECT_TRUE(needed_controllers({}).empty());
}

TEST(CgroupLimits, MemoryIsSetBeforeTheSumWithSwap) {
    GroupLimits limits;
    limits.memory = 64 << 20;
    limits.memory_reservation = 32 << 20;
    limits.memory_and_swap = 96 << 20;
    EXPECT_EQ(lines(limits, false),
              (Lines{"memory.soft_limit_in_bytes=33554432", "memory.limit_in_bytes=67108864",
                     "memory.memsw.limit_in_bytes=100663296"}));
    // v2 counts swap by itself.
    EXPECT_EQ(lines(limits, true),
              (Lines{"memory.low=33554432", "memory.max=67108864", "memory.swap.max=33554432"}));
    limits.memory_and_swap = -1;
    EXPECT_EQ(lines(limits, false).back(), "memory.memsw.limit_in_bytes=-1");
    EXPECT_EQ(lines(limits, true).back(), "memory.swap.max=max");
}

TEST(CgroupLimits, TimeIsOneFileInV2) {
    GroupLimits limits;
    limits.cpu_period = 50000;
    limits.cpu_quota = 25000;
    limits.cpu_shares = 512;
    EXPECT_EQ(lines(limits, false),
              (Lines{"cpu.shares=512", "cpu.cfs_period_us=50000", "cpu.cfs_quota_us=25000"}));
    EXPECT_EQ(lines(limits, true), (Lines{"cpu.weight=20", "cpu.max=25000 50000"}));
    limits = {};
    limits.cpu_period = 50000;
    EXPECT_EQ(lines(limits, true), (Lines{"cpu.max=max 50000"}));
    limits = {};
    limits.cpu_quota = 25000;
    EXPECT_EQ(lines(limits, true), (Lines{"cpu.max=25000 100000"}));
}

TEST(CgroupLimits, SharesBecomeWeightsAsRuncHasIt) {
    EXPECT_EQ(weight_of_shares(2), 1U);
    EXPECT_EQ(weight_of_shares(1024), 39U);
    EXPECT_EQ(weight_of_shares(262144), 10000U);
    EXPECT_EQ(weight_of_shares(1U << 30U), 10000U);
}

TEST(CgroupLimits, ProcessesAreANumberOrMax) {
    GroupLimits limits;
    limits.pids = 77;
    EXPECT_EQ(lines(limits, true), (Lines{"pids.max=77"}));
    limits.pids = -1;
    EXPECT_EQ(lines(limits, false), (Lines{"pids.max=max"}));
}

TEST(CgroupLimits, RatesNameTheDevice) {
    GroupLimits limits;
    limits.read_bytes = {{254, 0, 1048576}};
    limits.write_operations = {{254, 0, 200}};
    EXPECT_EQ(lines(limits, false), (Lines{"blkio.throttle.read_bps_device=254:0 1048576",
                                           "blkio.throttle.write_iops_device=254:0 200"}));
    EXPECT_EQ(lines(limits, true), (Lines{"io.max=254:0 rbps=1048576", "io.max=254:0 wiops=200"}));
    EXPECT_EQ(unified_controller_name("blkio"), "io");
}

TEST(CgroupLimits, WhatV2HasNotIsSaid) {
    GroupLimits limits;
    limits.swappiness = 33;
    limits.disable_oom_killer = true;
    limits.realtime_runtime = 950000;
    EXPECT_TRUE(lines(limits, true).empty());
    EXPECT_EQ(impossible_limits(limits, true).size(), 3U);
    EXPECT_TRUE(impossible_limits(limits, false).empty());
    EXPECT_EQ(needed_controllers(limits), (std::vector<std::string_view>{"memory", "cpu"}));
}

}  // namespace
}  // namespace skiff::runtime
