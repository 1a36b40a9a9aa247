// SPDX-License-Identifier: Apache-2.0
#include "engine/build/tree_digest.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <sys/xattr.h>

#include "base/error.h"
#include "base/file.h"
#include "base/root_dir.h"
#include "base/text.h"
#include "storage/archive/xattrs.h"

namespace skiff::engine {
namespace {

constexpr size_t buffer_size = 256U << 10U;

class DigestVisitor final : public TreeVisitor {
  public:
    explicit DigestVisitor(TreeDigest& digest) : digest_(digest) {}

    void enter(const std::string& path, int directory, const struct stat& status) override {
        digest_.add(path, status, "");
        digest_.add_xattrs(directory, path);
    }
    void leave(const std::string&, int, const struct stat&) override {}
    void object(const std::string& path, int parent, const std::string& name,
                const struct stat& status) override {
        if (S_ISSOCK(status.st_mode)) return;
        if (S_ISLNK(status.st_mode))
            return digest_.add(path, status, find_link(parent, name).value_or(""));
        if (!S_ISREG(status.st_mode)) return digest_.add(path, status, "");
        const Fd file = open_source_file(parent, name, path);
        digest_.add(path, status, content_digest(file.get(), path, buffer_));
        digest_.add_xattrs(file.get(), path);
    }

  private:
    TreeDigest& digest_;
    std::vector<char> buffer_;
};

}  // namespace

void TreeDigest::add(std::string_view path, const struct stat& status, std::string_view content) {
    add_text(fmt::format("{:o} {} {} {}", status.st_mode, owners_ ? status.st_uid : 0,
                         owners_ ? status.st_gid : 0,
                         S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode) ? status.st_rdev : 0));
    add_text(path);
    add_text(content);
}

void TreeDigest::add_text(std::string_view text) {
    // The length in front: no two lists of texts are one text.
    sha_.update(fmt::format("{}:", text.size()));
    sha_.update(text);
}

void TreeDigest::add_xattrs(int fd, const std::string& path) {
    if (!owners_) return;
    std::vector<char> buffer(64U << 10U);
    const ssize_t length = flistxattr(fd, buffer.data(), buffer.size());
    if (length < 0 && errno == ENOTSUP) return;
    if (length < 0) throw SystemError(errno, "cannot read the attributes of {}", quoted(path));
    std::vector<std::string> names;
    for (const std::string_view name : split({buffer.data(), static_cast<size_t>(length)}, '\0'))
        if (!name.empty() && storage::is_portable_xattr(name)) names.emplace_back(name);
    std::ranges::sort(names);
    for (const std::string& name : names) {
        const ssize_t n = fgetxattr(fd, name.c_str(), buffer.data(), buffer.size());
        if (n < 0) continue;
        add_text(name);
        add_text({buffer.data(), static_cast<size_t>(n)});
    }
}

std::string content_digest(int file, const std::string& path, std::vector<char>& buffer) {
    buffer.resize(buffer_size);
    storage::Sha256 sha;
    for (;;) {
        const ssize_t n = read(file, buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw SystemError(errno, "cannot read {}", quoted(path));
        if (n == 0) return sha.finish_hex();
        sha.update({buffer.data(), static_cast<size_t>(n)});
    }
}

void digest_source(const SourceTree& tree, const FoundSource& source,
                   const dockerfile::IgnoreRules& excluded, TreeDigest& digest) {
    DigestVisitor visitor(digest);
    if (S_ISDIR(source.status.st_mode)) return walk_source(tree, source, excluded, visitor);
    if (!excluded.empty() && excluded.excludes(source.name)) return;
    if (!S_ISREG(source.status.st_mode)) return digest.add(source.name, source.status, "");
    const Fd file = tree.root.open(source.path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    std::vector<char> buffer;
    digest.add(source.name, source.status, content_digest(file.get(), "/" + source.path, buffer));
    digest.add_xattrs(file.get(), source.path);
}

}  // namespace skiff::engine
