// SPDX-License-Identifier: Apache-2.0
#include "runtime/userns/id_map.h"

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "runtime/userns/stored_id_map.h"

namespace skiff::runtime {
namespace {

using Map = std::vector<IdExtent>;

TEST(IdMap, BeginsWithTheCallerAndContinuesWithTheRanges) {
    const SubordinateRange ranges[] = {{100000, 65536}, {300000, 10}};
    EXPECT_EQ(make_id_map(1000, ranges),
              (Map{{0, 1000, 1}, {1, 100000, 65536}, {65537, 300000, 10}}));
    EXPECT_EQ(make_id_map(1000, {}), (Map{{0, 1000, 1}}));
}

TEST(IdMap, TranslatesBothWays) {
    const Map map{{0, 1000, 1}, {1, 100000, 65536}};
    EXPECT_EQ(to_outside(map, 0), 1000U);
    EXPECT_EQ(to_outside(map, 33), 100032U);
    EXPECT_EQ(to_outside(map, 65537), std::nullopt);
    EXPECT_EQ(to_inside(map, 100032), 33U);
    EXPECT_EQ(to_inside(map, 0), std::nullopt);
}

TEST(IdMap, IsCheckedAsTheKernelWould) {
    EXPECT_NO_THROW(check_id_map(Map{{0, 1000, 1}, {1, 100000, 65536}}, "m"));
    EXPECT_THROW(check_id_map(Map{}, "m"), Error);
    EXPECT_THROW(check_id_map(Map{{0, 1000, 0}}, "m"), Error);
    EXPECT_THROW(check_id_map(Map{{0, 1000, 2}, {1, 100000, 1}}, "m"), Error);
    EXPECT_THROW(check_id_map(Map{{0, 1000, 2}, {5, 1001, 1}}, "m"), Error);
    EXPECT_THROW(check_id_map(Map{{0, 4294967295, 1}}, "m"), Error);
    EXPECT_THROW(check_id_map(Map{{4294967290, 0, 10}}, "m"), Error);
    Map many;
    for (std::uint32_t i = 0; i < max_id_extents; ++i) many.push_back({i, 2 * i, 1});
    EXPECT_NO_THROW(check_id_map(many, "m"));
    many.push_back({1000, 5000, 1});
    EXPECT_THROW(check_id_map(many, "m"), Error);
}

TEST(IdMap, IsReadAsTheKernelPrintsIt) {
    const Map map{{0, 1000, 1}, {1, 100000, 65536}};
    EXPECT_EQ(to_kernel_text(map), "0 1000 1\n1 100000 65536\n");
    EXPECT_EQ(parse_kernel_text("         0       1000          1\n 1 100000 65536\n", "m"), map);
    EXPECT_EQ(parse_kernel_text("", "m"), Map{});
    EXPECT_THROW(parse_kernel_text("0 1000\n", "m"), Error);
    EXPECT_THROW(parse_kernel_text("0 1000 x\n", "m"), Error);
    EXPECT_FALSE(read_id_maps(getpid()).uids.empty());
}

class DefaultIdMaps : public testing::Test {
  protected:
    void write(const std::string& name, std::string_view text) {
        const Fd directory = open_file(folder_.path(), O_RDONLY | O_DIRECTORY);
        replace_file(directory.get(), name, text, 0644, Durability::none);
    }
    IdMaps maps() { return default_id_maps(1000, 100, "login", sources_); }

