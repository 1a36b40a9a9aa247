// SPDX-License-Identifier: Apache-2.0
// The bytes of tar: header blocks, their numbers, and the records of pax headers; for reader and
// writer alike.
//
// Written by hand rather than taken from libarchive: that converts names by the process's locale
// (iconv, which in a static program looks for modules on the host), takes an archive that lost its
// end for a whole one, and resolves the ambiguities of the format unlike Go's archive/tar. Other
// engines read layers with the latter, and a layer that means different things to two readers is an
// attack. See pax(1) of POSIX.1-2017, "tar Interchange Format" of GNU tar.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::storage {

inline constexpr size_t tar_block_size = 512;

/// `size` rounded up to whole blocks, without overflow for sizes below 2^63.
constexpr uint64_t tar_padded(uint64_t size) {
    return (size + (tar_block_size - 1)) & ~uint64_t{tar_block_size - 1};
}

/// A header block as it lies in the archive. Texts end at their first NUL or at their full length.
struct TarHeader {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char type;
    char link_name[100];
    char magic[6];
    char version[2];
    char user_name[32];
    char group_name[32];
    char device_major[8];
    char device_minor[8];
    char prefix[155];  ///< GNU keeps times and the sparse map here, star times in its last 24 bytes
    char padding[12];
};
static_assert(sizeof(TarHeader) == tar_block_size);

inline constexpr std::string_view ustar_magic{
    "ustar\0"
    "00",
    8};
inline constexpr std::string_view gnu_magic{"ustar  \0", 8};

/// The text of a header field: up to the first NUL.
template <size_t N>
std::string_view tar_text(const char (&field)[N]) {
    const std::string_view whole(field, N);
    return whole.substr(0, whole.find('\0'));
}

/// The number of a header field: octal digits between blanks or NULs ("" is 0), or GNU's base 256.
/// Nothing when malformed or outside int64_t.
std::optional<int64_t> parse_tar_number(std::string_view field);
template <size_t N>
std::optional<int64_t> tar_number(const char (&field)[N]) {
    return parse_tar_number({field, N});
}

/// The sum over a header's bytes with the checksum field as blanks.
struct TarChecksum {
    int64_t as_unsigned = 0;
    int64_t as_signed = 0;  ///< as some old tars computed it
};
TarChecksum compute_tar_checksum(const TarHeader& header);
bool has_valid_checksum(const TarHeader& header);

/// Octal digits with leading zeros and a final NUL; false when `value` needs more room.
bool format_tar_octal(char* field, size_t length, uint64_t value);

struct PaxRecord {
    std::string key;
    std::string value;
};
/// Records "LENGTH KEY=VALUE\n" in their order. Nothing when malformed.
std::optional<std::vector<PaxRecord>> parse_pax_records(std::string_view body);
/// Appends one record.
void append_pax_record(std::string& body, std::string_view key, std::string_view value);

struct TarTime {
    int64_t seconds = 0;  ///< since 1970
    uint32_t nanoseconds = 0;
};
/// "[-]SECONDS[.FRACTION]"; digits past the ninth are dropped. Nothing when malformed.
std::optional<TarTime> parse_pax_time(std::string_view text);

/// Bytes of Base64 (RFC 4648, padding optional). Nothing when malformed.
std::optional<std::string> decode_base64(std::string_view text);
/// "%41" becomes 'A'. Nothing when malformed.
std::optional<std::string> decode_percent(std::string_view text);

}  // namespace skiff::storage
