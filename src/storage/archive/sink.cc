// SPDX-License-Identifier: Apache-2.0
#include "storage/archive/sink.h"

#include "base/fd.h"

namespace skiff::storage {

void FdSink::write(std::string_view bytes) {
    write_all(fd_, bytes, name_);
}

void HashingSink::write(std::string_view bytes) {
    to_.write(bytes);
    size_ += bytes.size();
    sha_.update(bytes);
}

}  // namespace skiff::storage
