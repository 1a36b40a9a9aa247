// SPDX-License-Identifier: Apache-2.0
#include "storage/archive/decompress.h"

#include <algorithm>
#include <new>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/error.h"

namespace skiff::storage {
namespace {

using namespace std::string_view_literals;
using Filter = Decompressor::Filter;

constexpr size_t input_size = 128 * 1024;
constexpr std::string_view damaged = "is damaged";
constexpr std::string_view gzip_magic = "\x1f\x8b";
constexpr std::string_view zstd_magic = "\x28\xb5\x2f\xfd";
constexpr std::string_view xz_magic =
    "\xfd"
    "7zXZ\0"sv;
constexpr std::string_view bzip2_magic = "BZh";
// What xz -9 needs is 65 MiB; a header may ask for 4 GiB.
constexpr uint64_t xz_memory = 256ULL << 20U;

unsigned char* bytes_of(char* data) {
    return reinterpret_cast<unsigned char*>(data);
}
const unsigned char* bytes_of(const char* data) {
    return reinterpret_cast<const unsigned char*>(data);
}

bool is_zstd(std::string_view bytes) {
    // A stream may begin with a skippable frame: 0x184D2A50 to …5F, little endian (RFC
    // 8878, 3.1.2).
    const bool skippable =
        bytes.size() >= 4 && (bytes[0] & 0xf0) == 0x50 && bytes.substr(1, 3) == "\x2a\x4d\x18";
    return bytes.starts_with(zstd_magic) || skippable;
}

class GzipFilter final : public Filter {
  public:
    GzipFilter() {
        if (inflateInit2(&stream_, MAX_WBITS + 16 /* gzip, not zlib */) != Z_OK)
            throw std::bad_alloc();
    }
    ~GzipFilter() override { inflateEnd(&stream_); }

    Step step(std::string_view input, std::span<char> output, bool last) override {
        if (between_members_) return begin_member(input, output, last);
        stream_.next_in = const_cast<unsigned char*>(bytes_of(input.data()));
        stream_.avail_in = static_cast<uInt>(input.size());
        stream_.next_out = bytes_of(output.data());
        stream_.avail_out = static_cast<uInt>(std::min<size_t>(output.size(), 1U << 30U));
        const uInt room = stream_.avail_out;
        const int result = inflate(&stream_, Z_NO_FLUSH);
        if (result == Z_MEM_ERROR) throw std::bad_alloc();
        between_members_ = result == Z_STREAM_END;
        // Z_BUF_ERROR is "no progress possible", which the caller judges.
        const bool sound = result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR;
        return {.consumed = input.size() - stream_.avail_in,
                .produced = room - stream_.avail_out,
                .problem = sound ? "" : damaged};
    }

  private:
    Step begin_member(std::string_view input, std::span<char> output, bool last) {
        if (input.empty() && last) return {.done = true};
        // Tapes and some registries pad with zeros, as gzip(1) accepts. Anything else is the next
        // member.
        const size_t padding = std::min(input.find_first_not_of('\0'), input.size());
        padded_ = padded_ || padding > 0;
        if (padding == input.size()) return {.consumed = padding};
        if (padded_ || inflateReset(&stream_) != Z_OK) return {.problem = damaged};
        between_members_ = false;
        return step(input, output, last);
    }

    z_stream stream_{};
    bool between_members_ = false;
    bool padded_ = false;
};

class ZstdFilter final : public Filter {
  public:
    ZstdFilter() : context_(ZSTD_createDCtx()) {
        // The window stays at the library's limit of 128 MiB: larger ones need --long to unpack,
        // too.
        if (context_ == nullptr) throw std::bad_alloc();
    }
    ~ZstdFilter() override { ZSTD_freeDCtx(context_); }

    Step step(std::string_view input, std::span<char> output, bool last) override {
        if (input.empty() && last && frame_complete_) return {.done = true};
        ZSTD_inBuffer in{input.data(), input.size(), 0};
        ZSTD_outBuffer out{output.data(), output.size(), 0};
        const size_t result = ZSTD_decompressStream(context_, &out, &in);
        if (ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge)
            return {.problem = "asks for a window of more than 128 MiB"};
        if (ZSTD_isError(result)) return {.problem = damaged};
        if (in.pos > 0 || out.pos > 0) frame_complete_ = result == 0;
        return {.consumed = in.pos, .produced = out.pos};
    }

  private:
    ZSTD_DCtx* context_;
    bool frame_complete_ = true;
};

class XzFilter final : public Filter {
  public:
    XzFilter() {
        if (lzma_stream_decoder(&stream_, xz_memory, LZMA_CONCATENATED) != LZMA_OK)
            throw std::bad_alloc();
    }
    ~XzFilter() override { lzma_end(&stream_); }

