// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>

namespace skiff::monitor {

/// A block of memory that can be given back to the kernel without being freed: hundreds of idle
/// monitors must not each keep what their busiest moment needed.
class PageBuffer {
  public:
    PageBuffer() = default;
    /// Maps `capacity` bytes; no page exists before it is written. Throws SystemError.
    explicit PageBuffer(std::size_t capacity);
    PageBuffer(PageBuffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    PageBuffer& operator=(PageBuffer&& other) noexcept;
    PageBuffer(const PageBuffer&) = delete;
    PageBuffer& operator=(const PageBuffer&) = delete;
    ~PageBuffer();

    char* data() { return data_; }
    const char* data() const { return data_; }
    std::size_t capacity() const { return capacity_; }
    /// Makes the capacity at least `capacity`; content stays, data() may change. Throws
    /// SystemError.
    void grow(std::size_t capacity);
    /// Gives the pages back; the content is lost, the capacity stays.
    void release_pages();

  private:
    char* data_ = nullptr;
    std::size_t capacity_ = 0;
};

}  // namespace skiff::monitor
