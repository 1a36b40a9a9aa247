// SPDX-License-Identifier: Apache-2.0
#include "storage/archive/tar_reader.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace skiff::storage {
namespace {

constexpr size_t buffer_size = 256 * 1024;

// GNU's old sparse form keeps its map where ustar has the prefix and padding.
constexpr size_t gnu_map_at = 386;
constexpr size_t gnu_map_segments = 4;
constexpr size_t gnu_extended_at = 482;
constexpr size_t gnu_real_size_at = 483;
constexpr size_t gnu_extension_segments = 21;
constexpr size_t gnu_extension_extended_at = 504;

bool is_zero(const char* block) {
    return std::all_of(block, block + tar_block_size, [](char c) { return c == '\0'; });
}

std::string header_name(const TarHeader& header) {
    const std::string_view name = tar_text(header.name);
    const std::string_view magic(header.magic, sizeof header.magic);
    if (magic != ustar_magic.substr(0, sizeof header.magic)) return std::string(name);
    // star marks its headers at the very end and keeps times in the last bytes of the prefix.
    const bool is_star = std::string_view(header.padding + 8, 4) == std::string_view("tar\0", 4);
    const std::string_view prefix =
        tar_text(header.prefix).substr(0, is_star ? 131 : sizeof header.prefix);
    return prefix.empty() ? std::string(name) : fmt::format("{}/{}", prefix, name);
}

std::optional<TarEntryType> entry_type(char flag) {
    switch (flag) {
        case '\0':
        case '0':
        case '7':  // contiguous
        case 'S':  // GNU sparse
            return TarEntryType::file;
        case '1':
            return TarEntryType::hard_link;
        case '2':
            return TarEntryType::symlink;
        case '3':
            return TarEntryType::character_device;
        case '4':
            return TarEntryType::block_device;
        case '5':
        case 'D':  // GNU incremental: names follow as content
            return TarEntryType::directory;
        case '6':
            return TarEntryType::fifo;
        default:
            return std::nullopt;
    }
}

void set_xattr(std::vector<TarXattr>& xattrs, std::string name, std::string value, bool replace) {
    const auto same = std::find_if(xattrs.begin(), xattrs.end(),
                                   [&](const TarXattr& x) { return x.name == name; });
    if (same == xattrs.end()) {
        xattrs.push_back({std::move(name), std::move(value)});
    } else if (replace) {
        same->value = std::move(value);
    }
}

}  // namespace

std::string_view to_string(TarEntryType type) {
    switch (type) {
        case TarEntryType::file:
            return "file";
        case TarEntryType::hard_link:
            return "hard link";
        case TarEntryType::symlink:
            return "symbolic link";
        case TarEntryType::character_device:
            return "character device";
        case TarEntryType::block_device:
            return "block device";
        case TarEntryType::directory:
            return "directory";
        case TarEntryType::fifo:
            return "named pipe";
    }
    return "unknown";
}

/// What precedes an entry's header and changes it.
struct TarReader::Extensions {
    std::vector<PaxRecord> pax;
    std::string long_name;
    std::string long_link;
    bool any = false;

    /// The last value of `key`; empty when absent, or withdrawn by an empty value.
    std::string_view find(std::string_view key) const {
        std::string_view value;
        for (const PaxRecord& record : pax)
            if (record.key == key) value = record.value;
        return value;
    }
};

class TarReader::Content final : public ByteSource {
  public:
    explicit Content(TarReader& reader) : reader_(reader), offset_(reader.file_offset_) {}

    size_t read(std::span<char> buffer) override {
        if (chunk_.bytes.empty()) {
            const std::optional<Chunk> chunk = reader_.next_chunk();
            chunk_ = chunk ? *chunk : Chunk{.offset = reader_.entry_.size, .bytes = {}};
        }
        size_t n = 0;
        if (offset_ < chunk_.offset) {
            n = static_cast<size_t>(std::min<uint64_t>(buffer.size(), chunk_.offset - offset_));
            std::fill_n(buffer.data(), n, '\0');
        } else {
            n = chunk_.bytes.copy(buffer.data(), buffer.size());
            chunk_.bytes.remove_prefix(n);
            chunk_.offset += n;
        }
        offset_ += n;
        return n;
    }

  private:
    TarReader& reader_;
    uint64_t offset_;
    Chunk chunk_;
};

TarReader::TarReader(ByteSource& source, const TarLimits& limits)
    : source_(source),
      limits_(limits),
      buffer_(new char[buffer_size]),
      buffered_(buffer_.get(), 0) {}
TarReader::~TarReader() = default;

void TarReader::fail(std::string_view what) const {
    if (entry_.name.empty())
        throw Error(ErrorKind::invalid, "the archive {} at its beginning", what);
    throw Error(ErrorKind::invalid, "the archive {} at entry {}", what, quoted(entry_.name));
}

