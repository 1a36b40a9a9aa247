// SPDX-License-Identifier: Apache-2.0
#include "cli/mount_flags.h"

#include <filesystem>

#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::cli {
namespace {

using engine::MountRequest;
using engine::MountType;
using Strings = std::vector<std::string>;

/// The error of `parse(text)` as "kind: message".
template <typename Parse>
std::string problem(Parse parse, std::string_view text) {
    try {
        parse(text);
    } catch (const Error& error) {
        return fmt::format("{}: {}", to_string(error.kind()), error.message());
    }
    return "no error";
}

TEST(VolumeFlag, MountsAHostDirectory) {
    const MountRequest mount = parse_volume_flag("/host//dir/:/in/./side/");
    EXPECT_EQ(mount.type, MountType::bind);
    EXPECT_EQ(mount.source, "/host/dir");
    EXPECT_EQ(mount.target, "/in/side");
    EXPECT_TRUE(mount.create_source);
    EXPECT_TRUE(mount.recursive);
    EXPECT_FALSE(mount.read_only);
}

TEST(VolumeFlag, TakesModes) {
    EXPECT_TRUE(parse_volume_flag("/a:/b:ro").read_only);
    EXPECT_FALSE(parse_volume_flag("/a:/b:rw").read_only);
    EXPECT_EQ(parse_volume_flag("/a:/b:rslave,ro,Z").propagation, "rslave");
    EXPECT_EQ(problem(parse_volume_flag, "/a:/b:bogus"), "usage: invalid mode: bogus");
    EXPECT_EQ(problem(parse_volume_flag, "/a:/b:ro,rw"), "usage: invalid mode: ro,rw");
    EXPECT_EQ(problem(parse_volume_flag, "/a:/b:z,Z"), "usage: invalid mode: z,Z");
    EXPECT_EQ(problem(parse_volume_flag, "/a:/b:ro,nocopy"),
              "usage: invalid volume specification: '/a:/b:ro,nocopy': invalid mount config for "
              "type \"bind\": field VolumeOptions must not be specified");
    EXPECT_EQ(parse_volume_flag("/a:/b:ro,z").mode, "ro,z");
    EXPECT_TRUE(parse_volume_flag("/a:/b:O").overlay);
    EXPECT_TRUE(parse_volume_flag("/a:/b:U").chown);
    EXPECT_FALSE(parse_volume_flag("/a:/b:bind").recursive);
    EXPECT_EQ(parse_volume_flag("/a:/b:noexec,nosuid").options, (Strings{"noexec", "nosuid"}));
    EXPECT_EQ(parse_volume_flag("/a:/b:rshared").propagation, "rshared");
}

TEST(VolumeFlag, MountsAVolume) {
    const MountRequest mount = parse_volume_flag("data:/x/:nocopy,ro");
    EXPECT_EQ(mount.type, MountType::volume);
    EXPECT_EQ(mount.source, "data");
    EXPECT_EQ(mount.target, "/x");
    EXPECT_TRUE(mount.no_copy);
    EXPECT_TRUE(mount.read_only);
    EXPECT_FALSE(mount.create_source);
    EXPECT_EQ(problem(parse_volume_flag, "data:/x:rslave"),
              "usage: invalid volume specification: 'data:/x:rslave': invalid mount config for "
              "type \"volume\": field BindOptions must not be specified");
    EXPECT_EQ(problem(parse_volume_flag, "a:/x"),
              "usage: volume name is too short, names should be at least two alphanumeric "
              "characters");
    EXPECT_EQ(problem(parse_volume_flag, "data:relative"),
              "usage: invalid volume specification: 'data:relative': invalid mount config for type "
              "\"volume\": invalid mount path: 'relative' mount path must be absolute");
}

TEST(VolumeFlag, TakesATargetAloneAsAnAnonymousVolume) {
    const MountRequest mount = parse_volume_flag("/data/./x/");
    EXPECT_EQ(mount.type, MountType::volume);
    EXPECT_EQ(mount.source, "");
    EXPECT_EQ(mount.target, "/data/x");
    EXPECT_EQ(problem(parse_volume_flag, "data"),
              "usage: invalid volume specification: 'data': invalid mount config for type "
              "\"volume\": invalid mount path: 'data' mount path must be absolute");
    for (const char* text : {"/data:ro", "data:z", "/data:rslave,ro"})
        EXPECT_EQ(problem(parse_volume_flag, text),
                  fmt::format("usage: invalid volume specification: '{}'", text));
}

TEST(VolumeFlag, TakesAPathRelativeToHere) {
    const std::string here = std::filesystem::current_path();
    EXPECT_EQ(parse_volume_flag(".:/b").source, here);
    EXPECT_EQ(parse_volume_flag("./x/../y:/b").source, here + "/y");
}

TEST(VolumeFlag, RefusesWhatItCannotMount) {
    EXPECT_EQ(
        problem(parse_volume_flag, "relative/path:/x"),
        "usage: \"relative/path\" includes invalid characters for a local volume name, only "
        "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, "
        "use absolute path");
    EXPECT_EQ(problem(parse_volume_flag, "/tmp:relative"),
              "usage: invalid volume specification: '/tmp:relative': invalid mount config for type "
              "\"bind\": invalid mount path: 'relative' mount path must be absolute");
    EXPECT_EQ(problem(parse_volume_flag, "/tmp:/.."),
              "usage: invalid volume specification: '/tmp:/..': invalid mount config for type "
              "\"bind\": invalid specification: destination can't be '/'");
    EXPECT_EQ(
        problem(parse_volume_flag, "/tmp:/x/../proc/sys"),
        "usage: invalid volume specification: '/tmp:/x/../proc/sys': invalid mount config for "
        "type \"bind\": '/proc/sys' cannot be mounted because it is inside /proc");
    EXPECT_EQ(
        problem(parse_volume_flag, "/tmp:/proc"),
        "usage: invalid volume specification: '/tmp:/proc': '/proc' cannot be mounted because "
        "it is not of type proc");
    EXPECT_EQ(parse_volume_flag("/proc:/proc").target, "/proc");
    EXPECT_EQ(parse_volume_flag("/tmp/x:/proc/uptime").target, "/proc/uptime");
    EXPECT_EQ(problem(parse_volume_flag, ":/x"),
              "usage: invalid spec: :/x: empty section between colons");
    EXPECT_EQ(problem(parse_volume_flag, ""), "usage: invalid empty volume spec");
    EXPECT_EQ(problem(parse_volume_flag, "/a:/b:ro:x"),
              "usage: invalid volume specification: '/a:/b:ro:x'");
}

TEST(MountFlag, TakesEveryNameOfAKey) {
    for (const char* text :
         {"type=bind,source=/a,target=/b,readonly", "type=bind,src=/a,dst=/b,ro=true",
          "dst=/b,TYPE=BIND,src=/a,destination=/b,readonly=1",
          "type=bind,\"source=/a\",target=/b,ro"}) {
        const MountRequest mount = parse_mount_flag(text);
        EXPECT_EQ(mount.type, MountType::bind) << text;
        EXPECT_EQ(mount.source, "/a") << text;
        EXPECT_EQ(mount.target, "/b") << text;
        EXPECT_TRUE(mount.read_only) << text;
        EXPECT_FALSE(mount.create_source) << text;
    }
}

TEST(MountFlag, TakesBindOptions) {
    EXPECT_FALSE(parse_mount_flag("type=bind,src=/a,dst=/b,bind-recursive=disabled").recursive);
    EXPECT_FALSE(parse_mount_flag("type=bind,src=/a,dst=/b,bind-nonrecursive").recursive);
    EXPECT_EQ(parse_mount_flag("type=bind,src=/a,dst=/b,bind-propagation=slave").propagation,
              "slave");
    EXPECT_EQ(parse_mount_flag("type=bind,src=/a,dst=/b,bind-propagation=shared").propagation,
              "shared");
    EXPECT_TRUE(
        parse_mount_flag("type=bind,src=/a,dst=/b,ro,bind-recursive=writable").writable_submounts);
    EXPECT_TRUE(parse_mount_flag("type=bind,src=/a,dst=/b,bind-create-src").create_source);
    EXPECT_TRUE(parse_mount_flag("type=bind,src=/a,dst=/b,U").chown);
    EXPECT_FALSE(parse_mount_flag("type=bind,src=/a,dst=/b,ro=false").read_only);
}

TEST(MountFlag, TakesTmpfsOptions) {
    const MountRequest mount = parse_mount_flag("type=tmpfs,dst=/b,tmpfs-size=1m,tmpfs-mode=1770");
    EXPECT_EQ(mount.type, MountType::tmpfs);
    EXPECT_EQ(mount.options, (Strings{"size=1048576", "mode=1770"}));
}

TEST(MountFlag, TakesVolumeOptions) {
    const MountRequest mount = parse_mount_flag(
        "src=data,dst=/b,volume-nocopy,volume-subpath=a/b,volume-label=k=v,volume-label=l,"
        "volume-driver=local,volume-opt=type=none,\"volume-opt=o=bind,ro\"");
    EXPECT_EQ(mount.type, MountType::volume);
    EXPECT_EQ(mount.source, "data");
    EXPECT_TRUE(mount.no_copy);
    EXPECT_FALSE(mount.short_form);
    EXPECT_EQ(mount.subpath, "a/b");
    using Map = std::map<std::string, std::string>;
    EXPECT_EQ(mount.labels, (Map{{"k", "v"}, {"l", ""}}));
    EXPECT_EQ(mount.driver, "local");
    EXPECT_EQ(mount.driver_options, (Map{{"type", "none"}, {"o", "bind,ro"}}));
    EXPECT_EQ(parse_mount_flag("type=volume,dst=/b").source, "");
}

TEST(MountFlag, MountsAnImage) {
    const MountRequest mount = parse_mount_flag("type=image,src=a/b:1,dst=/b,image-subpath=x");
    EXPECT_EQ(mount.type, MountType::image);
    EXPECT_EQ(mount.source, "a/b:1");
    EXPECT_TRUE(mount.read_only);
    EXPECT_EQ(mount.subpath, "x");
}

TEST(MountFlag, KeepsCommasAndQuotesOfAQuotedField) {
    EXPECT_EQ(parse_mount_flag("type=bind,\"src=/a,\"\"b\",dst=/c").source, "/a,\"b");
    EXPECT_EQ(problem(parse_mount_flag, "type=bind,\"src=/a"),
              "invalid: a quoted field does not end");
}

TEST(MountFlag, SaysWhatIsWrong) {
    const auto says = [](std::string_view text) { return problem(parse_mount_flag, text); };
    EXPECT_EQ(says("type=bind,src"), "invalid: invalid field 'src' must be a key=value pair");
    EXPECT_EQ(says("foo=1"), "invalid: unexpected key 'foo' in 'foo=1'");
    EXPECT_EQ(says("type=bind,bind-foo=1"), "invalid: unexpected key 'bind-foo' in 'bind-foo=1'");
    EXPECT_EQ(says("type=bind,src=/x"), "invalid: target is required");
    EXPECT_EQ(says(""), "invalid: invalid field '' must be a key=value pair");
    EXPECT_EQ(says("type=bogus,dst=/b"), "invalid: invalid mount type \"bogus\"");
    EXPECT_EQ(says("type=bind,src=/a,dst=/b,ro=maybe"), "invalid: invalid value for ro: maybe");
    EXPECT_EQ(says("type=tmpfs,dst=/b,tmpfs-size=zz"), "invalid: invalid value for tmpfs-size: zz");
    EXPECT_EQ(says("type=tmpfs,dst=/b,tmpfs-mode=9"), "invalid: invalid value for tmpfs-mode: 9");
    EXPECT_EQ(says("type=bind,src=/a,dst=/b,bind-propagation=x"),
              "invalid: invalid value for bind-propagation: x");
    EXPECT_EQ(says("type=bind,src=/a,dst=/b,tmpfs-size=1"),
              "invalid: cannot mix 'tmpfs-*' options with mount type 'bind'");
    EXPECT_EQ(says("type=tmpfs,dst=/b,bind-recursive=enabled"),
              "invalid: cannot mix 'bind-*' options with mount type 'tmpfs'");
    EXPECT_EQ(
        says("type=tmpfs,src=/a,dst=/b"),
        "invalid: invalid mount config for type \"tmpfs\": field Source must not be specified");
    EXPECT_EQ(says("type=bind,dst=/b"),
              "invalid: invalid mount config for type \"bind\": field Source must not be empty");
    EXPECT_EQ(
        says("type=bind,src=a,dst=/b"),
        "invalid: invalid mount config for type \"bind\": invalid mount path: 'a' mount path must "
        "be absolute");
    EXPECT_EQ(
        says("type=bind,src=/tmp,dst=/proc/"),
        "invalid: invalid mount config for type \"bind\": '/proc' cannot be mounted because it "
        "is not of type proc");
    EXPECT_EQ(says("type=bind,src=/a,dst=/"),
              "invalid: invalid mount config for type \"bind\": invalid specification: destination "
              "can't be '/'");
}

TEST(MountFlag, SaysWhatIsWrongWithOtherTypes) {
    const auto says = [](std::string_view text) { return problem(parse_mount_flag, text); };
    EXPECT_EQ(says("type=npipe,dst=/b").substr(0, 12), "unsupported:");
    EXPECT_EQ(says("type=bind,src=/a,dst=/b,volume-nocopy=1"),
              "invalid: cannot mix 'volume-*' options with mount type 'bind'");
    EXPECT_EQ(says("src=data,dst=/b,image-subpath=x"),
              "invalid: cannot mix 'image-*' options with mount type 'volume'");
    EXPECT_EQ(says("dst=/b,ro"),
              "invalid: invalid mount config for type \"volume\": must not set ReadOnly mode when "
              "using anonymous volumes");
    EXPECT_EQ(says("dst=/b,volume-subpath=x"),
              "invalid: invalid mount config for type \"volume\": field Source must not be empty");
    for (const char* path : {"../x", "/x", "a/../../x"})
        EXPECT_EQ(says(fmt::format("src=data,dst=/b,volume-subpath={}", path)),
                  "invalid: invalid mount config for type \"volume\": subpath must be a relative "
                  "path within the volume");
    EXPECT_EQ(says("type=image,dst=/b"),
              "invalid: invalid mount config for type \"image\": field Source must not be empty");
    EXPECT_EQ(says("type=bind,src=/a,dst=/b,bind-recursive=readonly"),
              "invalid: option 'bind-recursive=readonly' requires 'readonly' to be specified in "
              "conjunction");
    EXPECT_EQ(says("type=bind,src=/a,dst=/b,ro,bind-recursive=readonly"),
              "invalid: option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to "
              "be specified in conjunction");
    EXPECT_EQ(says("type=bind,src=/a,dst=/b,bind-recursive=x"),
              "invalid: invalid value for bind-recursive: x (must be \"enabled\", \"disabled\", "
              "\"writable\", or \"readonly\")");
}

TEST(VolumesFrom, TakesAccessAndLabels) {
    for (const char* text : {"web", "web:ro", "web:rw,z", "web:Z"})
        EXPECT_EQ(checked_volumes_from(text), text);
    EXPECT_EQ(problem(checked_volumes_from, ":ro"),
              "usage: malformed volumes-from specification: :ro");
    for (const char* mode : {"", "bogus", "nocopy", "rslave", "O", "ro,rw"})
        EXPECT_EQ(problem(checked_volumes_from, fmt::format("web:{}", mode)),
                  fmt::format("usage: invalid mode: {}", mode));
}

TEST(TmpfsFlag, TakesMountWords) {
    const MountRequest mount = parse_tmpfs_flag("/t:size=65536k,noexec,mode=1777,uid=5,ro");
    EXPECT_EQ(mount.type, MountType::tmpfs);
    EXPECT_EQ(mount.target, "/t");
    EXPECT_EQ(mount.options, (Strings{"size=65536k", "noexec", "mode=1777", "uid=5"}));
    EXPECT_TRUE(mount.read_only);
    EXPECT_TRUE(parse_tmpfs_flag("/t").options.empty());
    EXPECT_EQ(parse_tmpfs_flag("/t:size=50%").options, (Strings{"size=50%"}));
}

TEST(TmpfsFlag, RefusesOtherWords) {
    for (const char* word : {"bogus", "", "size=", "size=x", "mode=9", "mode=17777", "uid=x", "=1",
                             "bind", "size=1\n", "nr_inodes=-1"}) {
        EXPECT_EQ(problem(parse_tmpfs_flag, fmt::format("/t:{}", word)).substr(0, 28),
                  "usage: invalid tmpfs option ")
            << word;
    }
    EXPECT_EQ(
        problem(parse_tmpfs_flag, "/proc"),
        "usage: invalid mount config for type \"tmpfs\": '/proc' cannot be mounted because it "
        "is not of type proc");
    EXPECT_EQ(
        problem(parse_tmpfs_flag, "rel"),
        "usage: invalid mount config for type \"tmpfs\": invalid mount path: 'rel' mount path "
        "must be absolute");
}

TEST(MountTargets, MustDiffer) {
    MountRequest first, second;
    first.target = "/a";
    second.target = "/b";
    EXPECT_NO_THROW(check_mount_targets({first, second}));
    second.target = "/a";
    EXPECT_THROW(check_mount_targets({first, second}), Error);
    // -v /a beside it wants an anonymous volume only where nothing else is.
    EXPECT_NO_THROW(check_mount_targets({first, parse_volume_flag("/a")}));
}

}  // namespace
}  // namespace skiff::cli
