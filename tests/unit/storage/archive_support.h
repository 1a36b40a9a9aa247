// SPDX-License-Identifier: Apache-2.0
// What the tests of archives share: a builder of tar streams that can lie, and an account of what a
// tree holds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/root_dir.h"
#include "storage/archive/extract.h"
#include "storage/archive/tar_format.h"

namespace skiff::storage::test {

/// Appends blocks as told, sound or not.
class TarBuilder {
  public:
    struct Member {
        std::string name;
        char type = '0';
        std::string content = {};
        std::string link = {};
        unsigned mode = 0644;
        unsigned uid = 0;
        unsigned gid = 0;
        long mtime = 1000;
        unsigned major = 0;
        unsigned minor = 0;
        std::vector<PaxRecord> pax = {};
    };
    TarBuilder& add(const Member& member);
    TarBuilder& file(const std::string& name, const std::string& content = "") {
        return add({.name = name, .content = content});
    }
    TarBuilder& directory(const std::string& name, unsigned mode = 0755) {
        return add({.name = name, .type = '5', .mode = mode});
    }
    TarBuilder& symlink(const std::string& name, const std::string& target) {
        return add({.name = name, .type = '2', .link = target, .mode = 0777});
    }
    TarBuilder& hard_link(const std::string& name, const std::string& target) {
        return add({.name = name, .type = '1', .link = target});
    }
    /// Bytes as they are, padded to a block.
    TarBuilder& raw(std::string_view bytes);
    TarBuilder& header(TarHeader header);
    static TarHeader header_of(const Member& member);

    /// With the end marker.
    std::string finish() const { return bytes_ + std::string(2 * tar_block_size, '\0'); }
    const std::string& without_end() const { return bytes_; }

  private:
    std::string bytes_;
};

/// A directory with "root", the target of extractions, next to "canary", which must stay as it is.
class Sandbox {
  public:
    Sandbox();
    std::string path(const std::string& name) const { return temp_.path() + "/" + name; }
    RootDir root() const;
    /// Makes a second, empty target.
    RootDir fresh(const std::string& name) const;
    ExtractResult extract(std::string_view tar, const ExtractOptions& options = {}) const;
    /// The message of the error that extraction ends in; "" when it succeeds.
    std::string failure(std::string_view tar, const ExtractOptions& options = {}) const;
    bool is_unharmed() const;

  private:
    TempDir temp_;
};

/// One line for each object below `path`, sorted: type, mode, owner, link count, size, time to the
/// nanosecond, digest of content or link target or device number, portable extended attributes.
std::string manifest(const std::string& path);
std::string text_of(const std::string& path);
size_t open_descriptors();
/// Runs a program; throws when it fails.
void run_program(const std::vector<std::string>& command);
/// As root in the initial user namespace, with CAP_MKNOD and all.
bool is_real_root();

}  // namespace skiff::storage::test