bool TarReader::want(size_t bytes) {
    if (buffered_.size() >= bytes) return true;
    std::memmove(buffer_.get(), buffered_.data(), buffered_.size());
    size_t filled = buffered_.size();
    while (filled < bytes) {
        const size_t n = source_.read({buffer_.get() + filled, buffer_size - filled});
        if (n == 0) break;
        filled += n;
    }
    buffered_ = {buffer_.get(), filled};
    return filled >= bytes;
}

const char* TarReader::next_block() {
    if (!want(tar_block_size)) {
        if (!buffered_.empty()) fail("is cut");
        return nullptr;
    }
    const char* block = buffered_.data();
    buffered_.remove_prefix(tar_block_size);
    return block;
}

const char* TarReader::next_content_block() {
    if (content_left_ < tar_block_size) fail("has a malformed sparse map");
    const char* block = next_block();
    if (block == nullptr) fail("is cut");
    content_left_ -= tar_block_size;
    return block;
}

void TarReader::skip(uint64_t bytes) {
    while (bytes > 0) {
        if (!want(1)) fail("is cut");
        const size_t n = static_cast<size_t>(std::min<uint64_t>(bytes, buffered_.size()));
        buffered_.remove_prefix(n);
        bytes -= n;
    }
}

std::string TarReader::read_special(uint64_t size) {
    if (size > limits_.special_bytes) fail(fmt::format("has an extended header of {} bytes", size));
    std::string text;
    text.reserve(size);
    while (text.size() < size) {
        if (!want(1)) fail("is cut");
        const size_t n = std::min(buffered_.size(), size - text.size());
        text.append(buffered_.substr(0, n));
        buffered_.remove_prefix(n);
    }
    skip(tar_padded(size) - size);
    return text;
}

void TarReader::read_end() {
    // POSIX wants two blocks of zeros; writers that leave out the second are common.
    const char* second = next_block();
    if (second != nullptr && !is_zero(second)) fail("has a lone block of zeros");
    end_marker_ = true;
}

const TarEntry* TarReader::next() {
    content_.reset();
    skip(content_left_);
    skip(padding_left_);
    content_left_ = 0;
    padding_left_ = 0;
    Extensions extensions;
    while (!ended_) {
        const char* block = next_block();
        if (block == nullptr || is_zero(block)) {
            if (extensions.any) fail("is cut");
            ended_ = true;
            if (block != nullptr) read_end();
            break;
        }
        TarHeader header;
        std::memcpy(&header, block, sizeof header);
        if (!has_valid_checksum(header)) fail("has a damaged header");
        const std::optional<int64_t> size = tar_number(header.size);
        if (!size || *size < 0) fail("has a malformed size");
        switch (header.type) {
            case 'x':
            case 'X': {  // Solaris' name for it
                std::optional<std::vector<PaxRecord>> records =
                    parse_pax_records(read_special(static_cast<uint64_t>(*size)));
                if (!records) fail("has a malformed extended header");
                extensions.pax = *std::move(records);
                extensions.any = true;
                break;
            }
            case 'L':
                extensions.long_name = read_special(static_cast<uint64_t>(*size)).c_str();
                extensions.any = true;
                break;
            case 'K':
                extensions.long_link = read_special(static_cast<uint64_t>(*size)).c_str();
                extensions.any = true;
                break;
            case 'g':  // a comment of git, mostly
            case 'V':  // the label of a tape
                skip(tar_padded(static_cast<uint64_t>(*size)));
                break;
            default:
                content_left_ = static_cast<uint64_t>(*size);
                start_entry(header, extensions);
                return &entry_;
        }
    }
    return nullptr;
}

