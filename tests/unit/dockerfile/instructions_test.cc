// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/error.h"
#include "dockerfile/dockerfile.h"

using namespace skiff;
using namespace skiff::dockerfile;

namespace {

using Strings = std::vector<std::string>;
using Pairs = std::vector<KeyValue>;

template <typename Body>
Body one(const std::string& line) {
    const Dockerfile file = parse("FROM x\n" + line, "Dockerfile");
    EXPECT_EQ(file.stages.at(0).instructions.size(), 1U) << line;
    return std::get<Body>(file.stages.at(0).instructions.at(0).body);
}

/// The first line of the error, without the words before the second colon.
std::string error_of(const std::string& text) {
    try {
        parse(text, "Dockerfile");
    } catch (const Error& error) {
        const std::string line = error.message().substr(0, error.message().find('\n'));
        const size_t at = line.find(": ");
        return line.substr(at == std::string::npos ? 0 : at + 2);
    }
    return "no error";
}
std::string error_in(const std::string& line) {
    return error_of("FROM x\n" + line);
}

}  // namespace

TEST(From, HasNamesAndPlatforms) {
    const Dockerfile file = parse(
        "ARG V=1\nARG W\nFROM a:$V AS Base\nFROM --platform=linux/arm64 b as two-2_x.y\nfrom "
        "base\n",
        "f");
    ASSERT_EQ(file.stages.size(), 3U);
    EXPECT_EQ(file.stages[0].from, (From{.image = "a:$V", .platform = "", .name = "base"}));
    EXPECT_EQ(file.stages[0].text, "FROM a:$V AS Base");
    EXPECT_EQ(file.stages[1].from.platform, "linux/arm64");
    EXPECT_EQ(file.stages[1].from.name, "two-2_x.y");
    EXPECT_EQ(file.stages[2].from.image, "base");
    EXPECT_EQ(file.global_arguments.size(), 2U);
}

TEST(From, IsRefusedWhenMalformed) {
    EXPECT_EQ(error_of("FROM"), "FROM requires either one or three arguments");
    EXPECT_EQ(error_of("FROM a b"), "FROM requires either one or three arguments");
    EXPECT_EQ(error_of("FROM a is b"), "FROM requires either one or three arguments");
    EXPECT_EQ(error_of("FROM a AS 1b"),
              "invalid name for build stage: \"1b\", name can't start with a number or contain "
              "symbols");
    EXPECT_EQ(error_of("FROM a AS b/c"),
              "invalid name for build stage: \"b/c\", name can't start with a number or contain "
              "symbols");
    EXPECT_EQ(error_of("FROM --platformm=x a"), "unknown flag: platformm (did you mean platform?)");
    EXPECT_EQ(error_of("RUN a"), "no build stage in current context");
    EXPECT_EQ(error_of(""), "file with no instructions");
    EXPECT_EQ(error_of("# only\n\n"), "file with no instructions");
    EXPECT_EQ(error_of("ARG a"), "dockerfile contains no stages to build");
}

TEST(Stages, AreFoundByNameAndNumber) {
    const Dockerfile file = parse("FROM a AS x\nFROM b AS Y\nFROM c AS x\nFROM d", "f");
    EXPECT_EQ(file.find_stage("X", 2), &file.stages[0]);
    EXPECT_EQ(file.find_stage("x", 4), &file.stages[2]);
    EXPECT_EQ(file.find_stage("y", 1), nullptr);
    EXPECT_EQ(file.find_stage("1", 2), &file.stages[1]);
    EXPECT_EQ(file.find_stage("2", 2), nullptr);
    EXPECT_EQ(file.find_stage("99999999999999999999", 9), nullptr);
    EXPECT_EQ(file.find_stage("", 4), nullptr);
    EXPECT_EQ(file.find_stage("3", 99), &file.stages[3]);
}

TEST(Run, HasFormsAndFlags) {
    EXPECT_EQ(one<dockerfile::Run>("RUN a b").command, (Command{{"a b"}, false}));
    EXPECT_EQ(one<dockerfile::Run>("run [\"a\", \"b\"]").command, (Command{{"a", "b"}, true}));
    EXPECT_EQ(one<dockerfile::Run>("RUN [ -f x ] && y").command,
              (Command{{"[ -f x ] && y"}, false}));
    const dockerfile::Run run = one<dockerfile::Run>(
        "RUN --network=none --mount=type=tmpfs,target=/t --mount=type=cache,target=/c a --b");
    EXPECT_EQ(run.network, dockerfile::Run::Network::none);
    EXPECT_EQ(run.mounts, (Strings{"type=tmpfs,target=/t", "type=cache,target=/c"}));
    EXPECT_EQ(run.command.words, (Strings{"a --b"}));
    EXPECT_EQ(one<dockerfile::Run>("RUN --network=host x").network, dockerfile::Run::Network::host);
    EXPECT_EQ(one<dockerfile::Run>("RUN --network=default x").network,
              dockerfile::Run::Network::standard);
    EXPECT_EQ(one<dockerfile::Run>("RUN -- --x").command.words, (Strings{"--x"}));
}

