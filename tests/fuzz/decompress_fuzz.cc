// SPDX-License-Identifier: Apache-2.0
// Compressed bytes unpack to the same in large and in small pieces, or are refused either way,
// within the limits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "storage/archive/decompress.h"

namespace {

using namespace skiff::storage;

constexpr size_t most_bytes = 1U << 20U;

class SmallPieces final : public ByteSource {
  public:
    SmallPieces(ByteSource& from, size_t most) : from_(from), most_(most) {}
    size_t read(std::span<char> buffer) override {
        return from_.read(buffer.first(std::min(buffer.size(), most_)));
    }

  private:
    ByteSource& from_;
    size_t most_;
};

std::optional<std::string> unpack(std::string_view bytes, size_t piece) {
    try {
        MemorySource memory(bytes);
        SmallPieces in(memory, piece);
        Decompressor plain(in, "the input",
                           {.plain_bytes = most_bytes, .ratio = 500, .ratio_from = most_bytes / 2});
        SmallPieces out(plain, piece);
        return read_to_end(out, most_bytes, "the input");
    } catch (const skiff::Error&) {
        return std::nullopt;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::optional<std::string> whole = unpack(bytes, most_bytes);
    // The growth is judged on what was read so far, so that only sure results must agree.
    const std::optional<std::string> pieces = unpack(bytes, 61);
    if (whole && pieces && *whole != *pieces) std::abort();
    if (whole && whole->size() < most_bytes / 2 && !pieces) std::abort();
    return 0;
}
