// SPDX-License-Identifier: Apache-2.0
// The one extractor: whatever an image, an import or a copy unpacks, it unpacks here.
//
// An archive is an attacker's. Every member is made by one name in a directory that was reached
// beneath the target without following any link, so that no sequence of members can name anything
// outside; hard links find their target the same way. Members replace what is in their place as in
// Docker (only a directory onto a directory merges), and symbolic links are stored verbatim and
// never looked through: a member below a link is refused.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/root_dir.h"
#include "storage/archive/source.h"
#include "storage/archive/tar_reader.h"
#include "storage/archive/xattrs.h"

namespace skiff::storage {

enum class Ownership {
    apply,   ///< chown; ids that the user namespace does not map are an error
    record,  ///< single-id stores: files stay ours, owner and mode go to override_xattr
};

enum class EndMarker {
    required,  ///< nobody vouches for the archive: one that just stops was cut
    optional,  ///< a digest is compared afterwards; some writers leave the marker out
};

struct ExtractOptions {
    Ownership ownership = Ownership::apply;
    OverlayXattrs overlay_xattrs = OverlayXattrs::trusted;
    EndMarker end_marker = EndMarker::required;
    /// Lends the trees of the layers below, topmost first: a directory that the archive implies
    /// but does not list gets mode, owner and time from there, else it would hide a lower /tmp's
    /// 1777 behind 0755 root.
    /// Asked for once, after the last entry and only if needed: layers are unpacked side by side,
    /// and this waits for those below. Null: none.
    std::function<std::span<const RootDir>()> lowers = nullptr;
    /// False: no layer, but an archive of files (ADD); names that begin with ".wh." are names.
    bool whiteouts = true;
    uint64_t plain_bytes = 64ULL << 30U;  ///< limit on the archive
    TarLimits limits = {};
};

struct ExtractResult {
    std::string
        diff_id;  ///< "sha256:…" of the whole plain stream, with all that follows the end marker
    uint64_t plain_bytes = 0;      ///< of that stream
    uint64_t entries = 0;          ///< members read, whiteouts included
    uint64_t file_bytes = 0;       ///< content written to files, holes not counted
    uint64_t skipped_devices = 0;  ///< device nodes that the kernel refuses here (user namespace);
                                   ///< Docker and podman skip too
    uint64_t dropped_xattrs =
        0;  ///< not portable (see is_portable_xattr), or not supported by the file system
    bool root_is_listed = false;  ///< "./" was among them: mode, owner and time of the target
    bool root_is_opaque = false;  ///< the archive hides all layers below; overlayfs ignores the
                                  ///< mark on a layer's root
};

/// Unpacks the plain layer tar `tar` into `target`, an empty directory that nobody else writes to,
/// and reads the source to its end. OCI whiteouts become overlayfs's (a character device 0:0;
/// opaque_xattr), in whichever order they come with the files that replace the deleted ones
/// (image-spec layer.md, "Whiteouts").
///
/// Sets the process's umask meanwhile. Throws Error: invalid for damaged, cut or hostile archives,
/// naming the entry; unsupported; SystemError where the file system refuses. The target then holds
/// a part and is the caller's to delete. Nothing is synced.
ExtractResult extract_layer(ByteSource& tar, const RootDir& target,
                            const ExtractOptions& options = {});

}  // namespace skiff::storage