TEST(Run, IsRefusedWhenMalformed) {
    EXPECT_EQ(error_in("RUN"), "RUN requires at least one argument");
    EXPECT_EQ(error_in("RUN []"), "RUN requires at least one argument");
    EXPECT_EQ(error_in("RUN [1, 2]"),
              "when using JSON array syntax, arrays must be comprised of strings only");
    EXPECT_EQ(error_in("RUN --security=insecure a"), "--security is not supported yet");
    EXPECT_EQ(error_in("RUN --device=x a"), "--device is not supported yet");
    EXPECT_EQ(error_in("RUN --mont=x a"), "unknown flag: mont (did you mean mount?)");
    EXPECT_EQ(error_in("RUN --mount a"), "missing a value on flag: mount");
    EXPECT_EQ(error_in("RUN --network=bridge a"),
              "network mode \"bridge\" is not supported: it is default, none or host");
    EXPECT_EQ(error_in("RUN --network=none --network=none a"), "duplicate flag specified: network");
    EXPECT_EQ(error_in("RUN <<EOF\nx"), "unterminated heredoc");
}

TEST(Copy, HasSourcesAndADestination) {
    const Copy copy = one<Copy>(
        "COPY --from=base --chown=a:b --chmod=0644 --link --exclude=*.o --exclude=t a b* /c/");
    EXPECT_FALSE(copy.is_add);
    EXPECT_EQ(copy.sources, (Strings{"a", "b*"}));
    EXPECT_EQ(copy.destination, "/c/");
    EXPECT_EQ(copy.from, "base");
    EXPECT_EQ(copy.chown, "a:b");
    EXPECT_EQ(copy.chmod, "0644");
    EXPECT_TRUE(copy.link);
    EXPECT_TRUE(one<Copy>("COPY --parents a b").parents);
    EXPECT_TRUE(one<Copy>("ADD --keep-git-dir a b").keep_git);
    EXPECT_EQ(one<Copy>("ADD --unpack=false a b").unpack, false);
    EXPECT_FALSE(one<Copy>("ADD a b").unpack);
    EXPECT_EQ(copy.exclude, (Strings{"*.o", "t"}));
    EXPECT_EQ(one<Copy>("COPY [\"a b\", \"c\", \"/d e/\"]").sources, (Strings{"a b", "c"}));
    EXPECT_EQ(one<Copy>("COPY [\"a b\", \"/d e/\"]").destination, "/d e/");
    EXPECT_EQ(one<Copy>("COPY [a b] c").sources, (Strings{"[a", "b]"}));
    EXPECT_TRUE(one<Copy>("ADD a.tar /").is_add);
    EXPECT_FALSE(one<Copy>("COPY --link=false a b").link);
}

TEST(Copy, IsRefusedWhenMalformed) {
    EXPECT_EQ(error_in("COPY a"),
              "COPY requires at least two arguments, but only one was provided. Destination could "
              "not be determined");
    EXPECT_EQ(error_in("ADD [\"a\"]"),
              "ADD requires at least two arguments, but only one was provided. Destination could "
              "not be determined");
    EXPECT_EQ(error_in("COPY --chwon=a b c"), "unknown flag: chwon (did you mean chown?)");
    EXPECT_EQ(error_in("ADD --from=a b c"), "unknown flag: from");
    EXPECT_EQ(error_in("COPY --checksum=sha256:0 a b"), "unknown flag: checksum");
    EXPECT_EQ(error_in("ADD --parents a b"), "unknown flag: parents");
    EXPECT_EQ(error_in("ADD ftp://x/y b"), "ADD cannot fetch ftp://x/y: use http or https");
    EXPECT_EQ(error_in("ADD [\"ftp://x/y\", \"b\"]"),
              "ADD cannot fetch ftp://x/y: use http or https");
    EXPECT_EQ(error_in("COPY --link=maybe a b"),
              "expecting boolean value for flag link, not: maybe");
    EXPECT_EQ(error_in("COPY --from=$x a b").substr(0, 45),
              "variable expansion is not supported for --fro");
    EXPECT_EQ(error_in("COPY a <<EOF\nEOF"), "COPY cannot accept a heredoc as a destination");
}

