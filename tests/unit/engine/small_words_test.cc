// SPDX-License-Identifier: Apache-2.0
// Small parsers and rules of the engine that need neither store nor container.
#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/container/account_entries.h"
#include "engine/container/systemd_mode.h"
#include "engine/container/update.h"
#include "engine/secret/secrets.h"
#include "engine/system/boot.h"

namespace skiff::engine {
namespace {

TEST(Accounts, FillInWhatThePatternNames) {
    const AccountFields fields{.uid = "7", .gid = "8", .name = "joe", .home = "/h"};
    EXPECT_EQ(expand_account("$USERNAME:*:${UID}:$GID:$NAME:$HOME:/bin/sh", fields),
              "joe:*:7:8:container user:/h:/bin/sh");
    EXPECT_EQ(expand_account("$NOPE ${UID $ $$GROUPNAME", fields), "$NOPE ${UID $ $joe");
}

TEST(SystemdUnit, QuotesWhatSystemdWouldReadOtherwise) {
    EXPECT_EQ(unit_word("/a b"), "\"/a b\"");
    EXPECT_EQ(unit_word("50%$x\"\\"), "\"50%%$$x\\\"\\\\\"");
}

TEST(SystemdMode, KnowsWhatIsSystemd) {
    EffectiveConfig config;
    config.command = {"/lib/systemd/systemd", "--user"};
    EXPECT_TRUE(runs_systemd("true", config));
    EXPECT_FALSE(runs_systemd("false", config));
    config.entrypoint = {"/sbin/init"};
    EXPECT_TRUE(runs_systemd("true", config));
    config.entrypoint = {"/usr/bin/init"};
    EXPECT_FALSE(runs_systemd("true", config));
    EXPECT_TRUE(runs_systemd("always", config));
    EXPECT_THROW(check_systemd_mode("yes"), Error);
}

TEST(Secrets, AreAskedForInPodmansWords) {
    const SecretRequest secret = parse_secret_request("db,target=/x,uid=1,gid=2,mode=0440");
    EXPECT_EQ(secret.source, "db");
    EXPECT_EQ(secret_target(secret), "/x");
    EXPECT_EQ(secret.mode, 0440U);
    EXPECT_EQ(secret_target(parse_secret_request("source=db,target=y")), "/run/secrets/y");
    EXPECT_TRUE(parse_secret_request("db,type=env").variable);
    for (const char* wrong : {"", "db,type=x", "db,mode=8", "db,uid=-1", "db,type=env,mode=0400",
                              "db,type=env,target=a=b", "db,other=1", "target=x"})
        EXPECT_THROW(parse_secret_request(wrong), Error) << wrong;
}

TEST(Update, LeavesWhatIsNotGiven) {
    ContainerRecord record;
    record.request.resources.memory = 64 << 20;
    record.request.resources.pids_limit = 7;
    UpdateRequest request;
    request.resources.cpu_shares = 512;
    apply_update(request, record);
    EXPECT_EQ(record.request.resources.memory, 64 << 20);
    EXPECT_EQ(record.request.resources.pids_limit, 7);
    EXPECT_EQ(record.request.resources.cpu_shares, 512);
}

TEST(Update, KeepsTheSumOfMemoryAndSwap) {
    ContainerRecord record;
    record.request.resources.memory = 64 << 20;
    UpdateRequest request;
    request.resources.memory = 32 << 20;
    apply_update(request, record);
    EXPECT_EQ(effective_memory_swap(record.request.resources), 128 << 20);
    request.resources.memory = 256 << 20;
    EXPECT_THROW(apply_update(request, record), Error);
    request.resources.memory_swap = 512 << 20;
    apply_update(request, record);
    EXPECT_EQ(record.request.resources.memory, 256 << 20);
}

TEST(Update, DoesNotMixTheTwoFormsOfACpuLimit) {
    ContainerRecord record;
    record.request.resources.cpu_quota = 20000;
    UpdateRequest request;
    request.resources.nano_cpus = 1'000'000'000;
    EXPECT_THROW(apply_update(request, record), Error);
}

TEST(Update, OutlivesItsDocument) {
    UpdateRequest request;
    request.resources.memory_swap = -1;
    request.restart = "always";
    request.groups = "cpu=/x";
    const UpdateRequest read = parse_update_request(to_document(request), "it");
    EXPECT_EQ(read.resources, request.resources);
    EXPECT_EQ(read.restart, "always");
    EXPECT_EQ(read.groups, "cpu=/x");
    EXPECT_THROW(parse_update_request("{}", "it"), Error);
}

}  // namespace
}  // namespace skiff::engine