    Step step(std::string_view input, std::span<char> output, bool last) override {
        stream_.next_in = bytes_of(input.data());
        stream_.avail_in = input.size();
        stream_.next_out = bytes_of(output.data());
        stream_.avail_out = output.size();
        const lzma_ret result = lzma_code(&stream_, last ? LZMA_FINISH : LZMA_RUN);
        if (result == LZMA_MEM_ERROR) throw std::bad_alloc();
        if (result == LZMA_MEMLIMIT_ERROR)
            return {.problem = "asks for more than 256 MiB of memory"};
        const bool sound =
            result == LZMA_OK || result == LZMA_STREAM_END || result == LZMA_BUF_ERROR;
        return {.consumed = input.size() - stream_.avail_in,
                .produced = output.size() - stream_.avail_out,
                .done = result == LZMA_STREAM_END,
                .problem = sound ? "" : damaged};
    }

  private:
    lzma_stream stream_ = LZMA_STREAM_INIT;
};

std::unique_ptr<Filter> make_filter(Compression kind) {
    switch (kind) {
        case Compression::gzip:
            return std::make_unique<GzipFilter>();
        case Compression::zstd:
            return std::make_unique<ZstdFilter>();
        case Compression::xz:
            return std::make_unique<XzFilter>();
        case Compression::none:
        case Compression::bzip2:
            break;
    }
    return nullptr;
}

}  // namespace

std::string_view to_string(Compression kind) {
    switch (kind) {
        case Compression::none:
            return "none";
        case Compression::gzip:
            return "gzip";
        case Compression::zstd:
            return "zstd";
        case Compression::xz:
            return "xz";
        case Compression::bzip2:
            return "bzip2";
    }
    return "unknown";
}

Compression recognise_compression(std::string_view first_bytes) {
    if (first_bytes.starts_with(gzip_magic)) return Compression::gzip;
    if (is_zstd(first_bytes)) return Compression::zstd;
    if (first_bytes.starts_with(xz_magic)) return Compression::xz;
    if (first_bytes.starts_with(bzip2_magic)) return Compression::bzip2;
    return Compression::none;
}

Decompressor::Decompressor(ByteSource& compressed, std::string name, const DecompressLimits& limits)
    : compressed_(compressed),
      name_(std::move(name)),
      limits_(limits),
      buffer_(new char[input_size]) {
    // A pipe may give less than a magic number at once.
    const size_t n = read_full(compressed_, {buffer_.get(), xz_magic.size()});
    compressed_bytes_ = n;
    input_ = {buffer_.get(), n};
    kind_ = recognise_compression(input_);
    if (kind_ == Compression::bzip2)
        throw Error(ErrorKind::unsupported,
                    "{} is compressed by bzip2; gzip, zstd and xz are understood", name_);
    filter_ = make_filter(kind_);
}

Decompressor::~Decompressor() = default;

void Decompressor::fail(std::string_view what) const {
    throw Error(ErrorKind::invalid, "{} ({}) {}", name_, to_string(kind_), what);
}

void Decompressor::refill() {
    if (!input_.empty() || input_ended_) return;
    const size_t n = compressed_.read({buffer_.get(), input_size});
    input_ = {buffer_.get(), n};
    input_ended_ = n == 0;
    compressed_bytes_ += n;
}

size_t Decompressor::read(std::span<char> buffer) {
    size_t produced = 0;
    if (!filter_) {
        if (input_.empty()) {
            produced = compressed_.read(buffer);
        } else {
            produced = input_.copy(buffer.data(), buffer.size());
            input_.remove_prefix(produced);
        }
    }
    while (filter_ && produced == 0 && !done_) {
        refill();
        const Filter::Step step = filter_->step(input_, buffer, input_ended_);
        if (!step.problem.empty()) fail(step.problem);
        const bool stuck = step.consumed == 0 && step.produced == 0 && !step.done;
        if (stuck && input_ended_) fail("is cut");
        if (stuck && !input_.empty()) fail(damaged);
        input_.remove_prefix(step.consumed);
        produced = step.produced;
        done_ = step.done;
    }
    plain_bytes_ += produced;
    if (plain_bytes_ > limits_.plain_bytes)
        throw Error(ErrorKind::invalid, "{} is larger than {} bytes when unpacked", name_,
                    limits_.plain_bytes);
    if (filter_ && plain_bytes_ > limits_.ratio_from &&
        plain_bytes_ / limits_.ratio > compressed_bytes_)
        throw Error(ErrorKind::invalid,
                    "{} grows to more than {} times its size: this looks like a decompression bomb",
                    name_, limits_.ratio);
    return produced;
}

}  // namespace skiff::storage
