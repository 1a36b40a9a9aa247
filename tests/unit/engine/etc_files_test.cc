// SPDX-License-Identifier: Apache-2.0
#include "engine/container/etc_files.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace skiff::engine {
namespace {

constexpr const char* host_file =
    "# made by somebody\n"
    "domain old.example\n"
    "nameserver 127.0.0.53\n"
    "search a.example b.example\n"
    "options ndots:2\n"
    "sortlist 192.0.2.0\n"
    "nameserver\t192.0.2.1\n"
    "options edns0\n";

TEST(ResolvConf, TheResolverStandsForTheHostsServers) {
    EXPECT_EQ(resolv_conf_content({.host = host_file,
                                   .servers = {},
                                   .search = {},
                                   .options = {},
                                   .resolver = "10.0.2.3",
                                   .own_network = true}),
              "nameserver 10.0.2.3\nsearch a.example b.example\noptions ndots:2\noptions edns0\n");
}

TEST(ResolvConf, WithoutAWayToTheHostItsLoopbackIsLeftOut) {
    EXPECT_EQ(resolv_conf_content({.host = host_file,
                                   .servers = {},
                                   .search = {"."},
                                   .options = {"ndots:1"},
                                   .resolver = {},
                                   .own_network = true}),
              "nameserver 192.0.2.1\noptions ndots:1\n");
    EXPECT_EQ(resolv_conf_content({.host = "nameserver 127.0.0.53\n",
                                   .servers = {},
                                   .search = {},
                                   .options = {},
                                   .resolver = {},
                                   .own_network = false}),
              "nameserver 127.0.0.53\n");
}

TEST(ResolvConf, WhatTheUserSaysReplacesTheHosts) {
    EXPECT_EQ(resolv_conf_content({.host = host_file,
                                   .servers = {"192.0.2.8", "2001:db8::1"},
                                   .search = {"c.example", "d.example"},
                                   .options = {"timeout:1", "attempts:2"},
                                   .resolver = "10.0.2.3",
                                   .own_network = true}),
              "nameserver 192.0.2.8\nnameserver 2001:db8::1\nsearch c.example d.example\n"
              "options timeout:1 attempts:2\n");
}

std::string last_lines(const std::string& text) {
    return text.substr(text.find("ip6-allrouters\n") + 15);
}

TEST(Hosts, NamesOfTheContainerAndOfTheHost) {
    EXPECT_EQ(last_lines(hosts_content({.hostname = "web.example",
                                        .own_address = "10.0.2.100",
                                        .extra = {"db:192.0.2.5", "v6:[2001:db8::5]"},
                                        .host_gateway = "192.0.2.2"})),
              "192.0.2.5\tdb\n2001:db8::5\tv6\n"
              "192.0.2.2\thost.docker.internal host.containers.internal\n"
              "10.0.2.100\tweb.example web\n");
    EXPECT_EQ(last_lines(hosts_content(
                  {.hostname = "web", .own_address = {}, .extra = {}, .host_gateway = {}})),
              "127.0.0.1\tweb\n");
}

TEST(Hosts, HostGatewayIsAnAddressOrAnError) {
    EXPECT_EQ(
        last_lines(hosts_content({.hostname = {},
                                  .own_address = {},
                                  .extra = {"me:host-gateway", "host.docker.internal:1.2.3.4"},
                                  .host_gateway = "192.0.2.2"})),
        "192.0.2.2\tme\n1.2.3.4\thost.docker.internal\n"
        "192.0.2.2\thost.containers.internal\n");
    EXPECT_THROW(
        hosts_content(
            {.hostname = {}, .own_address = {}, .extra = {"me:host-gateway"}, .host_gateway = {}}),
        Error);
}

/// One of the three files, as a container's record has it.
class ShownFile : public testing::Test {
  protected:
    ShownFile() { write("search one.example\n"); }
    void write(const std::string& text) const {
        const Fd file = open_at(directory_.get(), "shown", O_WRONLY | O_CREAT | O_TRUNC, 0644);
        write_all(file.get(), text, "shown");
    }
    std::string content() const { return find_file(directory_.get(), "shown", 1024).value_or(""); }
    void replace(std::string_view before, const std::string& after) const {
        replace_shown_file(directory_.get(), "shown", before, after);
    }
    TempDir place_;
    Fd directory_ = open_file(place_.path(), O_RDONLY | O_DIRECTORY);
};

TEST_F(ShownFile, GetsALongerOrAShorterContent) {
    const Fd seen = open_at(directory_.get(), "shown", O_RDONLY);
    replace("search one.example\n", "search one.example two.example\n");
    EXPECT_EQ(content(), "search one.example two.example\n");
    replace("search one.example two.example\n", "search a\n");
    EXPECT_EQ(content(), "search a\n");
    std::string bytes(64, '\0');
    EXPECT_EQ(pread(seen.get(), bytes.data(), bytes.size(), 0), 9) << "another file has come";
}

TEST_F(ShownFile, StaysWhereTheContainerHasWritten) {
    for (const char* own : {"search one.example\n# mine\n", "search one.example", ""}) {
        write(own);
        replace("search one.example\n", "search a\n");
        EXPECT_EQ(content(), own);
    }
}

TEST_F(ShownFile, ALeaseOfTheContainersHoldsNobodyUp) {
    const Fd held = open_at(directory_.get(), "shown", O_RDONLY);
    signal(SIGIO, SIG_IGN);  // the kernel asks for the lease
    ASSERT_EQ(fcntl(held.get(), F_SETLEASE, F_RDLCK), 0);
    replace("search one.example\n", "search a\n");
    fcntl(held.get(), F_SETLEASE, F_UNLCK);
    EXPECT_EQ(content(), "search one.example\n");
}

}  // namespace
}  // namespace skiff::engine
