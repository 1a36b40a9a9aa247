// SPDX-License-Identifier: Apache-2.0
#include "monitor/page_buffer.h"

#include <cerrno>

#include <sys/mman.h>

#include "base/error.h"

namespace skiff::monitor {

PageBuffer::PageBuffer(std::size_t capacity) : capacity_(capacity) {
    void* memory =
        mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw SystemError(errno, "cannot get {} bytes of memory", capacity);
    data_ = static_cast<char*>(memory);
}

PageBuffer& PageBuffer::operator=(PageBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
    return *this;
}

PageBuffer::~PageBuffer() {
    if (data_ != nullptr) munmap(data_, capacity_);
}

void PageBuffer::grow(std::size_t capacity) {
    if (capacity <= capacity_) return;
    void* memory = mremap(data_, capacity_, capacity, MREMAP_MAYMOVE);
    if (memory == MAP_FAILED) throw SystemError(errno, "cannot get {} bytes of memory", capacity);
    data_ = static_cast<char*>(memory);
    capacity_ = capacity;
}

void PageBuffer::release_pages() {
    if (data_ != nullptr) madvise(data_, capacity_, MADV_DONTNEED);
}

}  // namespace skiff::monitor
