// SPDX-License-Identifier: Apache-2.0
#include "registry/settings.h"

#include <fcntl.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "registry/registries_conf.h"
#include "registry/system_certificates.h"

namespace skiff::registry {
namespace {

std::string complaint(std::string_view text) {
    try {
        parse_registries_conf(text, "r.conf");
    } catch (const Error& error) {
        return error.message();
    }
    return "";
}

TEST(RegistriesConf, ReadsWhatPeopleHave) {
    const auto entries = parse_registries_conf(
        "# a comment\n"
        "unqualified-search-registries = [\"docker.io\",\n  'quay.io', # another\n]\n"
        "[[registry]]\n"
        "prefix = \"*.example.test\"\ninsecure = true\n"
        "[[registry]]\nlocation = 'a.test/b'\nmirror-by-digest-only = true\n"
        "  [[registry.mirror]]\n  location = \"m.test\"\n"
        "  [[registry.mirror]]\n  location = \"n.test\"\n  pull-from-mirror = \"tag-only\"\n"
        "[aliases]\n\"x\" = \"y\"\n",
        "r.conf");
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].prefix, "*.example.test");
    EXPECT_TRUE(entries[0].insecure);
    EXPECT_EQ(entries[1].prefix, "a.test/b");
    ASSERT_EQ(entries[1].mirrors.size(), 2U);
    EXPECT_FALSE(entries[1].mirrors[0].for_tags);
    EXPECT_TRUE(entries[1].mirrors[0].for_digests);
    EXPECT_FALSE(entries[1].mirrors[1].for_digests);
}

TEST(RegistriesConf, AFaultNamesFileLineAndWhatWasExpected) {
    EXPECT_EQ(complaint("\n[[registry]]\nlocation = 5\n"), "r.conf:3: 'location' must be a string");
    EXPECT_EQ(complaint("[[registry]\n"), "r.conf:1: expected ']]'");
    EXPECT_EQ(complaint("[[registry]]\nlocation \"x\"\n"),
              "r.conf:2: expected '=' after \"location\"");
    EXPECT_EQ(complaint("[[registry]]\nlocation = \"x\n"),
              "r.conf:2: a string does not end in its line");
    EXPECT_NE(complaint("[[registry]]\nlocaton = \"x\"\n").find("r.conf:2: unknown key"),
              std::string::npos);
    EXPECT_NE(complaint("[[registry]]\ninsecure = true\n").find("neither 'prefix' nor 'location'"),
              std::string::npos);
}

TEST(Settings, DockerHubIsServedByAnotherHost) {
    const Endpoint endpoint = push_endpoint({}, oci::Reference::parse("busybox"));
    EXPECT_EQ(endpoint.host, "registry-1.docker.io");
    EXPECT_EQ(endpoint.path, "library/busybox");
    EXPECT_EQ(endpoint.name, "docker.io");
}

TEST(Settings, MirrorsComeFirstAndTheLongestPrefixDecides) {
    Settings settings;
    RegistrySettings host;
    host.prefix = "a.test";
    host.location = "b.test/all";
    RegistrySettings team;
    team.prefix = "a.test/team";
    team.mirrors.emplace_back().location = "m.test:5000/x";
    settings.registries = {host, team};
    const auto places = pull_endpoints(settings, oci::Reference::parse("a.test/team/app:1"));
    ASSERT_EQ(places.size(), 2U);
    EXPECT_EQ(places[0].host, "m.test:5000");
    EXPECT_EQ(places[0].path, "x/app");
    EXPECT_EQ(places[1].host, "a.test");
    EXPECT_EQ(places[1].path, "team/app");
    EXPECT_EQ(push_endpoint(settings, oci::Reference::parse("a.test/teamwork")).path,
              "all/teamwork");
    settings.registries[0].blocked = true;
    EXPECT_THROW(push_endpoint(settings, oci::Reference::parse("a.test/x")), Error);
}

TEST(Settings, OnlyTheLoopbackIsInsecureByItself) {
    for (const char* host : {"localhost", "localhost:5000", "127.0.0.1:1", "127.9.9.9", "[::1]:80"})
        EXPECT_TRUE(is_loopback(host)) << host;
    for (const char* host : {"localhost.test", "127.0.0.1.test", "127.0.0", "128.0.0.1", "a"})
        EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(Settings, CertificatesLieInTheRegistrysDirectory) {
    const TempDir folder;
    make_directories(folder.path() + "/a.test:5000", 0700);
    const Fd fd = open_file(folder.path() + "/a.test:5000", O_RDONLY | O_DIRECTORY);
    Settings settings;
    settings.certificate_directories = {folder.path()};
    replace_file(fd.get(), "ca.crt", "in another form", 0600, Durability::none);
    EXPECT_THROW(host_settings(settings, "a.test:5000"), Error);
    const std::string authority = "-----BEGIN CERTIFICATE-----";
    replace_file(fd.get(), "ca.crt", authority, 0600, Durability::none);
    replace_file(fd.get(), "me.cert", "x", 0600, Durability::none);
    EXPECT_THROW(host_settings(settings, "a.test:5000"), Error);  // a certificate without its key
    replace_file(fd.get(), "me.key", "x", 0600, Durability::none);
    const HostSettings host = host_settings(settings, "a.test:5000");
    EXPECT_EQ(host.ca, authority + "\n");
    EXPECT_EQ(host.ca_files, std::vector{folder.path() + "/a.test:5000/ca.crt"});
    EXPECT_TRUE(host.certificate.ends_with("me.cert"));
    EXPECT_TRUE(host_settings(settings, "a.test").ca.empty());
}

TEST(SystemCertificates, ADirectoryOfHashedNamesIsPreferredToABundle) {
    const TempDir root;
    const auto put = [&](const std::string& folder, const char* name) {
        make_directories(root.path() + folder, 0700);
        const Fd fd = open_file(root.path() + folder, O_RDONLY | O_DIRECTORY);
        replace_file(fd.get(), name, "x", 0600, Durability::none);
    };
    EXPECT_EQ(find_system_certificates(root.path()).bundle, "");
    put("/etc/ssl", "cert.pem");  // Alpine without the package ca-certificates
    EXPECT_TRUE(find_system_certificates(root.path()).bundle.ends_with("/etc/ssl/cert.pem"));
    put("/etc/ssl/certs", "ca-certificates.crt");
    put("/etc/ssl/certs", "not-hashed.0");
    EXPECT_TRUE(find_system_certificates(root.path()).bundle.ends_with("ca-certificates.crt"));
    put("/etc/pki/ca-trust/extracted/pem/directory-hash", "5ad8a5d6.0");  // Fedora
    EXPECT_TRUE(find_system_certificates(root.path()).directory.ends_with("directory-hash"));
    put("/etc/ssl/certs", "02265526.0");  // Debian, Alpine
    EXPECT_TRUE(find_system_certificates(root.path()).directory.ends_with("/etc/ssl/certs"));
}

}  // namespace
}  // namespace skiff::registry
