// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/run_mount.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "dockerfile/run_mount_fields.h"

using namespace skiff;
using namespace skiff::dockerfile;

namespace {

std::string error_of(std::string_view text) {
    try {
        parse_run_mount(text);
    } catch (const Error& error) {
        return error.message();
    }
    return "no error";
}

using Type = RunMount::Type;
using Sharing = RunMount::Sharing;

}  // namespace

TEST(RunMount, BindsTheContextReadOnly) {
    const RunMount mount = parse_run_mount("target=/src");
    EXPECT_EQ(mount.type, Type::bind);
    EXPECT_EQ(mount.target, "/src");
    EXPECT_TRUE(mount.read_only);
    EXPECT_FALSE(parse_run_mount("type=bind,dst=/s,rw").read_only);
    EXPECT_FALSE(parse_run_mount("dst=/s,readwrite=true").read_only);
    EXPECT_TRUE(parse_run_mount("dst=/s,rw=false").read_only);
    EXPECT_FALSE(parse_run_mount("dst=/s,ro=0").read_only);
    const RunMount from = parse_run_mount("TYPE=bind,from=base,src=a/b,destination=/t");
    EXPECT_EQ(from.from, "base");
    EXPECT_EQ(from.source, "a/b");
    EXPECT_EQ(from.target, "/t");
}

TEST(RunMount, MakesCaches) {
    const RunMount plain = parse_run_mount("type=cache,target=/c");
    EXPECT_EQ(plain.id, "/c");
    EXPECT_EQ(plain.mode, 0755U);
    EXPECT_EQ(plain.sharing, Sharing::shared);
    EXPECT_FALSE(plain.read_only);
    const RunMount full = parse_run_mount(
        "type=cache,target=/c,id=x,sharing=locked,mode=0700,uid=5,gid=6,from=a,source=b,ro");
    EXPECT_EQ(full.id, "x");
    EXPECT_EQ(full.sharing, Sharing::locked);
    EXPECT_EQ(full.mode, 0700U);
    EXPECT_EQ(full.uid, 5U);
    EXPECT_EQ(full.gid, 6U);
    EXPECT_TRUE(full.read_only);
    EXPECT_EQ(parse_run_mount("type=cache,target=/c,sharing=Private").sharing,
              Sharing::private_copy);
}

TEST(RunMount, MakesTmpfs) {
    EXPECT_EQ(parse_run_mount("type=tmpfs,target=/t").size, 0U);
    EXPECT_EQ(parse_run_mount("type=tmpfs,target=/t,size=64m").size, 64U << 20U);
}

TEST(RunMount, GivesSecrets) {
    const RunMount by_id = parse_run_mount("type=secret,id=key");
    EXPECT_EQ(by_id.target, "/run/secrets/key");
    EXPECT_EQ(by_id.mode, 0400U);
    EXPECT_FALSE(by_id.required);
    const RunMount by_target = parse_run_mount("type=secret,target=/root/.netrc,required");
    EXPECT_EQ(by_target.id, ".netrc");
    EXPECT_TRUE(by_target.required);
    const RunMount variable = parse_run_mount("type=secret,id=t,env=TOKEN");
    EXPECT_EQ(variable.env, "TOKEN");
    EXPECT_EQ(variable.target, "");
    EXPECT_EQ(parse_run_mount("type=secret,source=s").id, "s");
}

TEST(RunMount, ForwardsAgents) {
    const RunMount plain = parse_run_mount("type=ssh");
    EXPECT_EQ(plain.id, "default");
    EXPECT_EQ(plain.target, "");
    EXPECT_EQ(plain.mode, 0600U);
    EXPECT_FALSE(plain.required);
    const RunMount full =
        parse_run_mount("type=ssh,id=git,target=/s,uid=5,gid=6,mode=0660,required");
    EXPECT_EQ(full.id, "git");
    EXPECT_EQ(full.target, "/s");
    EXPECT_EQ(full.uid, 5U);
    EXPECT_EQ(full.gid, 6U);
    EXPECT_EQ(full.mode, 0660U);
    EXPECT_TRUE(full.required);
}

