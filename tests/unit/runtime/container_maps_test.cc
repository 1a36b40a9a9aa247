// SPDX-License-Identifier: Apache-2.0
#include "runtime/userns/container_maps.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::runtime {
namespace {

using Map = std::vector<IdExtent>;
using Ranges = std::vector<SubordinateRange>;

const Ranges usual{{1, 65536}};

TEST(ContainerMaps, LendEverythingButTheCaller) {
    EXPECT_EQ(lendable_ids(Map{{0, 1000, 1}, {1, 100000, 65536}}), usual);
    EXPECT_EQ(lendable_ids(Map{{0, 1000, 1}, {1, 100000, 10}, {11, 300000, 5}}), (Ranges{{1, 15}}));
    EXPECT_EQ(lendable_ids(Map{{0, 1000, 1}}), Ranges{});
    EXPECT_EQ(lendable_ids(Map{{0, 0, 4294967295U}}), (Ranges{{1, 4294967294U}}));
}

// What podman 4.3.1 showed in /proc/self/uid_map for a caller with the uid 1003 and 65536 ids.
TEST(ContainerMaps, KeepTheCallerAsPodmanDoes) {
    EXPECT_EQ(keep_id_map(1003, usual), (Map{{0, 1, 1003}, {1003, 0, 1}, {1004, 1004, 64533}}));
    EXPECT_EQ(keep_id_map(5, usual), (Map{{0, 1, 5}, {5, 0, 1}, {6, 6, 65531}}));
    EXPECT_EQ(keep_id_map(99999, usual), (Map{{0, 1, 65536}, {99999, 0, 1}}));
}

TEST(ContainerMaps, KeepTheCallerAtTheEdges) {
    EXPECT_EQ(keep_id_map(0, usual), (Map{{0, 0, 65537}}));
    EXPECT_EQ(keep_id_map(65536, usual), (Map{{0, 1, 65536}, {65536, 0, 1}}));
    EXPECT_EQ(keep_id_map(2, Ranges{{1, 2}, {10, 3}}), (Map{{0, 1, 2}, {2, 0, 1}, {3, 10, 3}}));
    EXPECT_EQ(keep_id_map(1000, {}), (Map{{1000, 0, 1}}));
}

TEST(ContainerMaps, KeepAsManyAsAreAskedFor) {
    EXPECT_EQ(keep_id_map(5, usual, 4), (Map{{0, 1, 3}, {5, 0, 1}}));
    EXPECT_EQ(keep_id_map(2, usual, 4), (Map{{0, 1, 2}, {2, 0, 1}, {3, 3, 1}}));
    EXPECT_EQ(keep_id_map(2, usual, 1), (Map{{2, 0, 1}}));
    EXPECT_THROW(keep_id_map(2, usual, 0), Error);
    EXPECT_THROW(keep_id_map(2, usual, 65538), Error);
    EXPECT_NO_THROW(keep_id_map(2, usual, 65537));
}

TEST(ContainerMaps, NomapLeavesTheCallerOut) {
    EXPECT_EQ(nomap_map(usual), (Map{{0, 1, 65536}}));
    EXPECT_EQ(nomap_map(Ranges{{1, 10}, {100, 5}}), (Map{{0, 1, 10}, {10, 100, 5}}));
}

TEST(ContainerMaps, AutoTakesTheLowestFree) {
    EXPECT_EQ(automatic_map({}, usual, 1024), (Map{{0, 1, 1024}}));
    const Ranges free = free_ids(usual, Map{{0, 1, 1024}, {0, 2049, 10}});
    EXPECT_EQ(free, (Ranges{{1025, 1024}, {2059, 63478}}));
    EXPECT_EQ(automatic_map({}, free, 1024), (Map{{0, 1025, 1024}}));
    // In pieces where one is too small.
    EXPECT_EQ(automatic_map({}, free, 1030), (Map{{0, 1025, 1024}, {1024, 2059, 6}}));
    EXPECT_THROW(automatic_map({}, usual, 70000), Error);
}

// podman's for auto:uidmapping=0:1:10.
TEST(ContainerMaps, AutoGoesRoundWhatIsGiven) {
    EXPECT_EQ(automatic_map(Map{{0, 1, 10}}, usual, 1024), (Map{{0, 1, 1024}}));
    EXPECT_EQ(automatic_map(Map{{0, 500, 10}}, usual, 20), (Map{{0, 500, 10}, {10, 1, 10}}));
    EXPECT_EQ(automatic_map(Map{{1000, 0, 1}}, usual, 11), (Map{{0, 1, 10}, {1000, 0, 1}}));
    EXPECT_EQ(automatic_map(Map{{5, 0, 1}}, usual, 11), (Map{{0, 1, 5}, {5, 0, 1}, {6, 6, 5}}));
    EXPECT_EQ(automatic_map(Map{{0, 9, 20}}, usual, 5), (Map{{0, 9, 20}}));
}

TEST(ContainerMaps, NoExtentCrossesTwoOfTheNamespaceAbove) {
    const Map above{{0, 1000, 1}, {1, 100000, 10}, {11, 300000, 5}};
    EXPECT_EQ(along_extents(keep_id_map(0, lendable_ids(above)), above),
              (Map{{0, 0, 1}, {1, 1, 10}, {11, 11, 5}}));
    EXPECT_EQ(along_extents(nomap_map(lendable_ids(above)), above), (Map{{0, 1, 10}, {10, 11, 5}}));
    EXPECT_EQ(along_extents(Map{{7, 4294967290U, 3}}, Map{{0, 0, 4294967295U}}),
              (Map{{7, 4294967290U, 3}}));
    EXPECT_EQ(along_extents(Map{{0, 15, 3}}, above), (Map{{0, 15, 1}}));
}

TEST(ContainerMaps, FreeIdsOfOverlappingUsers) {
    EXPECT_EQ(free_ids(Ranges{{10, 10}}, Map{{0, 5, 7}, {0, 11, 2}, {0, 19, 50}}),
              (Ranges{{13, 6}}));
    EXPECT_EQ(free_ids(Ranges{{10, 10}}, Map{{0, 0, 100}}), Ranges{});
    EXPECT_EQ(free_ids(Ranges{{10, 10}, {20, 5}}, {}), (Ranges{{10, 15}}));
}

TEST(ContainerMaps, WhatIsNotMappedHasAnOwnerThatIsNobodyInside) {
    EXPECT_EQ(unmapped_id(Map{{0, 1, 1024}}, usual), 0U);
    EXPECT_EQ(unmapped_id(keep_id_map(5, usual, 4), usual), 4U);
    EXPECT_EQ(unmapped_id(keep_id_map(5, usual), usual), std::nullopt);
}

TEST(ContainerMaps, OnlyAnotherOwnerIsACopy) {
    EXPECT_TRUE(is_identity(keep_id_map(0, usual)));
    EXPECT_FALSE(is_identity(nomap_map(usual)));
}

}  // namespace
}  // namespace skiff::runtime
