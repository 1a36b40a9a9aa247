// SPDX-License-Identifier: Apache-2.0
// The extractor as rootless stores run it: as root of a user namespace.
#include <functional>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "archive_support.h"
#include "base/error.h"
#include "base/fd.h"
#include "storage/archive/extract.h"
#include "storage/archive/tar_write.h"

namespace skiff::storage::test {
namespace {

void write_proc(pid_t pid, const char* name, const std::string& text) {
    const Fd file = open_file(fmt::format("/proc/{}/{}", pid, name), O_WRONLY);
    write_all(file.get(), text, name);
}

/// Runs `act` in a child that is root of a new user namespace with this map for users and groups;
/// the message of the error it ended in, "" when there was none.
std::string in_user_namespace(const std::string& map, const std::function<void()>& act) {
    Pipe ready = make_pipe();
    Pipe go = make_pipe();
    Pipe result = make_pipe();
    const pid_t pid = fork();
    if (pid == 0) {
        std::string message = "no user namespace";
        char byte = 'x';
        if (unshare(CLONE_NEWUSER) == 0 && write(ready.write.get(), &byte, 1) == 1 &&
            read(go.read.get(), &byte, 1) == 1 && setresgid(0, 0, 0) == 0 &&
            setresuid(0, 0, 0) == 0) {
            try {
                act();
                message.clear();
            } catch (const Error& error) {
                message = error.message();
            }
        }
        write_all(result.write.get(), message, "result");
        _exit(0);
    }
    ready.write.reset();
    result.write.reset();
    char byte = 0;
    if (read_full(ready.read.get(), {&byte, 1}, "ready") == 1) {
        if (geteuid() != 0) write_proc(pid, "setgroups", "deny");
        write_proc(pid, "uid_map", map);
        write_proc(pid, "gid_map", geteuid() == 0 ? map : fmt::format("0 {} 1", getegid()));
        write_all(go.write.get(), "g", "go");
    }
    std::string message = read_to_end(result.read.get(), 1U << 16U, "result");
    waitpid(pid, nullptr, 0);
    return message;
}

class UserNamespace : public testing::Test {
  protected:
    struct stat status(const std::string& name) const {
        struct stat result{};
        EXPECT_EQ(lstat(box.path("root/" + name).c_str(), &result), 0) << name;
        return result;
    }
    std::string xattr(const std::string& name, const char* key) const {
        std::string value(256, '\0');
        const ssize_t n =
            lgetxattr(box.path("root/" + name).c_str(), key, value.data(), value.size());
        return n < 0 ? "none" : value.substr(0, static_cast<size_t>(n));
    }
    std::string extract(const std::string& map) {
        const RootDir root = box.root();
        const std::string bytes = tar.finish();
        return in_user_namespace(map, [&] {
            MemorySource source(bytes);
            const ExtractResult result = extract_layer(source, root, options);
            if (result.skipped_devices != 1)
                throw Error(ErrorKind::invalid, "skipped {} devices", result.skipped_devices);
        });
    }

    Sandbox box;
    TarBuilder tar;
    ExtractOptions options{.overlay_xattrs = OverlayXattrs::user};
    const std::string capability_v2 = std::string(
        "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
    const std::string capability_v3_of_100000 = std::string("\x01\x00\x00\x03", 4) +
                                                capability_v2.substr(4) +
                                                std::string("\xa0\x86\x01\x00", 4);
};

TEST_F(UserNamespace, OfManyIdsTakesAWholeLayerButDevices) {
    if (!is_real_root()) GTEST_SKIP() << "needs root to map a range of ids";
    ASSERT_EQ(chown(box.path("root").c_str(), 100000, 100000), 0);
    tar.add({.name = "su", .content = "x", .mode = 04755, .uid = 12, .gid = 34});
    tar.add({.name = "dir/", .type = '5', .mode = 0500, .uid = 1000, .gid = 1000})
        .file("dir/in", "x");
    tar.add({.name = "link", .type = '2', .link = "x", .uid = 1000})
        .add({.name = "hard", .type = '1', .link = "su"});
    tar.add({.name = "sda", .type = '4', .major = 8}).add({.name = "pipe", .type = '6'});
    tar.file(".wh.gone").file("dir/.wh..wh..opq");
    tar.add({.name = "ping",
             .content = "x",
             .mode = 0755,
             .pax = {{"SCHILY.xattr.security.capability", capability_v2}}});
    ASSERT_EQ(extract("0 100000 65536"), "");
    EXPECT_EQ(status("su").st_uid, 100012U);
    EXPECT_EQ(status("su").st_gid, 100034U);
    EXPECT_EQ(status("su").st_mode, S_IFREG | 04755U);
    EXPECT_EQ(status("hard").st_ino, status("su").st_ino);
    EXPECT_EQ(status("dir").st_mode, S_IFDIR | 0500U);
    EXPECT_EQ(status("link").st_uid, 101000U);
    EXPECT_TRUE(S_ISFIFO(status("pipe").st_mode));
    EXPECT_TRUE(S_ISCHR(status("gone").st_mode));
    EXPECT_EQ(xattr("dir", "user.overlay.opaque"), "y");
    EXPECT_EQ(xattr("ping", "security.capability"), capability_v3_of_100000)
        << "valid below our root only";

    MemorySink sink;
    const RootDir root = box.root();

    write_layer_tar(root, sink, {.overlay_xattrs = OverlayXattrs::user});
    EXPECT_NE(sink.bytes().find(capability_v2), std::string::npos)
        << "written out, it is valid anywhere";
    EXPECT_EQ(sink.bytes().find(capability_v3_of_100000), std::string::npos);
    EXPECT_NE(sink.bytes().find("dir/.wh..wh..opq"), std::string::npos);
}

TEST_F(UserNamespace, NamesTheOwnerThatIsNotMapped) {
    if (!is_real_root()) GTEST_SKIP() << "needs root to map a range of ids";
    ASSERT_EQ(chown(box.path("root").c_str(), 100000, 100000), 0);
    tar.add({.name = "a/f", .uid = 70000, .gid = 3});
    EXPECT_EQ(extract("0 100000 65536"),
              "cannot give \"a/f\" to 70000:3: the user namespace has no such ids (see /etc/subuid "
              "and /etc/subgid)");
}

TEST_F(UserNamespace, OfASingleIdRecordsOwners) {
    options.ownership = Ownership::record;
    tar.add({.name = "f", .content = "x", .mode = 04711, .uid = 7, .gid = 8})
        .add({.name = "d/", .type = '5', .mode = 0555, .uid = 9});
    tar.file("d/in", "x")
        .file("d/.wh.gone")
        .file("d/.wh..wh..opq")
        .add({.name = "null", .type = '3', .major = 1, .minor = 3});
    const std::string message = extract(fmt::format("0 {} 1", geteuid()));
    if (message == "no user namespace") GTEST_SKIP() << "this machine forbids user namespaces";
    ASSERT_EQ(message, "");
    EXPECT_EQ(status("f").st_uid, geteuid());
    EXPECT_EQ(xattr("f", "user.containers.override_stat"), "7:8:04711");
    EXPECT_EQ(xattr("d", "user.containers.override_stat"), "9:0:0555");
    EXPECT_EQ(status("d").st_mode, S_IFDIR | 0555U);
    EXPECT_TRUE(S_ISCHR(status("d/gone").st_mode));
}

}  // namespace
}  // namespace skiff::storage::test
