// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/capability.h>

#include "base/error.h"
#include "runtime/seccomp/compile.h"
#include "runtime/seccomp/linked_programs.h"
#include "runtime/seccomp/profile.h"

namespace skiff::runtime {
namespace {

std::string refusal(std::string_view text, ErrorKind kind = ErrorKind::invalid) {
    try {
        parse_seccomp_profile(text, "p.json");
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), kind) << error.message();
        return error.message();
    }
    return "no error";
}

std::string with_rule(std::string_view rule) {
    return R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[)" + std::string(rule) + "]}";
}

TEST(SeccompProfile, IsReadInDockersFormat) {
    const SeccompProfile profile = parse_seccomp_profile(
        R"({"defaultAction":"SCMP_ACT_KILL_PROCESS","defaultErrnoRet":38,"archMap":[{"architecture":"SCMP_ARCH_X86_64",
        "subArchitectures":["SCMP_ARCH_X86"]}],"syscalls":[{"names":["read","write"],"action":"SCMP_ACT_ALLOW",
        "args":[{"index":1,"value":18446744073709551615,"valueTwo":2,"op":"SCMP_CMP_MASKED_EQ"}],"comment":"c",
        "includes":{"caps":["CAP_SYS_ADMIN"],"arches":["amd64"],"minKernel":"4.8"},"excludes":{}},
        {"name":"open","action":"SCMP_ACT_ERRNO","errnoRet":5,"args":null}]})",
        "p.json");
    EXPECT_EQ(profile.default_action, SeccompAction::kill_process);
    EXPECT_EQ(profile.default_error, 38);
    ASSERT_EQ(profile.rules.size(), 2U);
    const SyscallRule& rule = profile.rules[0];
    EXPECT_EQ(rule.names, (std::vector<std::string>{"read", "write"}));
    ASSERT_EQ(rule.tests.size(), 1U);
    EXPECT_EQ(rule.tests[0].value, ~std::uint64_t{0});
    EXPECT_EQ(rule.tests[0].comparison, Comparison::masked_equal);
    EXPECT_TRUE(rule.includes.capabilities.has(CAP_SYS_ADMIN));
    EXPECT_EQ(rule.includes.minimum_kernel, (KernelVersion{4, 8}));
    EXPECT_EQ(profile.rules[1].error, 5);
    EXPECT_EQ(profile.mentioned_capabilities.bits(), std::uint64_t{1} << CAP_SYS_ADMIN);
}

TEST(SeccompProfile, ErrorsMayBeNamesAsInPodmansProfiles) {
    const SeccompProfile profile = parse_seccomp_profile(
        R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,"defaultErrno":"ENOSYS","syscalls":[
        {"names":["bpf"],"action":"SCMP_ACT_ERRNO","errno":"EINVAL"}]})",
        "p.json");
    EXPECT_EQ(profile.default_error, ENOSYS);
    EXPECT_EQ(profile.rules[0].error, EINVAL);
}

TEST(SeccompProfile, MistakesAreNamedWithFileAndPlace) {
    EXPECT_NE(refusal("{\n \"defaultAction\" 1}")
                  .find("'p.json' is not valid JSON: parse error at line 2"),
              std::string::npos)
        << refusal("{\n \"defaultAction\" 1}");
    EXPECT_EQ(refusal("[]"), "the seccomp profile 'p.json': must be an object");
    EXPECT_EQ(refusal("{}"), "the seccomp profile 'p.json': needs \"defaultAction\"");
    EXPECT_EQ(refusal(R"({"defaultAction":"SCMP_ACT_NOPE"})"),
              "the seccomp profile 'p.json': defaultAction: unknown value \"SCMP_ACT_NOPE\"");
    EXPECT_EQ(refusal(R"({"defaultAction":7})"),
              "the seccomp profile 'p.json': defaultAction: must be a string");
    EXPECT_EQ(refusal(with_rule(R"({"names":["read"],"action":"SCMP_ACT_ALLOW","exclude":{}})")),
              "the seccomp profile 'p.json': syscalls[0]: unknown member \"exclude\"");
    EXPECT_EQ(
        refusal(with_rule(
            R"({"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":6,"op":"SCMP_CMP_EQ"}]})")),
        "the seccomp profile 'p.json': syscalls[0].args[0].index: must be a number from 0 to 5");
    EXPECT_EQ(refusal(with_rule(
                  R"({"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"op":"="}]})")),
              "the seccomp profile 'p.json': syscalls[0].args[0].op: unknown value \"=\"");
    EXPECT_EQ(
        refusal(with_rule(
            R"({"names":["read"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_X"]}})")),
        "the seccomp profile 'p.json': syscalls[0].includes.caps[0]: unknown capability \"CAP_X\"");
    EXPECT_EQ(refusal(with_rule(R"({"names":["read"],"name":"read","action":"SCMP_ACT_ALLOW"})")),
              "the seccomp profile 'p.json': syscalls[0]: has both \"name\" and \"names\"");
    EXPECT_EQ(refusal(with_rule(R"({"action":"SCMP_ACT_ALLOW"})")),
              "the seccomp profile 'p.json': syscalls[0]: names no system call");
    EXPECT_EQ(
        refusal(with_rule(R"({"names":["read"],"action":"SCMP_ACT_ERRNO","errnoRet":-1})")),
        "the seccomp profile 'p.json': syscalls[0].errnoRet: must be a number from 0 to 4095");
    EXPECT_EQ(refusal(with_rule(R"({"names":["read"],"action":"SCMP_ACT_ERRNO","errno":"EWHAT"})")),
              "the seccomp profile 'p.json': syscalls[0].errno: unknown error \"EWHAT\"");
    EXPECT_EQ(
        refusal(
            R"({"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],"archMap":[{}]})"),
        "the seccomp profile 'p.json': has both \"architectures\" and \"archMap\"");
}

