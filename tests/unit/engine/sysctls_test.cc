// SPDX-License-Identifier: Apache-2.0
#include "engine/container/sysctls.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::engine {
namespace {

std::string refusal(std::string_view text) {
    try {
        parse_sysctl(text);
    } catch (const Error& error) {
        return std::string(error.message());
    }
    return "";
}

TEST(Sysctls, AreThoseOfNamespaces) {
    EXPECT_EQ(parse_sysctl("net.core.somaxconn=777").name, "net.core.somaxconn");
    EXPECT_EQ(parse_sysctl("kernel.sem=1 2 3=4").value, "1 2 3=4");
    EXPECT_EQ(parse_sysctl("fs.mqueue.msg_max=1").name, "fs.mqueue.msg_max");
    EXPECT_EQ(refusal("kernel.panic=1"), "sysctl 'kernel.panic=1' is not allowed");
    EXPECT_EQ(refusal("kernel.hostname=x"), "sysctl 'kernel.hostname=x' is not allowed");
    EXPECT_EQ(refusal("net.core.somaxconn"), "sysctl 'net.core.somaxconn' is not allowed");
    EXPECT_EQ(refusal("=1"), "sysctl '=1' is not allowed");
}

TEST(Sysctls, WithSlashesAreTheSame) {
    EXPECT_EQ(parse_sysctl("net/ipv4/ip_forward=1").name, "net.ipv4.ip_forward");
    // An interface with a dot in its name.
    EXPECT_EQ(parse_sysctl("net/ipv4/conf/eth0.1/forwarding=1").name,
              "net.ipv4.conf.eth0/1.forwarding");
    EXPECT_EQ(parse_sysctl("net.ipv4.conf.eth0/1.forwarding=1").name,
              "net.ipv4.conf.eth0/1.forwarding");
}

TEST(Sysctls, LeadNowhereElse) {
    for (const char* way : {"net/../kernel/panic=1", "net/./x=1", "net//x=1", "net./../kernel=1",
                            "net..x=1", "net.=1", "net.//.x=1", "net.a b=1", "net.a\n=1"})
        EXPECT_NE(refusal(way), "") << way;
}

TEST(Sysctls, BelongToNamespacesOfTheContainer) {
    const auto check = [](const char* name, void (*change)(NamespaceModes&)) {
        CreateRequest request;
        request.sysctls[name] = "1";
        change(request.namespaces);
        check_sysctls(request);
    };
    EXPECT_NO_THROW(check("net.core.somaxconn", [](NamespaceModes& m) { m.network = "none"; }));
    EXPECT_NO_THROW(check("kernel.msgmax", [](NamespaceModes& m) { m.network = "host"; }));
    EXPECT_THROW(check("net.core.somaxconn", [](NamespaceModes& m) { m.network = "host"; }), Error);
    EXPECT_THROW(check("kernel.msgmax", [](NamespaceModes& m) { m.ipc = "host"; }), Error);
    EXPECT_THROW(check("fs.mqueue.msg_max", [](NamespaceModes& m) { m.ipc = "host"; }), Error);
    EXPECT_THROW(check("kernel.domainname", [](NamespaceModes& m) { m.uts = "host"; }), Error);
}

}  // namespace
}  // namespace skiff::engine
