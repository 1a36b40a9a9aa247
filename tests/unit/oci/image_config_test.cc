// SPDX-License-Identifier: Apache-2.0
#include "oci/image_config.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"

namespace skiff::oci {
namespace {

const std::string diff_id = "sha256:" + std::string(64, 'e');

Json document() {
    return {
        {"architecture", "amd64"},
        {"os", "linux"},
        {"created", "2026-11-22T03:28:07.0152Z"},
        {"author", "me"},
        {"config",
         {{"Env", {"PATH=/bin", "A=1"}},
          {"Cmd", {"sh"}},
          {"Entrypoint", {"/init"}},
          {"User", "www"},
          {"WorkingDir", "/srv"},
          {"Volumes", {{"/data", Json::object()}}},
          {"ExposedPorts", {{"80/tcp", Json::object()}}},
          {"StopSignal", "SIGQUIT"},
          {"Labels", {{"a", "b"}}},
          {"Healthcheck", {{"Test", {"CMD", "true"}}, {"Interval", 30000000000}, {"Retries", 3}}}}},
        {"rootfs", {{"type", "layers"}, {"diff_ids", {diff_id}}}},
        {"history",
         {{{"created_by", "import"}}, {{"created_by", "ENV A=1"}, {"empty_layer", true}}}}};
}

ImageConfig parse(const Json& value) {
    return parse_image_config(to_text(value), "it");
}

TEST(ImageConfig, IsReadWhole) {
    const ImageConfig image = parse(document());
    EXPECT_EQ(image.platform, (Platform{"linux", "amd64", ""}));
    EXPECT_EQ(to_rfc3339(*image.created), "2026-11-22T03:28:07.0152Z");
    EXPECT_EQ(image.config.environment, (std::vector<std::string>{"PATH=/bin", "A=1"}));
    EXPECT_EQ(image.config.entrypoint, std::vector<std::string>{"/init"});
    EXPECT_EQ(image.config.user, "www");
    EXPECT_EQ(image.config.volumes, std::set<std::string>{"/data"});
    EXPECT_EQ(image.config.exposed_ports, std::set<std::string>{"80/tcp"});
    EXPECT_EQ(image.config.healthcheck->retries, 3);
    EXPECT_EQ(image.config.healthcheck->interval, std::chrono::seconds(30));
    EXPECT_EQ(image.opaque.labels.at("a"), "b");
    EXPECT_EQ(image.diff_ids.size(), 1U);
    EXPECT_TRUE(image.history[1].empty_layer);
}

TEST(ImageConfig, PrintsWhatItReads) {
    const std::string once = print_image_config(parse(document()));
    EXPECT_EQ(print_image_config(parse_image_config(once, "it")), once);
    EXPECT_EQ(parse_json(once, "it"), document());
}

TEST(ImageConfig, AbsentAndNullMembersAreEmpty) {
    Json bare = {{"config", {{"Env", nullptr}, {"Volumes", nullptr}, {"Healthcheck", nullptr}}},
                 {"rootfs", {{"type", "layers"}}}};
    const ImageConfig image = parse(bare);
    EXPECT_TRUE(image.config.environment.empty());
    EXPECT_FALSE(image.config.healthcheck);
    EXPECT_FALSE(image.created);
}

TEST(ImageConfig, EnvironmentEntriesWithoutANameAreDropped) {
    Json value = document();
    value["config"]["Env"] = {"=x", "novalue", "GOOD="};
    EXPECT_EQ(parse(value).config.environment, std::vector<std::string>{"GOOD="});
}

// What execve(2) gets ends at the NUL, so what was shown and what runs would differ.
TEST(ImageConfig, RefusesNulBytes) {
    Json value = document();
    value["config"]["Cmd"] = {std::string("/bin/good\0/../evil", 18)};
    EXPECT_THROW(parse(value), Error);
    value = document();
    value["config"]["Volumes"] = {{std::string("/a\0b", 4), Json::object()}};
    EXPECT_THROW(parse(value), Error);
}

TEST(ImageConfig, RefusesWrongTypes) {
    for (const char* pointer :
         {"/config/Env", "/config/Cmd", "/config/User", "/config/Volumes", "/config/Labels",
          "/config/Healthcheck/Retries", "/rootfs", "/history", "/created", "/config"}) {
        Json value = document();
        value[Json::json_pointer(pointer)] = 3.5;
        EXPECT_THROW(parse(value), Error) << pointer;
    }
    Json value = document();
    value["rootfs"]["diff_ids"] = {"sha256:../../x"};
    EXPECT_THROW(parse(value), Error);
    value = document();
    value["config"]["Healthcheck"]["Interval"] = -1;
    EXPECT_THROW(parse(value), Error);
}

TEST(ImageConfig, IsBoundedInSize) {
    EXPECT_THROW(parse_image_config(std::string(max_image_config_size + 1, ' '), "it"), Error);
}

}  // namespace
}  // namespace skiff::oci