void TarReader::start_entry(const TarHeader& header, Extensions& extensions) {
    if (++entries_ > limits_.entries)
        fail(fmt::format("has more than {} entries", limits_.entries));
    const std::string before = std::move(entry_.name);
    entry_ = {};
    file_offset_ = 0;
    sparse_.reset();
    segment_ = 0;
    entry_.name =
        before;  // a failure below is still "at" the last good name, until there is a new one
    std::string name = header_name(header);
    if (!extensions.find("path").empty()) name = extensions.find("path");
    if (!extensions.long_name.empty()) name = std::move(extensions.long_name);
    if (name.empty()) fail("has an entry without a name");
    entry_.name = std::move(name);
    entry_.link_target = tar_text(header.link_name);

    const std::optional<TarEntryType> type = entry_type(header.type);
    if (!type)
        throw Error(ErrorKind::unsupported, "the archive has an entry of unknown type {} ({})",
                    quoted({&header.type, 1}), quoted(entry_.name));
    entry_.type = *type;
    // Before ustar a directory was a file whose name ends in a slash.
    if (header.type == '\0' && entry_.name.ends_with('/')) entry_.type = TarEntryType::directory;
    read_attributes(header);
    apply_pax(extensions);
    if (!extensions.long_link.empty()) entry_.link_target = std::move(extensions.long_link);

    if (entry_.type != TarEntryType::file && header.type != 'D') content_left_ = 0;
    if (content_left_ > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) - tar_block_size)
        fail("has a malformed size");
    padding_left_ = tar_padded(content_left_) - content_left_;
    if (entry_.type == TarEntryType::file) {
        entry_.size = content_left_;
        sparse_ = read_sparse_layout(header, extensions);
        if (sparse_ && !sparse_->is_sound(content_left_)) fail("has a malformed sparse map");
        if (sparse_) {
            entry_.size = sparse_->file_size;
            // GNU tar closes its maps by an empty segment.
            std::erase_if(sparse_->segments,
                          [](const SparseSegment& segment) { return segment.length == 0; });
        }
    }
    check_names();
}

void TarReader::read_attributes(const TarHeader& header) {
    const std::optional<int64_t> mode = tar_number(header.mode);
    const std::optional<int64_t> uid = tar_number(header.uid);
    const std::optional<int64_t> gid = tar_number(header.gid);
    const std::optional<int64_t> mtime = tar_number(header.mtime);
    if (!mode || !uid || !gid || !mtime) fail("has a malformed number");
    constexpr int64_t id_end = std::numeric_limits<uid_t>::max();
    if (*uid < 0 || *uid >= id_end || *gid < 0 || *gid >= id_end) fail("has an owner out of range");
    entry_.mode = static_cast<mode_t>(*mode & 07777);
    entry_.uid = static_cast<uid_t>(*uid);
    entry_.gid = static_cast<gid_t>(*gid);
    entry_.mtime = {*mtime, 0};
    if (entry_.type == TarEntryType::character_device || entry_.type == TarEntryType::block_device)
        read_device(header);
}

void TarReader::read_device(const TarHeader& header) {
    const std::optional<int64_t> major = tar_number(header.device_major);
    const std::optional<int64_t> minor = tar_number(header.device_minor);
    // Linux has 12 bits of major and 20 of minor number.
    if (!major || !minor || *major < 0 || *major > 0xfff || *minor < 0 || *minor > 0xfffff)
        fail("has a device number out of range");
    entry_.device_major = static_cast<unsigned>(*major);
    entry_.device_minor = static_cast<unsigned>(*minor);
}

void TarReader::apply_pax(const Extensions& extensions) {
    constexpr std::string_view schily_xattr = "SCHILY.xattr.";
    constexpr std::string_view libarchive_xattr = "LIBARCHIVE.xattr.";
    for (const auto& [key, value] : extensions.pax) {
        if (key.starts_with(schily_xattr)) {
            set_xattr(entry_.xattrs, key.substr(schily_xattr.size()), value, true);
        } else if (key.starts_with(libarchive_xattr)) {
            // libarchive writes both forms; this one is for names that pax cannot express.
            std::optional<std::string> name =
                decode_percent(std::string_view(key).substr(libarchive_xattr.size()));
            std::optional<std::string> bytes = decode_base64(value);
            if (!name || !bytes) fail("has a malformed extended attribute");
            set_xattr(entry_.xattrs, *std::move(name), *std::move(bytes), false);
        } else if (key == "SCHILY.realsize" || key == "SUN.holesdata") {
            throw Error(ErrorKind::unsupported,
                        "the archive holds a sparse file in a form of star or Solaris ({})",
                        quoted(entry_.name));
        } else if (value.empty()) {
            continue;  // the header's own value counts
        } else if (key == "linkpath") {
            entry_.link_target = value;
        } else if (key == "size") {
            const std::optional<int64_t> size = parse_number<int64_t>(value);
            if (!size || *size < 0) fail("has a malformed size");
            content_left_ = static_cast<uint64_t>(*size);
        } else if (key == "uid" || key == "gid") {
            const std::optional<uint32_t> id = parse_number<uint32_t>(value);
            if (!id || *id == std::numeric_limits<uint32_t>::max())
                fail("has an owner out of range");
            (key == "uid" ? entry_.uid : entry_.gid) = *id;
        } else if (key == "mtime") {
            const std::optional<TarTime> time = parse_pax_time(value);
            if (!time) fail("has a malformed time");
            entry_.mtime = *time;
        }
    }
}

