// SPDX-License-Identifier: Apache-2.0
// Compressed archives, recognised by their first bytes: names and media types are only claims.
//
// Members of gzip and frames of zstd may follow one another, as in eStargz and zstd:chunked blobs,
// whose indexes lie in members without content and in skippable frames: both read as the plain tar
// they hold.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "storage/archive/source.h"

namespace skiff::storage {

enum class Compression { none, gzip, zstd, xz, bzip2 };

std::string_view to_string(Compression kind);
/// What the first bytes (6 are enough) of a stream say; `none` for anything unknown.
Compression recognise_compression(std::string_view first_bytes);

/// Bounds on what a small stream may grow to, against decompression bombs.
struct DecompressLimits {
    uint64_t plain_bytes = 64ULL << 30U;  ///< absolute
    uint64_t ratio = 250;                 ///< plain bytes per compressed byte …
    uint64_t ratio_from = 1ULL << 30U;    ///< … looked at from this many plain bytes on
};

/// The plain bytes of another source, whichever way that is compressed.
class Decompressor final : public ByteSource {
  public:
    /// Borrows `compressed` and reads its beginning. `name` is for messages.
    /// Throws Error: unsupported for bzip2.
    Decompressor(ByteSource& compressed, std::string name, const DecompressLimits& limits = {});
    ~Decompressor() override;

    Compression kind() const { return kind_; }
    /// Throws Error: invalid when the stream is damaged, cut, or grows past a limit.
    size_t read(std::span<char> buffer) override;

    /// One decoder of a compression library.
    class Filter {
      public:
        Filter() = default;
        Filter(const Filter&) = delete;
        Filter& operator=(const Filter&) = delete;
        virtual ~Filter() = default;

        struct Step {
            size_t consumed = 0;
            size_t produced = 0;
            bool done = false;  ///< nothing more will come
            std::string_view problem =
                {};  ///< what is wrong with the bytes ("is …"); empty: nothing
        };
        /// Turns some of `input` into some of `output`; `last` when no input follows. A step that
        /// neither consumes nor produces counts as a cut stream when `last` is set, as a damaged
        /// one when there was input.
        virtual Step step(std::string_view input, std::span<char> output, bool last) = 0;
    };

  private:
    void refill();
    [[noreturn]] void fail(std::string_view what) const;

    ByteSource& compressed_;
    std::string name_;
    DecompressLimits limits_;
    std::unique_ptr<char[]> buffer_;
    std::string_view input_;  ///< compressed bytes not used yet, in buffer_
    bool input_ended_ = false;
    bool done_ = false;
    uint64_t compressed_bytes_ = 0;
    uint64_t plain_bytes_ = 0;
    Compression kind_ = Compression::none;
    std::unique_ptr<Filter> filter_;  ///< none for Compression::none
};

}  // namespace skiff::storage
