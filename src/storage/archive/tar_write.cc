// SPDX-License-Identifier: Apache-2.0
#include "storage/archive/tar_write.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "storage/archive/tar_format.h"

namespace skiff::storage {
namespace {

constexpr size_t copy_size = 256 * 1024;
constexpr char zeros[2 * tar_block_size] = {};

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

char type_flag(TarEntryType type) {
    switch (type) {
        case TarEntryType::file:
            return '0';
        case TarEntryType::hard_link:
            return '1';
        case TarEntryType::symlink:
            return '2';
        case TarEntryType::character_device:
            return '3';
        case TarEntryType::block_device:
            return '4';
        case TarEntryType::directory:
            return '5';
        case TarEntryType::fifo:
            return '6';
    }
    return '0';
}

/// Puts `text` into a field; false when it is too long.
template <size_t N>
bool put_text(char (&field)[N], std::string_view text) {
    std::memcpy(field, text.data(), std::min(text.size(), N));
    return text.size() <= N;
}

/// Puts a path into name and prefix, cut at a slash; false when there is none in the right place.
bool put_name(TarHeader& header, std::string_view name) {
    if (put_text(header.name, name)) return true;
    // The latest slash that leaves a prefix of at most 155 bytes, and something behind it.
    const size_t slash = name.rfind('/', std::min(sizeof header.prefix, name.size() - 2));
    if (slash == std::string_view::npos || slash == 0 ||
        name.size() - slash - 1 > sizeof header.name)
        return false;
    std::memset(header.name, 0, sizeof header.name);
    put_text(header.prefix, name.substr(0, slash));
    return put_text(header.name, name.substr(slash + 1));
}

/// Puts a number into a field; one that does not fit is left 0 there and goes to `pax`.
template <size_t N>
void put_number(char (&field)[N], int64_t value, const char* key, std::string& pax) {
    if (value >= 0 && format_tar_octal(field, N, static_cast<uint64_t>(value))) return;
    format_tar_octal(field, N, 0);
    append_pax_record(pax, key, std::to_string(value));
}

void seal(TarHeader& header) {
    std::memcpy(header.magic, ustar_magic.data(), ustar_magic.size());
    // Six digits, NUL, blank: as all tars write it.
    format_tar_octal(header.checksum, sizeof header.checksum - 1,
                     static_cast<uint64_t>(compute_tar_checksum(header).as_unsigned));
    header.checksum[7] = ' ';
}

void write_block(ByteSink& sink, const TarHeader& header) {
    sink.write({reinterpret_cast<const char*>(&header), sizeof header});
}

void write_padding(ByteSink& sink, uint64_t size) {
    sink.write({zeros, tar_padded(size) - size});
}

void write_pax_body(ByteSink& sink, std::string_view body) {
    TarHeader header{};
    std::string no_records;
    put_text(header.name, "PaxHeaders/extended");
    put_number(header.mode, 0644, "", no_records);
    put_number(header.uid, 0, "", no_records);
    put_number(header.gid, 0, "", no_records);
    put_number(header.size, static_cast<int64_t>(body.size()), "", no_records);
    put_number(header.mtime, 0, "", no_records);
    header.type = 'x';
    seal(header);
    write_block(sink, header);
    sink.write(body);
    write_padding(sink, body.size());
}

}  // namespace

void TarWriter::write_header(const TarEntry& entry) {
    TarHeader header{};
    std::string pax;
    const bool needs_slash = entry.type == TarEntryType::directory && !entry.name.ends_with('/');
    const std::string name = needs_slash ? entry.name + "/" : entry.name;
    // Other readers take bytes past ASCII in a header for whatever character set they like.
    if (!put_name(header, name) || !is_ascii(name)) append_pax_record(pax, "path", name);
    if (!put_text(header.link_name, entry.link_target) || !is_ascii(entry.link_target))
        append_pax_record(pax, "linkpath", entry.link_target);
    put_number(header.mode, static_cast<int64_t>(entry.mode), "mode", pax);
    put_number(header.uid, static_cast<int64_t>(entry.uid), "uid", pax);
    put_number(header.gid, static_cast<int64_t>(entry.gid), "gid", pax);
    put_number(header.size, static_cast<int64_t>(entry.size), "size", pax);
    put_number(header.mtime, entry.mtime.seconds, "mtime", pax);
    put_number(header.device_major, entry.device_major, "SCHILY.devmajor", pax);
    put_number(header.device_minor, entry.device_minor, "SCHILY.devminor", pax);
    header.type = type_flag(entry.type);
    for (const TarXattr& xattr : entry.xattrs)
        append_pax_record(pax, "SCHILY.xattr." + xattr.name, xattr.value);
    seal(header);
    if (!pax.empty()) write_pax_body(sink_, pax);
    write_block(sink_, header);
}

void TarWriter::write_content(const TarEntry& entry, ByteSource& content) {
    std::vector<char> buffer(static_cast<size_t>(std::min<uint64_t>(entry.size, copy_size)));
    uint64_t left = entry.size;
    while (left > 0) {
        const size_t n = content.read(
            std::span(buffer).first(static_cast<size_t>(std::min<uint64_t>(left, buffer.size()))));
        if (n == 0)
            throw Error(ErrorKind::in_use, "{} became shorter while it was read",
                        quoted(entry.name));
        sink_.write({buffer.data(), n});
        left -= n;
    }
    write_padding(sink_, entry.size);
}

void TarWriter::add(const TarEntry& entry, ByteSource& content) {
    write_header(entry);
    write_content(entry, content);
}

void TarWriter::add_file(const std::string& name, uint64_t size, ByteSource& content) {
    TarEntry entry;
    entry.name = name;
    entry.size = size;
    entry.mode = 0644;
    add(entry, content);
}

void TarWriter::add_file(const std::string& name, std::string_view content) {
    MemorySource source(content);
    add_file(name, content.size(), source);
}

void TarWriter::add_directory(const std::string& name) {
    TarEntry entry;
    entry.type = TarEntryType::directory;
    entry.name = name;
    entry.mode = 0755;
    MemorySource nothing;
    add(entry, nothing);
}

void TarWriter::finish() {
    sink_.write({zeros, sizeof zeros});
}

}  // namespace skiff::storage