TEST(Env, HasTwoForms) {
    EXPECT_EQ(one<Env>("ENV a=b c=\"d e\" f=g\\ h").variables,
              (Pairs{{"a", "b"}, {"c", "\"d e\""}, {"f", "g\\ h"}}));
    EXPECT_EQ(one<Env>("ENV a b  c=d ").variables, (Pairs{{"a", "b  c=d"}}));
    EXPECT_EQ(one<Env>("ENV a=").variables, (Pairs{{"a", ""}}));
    EXPECT_EQ(one<Env>("ENV a==b").variables, (Pairs{{"a", "=b"}}));
    EXPECT_EQ(one<Label>("LABEL \"a b\"=c d='e'").labels, (Pairs{{"\"a b\"", "c"}, {"d", "'e'"}}));
    EXPECT_EQ(error_in("ENV"), "ENV requires at least one argument");
    EXPECT_EQ(error_in("ENV a"), "ENV must have two arguments");
    EXPECT_EQ(error_in("ENV a=b c"),
              "Syntax error - can't find = in \"c\". Must be of the form: name=value");
    EXPECT_EQ(error_in("ENV =b"), "ENV names can not be blank");
    EXPECT_EQ(error_in("LABEL a"), "LABEL must have two arguments");
}

TEST(Arg, MayNameSeveral) {
    const auto arguments = one<Arg>("ARG a b=c d= \"e\"='f g'").arguments;
    ASSERT_EQ(arguments.size(), 4U);
    EXPECT_EQ(arguments[0], (Arg::Argument{"a", std::nullopt}));
    EXPECT_EQ(arguments[1], (Arg::Argument{"b", "c"}));
    EXPECT_EQ(arguments[2], (Arg::Argument{"d", ""}));
    EXPECT_EQ(arguments[3], (Arg::Argument{"\"e\"", "'f g'"}));
    EXPECT_EQ(error_in("ARG"), "ARG requires at least one argument");
    EXPECT_EQ(error_in("ARG =x"), "ARG names can not be blank");
}

TEST(HealthCheck, HasOptionsAndForms) {
    using namespace std::chrono_literals;
    const HealthCheck check = one<HealthCheck>(
        "HEALTHCHECK --interval=5s --timeout=1m30s --start-period=100ms "
        "--start-interval=2s --retries=4 CMD curl -f x || exit 1");
    EXPECT_EQ(check.test, (Strings{"CMD-SHELL", "curl -f x || exit 1"}));
    EXPECT_EQ(check.interval, 5s);
    EXPECT_EQ(check.timeout, 90s);
    EXPECT_EQ(check.start_period, 100ms);
    EXPECT_EQ(check.start_interval, 2s);
    EXPECT_EQ(check.retries, 4);
    EXPECT_EQ(one<HealthCheck>("HEALTHCHECK cmd [\"a\", \"b\"]").test, (Strings{"CMD", "a", "b"}));
    EXPECT_EQ(one<HealthCheck>("HEALTHCHECK none").test, (Strings{"NONE"}));
    EXPECT_EQ(one<HealthCheck>("HEALTHCHECK --interval=0s CMD a").interval, 0s);
    EXPECT_EQ(error_in("HEALTHCHECK"), "HEALTHCHECK requires at least one argument");
    EXPECT_EQ(error_in("HEALTHCHECK NONE x"), "HEALTHCHECK NONE takes no arguments");
    EXPECT_EQ(error_in("HEALTHCHECK CMD"), "Missing command after HEALTHCHECK CMD");
    EXPECT_EQ(error_in("HEALTHCHECK RUN a"), "Unknown type \"RUN\" in HEALTHCHECK (try CMD)");
    EXPECT_EQ(error_in("HEALTHCHECK --interval=1us CMD a"),
              "Interval \"interval\" cannot be less than 1ms");
    EXPECT_EQ(error_in("HEALTHCHECK --retries=-1 CMD a"), "--retries cannot be negative (-1)");
    EXPECT_EQ(error_in("HEALTHCHECK --retires=1 CMD a"),
              "unknown flag: retires (did you mean retries?)");
    EXPECT_NE(error_in("HEALTHCHECK --timeout=5 CMD a"), "no error");
}

