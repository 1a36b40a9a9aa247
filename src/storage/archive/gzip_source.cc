// SPDX-License-Identifier: Apache-2.0
#include "storage/archive/gzip_source.h"

#include <algorithm>
#include <new>

#include <zlib.h>

#include "base/error.h"

namespace skiff::storage {
namespace {

constexpr size_t input_size = 128U << 10U;
constexpr int gzip_window = MAX_WBITS + 16;
constexpr int memory_level = 8;

}  // namespace

GzipSource::GzipSource(ByteSource& plain)
    : plain_(plain), input_(new char[input_size]), stream_(std::make_unique<z_stream_s>()) {
    if (deflateInit2(stream_.get(), Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc();
}

GzipSource::~GzipSource() {
    deflateEnd(stream_.get());
}

size_t GzipSource::read(std::span<char> buffer) {
    const auto room = static_cast<uInt>(std::min<size_t>(buffer.size(), 1U << 30U));
    stream_->next_out = reinterpret_cast<unsigned char*>(buffer.data());
    stream_->avail_out = room;
    while (!done_ && stream_->avail_out == room) {
        if (stream_->avail_in == 0 && !input_ended_) {
            const size_t n = plain_.read({input_.get(), input_size});
            stream_->next_in = reinterpret_cast<unsigned char*>(input_.get());
            stream_->avail_in = static_cast<uInt>(n);
            input_ended_ = n == 0;
        }
        const int result = deflate(stream_.get(), input_ended_ ? Z_FINISH : Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            throw Error(ErrorKind::system, "cannot compress a layer (zlib error {})", result);
        done_ = result == Z_STREAM_END;
    }
    return room - stream_->avail_out;
}

}  // namespace skiff::storage
