// SPDX-License-Identifier: Apache-2.0
// Which parts of a sparse file an archive holds. See "Storing Sparse Files" of GNU tar's manual.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace skiff::storage {

struct SparseSegment {
    uint64_t offset = 0;
    uint64_t length = 0;
};

struct SparseLayout {
    std::vector<SparseSegment> segments;
    uint64_t file_size = 0;

    /// In order, apart, within the file, and `stored` bytes together; the limit is that of off_t.
    bool is_sound(uint64_t stored) const;
};

/// Takes up to `count` pairs of 12-byte numbers (GNU's own form) up to the first empty one. False
/// when malformed.
bool append_gnu_segments(std::string_view fields, size_t count,
                         std::vector<SparseSegment>& segments);

/// "OFFSET,LENGTH,OFFSET,LENGTH…" (pax 0.1). Nothing when malformed or more than `limit` segments.
std::optional<std::vector<SparseSegment>> parse_sparse_list(std::string_view text, size_t limit);

/// The map at the beginning of the content (pax 1.0): lines of a count and that many offsets and
/// lengths, fed in blocks.
class SparseTextParser {
  public:
    explicit SparseTextParser(size_t limit) : limit_(limit) {}

    enum class State { more, complete, malformed };
    /// Bytes after the last line, up to the block's end, are padding.
    State feed(std::string_view block);
    std::vector<SparseSegment> take() { return std::move(segments_); }

  private:
    bool add(uint64_t number);

    size_t limit_;
    uint64_t number_ = 0;
    unsigned digits_ = 0;
    std::optional<uint64_t> count_;
    bool has_offset_ = false;
    uint64_t offset_ = 0;
    std::vector<SparseSegment> segments_;
};

}  // namespace skiff::storage
