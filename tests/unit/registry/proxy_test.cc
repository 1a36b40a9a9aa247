// SPDX-License-Identifier: Apache-2.0
#include "registry/proxy.h"

#include <gtest/gtest.h>

namespace skiff::registry {
namespace {

constexpr const char* proxy = "http://proxy.test:3128";

/// Whether `host` is reached without a proxy, by https.
bool goes_round(const std::string& list, std::string_view host) {
    return find_proxy({"", proxy, list}, true, host).empty();
}

TEST(Proxy, IsThatOfTheScheme) {
    const ProxyVariables variables{"http://a.test", "http://b.test", ""};
    EXPECT_EQ(find_proxy(variables, false, "x.test"), "http://a.test");
    EXPECT_EQ(find_proxy(variables, true, "x.test"), "http://b.test");
    EXPECT_EQ(find_proxy({}, true, "x.test"), "");
}

TEST(Proxy, IsNeverAskedForTheLoopback) {
    for (const char* host : {"localhost", "localhost:5000", "LOCALHOST", "127.0.0.1",
                             "127.9.9.9:5000", "[::1]", "[::1]:5000", "[::ffff:127.0.0.1]:1"})
        EXPECT_TRUE(goes_round("", host)) << host;
    for (const char* host : {"localhost.test", "128.0.0.1", "[::2]"})
        EXPECT_FALSE(goes_round("", host)) << host;
}

TEST(Proxy, ExceptionsAreNamesAndWhatIsBelowThem) {
    EXPECT_TRUE(goes_round("example.test", "example.test:5000"));
    EXPECT_TRUE(goes_round("Example.TEST", "a.b.example.test."));
    EXPECT_FALSE(goes_round("example.test", "badexample.test"));
    for (const char* entry : {".example.test", "*.example.test"}) {
        EXPECT_TRUE(goes_round(entry, "a.example.test")) << entry;
        EXPECT_FALSE(goes_round(entry, "example.test")) << entry;
    }
    EXPECT_TRUE(goes_round("*", "anything"));
    EXPECT_TRUE(goes_round("a.test, b.test c.test,,", "c.test"));
    EXPECT_TRUE(goes_round("a.test,b.test", "b.test"));
}

TEST(Proxy, ExceptionsMayHaveAPort) {
    EXPECT_TRUE(goes_round("example.test:5000", "example.test:5000"));
    EXPECT_TRUE(goes_round("example.test:443", "example.test"));
    EXPECT_FALSE(goes_round("example.test:5000", "example.test"));
    EXPECT_TRUE(goes_round("192.0.2.1:5000", "192.0.2.1:5000"));
    EXPECT_FALSE(goes_round("192.0.2.1:5000", "192.0.2.1:5001"));
    EXPECT_TRUE(goes_round("[2001:db8::1]:5000", "[2001:db8::1]:5000"));
    EXPECT_FALSE(goes_round("[2001:db8::1]:5000", "[2001:db8::1]"));
}

TEST(Proxy, ExceptionsAreAddressesAndNetworks) {
    EXPECT_TRUE(goes_round("192.0.2.1", "192.0.2.1:5000"));
    EXPECT_FALSE(goes_round("192.0.2.1", "192.0.2.11"));
    EXPECT_TRUE(goes_round("2001:db8::1", "[2001:db8:0::1]:5000"));
    EXPECT_TRUE(goes_round("10.0.0.0/9", "10.127.0.1"));
    EXPECT_FALSE(goes_round("10.0.0.0/9", "10.128.0.1"));
    EXPECT_TRUE(goes_round("0.0.0.0/0", "198.51.100.1"));
    EXPECT_TRUE(goes_round("192.0.2.1/32", "192.0.2.1"));
    EXPECT_TRUE(goes_round("2001:db8::/33", "[2001:db8:7fff::1]"));
    EXPECT_FALSE(goes_round("2001:db8::/33", "[2001:db8:8000::1]"));
    EXPECT_FALSE(goes_round("10.0.0.0/8", "10.example.test"));
}

TEST(Proxy, MalformedExceptionsArePassedOver) {
    for (const char* entry : {"10.0.0.0/33", "10.0.0.0/", "/8", "10.0.0.0/-1", ":5000", "[", "[]",
                              "[::", "::1/129", ":", "]", "."})
        EXPECT_FALSE(goes_round(entry, "10.0.0.1")) << entry;
    EXPECT_FALSE(goes_round("x", ""));
    EXPECT_FALSE(goes_round("x", "["));
}

}  // namespace
}  // namespace skiff::registry
