// SPDX-License-Identifier: Apache-2.0
#include "engine/container/record.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"

namespace skiff::engine {
namespace {

ContainerRecord sample() {
    ContainerRecord record;
    record.id = std::string(64, 'a');
    record.name = "web";
    record.created = Timestamp(std::chrono::seconds(1700000000));
    record.layers = {"one", "two"};
    record.by_run = true;
    record.request.image = "busybox";
    record.request.entrypoint.emplace();
    record.request.labels = {{"auto_remove", ""}};
    record.request.shm_size = 0;
    record.request.stop_timeout = -1;
    record.request.pull = PullPolicy::never;
    record.request.resources.memory_swappiness = 0;
    record.request.log.options = {{"max-size", ""}};
    record.config.health.retries = 3;
    MountRequest& mount = record.mounts.emplace_back();
    mount.type = MountType::tmpfs;
    mount.target = "/run";
    return record;
}

TEST(ContainerRecord, ReadsWhatItWrites) {
    const ContainerRecord record = parse_record(to_document(sample()), "it");
    EXPECT_EQ(record.created, sample().created);
    EXPECT_TRUE(record.by_run);
    // What is empty and what was not asked for are two things.
    EXPECT_EQ(record.request.entrypoint, std::vector<std::string>());
    EXPECT_EQ(record.request.shm_size, 0U);
    EXPECT_EQ(record.request.resources.memory_swappiness, 0);
    EXPECT_EQ(record.request.labels, sample().request.labels);
    EXPECT_EQ(record.request.log.options, sample().request.log.options);
    EXPECT_EQ(record.request.stop_timeout, -1);
    EXPECT_EQ(record.request.pull, PullPolicy::never);
    EXPECT_EQ(record.config.health.retries, 3);
    ASSERT_EQ(record.mounts.size(), 1U);
    EXPECT_EQ(record.mounts[0].type, MountType::tmpfs);
    EXPECT_EQ(to_document(record), to_document(sample()));
}

TEST(ContainerRecord, KeepsWhatWasAskedAndNoDefault) {
    const Json json = parse_json(to_document(sample()), "it");
    EXPECT_EQ(json.at("request"), (Json{{"image", "busybox"},
                                        {"entrypoint", Json::array()},
                                        {"labels", {{"auto_remove", ""}}},
                                        {"shm_size", 0},
                                        {"stop_timeout", -1},
                                        {"pull", "never"},
                                        {"resources", {{"memory_swappiness", 0}}},
                                        {"log", {{"options", {{"max-size", ""}}}}}}));
    // Others look for these: the collection of layers, and `repair` by their text.
    for (const char* key : {"image", "layers", "mounted_layers", "by_run"})
        EXPECT_TRUE(json.contains(key)) << key;
}

TEST(ContainerRecord, ReadsDefaultsThatAnOlderOneWrote) {
    Json json = parse_json(to_document(sample()), "it");
    json["request"]["shm_size"] = nullptr;
    json["request"]["tty"] = false;
    json["request"]["resources"]["memory"] = 0;
    const ContainerRecord record = parse_record(to_text(json), "it");
    EXPECT_EQ(record.request.shm_size, std::nullopt);
    EXPECT_FALSE(record.request.tty);
}

TEST(ContainerState, SaysItsStatusInAnyCase) {
    const Json json = parse_json(to_document(ContainerState{}), "it");
    EXPECT_EQ(json, (Json{{"format", record_format}, {"status", "created"}}));
    EXPECT_EQ(parse_state(to_text(json), "it").status, ContainerStatus::created);
}

}  // namespace
}  // namespace skiff::engine
