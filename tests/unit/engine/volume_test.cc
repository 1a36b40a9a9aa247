// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "engine/volume/populate.h"
#include "engine/volume/tree_copy.h"
#include "engine/volume/volume_store.h"

namespace skiff::engine {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

std::string content(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, const std::string& text) {
    std::ofstream(path) << text;
}

Fd open_directory(const fs::path& path) {
    return open_file(path, O_RDONLY | O_DIRECTORY);
}

template <typename Act>
std::string problem(Act act) {
    try {
        act();
    } catch (const Error& error) {
        return fmt::format("{}: {}", to_string(error.kind()), error.message());
    }
    return "no error";
}

class Volumes : public testing::Test {
  protected:
    void make(const std::string& name) {
        VolumeRecord record;
        record.name = name;
        record.created = now();
        ASSERT_TRUE(make_volume(engine_, record, Durability::none));
    }
    fs::path path(const std::string& name) const { return root_ / "volumes" / name; }

    TempDir directory_;
    fs::path root_ = fs::path(directory_.path()) / "data";
    Engine engine_{{.root = root_.string(), .run_root = directory_.path() + "/run", .config = {}}};
    FileLock lock_ = lock_volumes(engine_, LockMode::shared);
};

TEST(VolumeName, IsCheckedAsDockerDoes) {
    for (const char* name : {"ab", "0.-_", "Data", "a.b"}) EXPECT_NO_THROW(check_volume_name(name));
    for (const char* name : {"", "a", ".a", "-a", "a/b", "a b", "..", "ä1", "a\n"})
        EXPECT_THROW(check_volume_name(name), Error) << name;
    EXPECT_NO_THROW(check_volume_name(std::string(255, 'x')));
    EXPECT_THROW(check_volume_name(std::string(256, 'x')), Error);
}

TEST(VolumeDriver, KnowsLocalAndItsOptions) {
    EXPECT_NO_THROW(check_volume_driver("", {}));
    EXPECT_NO_THROW(check_volume_driver("local", {{"type", "tmpfs"}, {"device", "tmpfs"}}));
    EXPECT_EQ(problem([] { check_volume_driver("nfs", {}); }).substr(0, 10), "not_found:");
    EXPECT_EQ(problem([] { check_volume_driver("", {{"o", "bind"}}); }),
              "invalid: missing required option: \"device\"");
    EXPECT_EQ(problem([] { check_volume_driver("", {{"x", ""}}); }),
              "invalid: invalid option: \"x\"");
}

TEST_F(Volumes, AppearWholeAndOnce) {
    make("data");
    EXPECT_FALSE(make_volume(engine_, get_volume(engine_, "data"), Durability::none));
    EXPECT_TRUE(fs::is_directory(path("data") / "_data"));
    EXPECT_EQ(get_volume(engine_, "data").name, "data");
    EXPECT_EQ(volume_names(engine_), (Strings{"data"}));
    EXPECT_FALSE(find_volume(engine_, "other"));
    EXPECT_FALSE(find_volume(engine_, "../volumes/data"));
}

TEST_F(Volumes, AreSortedAsPeopleCount) {
    for (const char* name : {"v10", "v2", "v1", "v02", "a", "v"})
        fs::create_directories(path(name));
    EXPECT_EQ(volume_names(engine_), (Strings{"a", "v", "v1", "v02", "v2", "v10"}));
}

TEST_F(Volumes, GoToTheTrash) {
    make("data");
    const std::string trash = discard_volume(engine_, "data");
    EXPECT_TRUE(fs::exists(trash + "/_data"));
    EXPECT_EQ(discard_volume(engine_, "data"), "");
    EXPECT_EQ(discard_volume(engine_, ".."), "");
}

TEST_F(Volumes, OfAnotherRecordAreDamaged) {
    make("data");
    make("other");
    fs::copy_file(path("other") / "volume.json", path("data") / "volume.json",
                  fs::copy_options::overwrite_existing);
    EXPECT_THROW(get_volume(engine_, "data"), Error);
    fs::remove(path("data") / "volume.json");
    EXPECT_THROW(get_volume(engine_, "data"), Error);
}

TEST_F(Volumes, AreNotFollowedThroughLinks) {
    make("data");
    fs::remove(path("data") / "_data");
    fs::create_directory_symlink("/etc", path("data") / "_data");
    const Fd volume = open_volume(engine_, "data");
    EXPECT_THROW(open_volume_data(volume.get(), "data"), Error);
    fs::create_directory_symlink("/etc", path("link"));
    EXPECT_THROW(open_volume(engine_, "link"), Error);
}

class Population : public Volumes {
  protected:
    void SetUp() override {
        make("data");
        fs::create_directories(image_ / "at/sub");
        write(image_ / "at/f", "image");
        write(image_ / "at/sub/g", "deep");
        fs::permissions(image_ / "at", fs::perms(0750));
        fs::create_symlink("/at", image_ / "link");
    }
    void populate(const std::string& target = "/at") {
        const Fd volume = open_volume(engine_, "data");
        const Fd data = open_volume_data(volume.get(), "data");
        const RootDir root(open_directory(image_));
        PopulateRequest request;
        request.volume = request.staging = volume.get();
        request.data = data.get();
        request.root = &root;
        request.target = target;
        request.durable = false;
        populate_volume(request);
    }
    fs::path data() const { return path("data") / "_data"; }

