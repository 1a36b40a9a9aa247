// SPDX-License-Identifier: Apache-2.0
// The parts of a build that run no step: keys, stages, arguments, configuration, sources.
#include <filesystem>
#include <fstream>

#include <fcntl.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/expand.h"
#include "engine/build/plan.h"
#include "engine/build/source_tree.h"
#include "engine/build/stage_state.h"
#include "engine/build/step_key.h"
#include "engine/build/tree_digest.h"

namespace skiff::engine {
namespace {

using Words = std::vector<std::string>;

StepKey key_of(std::initializer_list<std::pair<const char*, const char*>> parts) {
    StepKey key;
    for (const auto& [name, value] : parts) key.add(name, value);
    return key;
}

TEST(StepKey, IsOfAllItsPartsAndTheirBoundaries) {
    const oci::Digest one = key_of({{"a", "bc"}, {"d", "e"}}).digest();
    EXPECT_EQ(one, key_of({{"a", "bc"}, {"d", "e"}}).digest());
    EXPECT_NE(one, key_of({{"a", "b"}, {"cd", "e"}}).digest());
    EXPECT_NE(one, key_of({{"a", "bcd"}, {"", "e"}}).digest());
    EXPECT_NE(one, key_of({{"d", "e"}, {"a", "bc"}}).digest());
    EXPECT_NE(one, key_of({{"a", "bc"}}).digest());
}

struct Planned {
    dockerfile::Dockerfile file;
    BuildArguments arguments;
    BuildPlan plan;
    Words needed() const {
        Words names;
        for (const PlannedStage& stage : plan.stages)
            if (stage.needed) names.push_back(stage.name);
        return names;
    }
};

Planned planned(std::string_view text, const BuildRequest& request = {}) {
    Planned result{dockerfile::parse(text, "Dockerfile"), {}, {}};
    result.plan = plan_build(result.file, request, result.arguments);
    return result;
}

constexpr std::string_view diamond =
    "ARG BASE=busybox\nFROM $BASE AS base\nFROM base AS left\nRUN l\nFROM base AS right\nRUN r\n"
    "FROM scratch AS unused\nFROM scratch\nCOPY --from=left /a /\nCOPY --from=2 /b /\n";

TEST(BuildPlan, HasWhatTheTargetNeeds) {
    EXPECT_EQ(planned(diamond).needed(), (Words{"base", "left", "right", "stage-4"}));
    BuildRequest request;
    request.target = "LEFT";
    EXPECT_EQ(planned(diamond, request).needed(), (Words{"base", "left"}));
    request.target = "2";
    EXPECT_EQ(planned(diamond, request).needed(), (Words{"base", "right"}));
    request.target = "nosuch";
    EXPECT_THROW(planned(diamond, request), Error);
}

TEST(BuildPlan, MountsAreNeedsToo) {
    EXPECT_EQ(planned("FROM scratch AS a\nFROM scratch AS b\nFROM scratch\n"
                      "RUN --mount=type=bind,from=b,target=/b x\n")
                  .needed(),
              (Words{"b", "stage-2"}));
}

TEST(BuildPlan, GlobalArgumentsAreForFrom) {
    BuildRequest request;
    request.arguments["BASE"] = "debian";
    const Planned plan = planned(diamond, request);
    EXPECT_EQ(plan.plan.stages[0].from.image, "debian");
    EXPECT_TRUE(plan.arguments.used.contains("BASE"));
    EXPECT_THROW(planned("FROM $NOTHING\n"), Error);
}

/// Applies the instructions of one stage and returns it.
StageState applied(std::string_view text, BuildArguments arguments = {}) {
    const dockerfile::Dockerfile file = dockerfile::parse(text, "Dockerfile");
    StageState state = scratch_stage({"linux", "amd64", ""});
    state.begin_stage();
    for (const dockerfile::Instruction& instruction : file.stages.at(0).instructions) {
        const auto body = dockerfile::expand_instruction(
            instruction, {.lookup = state.lookup(), .escape = file.escape});
        state.apply(body, arguments);
        state.add_history(body);
    }
    return state;
}

TEST(StageState, EnvironmentGoesBeforeArguments) {
    BuildArguments arguments;
    arguments.given = {{"A", "given"}, {"http_proxy", "p"}};
    arguments.global = {{"G", "global"}, {"D", "global"}};
    const StageState state = applied(
        "FROM scratch\nARG A=default\nARG G\nARG D=own\nARG U\nENV E=$A-$G-$D-$U-$NO\nENV A=env\n"
        "WORKDIR /$A\nWORKDIR sub\n",
        arguments);
    EXPECT_EQ(state.config.config.environment.back(), "A=env");
    EXPECT_EQ(state.lookup()("E"), "given-global-own--");
    EXPECT_EQ(state.config.config.working_directory, "/env/sub");
    EXPECT_EQ(state.argument_environment(arguments),
              (Words{"A=given", "G=global", "D=own", "http_proxy=p"}));
    const Words run = state.run_environment(arguments);
    EXPECT_NE(std::ranges::find(run, "A=env"), run.end());
    EXPECT_EQ(std::ranges::find(run, "A=given"), run.end());
}

TEST(StageState, AnEntrypointTakesTheBaseImagesCommandAway) {
    BuildArguments none;
    StageState state = applied("FROM scratch\nCMD base\n");
    state.begin_stage();
    const auto file = dockerfile::parse("FROM x\nENTRYPOINT [\"e\"]\nCMD own\nENTRYPOINT f\n", "D");
    for (const auto& instruction : file.stages[0].instructions) {
        state.apply(instruction.body, none);
        if (instruction.keyword == "ENTRYPOINT" && state.config.config.entrypoint == Words{"e"}) {
            EXPECT_TRUE(state.config.config.command.empty());
        }
    }
    EXPECT_EQ(state.config.config.command, (Words{"/bin/sh", "-c", "own"}));
    EXPECT_EQ(state.config.config.entrypoint, (Words{"/bin/sh", "-c", "f"}));
}

TEST(StageState, HistoryIsWrittenAsByBuildKit) {
    BuildArguments none;
    StageState state = applied(
        "FROM scratch\nARG V=1\nLABEL a=1 b=\"c d\"\nEXPOSE 80 53/udp\nVOLUME /a /b\n"
        "SHELL [\"/bin/bash\", \"-c\"]\nCMD x y\nENTRYPOINT [\"a\", \"b c\"]\n"
        "HEALTHCHECK --interval=5s --retries=3 CMD true\nSTOPSIGNAL SIGINT\nUSER u\n"
        "ONBUILD RUN x\nMAINTAINER me\n");
    Words texts;
    for (const oci::HistoryEntry& entry : state.config.history) texts.push_back(entry.created_by);
    EXPECT_EQ(texts, (Words{"ARG V=1", "LABEL a=1 b=c d", "EXPOSE map[53/udp:{} 80/tcp:{}]",
                            "VOLUME [/a /b]", "SHELL [/bin/bash -c]",
                            R"(CMD ["/bin/bash" "-c" "x y"])", R"(ENTRYPOINT ["a" "b c"])",
                            R"(HEALTHCHECK &{["CMD-SHELL" "true"] "5s" "0s" "0s" "0s" '\x03'})",
                            "STOPSIGNAL SIGINT", "USER u", "ONBUILD RUN x", "MAINTAINER me"}));
    const auto file = dockerfile::parse("FROM x\nRUN echo $V\nCOPY a b /c/\n", "D");
    EXPECT_EQ(history_text(file.stages[0].instructions[0].body, state),
              "RUN |1 V=1 /bin/bash -c echo $V # buildkit");
    EXPECT_EQ(history_text(file.stages[0].instructions[1].body, state), "COPY a b /c/ # buildkit");
}

class Sources : public testing::Test {
  protected:
    void SetUp() override {
        std::filesystem::create_directories(directory_.path() + "/src/deep");
        write("a.txt", "a");
        write("b.txt", "b");
        write("x.log", "l");
        write("src/main", "m");
        write("src/deep/keep.log", "k");
        std::filesystem::create_symlink("a.txt", directory_.path() + "/link");
        std::filesystem::create_symlink("/etc/passwd", directory_.path() + "/out");
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(directory_.path() + "/" + name) << text;
    }
    SourceTree tree(std::string_view rules = "") const {
        return {.root = RootDir(open_file(directory_.path(), O_RDONLY | O_DIRECTORY)),
                .rules = dockerfile::IgnoreRules::parse(rules, ".dockerignore"),
                .rules_name = ".dockerignore"};
    }
    std::string digest(std::string_view rules = "") const {
        const SourceTree all = tree(rules);
        TreeDigest digest(false);
        for (const FoundSource& found : find_sources(all, "."))
            digest_source(all, found, {}, digest);
        return digest.finish_hex();
    }
    Words found(const SourceTree& all, const std::string& pattern) const {
        Words names;
        for (const FoundSource& source : find_sources(all, pattern)) names.push_back(source.path);
        return names;
    }
    TempDir directory_;
};

TEST_F(Sources, AreFoundByNameAndByPattern) {
    const SourceTree all = tree();
    EXPECT_EQ(found(all, "a.txt"), Words{"a.txt"});
    EXPECT_EQ(found(all, "/*.txt"), (Words{"a.txt", "b.txt"}));
    EXPECT_EQ(found(all, "s*/m*n"), Words{"src/main"});
    EXPECT_EQ(found(all, "../../a.txt"), Words{"a.txt"});
    EXPECT_EQ(found(all, "."), Words{""});
    EXPECT_EQ(found(all, "no*"), Words{});
    EXPECT_THROW(find_sources(all, "nosuch"), Error);
    EXPECT_THROW(find_sources(all, "out"), Error) << "the link leads out of the context";
    EXPECT_THROW(find_sources(all, "[a"), Error);
}

TEST_F(Sources, ThatAreIgnoredAreNotThere) {
    const SourceTree some = tree("*.log\nsrc\n!src/deep/keep.log\n");
    EXPECT_THROW(find_sources(some, "x.log"), Error);
    EXPECT_EQ(found(some, "*.log"), Words{});
    EXPECT_EQ(found(some, "src"), Words{"src"}) << "for what is in it and is not ignored";
    EXPECT_THROW(find_sources(some, "src/main"), Error);
    EXPECT_EQ(found(some, "src/deep/keep.log"), Words{"src/deep/keep.log"});
}

TEST_F(Sources, AreTheSameByContentAndNotByTime) {
    const std::string before = digest();
    std::filesystem::last_write_time(
        directory_.path() + "/a.txt",
        std::filesystem::file_time_type::clock::now() + std::chrono::hours(5));
    EXPECT_EQ(digest(), before);
    std::filesystem::permissions(directory_.path() + "/a.txt", std::filesystem::perms::owner_read);
    EXPECT_NE(digest(), before);
    std::filesystem::permissions(
        directory_.path() + "/a.txt",
        std::filesystem::status(directory_.path() + "/b.txt").permissions());
    EXPECT_EQ(digest(), before);
    write("a.txt", "c");
    EXPECT_NE(digest(), before);
    write("a.txt", "a");
    EXPECT_EQ(digest(), before);
    std::filesystem::rename(directory_.path() + "/a.txt", directory_.path() + "/c.txt");
    EXPECT_NE(digest(), before);
}

TEST_F(Sources, OnlyWhatIsNotIgnoredCounts) {
    const std::string rules = "src/*\n!src/deep/keep.log\n";
    const std::string before = digest(rules);
    write("src/main", "changed");
    EXPECT_EQ(digest(rules), before);
    write("src/deep/keep.log", "changed");
    EXPECT_NE(digest(rules), before);
}

}  // namespace
}  // namespace skiff::engine