TEST(RunMount, TakesQuotedFields) {
    EXPECT_EQ(parse_run_mount("\"target=/a,b\",type=tmpfs").target, "/a,b");
    EXPECT_EQ(parse_run_mount("type=cache,target=/c,\"id=a\"\"b\"").id, "a\"b");
    for (const char* text : {"\"target=/a,b\",type=tmpfs", "a=1,b,c=\"", "x", "a=,=b"}) {
        try {
            const auto fields = mount_fields(text);
            EXPECT_EQ(mount_text(mount_fields(mount_text(fields))), mount_text(fields));
        } catch (const Error&) {
        }
    }
    EXPECT_EQ(error_of("\"target=/a"),
              "failed to parse csv mounts: a quote is not closed or not a "
              "whole field");
    EXPECT_EQ(error_of("target=\"a"), "failed to parse csv mounts: a bare quote in 'target=\"a'");
}

TEST(RunMount, IsRefusedWhenWrong) {
    EXPECT_EQ(error_of("type=bnid,target=/a"),
              "unsupported mount type \"bnid\" (did you mean bind?)");
    EXPECT_EQ(error_of("type=ssh,source=a"), "source is not allowed for ssh mounts");
    EXPECT_EQ(error_of("type=ssh,from=a"), "from is not allowed for ssh mounts");
    EXPECT_EQ(error_of("type=ssh,env=A"), "env is not allowed for ssh mounts");
    EXPECT_EQ(error_of("tagret=/a"),
              "unexpected key 'tagret' in 'tagret=/a' (did you mean target?)");
    EXPECT_EQ(error_of("target"), "invalid field 'target' must be a key=value pair");
    EXPECT_EQ(error_of("type=cache,target=/a,sharing=some"), "unsupported sharing value \"some\"");
    EXPECT_EQ(error_of("type=cache,target=/a,mode=9"), "invalid value 9 for mode");
    EXPECT_EQ(error_of("type=cache,target=/a,uid=x"), "invalid value x for uid");
    EXPECT_EQ(error_of("target=/a,ro=maybe"), "invalid value for ro: maybe");
    EXPECT_EQ(error_of("target=/a,mode=0700"), "mode is not allowed for bind mounts");
    EXPECT_EQ(error_of("target=/a,uid=1"), "uid is not allowed for bind mounts");
    EXPECT_EQ(error_of("target=/a,sharing=shared"), "sharing is not allowed for bind mounts");
    EXPECT_EQ(error_of("target=/a,size=1"), "size is not allowed for bind mounts");
    EXPECT_EQ(error_of("target=/a,required"), "required is not allowed for bind mounts");
    EXPECT_EQ(error_of("type=tmpfs,target=/a,from=x"), "from is not allowed for tmpfs mounts");
    EXPECT_EQ(error_of("type=tmpfs"), "a tmpfs mount needs a target");
    EXPECT_EQ(error_of("source=a"), "a bind mount needs a target");
    EXPECT_EQ(error_of("type=secret"),
              "invalid secret mount: one of id, source, target is required");
    EXPECT_EQ(error_of("type=secret,id=a,source=b"), "both source and id can't be set");
}

TEST(RunMount, IsCheckedBeforeItsVariablesAreKnown) {
    EXPECT_NO_THROW(check_run_mount("type=cache,target=$HOME/c"));
    EXPECT_NO_THROW(check_run_mount("type=$T,target=/c,sharing=locked"));
    EXPECT_THROW(check_run_mount("type=cache,target=$HOME,mod=1"), Error);
    EXPECT_THROW(check_run_mount("from=$X,target=/a"), Error);
    EXPECT_THROW(check_run_mount("type=tmpfs"), Error);
}