    TempDir folder_;
    IdSources sources_{folder_.path() + "/subuid", folder_.path() + "/subgid",
                       folder_.path() + "/passwd"};
};

TEST_F(DefaultIdMaps, AreASingleIdWhereNothingIsGranted) {
    const IdMaps found = maps();
    EXPECT_EQ(found, (IdMaps{{{0, 1000, 1}}, {{0, 100, 1}}}));
    EXPECT_TRUE(found.single_id());
}

TEST_F(DefaultIdMaps, UseTheNameOfPasswdBeforeTheLoginName) {
    write("passwd", "ann:x:1000:100::/:\n");
    write("subuid", "ann:100000:10\nlogin:200000:10\n");
    write("subgid", "ann:300000:10\n");
    EXPECT_EQ(maps(), (IdMaps{{{0, 1000, 1}, {1, 100000, 10}}, {{0, 100, 1}, {1, 300000, 10}}}));
    EXPECT_FALSE(maps().single_id());
    write("passwd", "");
    write("subgid", "login:300000:10\n");
    EXPECT_EQ(maps().uids[1].outside, 200000U);
}

TEST_F(DefaultIdMaps, AreRefusedWhereOnlyOneFileGrants) {
    write("subuid", "1000:100000:10\n");
    try {
        maps();
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(error.message().find("usermod --add-subgids 100000-165535 login"),
                  std::string::npos)
            << error.message();
    }
}

TEST_F(DefaultIdMaps, RefuseTheOwnGroupInsideTheGrantedGroups) {
    write("subuid", "1000:100000:10\n");
    write("subgid", "1000:99:10\n");
    EXPECT_THROW(maps(), Error);
}

const IdMaps stored{{{0, 1000, 1}, {1, 100000, 65536}}, {{0, 1000, 1}, {1, 100000, 65536}}};

TEST(StoredIdMap, IsReadBack) {
    EXPECT_EQ(save_id_maps(stored),
              "skiff-idmap 1\nu 0 1000 1\nu 1 100000 65536\ng 0 1000 1\ng 1 100000 65536\n");
    EXPECT_EQ(load_id_maps(save_id_maps(stored), "idmap"), stored);
}

TEST(StoredIdMap, RefusesWhatItDoesNotUnderstand) {
    const auto kind = [](std::string_view text) {
        try {
            load_id_maps(text, "idmap");
        } catch (const Error& error) {
            return error.kind();
        }
        return ErrorKind::usage;
    };
    EXPECT_EQ(kind(""), ErrorKind::invalid);
    EXPECT_EQ(kind("skiff-idmap 2\n"), ErrorKind::unsupported);
    EXPECT_EQ(kind("skiff-idmap 1\nu 0 1000 1\n"), ErrorKind::invalid);  // cut off
    EXPECT_EQ(kind("skiff-idmap 1\nx 0 1000 1\n"), ErrorKind::invalid);
}

TEST(StoredIdMap, DistinguishesExtendedFromChanged) {
    EXPECT_EQ(compare_id_maps(stored, stored), IdMapChange::none);
    IdMaps more = stored;
    more.uids.push_back({65537, 300000, 10});
    EXPECT_EQ(compare_id_maps(stored, more), IdMapChange::extended);
    EXPECT_EQ(compare_id_maps(more, stored), IdMapChange::changed);
    IdMaps cut_in_two = stored;
    cut_in_two.uids = {{0, 1000, 1}, {1, 100000, 1000}, {1001, 101000, 64536}};
    EXPECT_EQ(compare_id_maps(stored, cut_in_two), IdMapChange::extended);
    IdMaps other = stored;
    other.gids[1].outside = 200000;
    EXPECT_EQ(compare_id_maps(stored, other), IdMapChange::changed);
    IdMaps longer = stored;  // /etc/subuid grew at the end of the same range
    longer.uids[1].count = 131072;
    EXPECT_EQ(compare_id_maps(stored, longer), IdMapChange::extended);
}

TEST(StoredIdMap, ChangesAreRefusedWithTheRemedy) {
    IdMaps other = stored;
    other.gids[1].outside = 200000;
    try {
        require_compatible_id_maps(stored, other, "/data/idmap");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::conflict);
        EXPECT_NE(error.message().find("/etc/subgid"), std::string::npos);
        EXPECT_NE(error.message().find("1000:1, 100000:65536"), std::string::npos);
        EXPECT_NE(error.message().find("restore the old range"), std::string::npos);
    }
    EXPECT_NO_THROW(require_compatible_id_maps(stored, stored, "/data/idmap"));
}

}  // namespace
}  // namespace skiff::runtime
