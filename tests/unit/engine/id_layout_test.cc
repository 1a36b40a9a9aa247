// SPDX-License-Identifier: Apache-2.0
#include "engine/container/id_layout.h"

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/container/security_labels.h"

// gcc 12 loses sight of what an aggregate's default member initialisers initialise.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace skiff::engine {
namespace {

using Kind = IdLayout::Kind;
using Map = std::vector<runtime::IdExtent>;

std::string refusal(std::string_view mode) {
    try {
        parse_id_layout(mode);
    } catch (const Error& error) {
        return error.message();
    }
    return "";
}

TEST(IdLayout, KnowsThoseOfPodman) {
    EXPECT_EQ(parse_id_layout("").kind, Kind::shared);
    EXPECT_EQ(parse_id_layout("host").kind, Kind::shared);
    EXPECT_EQ(parse_id_layout("nomap").kind, Kind::nomap);
    EXPECT_EQ(parse_id_layout("keep-id").kind, Kind::keep_id);
    EXPECT_EQ(parse_id_layout("keep-id:").kind, Kind::keep_id);
    const IdLayout kept = parse_id_layout("keep-id:gid=7,uid=5,size=9");
    EXPECT_EQ(kept.uid, 5U);
    EXPECT_EQ(kept.gid, 7U);
    EXPECT_EQ(kept.size, 9U);
    const IdLayout automatic =
        parse_id_layout("auto:uidmapping=0:1:10,size=2048,gidmapping=5:6:7,uidmapping=20:30:1");
    EXPECT_EQ(automatic.kind, Kind::automatic);
    EXPECT_EQ(automatic.size, 2048U);
    EXPECT_EQ(automatic.uids, (Map{{0, 1, 10}, {20, 30, 1}}));
    EXPECT_EQ(automatic.gids, (Map{{5, 6, 7}}));
    EXPECT_EQ(parse_id_layout("auto:size=0").size, std::nullopt);
}

TEST(IdLayout, RefusesInPodmansWords) {
    EXPECT_NE(refusal("keep-id:foo=1").find("unknown option specified: \"foo\""),
              std::string::npos);
    EXPECT_NE(refusal("keep-id:uid=x").find("\"x\" is not a number from 0 to 4294967294"),
              std::string::npos);
    EXPECT_NE(refusal("keep-id:uid=4294967295").find("is not a number"), std::string::npos);
    EXPECT_NE(refusal("keep-id:uidmapping=0:1:2").find("unknown option"), std::string::npos);
    EXPECT_NE(refusal("auto:").find("invalid option specified: \"\""), std::string::npos);
    EXPECT_NE(refusal("auto:uidmapping=0:1").find("UID setting is malformed"), std::string::npos);
    EXPECT_NE(refusal("auto:gidmapping=0:1:0").find("GID setting is malformed"), std::string::npos);
    EXPECT_NE(refusal("auto:uidmapping=0:1:5,uidmapping=4:9:5").find("mapped twice"),
              std::string::npos);
    for (const char* mode : {"nomap:x", "host:x", "foo", "private:x", "keepid", "keep-idx"})
        EXPECT_NE(refusal(mode).find("invalid USER mode"), std::string::npos) << mode;
    for (const char* mode : {"private", "container:x", "ns:/proc/1/ns/user"})
        EXPECT_NE(refusal(mode).find("not supported"), std::string::npos) << mode;
}

TEST(IdLayout, HomeIsTheCallersWhereItIsMounted) {
    ContainerRecord record;
    record.caller =
        CallerAccount{.user = "joe", .group = "joe", .description = "", .home = "/home/joe"};
    EXPECT_EQ(home_of_caller(record), "/");
    record.config.working_directory = "/srv";
    EXPECT_EQ(home_of_caller(record), "/srv");
    MountRequest mount;
    mount.target = "/home/joes";
    record.mounts.push_back(mount);
    EXPECT_EQ(home_of_caller(record), "/srv");
    record.mounts[0].target = "/home";
    EXPECT_EQ(home_of_caller(record), "/home/joe");
    record.mounts[0].target = "/home/joe";
    EXPECT_EQ(home_of_caller(record), "/home/joe");
}

TEST(SecurityLabels, AreToldOfWhereThereIsSelinux) {
    const std::string directory = testing::TempDir() + "skiff-selinux-" + std::to_string(getpid());
    std::filesystem::create_directory(directory);
    SecurityRequest security;
    security.labels = {"level:s0:c1"};
    EXPECT_EQ(find_unapplied_labels(security, directory), std::nullopt);
    std::ofstream(directory + "/enforce") << "1";
    EXPECT_NE(find_unapplied_labels(security, directory)->find("level:s0:c1"), std::string::npos);
    security.labels.emplace_back("disable");
    EXPECT_EQ(find_unapplied_labels(security, directory), std::nullopt);
    security.labels.clear();
    EXPECT_EQ(find_unapplied_labels(security, directory), std::nullopt);
    std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace skiff::engine