std::optional<SparseLayout> TarReader::read_sparse_layout(const TarHeader& header,
                                                          const Extensions& extensions) {
    if (header.type == 'S') return read_gnu_layout(header);
    const std::string_view major = extensions.find("GNU.sparse.major");
    const std::string_view minor = extensions.find("GNU.sparse.minor");
    const std::string_view list = extensions.find("GNU.sparse.map");
    const std::string_view blocks = extensions.find("GNU.sparse.numblocks");
    if (major.empty() && minor.empty() && list.empty() && blocks.empty()) return std::nullopt;

    const std::string_view name = extensions.find("GNU.sparse.name");
    if (!name.empty()) entry_.name = name;
    std::string_view size_text = extensions.find("GNU.sparse.realsize");
    if (size_text.empty()) size_text = extensions.find("GNU.sparse.size");
    const std::optional<uint64_t> real_size = parse_number<uint64_t>(size_text);
    if (!real_size) fail("has a malformed sparse map");
    if (major == "1" && minor == "0") return read_pax_1_0_layout(*real_size);
    if (!(major.empty() && minor.empty()) && major != "0")
        throw Error(ErrorKind::unsupported,
                    "the archive holds a sparse file of the unknown form {}.{} ({})",
                    printable(major), printable(minor), quoted(entry_.name));

    std::string text(list);
    if (text.empty()) {
        // Form 0.0 gives each number a record of its own, in order, under repeated keys.
        for (const PaxRecord& record : extensions.pax)
            if (record.key == "GNU.sparse.offset" || record.key == "GNU.sparse.numbytes")
                text += (text.empty() ? "" : ",") + record.value;
    }
    std::optional<std::vector<SparseSegment>> segments =
        parse_sparse_list(text, limits_.sparse_segments);
    if (!segments) fail("has a malformed sparse map");
    return SparseLayout{*std::move(segments), *real_size};
}

SparseLayout TarReader::read_gnu_layout(const TarHeader& header) {
    SparseLayout layout;
    const std::string_view bytes(reinterpret_cast<const char*>(&header), sizeof header);
    const std::optional<int64_t> real_size = parse_tar_number(bytes.substr(gnu_real_size_at, 12));
    if (!real_size || *real_size < 0) fail("has a malformed sparse map");
    layout.file_size = static_cast<uint64_t>(*real_size);
    bool sound = append_gnu_segments(bytes.substr(gnu_map_at), gnu_map_segments, layout.segments);
    bool extended = bytes[gnu_extended_at] != '\0';
    while (sound && extended) {
        // The extension blocks stand before the content and are not part of its size.
        const char* block = next_block();
        if (block == nullptr) fail("is cut");
        sound =
            append_gnu_segments({block, tar_block_size}, gnu_extension_segments, layout.segments) &&
            layout.segments.size() <= limits_.sparse_segments;
        extended = block[gnu_extension_extended_at] != '\0';
    }
    if (!sound) fail("has a malformed sparse map");
    return layout;
}

SparseLayout TarReader::read_pax_1_0_layout(uint64_t real_size) {
    SparseTextParser parser(limits_.sparse_segments);
    SparseTextParser::State state = SparseTextParser::State::more;
    while (state == SparseTextParser::State::more)
        state = parser.feed({next_content_block(), tar_block_size});
    if (state == SparseTextParser::State::malformed) fail("has a malformed sparse map");
    return {parser.take(), real_size};
}

void TarReader::check_names() const {
    for (const std::string* text : {&entry_.name, &entry_.link_target}) {
        if (text->size() > limits_.name_bytes)
            throw Error(ErrorKind::invalid, "the archive has a name of {} bytes ({}…)",
                        text->size(), quoted(std::string_view(*text).substr(0, 60)));
        if (text->find('\0') != std::string::npos) fail("has a zero byte in a name");
    }
}

std::optional<TarReader::Chunk> TarReader::next_chunk() {
    if (content_left_ == 0) return std::nullopt;
    if (!want(1)) fail("is cut");
    size_t n = static_cast<size_t>(std::min<uint64_t>(buffered_.size(), content_left_));
    if (sparse_) {
        // is_sound() made sure that the segments, none of them empty, hold exactly the bytes
        // stored.
        const SparseSegment& last = sparse_->segments[segment_];
        if (file_offset_ >= last.offset + last.length) ++segment_;
        const SparseSegment& segment = sparse_->segments[segment_];
        file_offset_ = std::max(file_offset_, segment.offset);
        n = static_cast<size_t>(
            std::min<uint64_t>(n, segment.offset + segment.length - file_offset_));
    }
    const Chunk chunk{file_offset_, buffered_.substr(0, n)};
    buffered_.remove_prefix(n);
    content_left_ -= n;
    file_offset_ += n;
    return chunk;
}

ByteSource& TarReader::content() {
    if (!content_) content_ = std::make_unique<Content>(*this);
    return *content_;
}

}  // namespace skiff::storage