    fs::path image_ = fs::path(directory_.path()) / "image";
};

TEST_F(Population, FillsAnEmptyVolume) {
    populate("/link/");
    EXPECT_EQ(content(data() / "f"), "image");
    EXPECT_EQ(content(data() / "sub/g"), "deep");
    EXPECT_EQ(fs::status(data()).permissions(), fs::perms(0750));
    EXPECT_FALSE(fs::exists(path("data") / ".filled"));
    EXPECT_FALSE(fs::exists(path("data") / ".filling"));
}

TEST_F(Population, LeavesContentAlone) {
    write(data() / "mine", "mine");
    populate();
    EXPECT_FALSE(fs::exists(data() / "f"));
    EXPECT_EQ(fs::status(data()).permissions(), fs::perms(0755));
}

TEST_F(Population, TakesOnlyDirectories) {
    populate("/nosuch");
    populate("/at/f");
    EXPECT_TRUE(fs::is_empty(data()));
}

TEST_F(Population, BeginsAgainWhatWasNotComplete) {
    fs::create_directory(path("data") / ".filling");
    write(path("data") / ".filling/junk", "junk");
    populate();
    EXPECT_FALSE(fs::exists(data() / "junk"));
    EXPECT_EQ(content(data() / "f"), "image");
}

TEST_F(Population, EndsWhatWasComplete) {
    // Killed after the first of two renames; "f" was changed by a container since.
    fs::create_directory(path("data") / ".filled");
    write(path("data") / ".filled/f", "image");
    write(path("data") / ".filled/g", "second");
    write(data() / "f", "changed");
    populate();
    EXPECT_EQ(content(data() / "f"), "changed");
    EXPECT_EQ(content(data() / "g"), "second");
    EXPECT_FALSE(fs::exists(data() / "sub"));
    EXPECT_FALSE(fs::exists(path("data") / ".filled"));
}

TEST(TreeCopy, KeepsWhatFilesAre) {
    const TempDir directory;
    const fs::path from = fs::path(directory.path()) / "from";
    const fs::path to = fs::path(directory.path()) / "to";
    fs::create_directories(from / "d");
    fs::create_directories(to);
    write(from / "d/file", "text");
    fs::permissions(from / "d/file", fs::perms(04711));
    fs::create_hard_link(from / "d/file", from / "other");
    fs::create_symlink("/etc/passwd", from / "soft");
    ASSERT_EQ(mkfifo((from / "fifo").c_str(), 0600), 0);
    fs::permissions(from / "fifo", fs::perms(0631));
    write(from / "holes", "x");
    fs::resize_file(from / "holes", 1 << 24);
    const timespec times[2] = {{1000, 1}, {2000, 2}};
    ASSERT_EQ(utimensat(AT_FDCWD, (from / "d").c_str(), times, 0), 0);

    copy_tree(RootDir(open_directory(from)), RootDir(open_directory(to)));

    EXPECT_EQ(content(to / "d/file"), "text");
    EXPECT_EQ(fs::status(to / "d/file").permissions(), fs::perms(04711));
    EXPECT_TRUE(fs::equivalent(to / "d/file", to / "other"));
    EXPECT_EQ(fs::read_symlink(to / "soft"), "/etc/passwd");
    EXPECT_TRUE(fs::is_fifo(to / "fifo"));
    struct stat status{};
    ASSERT_EQ(stat((to / "fifo").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0631U);
    ASSERT_EQ(stat((to / "holes").c_str(), &status), 0);
    EXPECT_EQ(status.st_size, 1 << 24);
    EXPECT_LT(status.st_blocks, 100);
    ASSERT_EQ(stat((to / "d").c_str(), &status), 0);
    EXPECT_EQ(status.st_mtim.tv_sec, 2000);
}

TEST(TreeCopy, EndsAtAnUnreasonableDepth) {
    const TempDir directory;
    const fs::path from = fs::path(directory.path()) / "from";
    fs::create_directories(from);
    Fd here = open_directory(from);
    for (int i = 0; i < 450; ++i) here = open_or_make_directory(here.get(), "d", 0755);
    here.reset();
    const fs::path to = fs::path(directory.path()) / "to";
    fs::create_directories(to);
    EXPECT_THROW(copy_tree(RootDir(open_directory(from)), RootDir(open_directory(to))), Error);
}

}  // namespace
}  // namespace skiff::engine
