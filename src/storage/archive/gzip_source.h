// SPDX-License-Identifier: Apache-2.0
// Compression on the way out: layers as registries and other engines want them.
#pragma once

#include <memory>

#include "storage/archive/source.h"

struct z_stream_s;

namespace skiff::storage {

/// The bytes of another source as one gzip stream. Without name and time in its header, so equal
/// input gives equal output.
class GzipSource final : public ByteSource {
  public:
    /// Borrows `plain`.
    explicit GzipSource(ByteSource& plain);
    ~GzipSource() override;

    size_t read(std::span<char> buffer) override;

  private:
    ByteSource& plain_;
    std::unique_ptr<char[]> input_;
    std::unique_ptr<z_stream_s> stream_;
    bool input_ended_ = false;
    bool done_ = false;
};

}  // namespace skiff::storage
