// SPDX-License-Identifier: Apache-2.0
#include "engine/image/config_change.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::engine {
namespace {

using Words = std::vector<std::string>;

oci::ImageConfig changed(std::initializer_list<const char*> instructions) {
    oci::ImageConfig config;
    apply_changes(Words(instructions.begin(), instructions.end()), config);
    return config;
}

TEST(ConfigChange, CommandsHaveAnExecAndAShellForm) {
    EXPECT_EQ(changed({R"(CMD ["a", "b c"])"}).config.command, (Words{"a", "b c"}));
    EXPECT_EQ(changed({"cmd echo  $HOME"}).config.command, (Words{"/bin/sh", "-c", "echo  $HOME"}));
    EXPECT_EQ(changed({"ENTRYPOINT [\"x\"]", "ENTRYPOINT []"}).config.entrypoint, Words{});
    EXPECT_EQ(changed({"CMD [ -f x ] && y"}).config.command,
              (Words{"/bin/sh", "-c", "[ -f x ] && y"}));
}

TEST(ConfigChange, AnEntrypointForgetsOnlyACommandThatWasThereBefore) {
    EXPECT_EQ(changed({R"(CMD ["a"])", R"(ENTRYPOINT ["x"])"}).config.command, Words{"a"});
    oci::ImageConfig image = changed({R"(CMD ["a"])"});
    apply_changes(Words{R"(ENTRYPOINT ["x"])"}, image);
    EXPECT_EQ(image.config.command, Words{});
}

TEST(ConfigChange, EnvironmentIsQuotedExpandedAndReplaced) {
    EXPECT_EQ(changed({R"(ENV A=1 B="x y" C='$A')", "ENV A=2 D=$B/${A}", "ENV E ${X:-none} is"})
                  .config.environment,
              (Words{"A=2", "B=x y", "C=$A", "D=x y/1", "E=none is"}));
}

TEST(ConfigChange, TheRestSetsItsField) {
    const oci::ImageConfig image = changed(
        {"USER www", "WORKDIR /srv", "WORKDIR sub", "STOPSIGNAL SIGQUIT", "VOLUME [\"/a b\"]",
         "VOLUME /c /d", "EXPOSE 80 53/UDP 8000-8002", "LABEL a=b \"c d\"=e", "ONBUILD RUN x"});
    EXPECT_EQ(image.config.user, "www");
    EXPECT_EQ(image.config.working_directory, "/srv/sub");
    EXPECT_EQ(image.config.stop_signal, "SIGQUIT");
    EXPECT_EQ(image.config.volumes, (std::set<std::string>{"/a b", "/c", "/d"}));
    EXPECT_EQ(image.config.exposed_ports,
              (std::set<std::string>{"53/udp", "80/tcp", "8000/tcp", "8001/tcp", "8002/tcp"}));
    EXPECT_EQ(image.opaque.labels, (std::map<std::string, std::string>{{"a", "b"}, {"c d", "e"}}));
    EXPECT_EQ(image.opaque.on_build, Words{"RUN x"});
}

TEST(ConfigChange, HealthchecksHaveOptions) {
    const oci::ImageConfig image = changed({"HEALTHCHECK --interval=1m30s --retries=3 CMD curl x"});
    EXPECT_EQ(image.config.healthcheck->test, (Words{"CMD-SHELL", "curl x"}));
    EXPECT_EQ(image.config.healthcheck->interval, std::chrono::seconds(90));
    EXPECT_EQ(image.config.healthcheck->retries, 3);
    EXPECT_EQ(changed({"HEALTHCHECK NONE"}).config.healthcheck->test, Words{"NONE"});
}

TEST(ConfigChange, RefusesWhatIsNoChange) {
    for (const char* bad : {"",
                            "RUN x",
                            "COPY a b",
                            "ENV",
                            "ENV A",
                            "ENV A=1 B",
                            "ENV =x",
                            "ENV A=\"x",
                            "USER",
                            "EXPOSE x",
                            "EXPOSE 70000",
                            "EXPOSE 80/icmp",
                            "EXPOSE 90-80",
                            "STOPSIGNAL a/b",
                            "VOLUME",
                            "HEALTHCHECK",
                            "HEALTHCHECK CMD",
                            "HEALTHCHECK --x=1 CMD y",
                            "HEALTHCHECK --interval=1 CMD y",
                            "ONBUILD ONBUILD x",
                            "ONBUILD FROM x",
                            "ENV A=${B"})
        EXPECT_THROW(changed({bad}), Error) << bad;
}

}  // namespace
}  // namespace skiff::engine
