// SPDX-License-Identifier: Apache-2.0
// Writes tar archives: members one by one, and a layer from a tree.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "base/root_dir.h"
#include "storage/archive/sink.h"
#include "storage/archive/source.h"
#include "storage/archive/tar_reader.h"
#include "storage/archive/xattrs.h"

namespace skiff::storage {

/// Writes ustar headers, with a pax header before those that say more than ustar can: long or
/// non-ASCII names, large numbers, extended attributes. Times are whole seconds. The same calls
/// give the same bytes.
class TarWriter {
  public:
    /// Borrows `sink`.
    explicit TarWriter(ByteSink& sink) : sink_(sink) {}

    /// One member; `content` gives exactly entry.size bytes (0 for all but files), else
    /// Error{invalid} and the archive is of no use. Names of directories get a final '/'.
    void add(const TarEntry& entry, ByteSource& content);
    /// A regular file of root's with mode 0644 and mtime 0.
    void add_file(const std::string& name, std::string_view content);
    /// The same from the first `size` bytes of `content`.
    void add_file(const std::string& name, uint64_t size, ByteSource& content);
    /// A directory of root's with mode 0755 and mtime 0.
    void add_directory(const std::string& name);
    /// The end marker. Once, at the end; without it the archive counts as cut.
    void finish();

  private:
    void write_header(const TarEntry& entry);
    void write_content(const TarEntry& entry, ByteSource& content);

    ByteSink& sink_;
};

struct TreeTarOptions {
    /// Which opaque mark the tree has.
    OverlayXattrs overlay_xattrs = OverlayXattrs::trusted;
    /// Owners and modes come from override_xattr where there is one (trees of a single-id store).
    bool recorded_owners = false;
    /// Leave "./" out where it says nothing (its time is not kept then): where it is like the root
    /// of `below`, the tree that this one comes on top of; without one, root's with mode 0755.
    bool implied_root = false;
    const RootDir* below = nullptr;
    /// Paths that are left out, with all that is in them: relative, clean.
    std::set<std::string> without = {};
    /// What owners and groups become; null: they stay.
    std::function<std::uint32_t(std::uint32_t)> uid = {};
    std::function<std::uint32_t(std::uint32_t)> gid = {};
};

/// Writes the layer tree `tree` (an overlay upper directory, or what extract_layer made) as an OCI
/// layer: overlay whiteouts and opaque directories as ".wh." members, hard links once with content,
/// portable extended attributes, capabilities without a namespace's root. Members are sorted by
/// name, so equal trees give equal archives, apart from which name of a hard-linked file comes
/// first: the smallest. Sockets are left out, as tar has no form for them.
///
/// Nothing in the tree is trusted: it is read by descriptor and no link is followed. Throws Error:
/// in_use when a file changes its size meanwhile; invalid for a name that begins with ".wh.", which
/// would become a deletion; SystemError. Holds one descriptor for each level of the tree.
void write_layer_tar(const RootDir& tree, ByteSink& sink, const TreeTarOptions& options = {});

}  // namespace skiff::storage
