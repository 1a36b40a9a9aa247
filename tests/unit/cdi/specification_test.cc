// SPDX-License-Identifier: Apache-2.0
#include "cdi/specification.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "cdi/device_name.h"

namespace skiff::cdi {
namespace {

using Strings = std::vector<std::string>;

Specification parse(const std::string& text) {
    return parse_specification(text, "v.yaml");
}

std::string complaint(const std::string& text) {
    try {
        parse(text);
    } catch (const Error& error) {
        return error.message();
    }
    return "";
}

/// A specification with these edits for its one device.
std::string with_edits(const std::string& edits) {
    return "cdiVersion: 0.8.0\nkind: v.com/c\ndevices:\n- name: d\n  containerEdits:\n" + edits;
}

TEST(CdiNames, AreVendorClassAndDevice) {
    for (const char* name :
         {"vendor.com/class=name", "a/b=0", "v-1.x/gpu_a=GPU-1:2.3", "n.com/gpu=all"})
        EXPECT_TRUE(is_qualified_name(name)) << name;
    for (const char* name :
         {"", "=", "/=", "/dev/zero", "v/c", "v/c=", "v/=d", "/c=d", "1v/c=d", "v/1c=d", "v/c=-d",
          "v/c=d-", "v-/c=d", "v/c=a/b", "v/c=a=b", "v/c/x=d", "v/c=d e", "v/c=d\n"})
        EXPECT_FALSE(is_qualified_name(name)) << name;
    EXPECT_EQ(kind_of("v.com/c=d"), "v.com/c");
}

TEST(CdiSpecification, ReadsAllThatAContainerGets) {
    const Specification all = parse(
        "cdiVersion: \"0.7.0\"\nkind: v.com/c\nannotations: {who: vendor}\n"
        "containerEdits:\n  env: [A=1]\n"
        "devices:\n- name: d\n  annotations: {k: v}\n  containerEdits:\n"
        "    env: [\"B=2=3\"]\n"
        "    deviceNodes:\n"
        "    - {path: /dev/x, hostPath: /dev/zero, type: c, major: 1, minor: 5, fileMode: 0660, "
        "permissions: wr, uid: 7, gid: 8}\n"
        "    - path: /dev/y\n"
        "    - {path: /dev/z, permissions: none}\n"
        "    mounts:\n    - {hostPath: /a, containerPath: /b, type: bind, options: [ro, nosuid]}\n"
        "    hooks:\n    - {hookName: createContainer, path: /bin/h, args: [h, x], env: [K=V], "
        "timeout: 3}\n"
        "    additionalGids: [5, 0, 6]\n");
    EXPECT_EQ(all.kind, "v.com/c");
    EXPECT_EQ(all.edits.environment, (Strings{"A=1"}));
    ASSERT_EQ(all.devices.size(), 1U);
    const Edits& edits = all.devices[0].edits;
    EXPECT_EQ(edits.environment, (Strings{"B=2=3"}));
    ASSERT_EQ(edits.device_nodes.size(), 3U);
    const DeviceNode& node = edits.device_nodes[0];
    EXPECT_EQ(node.host_path, "/dev/zero");
    EXPECT_EQ(node.type, 'c');
    EXPECT_EQ(node.major, 1U);
    EXPECT_EQ(node.minor, 5U);
    EXPECT_EQ(node.mode, 0660U);
    EXPECT_EQ(node.uid, 7U);
    EXPECT_EQ(node.gid, 8U);
    EXPECT_EQ(node.access, "rw");
    EXPECT_EQ(edits.device_nodes[1].access, "rwm");
    EXPECT_EQ(edits.device_nodes[2].access, "");
    ASSERT_EQ(edits.mounts.size(), 1U);
    EXPECT_EQ(edits.mounts[0].options, (Strings{"ro", "nosuid"}));
    ASSERT_EQ(edits.hooks.size(), 1U);
    EXPECT_EQ(edits.hooks[0].arguments, (Strings{"h", "x"}));
    EXPECT_EQ(edits.hooks[0].timeout, 3U);
    EXPECT_EQ(edits.additional_gids, (std::vector<std::uint32_t>{5, 6}));
}

TEST(CdiSpecification, ReadsJsonWithTabs) {
    const Specification json = parse(
        "{\n\t\"cdiVersion\": \"0.5.0\",\n\t\"kind\": \"v.com/c\",\n\t\"devices\": "
        "[\n\t\t{\"name\": "
        "\"0\", \"containerEdits\": {\"env\": [\"A=\\u00e9\\/\"],\n\t\t\"deviceNodes\": "
        "[{\"path\": "
        "\"/dev/a\", \"fileMode\": 432}]}}\n\t]\n}\n");
    EXPECT_EQ(json.devices.at(0).edits.environment, (Strings{"A=é/"}));
    EXPECT_EQ(json.devices.at(0).edits.device_nodes.at(0).mode, 0660U);
}

TEST(CdiSpecification, KnowsWhichVersionsItReads) {
    const auto of = [](const std::string& version) {
        return complaint("cdiVersion: " + version + "\nkind: v.com/c\ndevices: [{name: d}]\n");
    };
    for (const char* version : {"0.3.0", "0.8.0", "1.0.0", "1.1.0", "v0.6.0"})
        EXPECT_EQ(of(version), "") << version;
    for (const char* version : {"0.2.0", "1.2.0", "2.0.0", "0.5", "x", "0.5.0.0"})
        EXPECT_EQ(of(version),
                  "v.yaml:1:13: this skiff reads the versions 0.3.0 to 1.1.0 of CDI, not \"" +
                      std::string(version) + "\"");
}

TEST(CdiSpecification, AFaultNamesFileLineAndWhatWasExpected) {
    EXPECT_EQ(complaint(""),
              "v.yaml: expected a CDI specification with the keys cdiVersion, "
              "kind, annotations, devices, containerEdits");
    EXPECT_EQ(complaint("cdiVersion: 0.5.0\n"), "v.yaml:1:1: there is no 'kind'");
    EXPECT_EQ(complaint("kind: v.com/c\n"), "v.yaml:1:1: there is no 'cdiVersion'");
    EXPECT_EQ(complaint("cdiVersion: 0.5.0\nkind: v.com/c\n"),
              "v.yaml:1:1: there are no 'devices'");
    EXPECT_EQ(complaint("cdiVersion: 0.5.0\nkind: none\n"),
              "v.yaml:2:7: 'kind' must be vendor/class, not \"none\"");
    EXPECT_EQ(
        complaint("cdiVersion: 0.5.0\ncdiversion: 1\n"),
        "v.yaml:2:1: unknown key \"cdiversion\" of a CDI specification; known are: cdiVersion, "
        "kind, annotations, devices, containerEdits");
    EXPECT_EQ(complaint("cdiVersion: 0.5.0\nkind: v/c\nkind: v/d\n"),
              "v.yaml:3:1: the key \"kind\" is there twice");
    EXPECT_EQ(complaint("cdiVersion: 0.5.0\nkind: v/c\ndevices:\n- name: a\n- name: a\n"),
              "v.yaml:5:3: the device \"a\" is there twice");
    EXPECT_EQ(complaint(with_edits("    env: [=x]\n")),
              "v.yaml:6:11: 'env' must have NAME=VALUE, not \"=x\"");
    EXPECT_EQ(complaint(with_edits("    deviceNodes:\n    - path: dev/x\n")),
              "v.yaml:7:13: 'path' must be an absolute path, not \"dev/x\"");
    EXPECT_EQ(complaint(with_edits("    deviceNodes:\n    - {path: /dev/x, major: -1}\n")),
              "v.yaml:7:29: 'major' must be a number from 0 to 4095, not \"-1\"");
    EXPECT_EQ(complaint(with_edits("    deviceNodes:\n    - {path: /dev/x, permissions: rx}\n")),
              "v.yaml:7:35: 'permissions' must be some of r, w and m, or none, not \"rx\"");
    EXPECT_EQ(complaint(with_edits("    deviceNodes:\n    - {path: /dev/x, type: d}\n")),
              "v.yaml:7:28: 'type' must be b, c, u or p, not \"d\"");
    EXPECT_EQ(complaint(with_edits("    deviceNodes:\n    - {type: c}\n")),
              "v.yaml:7:7: a device node has no 'path'");
    EXPECT_EQ(complaint(with_edits("    mounts:\n    - {hostPath: /a}\n")),
              "v.yaml:7:7: a mount has no 'containerPath'");
    EXPECT_EQ(complaint(with_edits("    hooks:\n    - {hookName: later, path: /h}\n")),
              "v.yaml:7:18: unknown hook \"later\"; known are: prestart, createRuntime, "
              "createContainer, startContainer, poststart, poststop");
    EXPECT_EQ(
        complaint(with_edits("    hooks:\n    - {hookName: poststop, path: /h, timeout: 0}\n")),
        "v.yaml:7:47: 'timeout' must be more than 0 seconds");
    EXPECT_EQ(complaint(with_edits("    additionalGids: 5\n")),
              "v.yaml:6:21: 'additionalGids' must be a list");
    EXPECT_NE(complaint("a: [\n"), "");
    EXPECT_NE(complaint(with_edits("    env: [\"A=\\0\"]\n")), "");
}

TEST(CdiSpecification, AliasesCannotMakeItLarge) {
    std::string text =
        "cdiVersion: 0.5.0\nkind: v/c\ndevices:\n- name: first\n  containerEdits:\n    env: &e [";
    for (int i = 0; i < 1000; ++i) text += "A=1,";
    text += "A=1]\n";
    for (int i = 0; i < 1000; ++i)
        text += fmt::format("- name: d{}\n  containerEdits: {{env: *e}}\n", i);
    EXPECT_NE(complaint(text).find("more than 100000 entries"), std::string::npos);
}

}  // namespace
}  // namespace skiff::cdi
