// SPDX-License-Identifier: Apache-2.0
#include "storage/archive/source.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <unistd.h>

#include "base/error.h"

namespace skiff::storage {
namespace {

constexpr size_t drain_size = 128 * 1024;

}  // namespace

size_t read_full(ByteSource& source, std::span<char> buffer) {
    size_t filled = 0;
    while (filled < buffer.size()) {
        const size_t n = source.read(buffer.subspan(filled));
        if (n == 0) break;
        filled += n;
    }
    return filled;
}

std::string read_to_end(ByteSource& source, size_t limit, std::string_view name) {
    std::string text;
    for (;;) {
        const size_t filled = text.size();
        // One byte more than the limit tells "just fits" from "too large".
        const size_t room = std::min(std::max<size_t>(filled, 4096), limit + 1 - filled);
        text.resize(filled + room);
        const size_t n = source.read(std::span(text).subspan(filled));
        text.resize(filled + n);
        if (n == 0) return text;
        if (text.size() > limit)
            throw Error(ErrorKind::invalid, "{} is larger than {} bytes", name, limit);
    }
}

size_t FdSource::read(std::span<char> buffer) {
    for (;;) {
        const ssize_t n = ::read(fd_, buffer.data(), buffer.size());
        if (n >= 0) return static_cast<size_t>(n);
        if (errno != EINTR) throw SystemError(errno, "cannot read {}", name_);
    }
}

size_t MemorySource::read(std::span<char> buffer) {
    const size_t n = std::min(buffer.size(), rest_.size());
    std::copy_n(rest_.data(), n, buffer.data());
    rest_.remove_prefix(n);
    return n;
}

size_t HashingSource::read(std::span<char> buffer) {
    const size_t n = from_.read(buffer);
    size_ += n;
    if (size_ > limit_)
        throw Error(ErrorKind::invalid, "{} is larger than {} bytes", name_, limit_);
    sha_.update({buffer.data(), n});
    return n;
}

void HashingSource::drain() {
    std::vector<char> buffer(drain_size);
    while (read(buffer) > 0) {
    }
}

}  // namespace skiff::storage
