// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "storage/archive/decompress.h"

namespace skiff::storage {
namespace {

std::string gzip(const std::string& plain) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    std::string bytes(deflateBound(&stream, plain.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
    stream.avail_out = static_cast<uInt>(bytes.size());
    deflate(&stream, Z_FINISH);
    bytes.resize(stream.total_out);
    deflateEnd(&stream);
    return bytes;
}

std::string zstd(const std::string& plain) {
    std::string bytes(ZSTD_compressBound(plain.size()), '\0');
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    bytes.resize(ZSTD_compress2(context, bytes.data(), bytes.size(), plain.data(), plain.size()));
    ZSTD_freeCCtx(context);
    return bytes;
}

std::string xz(const std::string& plain) {
    std::string bytes(lzma_stream_buffer_bound(plain.size()), '\0');
    size_t size = 0;
    lzma_easy_buffer_encode(3, LZMA_CHECK_CRC64, nullptr,
                            reinterpret_cast<const uint8_t*>(plain.data()), plain.size(),
                            reinterpret_cast<uint8_t*>(bytes.data()), &size, bytes.size());
    bytes.resize(size);
    return bytes;
}

const std::string skippable("\x5e\x2a\x4d\x18\x04\x00\x00\x00toc!", 12);

/// Gives one byte at a time, as a slow pipe may.
class DrippingSource final : public ByteSource {
  public:
    explicit DrippingSource(std::string_view bytes) : source_(bytes) {}
    size_t read(std::span<char> buffer) override { return source_.read(buffer.first(1)); }

  private:
    MemorySource source_;
};

std::string unpack(std::string_view bytes, const DecompressLimits& limits = {}) {
    MemorySource source(bytes);
    Decompressor plain(source, "x", limits);
    return read_to_end(plain, 1U << 30U, "x");
}

std::string failure(std::string_view bytes, const DecompressLimits& limits = {}) {
    try {
        unpack(bytes, limits);
        return "";
    } catch (const Error& error) {
        return error.message();
    }
}

std::string some_text() {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += std::to_string(i * 7919 % 10007) + ",";
    return text;
}

struct Format {
    const char* name;
    std::string (*pack)(const std::string&);
};

class EachFormat : public testing::TestWithParam<Format> {};
INSTANTIATE_TEST_SUITE_P(Decompress, EachFormat,
                         testing::Values(Format{"gzip", gzip}, Format{"zstd", zstd},
                                         Format{"xz", xz}),
                         [](const auto& format) { return format.param.name; });

TEST_P(EachFormat, IsRecognisedAndUnpacked) {
    const std::string packed = GetParam().pack(some_text());
    EXPECT_EQ(to_string(recognise_compression(packed)), GetParam().name);
    EXPECT_TRUE(unpack(packed) == some_text());
}

TEST_P(EachFormat, MayArriveByteByByte) {
    const std::string packed =
        GetParam().pack("hello") + GetParam().pack("") + GetParam().pack(" world");
    DrippingSource source(packed);
    Decompressor plain(source, "x");
    EXPECT_EQ(read_to_end(plain, 100, "x"), "hello world");
}

TEST_P(EachFormat, MayConsistOfSeveralStreams) {
    EXPECT_EQ(unpack(GetParam().pack("one") + GetParam().pack("") + GetParam().pack("two")),
              "onetwo");
}

TEST_P(EachFormat, IsRefusedWhenCutAnywhere) {
    const std::string packed =
        GetParam().pack("some content that is not too short, that is not too short");
    for (size_t size = 6; size < packed.size(); ++size)
        EXPECT_NE(failure(packed.substr(0, size)), "") << size;
}

TEST_P(EachFormat, IsRefusedWhenDamaged) {
    std::string packed = GetParam().pack(some_text());
    packed[packed.size() / 2] ^= 0x55;
    EXPECT_NE(failure(packed), "");
}

TEST_P(EachFormat, IsRefusedWithForeignBytesBehindIt) {
    EXPECT_NE(failure(GetParam().pack("content") + "and more"), "");
}

TEST_P(EachFormat, IsHeldToTheLimitOfItsSize) {
    const std::string packed = GetParam().pack(std::string(1U << 20U, 'x'));
    EXPECT_EQ(failure(packed, {.plain_bytes = 1U << 20U}), "");
    EXPECT_EQ(failure(packed, {.plain_bytes = (1U << 20U) - 1}),
              "x is larger than 1048575 bytes when unpacked");
}

TEST_P(EachFormat, IsHeldToTheLimitOfItsGrowth) {
    const std::string packed = GetParam().pack(std::string(8U << 20U, '\0'));
    EXPECT_EQ(failure(packed, {.ratio = 100, .ratio_from = 16U << 20U}), "");
    EXPECT_EQ(failure(packed, {.ratio = 100, .ratio_from = 1U << 20U}),
              "x grows to more than 100 times its size: this looks like a decompression bomb");
}

TEST(Decompress, LeavesPlainBytesAlone) {
    EXPECT_EQ(unpack(""), "");
    EXPECT_EQ(unpack("x"), "x");
    EXPECT_TRUE(unpack(some_text()) == some_text());
}

TEST(Decompress, ReadsPastSkippableFramesOfZstd) {
    EXPECT_EQ(unpack(skippable + zstd("one") + skippable + zstd("two") + skippable), "onetwo");
    EXPECT_NE(failure(zstd("one") + skippable.substr(0, 10)), "");
}

TEST(Decompress, AcceptsZerosBehindGzip) {
    EXPECT_EQ(unpack(gzip("content") + std::string(5000, '\0')), "content");
    EXPECT_NE(failure(gzip("content") + std::string(5000, '\0') + gzip("more")), "");
}

TEST(Decompress, NamesBzip2) {
    EXPECT_EQ(failure("BZh91AY&SY"), "x is compressed by bzip2; gzip, zstd and xz are understood");
}

TEST(Decompress, RefusesAnXzHeaderThatAsksForTooMuchMemory) {
    // The block header follows 12 bytes of stream header; in it LZMA2's id, and the size of the
    // dictionary: 4 GiB - 1.
    std::string packed = xz("content");
    const size_t header_size = (static_cast<size_t>(packed[12]) + 1) * 4;
    const size_t filter = packed.find("\x21\x01", 12);
    ASSERT_LT(filter, 12 + header_size);
    packed[filter + 2] = 40;
    const uint32_t sum =
        lzma_crc32(reinterpret_cast<const uint8_t*>(packed.data()) + 12, header_size - 4, 0);
    for (unsigned i = 0; i < 4; ++i)
        packed[12 + header_size - 4 + i] = static_cast<char>(sum >> (8 * i) & 0xff);
    EXPECT_EQ(failure(packed), "x (xz) asks for more than 256 MiB of memory");
}

TEST(Decompress, RefusesAZstdWindowThatAsksForTooMuchMemory) {
    // Magic, a frame header without flags, and a window of 2^31 bytes.
    EXPECT_EQ(failure(std::string("\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00", 9)),
              "x (zstd) asks for a window of more than 128 MiB");
}

}  // namespace
}  // namespace skiff::storage
