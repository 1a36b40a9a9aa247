// SPDX-License-Identifier: Apache-2.0
// Reads a tar stream entry by entry: V7, ustar, pax, GNU long names, and sparse files in GNU's four
// forms.
//
// Ambiguities are resolved as Go's archive/tar does, since that is what other engines read layers
// with: links, devices and directories have no content whatever their size field says; pax values
// override header fields; global pax headers and volume labels are passed over.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "storage/archive/source.h"
#include "storage/archive/sparse_layout.h"
#include "storage/archive/tar_format.h"

namespace skiff::storage {

enum class TarEntryType {
    file,
    hard_link,
    symlink,
    character_device,
    block_device,
    directory,
    fifo
};

std::string_view to_string(TarEntryType type);

struct TarXattr {
    std::string name;
    std::string value;
};

struct TarEntry {
    TarEntryType type = TarEntryType::file;
    std::string name;  ///< as it stands in the archive: not cleaned, not trusted, without NUL
    std::string link_target;  ///< of links, likewise
    uint64_t size = 0;        ///< of the file once unpacked; 0 for all but files
    mode_t mode = 0;          ///< permissions, set-id and sticky bits only
    uid_t uid = 0;            ///< never (uid_t)-1, which chown(2) would take for "keep"
    gid_t gid = 0;
    TarTime mtime;
    unsigned device_major = 0;
    unsigned device_minor = 0;
    std::vector<TarXattr> xattrs;  ///< in the archive's order, names unique
};

struct TarLimits {
    uint64_t entries = 4U << 20U;
    size_t name_bytes = 4095;  ///< of names and link targets; no system call takes more (PATH_MAX)
    size_t special_bytes = 1U << 20U;    ///< of one pax header or GNU long name, as in Go
    size_t sparse_segments = 1U << 20U;  ///< of one file
};

/// Throws Error{invalid} naming the entry at which an archive is damaged or cut, Error{unsupported}
/// for formats that nobody writes any more.
class TarReader {
  public:
    /// Borrows `source`, which is read in large pieces.
    explicit TarReader(ByteSource& source, const TarLimits& limits = {});
    ~TarReader();

    /// The next entry, passing over what is left of the content of the one before; null at the end.
    /// Valid until the next call.
    const TarEntry* next();

    struct Chunk {
        uint64_t offset = 0;  ///< in the unpacked file
        std::string_view bytes;
    };
    /// A piece of the current entry's content, lent until the next call of any method; nothing at
    /// its end. Between pieces, and after the last, there may be holes.
    std::optional<Chunk> next_chunk();

    /// The current entry's content as a source, holes as zeros. Starts where next_chunk stopped;
    /// belongs to the reader, valid until next().
    ByteSource& content();

    /// After the last entry: whether the archive ends with at least one block of zeros, as it must,
    /// or just stops. Go takes both for whole, so only a digest or a caller without one may insist.
    bool has_end_marker() const { return end_marker_; }

  private:
    class Content;
    struct Extensions;

    bool want(size_t bytes);
    const char* next_block();
    const char* next_content_block();
    void skip(uint64_t bytes);
    std::string read_special(uint64_t size);
    void read_end();
    void start_entry(const TarHeader& header, Extensions& extensions);
    void read_attributes(const TarHeader& header);
    void read_device(const TarHeader& header);
    void apply_pax(const Extensions& extensions);
    std::optional<SparseLayout> read_sparse_layout(const TarHeader& header,
                                                   const Extensions& extensions);
    SparseLayout read_gnu_layout(const TarHeader& header);
    SparseLayout read_pax_1_0_layout(uint64_t real_size);
    void check_names() const;
    [[noreturn]] void fail(std::string_view what) const;

    ByteSource& source_;
    TarLimits limits_;
    std::unique_ptr<char[]> buffer_;
    std::string_view buffered_;  ///< bytes not used yet, in buffer_

    TarEntry entry_;
    uint64_t entries_ = 0;
    uint64_t content_left_ = 0;  ///< stored bytes of the current entry
    uint64_t padding_left_ = 0;
    uint64_t file_offset_ = 0;  ///< where the next stored byte belongs
    bool ended_ = false;
    bool end_marker_ = false;
    std::optional<SparseLayout> sparse_;
    size_t segment_ = 0;  ///< of sparse_, where file_offset_ lies
    std::unique_ptr<Content> content_;
};

}  // namespace skiff::storage