TEST(OnBuild, KeepsItsTrigger) {
    EXPECT_EQ(one<OnBuild>("ONBUILD RUN a  b").trigger, "RUN a  b");
    EXPECT_EQ(one<OnBuild>("onbuild copy a /b").trigger, "copy a /b");
    EXPECT_EQ(one<OnBuild>("ONBUILD RUN <<EOF\na\nEOF\n").trigger, "RUN <<EOF\na\nEOF");
    EXPECT_EQ(error_in("ONBUILD"), "ONBUILD requires at least one argument");
    EXPECT_EQ(error_in("ONBUILD ONBUILD RUN a"),
              "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    EXPECT_EQ(error_in("ONBUILD FROM a"), "FROM isn't allowed as an ONBUILD trigger");
    EXPECT_EQ(error_in("ONBUILD maintainer a"), "MAINTAINER isn't allowed as an ONBUILD trigger");
    EXPECT_EQ(error_in("ONBUILD COPYY a b"), "unknown instruction: COPYY (did you mean COPY?)");
}

TEST(OnBuild, IsParsedAgainWhereItRuns) {
    const Instruction copy = parse_trigger("copy --chown=1 a /b", "img:1");
    EXPECT_EQ(copy.keyword, "COPY");
    EXPECT_EQ(std::get<Copy>(copy.body).chown, "1");
    EXPECT_EQ(
        std::get<dockerfile::Run>(parse_trigger("RUN <<EOF\na\nEOF", "i").body).heredocs[0].content,
        "a\n");
    EXPECT_THROW(parse_trigger("FROM x", "i"), Error);
    EXPECT_THROW(parse_trigger("ONBUILD RUN x", "i"), Error);
    EXPECT_THROW(parse_trigger("RUN a\nRUN b", "i"), Error);
    EXPECT_THROW(parse_trigger("", "i"), Error);
}

TEST(OtherInstructions, AreTakenAsTheyStand) {
    EXPECT_EQ(one<Cmd>("CMD a b").command, (Command{{"a b"}, false}));
    EXPECT_EQ(one<Cmd>("CMD []").command, (Command{{}, true}));
    EXPECT_EQ(one<Entrypoint>("ENTRYPOINT [\"a\"]").command, (Command{{"a"}, true}));
    EXPECT_EQ(one<Shell>("SHELL [\"/bin/bash\", \"-c\"]").words, (Strings{"/bin/bash", "-c"}));
    EXPECT_EQ(one<Expose>("EXPOSE 80 53/udp $P").ports, (Strings{"80", "53/udp", "$P"}));
    EXPECT_EQ(one<Volume>("VOLUME /a /b").paths, (Strings{"/a", "/b"}));
    EXPECT_EQ(one<Volume>("VOLUME [\"/a b\"]").paths, (Strings{"/a b"}));
    EXPECT_EQ(one<User>("USER a b").user, "a b");
    EXPECT_EQ(one<WorkDir>("WORKDIR /a b").path, "/a b");
    EXPECT_EQ(one<StopSignal>("STOPSIGNAL 9").signal, "9");
    EXPECT_EQ(one<Maintainer>("MAINTAINER A B <a@b>").name, "A B <a@b>");
}

TEST(OtherInstructions, AreRefusedWhenMalformed) {
    EXPECT_EQ(error_in("CMD"), "CMD requires at least one argument");
    EXPECT_EQ(error_in("CMD --x"), "unknown flag: x");
    EXPECT_EQ(error_in("SHELL /bin/sh"),
              "SHELL requires the arguments to be in JSON form: SHELL [\"/bin/sh\", \"-c\"]");
    EXPECT_EQ(error_in("SHELL []"), "SHELL requires at least one argument");
    EXPECT_EQ(error_in("EXPOSE"), "EXPOSE requires at least one argument");
    EXPECT_EQ(error_in("VOLUME"), "VOLUME requires at least one argument");
    EXPECT_EQ(error_in("VOLUME [\" \"]"), "VOLUME specified can not be an empty string");
    EXPECT_EQ(error_in("USER"), "USER requires exactly one argument");
    EXPECT_EQ(error_in("WORKDIR"), "WORKDIR requires exactly one argument");
    EXPECT_EQ(error_in("STOPSIGNAL"), "STOPSIGNAL requires exactly one argument");
    EXPECT_EQ(error_in("MAINTAINER"), "MAINTAINER requires exactly one argument");
}
