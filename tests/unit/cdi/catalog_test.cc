// SPDX-License-Identifier: Apache-2.0
#include "cdi/catalog.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace skiff::cdi {
namespace {

using Strings = std::vector<std::string>;

class CdiCatalog : public testing::Test {
  protected:
    CdiCatalog() {
        std::filesystem::create_directory(first());
        std::filesystem::create_directory(second());
    }
    std::string first() const { return directory_.path() + "/first"; }
    std::string second() const { return directory_.path() + "/second"; }

    /// A file about one device, whose edits set D to `value`; the file's own append to ALL.
    void write(const std::string& directory, const std::string& file, const std::string& device,
               const std::string& value) const {
        std::ofstream(directory + "/" + file)
            << "cdiVersion: 0.5.0\nkind: v.com/c\ncontainerEdits: {env: [ALL=" << value
            << "]}\ndevices:\n- name: " << device << "\n  containerEdits: {env: [D=" << value
            << "]}\n";
    }
    Catalog catalog() const { return Catalog({first(), second()}); }
    std::string complaint(const Strings& names) const {
        try {
            catalog().edits_for(names);
        } catch (const Error& error) {
            return error.message();
        }
        return "";
    }

  private:
    TempDir directory_;
};

TEST_F(CdiCatalog, ALaterDirectoryWins) {
    write(first(), "a.yaml", "d", "1");
    write(second(), "b.json", "d", "2");
    EXPECT_EQ(catalog().edits_for({"v.com/c=d"}).environment, (Strings{"ALL=2", "D=2"}));
}

TEST_F(CdiCatalog, TwiceInOneDirectoryIsAConflict) {
    write(first(), "a.yaml", "d", "1");
    write(first(), "b.yaml", "d", "2");
    const std::string text = complaint({"v.com/c=d"});
    EXPECT_NE(text.find("unresolvable CDI devices v.com/c=d (v.com/c=d is in '" + first() +
                        "/a.yaml' and in '" + first() + "/b.yaml': one of the two files has to go"),
              std::string::npos)
        << text;
    write(second(), "c.yaml", "d", "3");
    EXPECT_EQ(catalog().edits_for({"v.com/c=d"}).environment, (Strings{"ALL=3", "D=3"}));
}

TEST_F(CdiCatalog, WhatAFileSaysForAllItsDevicesComesOnce) {
    std::ofstream(first() + "/a.yaml")
        << "cdiVersion: 0.5.0\nkind: v.com/c\ncontainerEdits: {env: [ALL=1]}\ndevices:\n"
           "- {name: a, containerEdits: {env: [A=1]}}\n- {name: b, containerEdits: {env: [B=1]}}\n";
    EXPECT_EQ(catalog().edits_for({"v.com/c=b", "v.com/c=a", "v.com/c=b"}).environment,
              (Strings{"ALL=1", "B=1", "A=1"}));
}

TEST_F(CdiCatalog, WhatIsMissingIsNamedWithTheRemedy) {
    EXPECT_EQ(
        complaint({"v.com/c=d"}),
        "CDI device injection failed: unresolvable CDI devices v.com/c=d (looked in " + first() +
            ", " + second() +
            "; no file there is about devices of this kind: the vendor's tool writes one (for "
            "NVIDIA: nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml), and --cdi-spec-dir "
            "names another directory)");
    write(first(), "a.yaml", "here", "1");
    EXPECT_EQ(complaint({"v.com/c=d", "v.com/c=here"}),
              "CDI device injection failed: unresolvable CDI devices v.com/c=d (looked in " +
                  first() + ", " + second() + "; there are v.com/c=here)");
}

TEST_F(CdiCatalog, AFaultIsToldWhenADeviceIsMissed) {
    write(first(), "good.yaml", "d", "1");
    std::ofstream(first() + "/bad.yaml") << "cdiVersion: 0.5.0\nkind: [\n";
    std::ofstream(first() + "/not-a-specification.txt") << "[";
    EXPECT_EQ(catalog().edits_for({"v.com/c=d"}).environment, (Strings{"ALL=1", "D=1"}));
    const std::string text = complaint({"v.com/c=e"});
    EXPECT_NE(text.find(first() + "/bad.yaml:3:1: "), std::string::npos) << text;
    EXPECT_EQ(text.find("not-a-specification"), std::string::npos) << text;
}

TEST_F(CdiCatalog, ADirectoryThatIsNotThereHasNoDevices) {
    const Catalog none({first() + "/none"});
    EXPECT_FALSE(none.has_kind("v.com/c"));
}

}  // namespace
}  // namespace skiff::cdi
