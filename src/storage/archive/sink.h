// SPDX-License-Identifier: Apache-2.0
// Where the bytes of an archive go.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/archive/sha256.h"

namespace skiff::storage {

class ByteSink {
  public:
    ByteSink() = default;
    ByteSink(const ByteSink&) = delete;
    ByteSink& operator=(const ByteSink&) = delete;
    virtual ~ByteSink() = default;

    /// Takes all of `bytes` or throws SystemError.
    virtual void write(std::string_view bytes) = 0;
};

class FdSink final : public ByteSink {
  public:
    /// Borrows `fd`. `name` is for messages.
    FdSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
    void write(std::string_view bytes) override;

  private:
    int fd_;
    std::string name_;
};

class MemorySink final : public ByteSink {
  public:
    void write(std::string_view bytes) override { bytes_ += bytes; }
    const std::string& bytes() const { return bytes_; }

  private:
    std::string bytes_;
};

/// Counts and digests what passes through it.
class HashingSink final : public ByteSink {
  public:
    /// Borrows `to`.
    explicit HashingSink(ByteSink& to) : to_(to) {}
    void write(std::string_view bytes) override;

    uint64_t size() const { return size_; }
    /// 64 hexadecimal digits; nothing may be written afterwards.
    std::string finish_hex() { return sha_.finish_hex(); }

  private:
    ByteSink& to_;
    uint64_t size_ = 0;
    Sha256 sha_;
};

}  // namespace skiff::storage
