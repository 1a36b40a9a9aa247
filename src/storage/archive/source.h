// SPDX-License-Identifier: Apache-2.0
// Where the bytes of an archive come from: a descriptor, memory, or another source on the way
// through a filter.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "storage/archive/sha256.h"

namespace skiff::storage {

/// Bytes to be pulled, once and in order.
class ByteSource {
  public:
    ByteSource() = default;
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;
    virtual ~ByteSource() = default;

    /// Puts up to buffer.size() (> 0) bytes in front of `buffer` and returns how many; 0 means the
    /// end, for good. Throws Error when the bytes cannot be read or are malformed.
    virtual size_t read(std::span<char> buffer) = 0;
};

// Overloads of those for descriptors.
using skiff::read_full;
using skiff::read_to_end;
/// Reads until `buffer` is full or the end; returns the count.
size_t read_full(ByteSource& source, std::span<char> buffer);
/// All that is left; Error{invalid} past `limit` bytes. `name` is for that message.
std::string read_to_end(ByteSource& source, size_t limit, std::string_view name);

class FdSource final : public ByteSource {
  public:
    /// Borrows `fd` (file, pipe, socket; blocking). `name` is for messages.
    FdSource(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
    size_t read(std::span<char> buffer) override;

  private:
    int fd_;
    std::string name_;
};

/// Borrows the bytes; without any, an empty source.
class MemorySource final : public ByteSource {
  public:
    MemorySource() = default;
    explicit MemorySource(std::string_view bytes) : rest_(bytes) {}
    explicit MemorySource(const char* text) : rest_(text) {}
    explicit MemorySource(std::string&&) = delete;
    size_t read(std::span<char> buffer) override;

  private:
    std::string_view rest_;
};

/// Counts and digests what is pulled through it, and stops at a limit.
class HashingSource final : public ByteSource {
  public:
    /// Borrows `from`. More than `limit` bytes are Error{invalid} naming `name`.
    HashingSource(ByteSource& from, uint64_t limit, std::string name)
        : from_(from), limit_(limit), name_(std::move(name)) {}
    size_t read(std::span<char> buffer) override;

    /// Pulls what is left, so that size and digest cover the whole of it.
    void drain();
    /// Bytes so far.
    uint64_t size() const { return size_; }
    /// Digest of the bytes so far, as 64 hexadecimal digits; nothing may be read afterwards.
    std::string finish_hex() { return sha_.finish_hex(); }

  private:
    ByteSource& from_;
    uint64_t limit_;
    std::string name_;
    uint64_t size_ = 0;
    Sha256 sha_;
};

}  // namespace skiff::storage