TEST(SeccompProfile, WhatSkiffCannotEnactIsRefusedNotIgnored) {
    refusal(with_rule(R"({"names":["read"],"action":"SCMP_ACT_NOTIFY"})"), ErrorKind::unsupported);
    refusal(R"({"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/x"})", ErrorKind::unsupported);
    refusal(R"({"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOG"]})",
            ErrorKind::unsupported);
    EXPECT_EQ(
        refusal(R"({"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]})"),
        "no error");
}

TEST(SeccompProfile, KernelVersionsAreReadFromReleases) {
    EXPECT_EQ(parse_kernel_version("4.8"), (KernelVersion{4, 8}));
    EXPECT_EQ(parse_kernel_version("6.18.44-fc-v657"), (KernelVersion{6, 18}));
    EXPECT_LT((KernelVersion{4, 19}), (KernelVersion{5, 2}));
    EXPECT_EQ(parse_kernel_version("4"), std::nullopt);
    EXPECT_EQ(parse_kernel_version("x.y"), std::nullopt);
}

TEST(SeccompProfile, ConditionsNeedAllOfIncludesAndNoneOfExcludes) {
    SyscallRule rule;
    rule.includes.capabilities = CapabilitySet(0b11);
    EXPECT_FALSE(applies(rule, {CapabilitySet(0b01), {6, 1}}));
    EXPECT_TRUE(applies(rule, {CapabilitySet(0b111), {6, 1}}));
    rule = {};
    rule.excludes.capabilities = CapabilitySet(0b11);
    EXPECT_FALSE(applies(rule, {CapabilitySet(0b01), {6, 1}}));
    EXPECT_TRUE(applies(rule, {CapabilitySet(0b100), {6, 1}}));
    rule = {};
    rule.includes.minimum_kernel = KernelVersion{5, 12};
    EXPECT_FALSE(applies(rule, {{}, {5, 11}}));
    EXPECT_TRUE(applies(rule, {{}, {5, 12}}));
    rule = {};
    rule.includes.architectures = {"vax"};
    EXPECT_FALSE(applies(rule, {{}, {6, 1}}));
    rule = {};
    rule.excludes.architectures = {"amd64", "arm64", "s390x", "ppc64le", "riscv64"};
    EXPECT_FALSE(applies(rule, {{}, {6, 1}}));
}

TEST(SeccompProfile, OciFormIsAProfileWithTheSameProgram) {
    const SeccompProfile profile = parse_seccomp_profile(default_profile_text(), "default");
    const SeccompTarget target{default_capabilities(), {6, 1}};
    const std::string text = to_oci_text(profile, target);
    EXPECT_EQ(text.find("includes"), std::string::npos);
    EXPECT_EQ(text.find("archMap"), std::string::npos);
    const SeccompProfile again = parse_seccomp_profile(text, "oci");
    EXPECT_EQ(to_oci_text(again, {{}, {6, 1}}), text);
}

}  // namespace
}  // namespace skiff::runtime
