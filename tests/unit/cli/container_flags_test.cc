// SPDX-License-Identifier: Apache-2.0
#include "cli/container_flags.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/command_line.h"

namespace skiff::cli {
namespace {

using engine::CreateRequest;
using Strings = std::vector<std::string>;

CreateRequest request_of(std::vector<std::string_view> words) {
    ContainerFlags flags;
    CommandBuilder command;
    declare_container_flags(command, flags);
    words.insert(words.end(), {"image", "program", "-x"});
    CommandWords parsed = read_words(command, words);
    store_values(parsed.options);
    EXPECT_EQ(store_arguments(command, std::move(parsed.arguments)), "");
    return make_request(flags);
}

Error failure(std::vector<std::string_view> words) {
    try {
        request_of(std::move(words));
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "no error";
    return {ErrorKind::system, ""};
}

void write(const std::string& path, std::string_view text) {
    std::ofstream(path) << text;
}

TEST(ContainerFlags, LeaveDefaultsToTheEngine) {
    const CreateRequest request = request_of({});
    EXPECT_EQ(request.image, "image");
    EXPECT_EQ(request.command, (Strings{"program", "-x"}));
    EXPECT_FALSE(request.entrypoint.has_value());
    EXPECT_FALSE(request.shm_size.has_value());
    EXPECT_FALSE(request.stop_timeout.has_value());
    EXPECT_EQ(request.pull, engine::PullPolicy::missing);
    EXPECT_FALSE(request.tty || request.interactive || request.auto_remove || request.detach);
    EXPECT_TRUE(request.namespaces.network.empty());
}

TEST(ContainerFlags, FillTheRequest) {
    const CreateRequest request = request_of({"-it",
                                              "--rm",
                                              "--name",
                                              "web",
                                              "-w",
                                              "/tmp",
                                              "-u",
                                              "1000:1000",
                                              "-h",
                                              "box",
                                              "-l",
                                              "a=1",
                                              "--label",
                                              "b",
                                              "--read-only",
                                              "--init",
                                              "--shm-size",
                                              "64m",
                                              "--stop-signal",
                                              "INT",
                                              "--stop-timeout",
                                              "3",
                                              "--ulimit",
                                              "nofile=1",
                                              "--ulimit",
                                              "nofile=2:3",
                                              "--pull",
                                              "never",
                                              "--dns",
                                              "1.1.1.1",
                                              "--add-host",
                                              "db:10.0.0.1",
                                              "--cap-add",
                                              "sys_admin",
                                              "--cap-drop",
                                              "all",
                                              "--net=host"});
    EXPECT_TRUE(request.interactive && request.tty && request.auto_remove);
    EXPECT_TRUE(request.read_only && request.init);
    EXPECT_EQ(request.name, "web");
    EXPECT_EQ(request.working_directory, "/tmp");
    EXPECT_EQ(request.user, "1000:1000");
    EXPECT_EQ(request.hostname, "box");
    EXPECT_EQ(request.labels.size(), 2U);
    EXPECT_EQ(request.shm_size, std::uint64_t{64} << 20);
    EXPECT_EQ(request.stop_signal, "INT");
    EXPECT_EQ(request.stop_timeout, 3);
    ASSERT_EQ(request.ulimits.size(), 1U);
    EXPECT_EQ(request.ulimits[0].hard, 3);
    EXPECT_EQ(request.pull, engine::PullPolicy::never);
    EXPECT_EQ(request.dns, (Strings{"1.1.1.1"}));
    EXPECT_EQ(request.add_hosts, (Strings{"db:10.0.0.1"}));
    EXPECT_EQ(request.security.cap_add, (Strings{"CAP_SYS_ADMIN"}));
    EXPECT_EQ(request.security.cap_drop, (Strings{"ALL"}));
    EXPECT_EQ(request.namespaces.network, "host");
}

TEST(ContainerFlags, DistinguishAnEmptyEntryPointFromNone) {
    EXPECT_EQ(request_of({"--entrypoint", "/bin/sh"}).entrypoint, (Strings{"/bin/sh"}));
    EXPECT_EQ(request_of({"--entrypoint", ""}).entrypoint, Strings{});
    EXPECT_EQ(request_of({"--entrypoint="}).entrypoint, Strings{});
    EXPECT_EQ(request_of({"--entrypoint=x", "--entrypoint="}).entrypoint, Strings{});
}

TEST(ContainerFlags, PutEnvironmentFilesBeforeSingleVariables) {
    const TempDir dir;
    const std::string one = dir.path() + "/one";
    const std::string two = dir.path() + "/two";
    write(one, "A=1\nB=1\n");
    write(two, "B=2\n");
    EXPECT_EQ(
        request_of({"-e", "C=3", "--env-file", one, "-e", "A=4", "--env-file", two}).environment,
        (Strings{"A=1", "B=1", "B=2", "C=3", "A=4"}));
    EXPECT_NE(failure({"--env-file", dir.path() + "/none"}).message().find("/none"),
              std::string::npos);
}

TEST(ContainerFlags, CollectMountsOfAllThreeFlags) {
    const CreateRequest request = request_of(
        {"--mount", "type=bind,src=/a,dst=/1", "-v", "/b:/2:ro", "--tmpfs", "/3:size=1m"});
    ASSERT_EQ(request.mounts.size(), 3U);
    // In Docker's order, whatever order they were typed in.
    EXPECT_EQ(request.mounts[0].target, "/2");
    EXPECT_EQ(request.mounts[1].target, "/1");
    EXPECT_EQ(request.mounts[2].target, "/3");
    EXPECT_EQ(failure({"-v", "/a:/1", "--tmpfs", "/1/"}).message(), "Duplicate mount point: /1");
    EXPECT_EQ(
        failure({"--mount", "type=bind,src"}).message(),
        "invalid argument \"type=bind,src\" for \"--mount\" flag: invalid field 'src' must be a "
        "key=value pair");
    EXPECT_EQ(failure({"--mount", "type=npipe,dst=/x"}).kind(), ErrorKind::unsupported);
    EXPECT_EQ(failure({"--volumes-from", "web:bogus"}).message(), "invalid mode: bogus");
    EXPECT_EQ(request_of({"--volumes-from", "web:ro", "--volume-driver", "local"}).volumes_from,
              (std::vector<std::string>{"web:ro"}));
}

TEST(ContainerFlags, TakeSecurityOptions) {
    const TempDir dir;
    const std::string profile = dir.path() + "/profile.json";
    write(profile, "{}");
    EXPECT_TRUE(request_of({"--security-opt", "no-new-privileges"}).security.no_new_privileges);
    EXPECT_TRUE(
        request_of({"--security-opt", "no-new-privileges:true"}).security.no_new_privileges);
    EXPECT_TRUE(request_of({"--security-opt=no-new-privileges=true"}).security.no_new_privileges);
    EXPECT_FALSE(request_of({"--security-opt=no-new-privileges=false"}).security.no_new_privileges);
    EXPECT_EQ(request_of({"--security-opt", "seccomp=unconfined"}).security.seccomp, "unconfined");
    const CreateRequest with_file = request_of({"--security-opt", "seccomp=" + profile});
    EXPECT_EQ(with_file.security.seccomp, "{}");
    EXPECT_TRUE(with_file.security.seccomp_is_profile);
    EXPECT_EQ(
        request_of({"--security-opt", "seccomp=unconfined", "--security-opt", "seccomp=builtin"})
            .security.seccomp,
        "builtin");
    EXPECT_NO_THROW(request_of({"--security-opt", "label=disable"}));
}

TEST(ContainerFlags, RefuseOtherSecurityOptions) {
    EXPECT_EQ(failure({"--security-opt", "bogus"}).message(), "Invalid --security-opt: \"bogus\"");
    EXPECT_EQ(failure({"--security-opt", "seccomp"}).message(),
              "Invalid --security-opt: \"seccomp\"");
    EXPECT_EQ(failure({"--security-opt", "no-new-privileges=maybe"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--security-opt", "label=nonsense:x"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--security-opt", "systempaths=some"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--security-opt", "mask=/a:b"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--security-opt", "unmask=/a/../b"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--security-opt", "seccomp=/nosuch"}).message(),
              "opening seccomp profile (/nosuch) failed: cannot open '/nosuch': No such file or "
              "directory");
}

TEST(ContainerFlags, KnowWhichNamespacesCanBeShared) {
    EXPECT_EQ(request_of({"--pid", "host", "--ipc=host", "--uts=host"}).namespaces.pid, "host");
    EXPECT_EQ(request_of({"--ipc", "private"}).namespaces.ipc, "");
    EXPECT_EQ(request_of({"--network", "default"}).namespaces.network, "");
    EXPECT_EQ(request_of({"--network", "host", "--net", "host"}).namespaces.network, "host");
    EXPECT_EQ(failure({"--network", "host", "--net", "none"}).message(),
              "conflicting options: cannot attach both user-defined and non-user-defined "
              "network-modes (--network host and none)");
    EXPECT_EQ(failure({"--pid", "bogus"}).kind(), ErrorKind::usage);
    EXPECT_EQ(request_of({"--pid", "container:x"}).namespaces.pid, "container:x");
    EXPECT_EQ(request_of({"--ipc", "shareable"}).namespaces.ipc, "shareable");
    EXPECT_EQ(request_of({"--cgroupns", "private"}).namespaces.cgroup, "");
    EXPECT_EQ(request_of({"--userns", "host"}).namespaces.user, "host");
    EXPECT_EQ(failure({"--pid", "container:"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--uts", "container:x"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--cgroupns", "nonsense"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--userns", "nonsense"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--ipc", "nonsense"}).kind(), ErrorKind::usage);
    EXPECT_EQ(request_of({"--uts", "private"}).namespaces.uts, "");
    EXPECT_EQ(failure({"--network", "nosuch"}).message(),
              "network nosuch not found (this version of skiff has slirp, none, host and "
              "container:<name|id>)");
    EXPECT_EQ(request_of({"--network", "container:x"}).namespaces.network, "container:x");
    EXPECT_EQ(failure({"--network", "container:x", "--dns", "1.1.1.1"}).message(),
              "conflicting options: dns and the network mode");
    EXPECT_EQ(failure({"--network", "slirp:mtu=100"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--network", "slirp:cidr=10.0.2.1/24"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--network", "slirp:host-loopback=maybe"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--network", "slirp:speed=9"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--network", "name=x,alias=y"}).kind(), ErrorKind::unsupported);
    EXPECT_EQ(failure({"--uts", "host", "-h", "x"}).message(),
              "conflicting options: hostname and the UTS mode");
}

TEST(ContainerFlags, CheckSingleValues) {
    EXPECT_EQ(failure({"--name", "bad/name"}).message(),
              "Invalid container name (bad/name), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
    EXPECT_EQ(failure({"--stop-signal", "BOGUS"}).message(), "Invalid signal: BOGUS");
    EXPECT_EQ(failure({"--stop-timeout", "-2"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"-w", "rel"}).message(),
              "the working directory 'rel' is invalid, it needs to be an absolute path");
    EXPECT_EQ(failure({"--pull", "bogus"}).message(),
              "invalid pull option: 'bogus': must be one of \"always\", \"missing\", "
              "\"newer\" or \"never\"");
    EXPECT_EQ(
        failure({"--ulimit", "nofile=10:5"}).message(),
        "invalid argument \"nofile=10:5\" for \"--ulimit\" flag: ulimit soft limit must be less "
        "than or equal to hard limit: 10 > 5");
    EXPECT_EQ(failure({"--shm-size", "zz"}).message(),
              "invalid argument \"zz\" for \"--shm-size\" flag: invalid size: 'zz'");
    EXPECT_EQ(failure({"--shm-size", "0"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"-e", "=x"}).message(),
              "invalid argument \"=x\" for \"-e, --env\" flag: invalid environment variable: =x");
    EXPECT_EQ(failure({"-h", "a b"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--add-host", "x:gateway"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--dns-option", "a b"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--dns-search", "a\tb"}).kind(), ErrorKind::usage);
}

TEST(ContainerFlags, FindARuntimeByPathOrByName) {
    const TempDir dir;
    const std::string runtime = dir.path() + "/runx";
    write(runtime, "#!/bin/sh\n");
    ASSERT_EQ(chmod(runtime.c_str(), 0755), 0);
    const std::string before = std::getenv("PATH");
    ASSERT_EQ(setenv("PATH", ("relative:" + dir.path()).c_str(), 1), 0);
    EXPECT_EQ(request_of({"--runtime", "runx"}).runtime, runtime);
    EXPECT_EQ(request_of({"--runtime", "/usr/bin/crun"}).runtime, "/usr/bin/crun");
    EXPECT_EQ(failure({"--runtime", "runy"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--runtime", "./runx"}).kind(), ErrorKind::usage);
    ASSERT_EQ(setenv("PATH", before.c_str(), 1), 0);
}

TEST(ContainerFlags, RefuseEveryFlagThatOnlyDockerHas) {
    ContainerFlags flags;
    CommandBuilder command;
    declare_container_flags(command, flags);
    for (const UnsupportedFlag& flag : command.unsupported_flags()) {
        const std::string word = fmt::format("--{}", flag.long_name);
        EXPECT_EQ(failure({word}).kind(), ErrorKind::unsupported) << word;
        EXPECT_EQ(failure({word + "=1"}).kind(), ErrorKind::unsupported) << word;
    }
}

}  // namespace
}  // namespace skiff::cli
