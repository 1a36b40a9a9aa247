// SPDX-License-Identifier: Apache-2.0
// What a tree is, as far as a build goes by it: names, kinds, modes, owners, bytes and links. Times
// are not part of it: the same files fetched anew must not make a build start over.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include "engine/build/source_tree.h"
#include "storage/archive/sha256.h"

namespace skiff::engine {

class TreeDigest {
  public:
    /// `owners`: they count (SourceTree::owners).
    explicit TreeDigest(bool owners) : owners_(owners) {}

    /// One object, in the order of a walk. `content`: of a file the digest of its bytes in
    /// hexadecimal, of a link its text.
    void add(std::string_view path, const struct stat& status, std::string_view content);
    /// The attributes that are copied with the last object, where owners count.
    void add_xattrs(int fd, const std::string& path);
    /// What is no object of a tree: a document in the Dockerfile, a boundary between two sources.
    void add_text(std::string_view text);
    std::string finish_hex() { return sha_.finish_hex(); }

  private:
    bool owners_;
    storage::Sha256 sha_;
};

/// 64 hexadecimal digits of the file's bytes, from where it stands to its end. `buffer` is for
/// whoever reads many: it is made once. Throws SystemError.
std::string content_digest(int file, const std::string& path, std::vector<char>& buffer);

/// Adds one source of COPY, whatever it is.
void digest_source(const SourceTree& tree, const FoundSource& source,
                   const dockerfile::IgnoreRules& excluded, TreeDigest& digest);

}  // namespace skiff::engine
