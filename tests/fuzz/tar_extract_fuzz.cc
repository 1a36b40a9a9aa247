// SPDX-License-Identifier: Apache-2.0
// Whatever an archive says, nothing outside the target changes and no descriptor leaks; what was
// unpacked can be packed and unpacked again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/root_dir.h"
#include "storage/archive/extract.h"
#include "storage/archive/tar_format.h"
#include "storage/archive/tar_write.h"

namespace {

using namespace skiff;
using namespace skiff::storage;

constexpr size_t most_bytes = 4U << 20U;

/// Mutations of a header would nearly all die at its checksum: set it right again.
void correct_checksums(std::string& tar) {
    for (size_t at = 0; at + tar_block_size <= tar.size(); at += tar_block_size) {
        TarHeader header;
        std::memcpy(&header, tar.data() + at, sizeof header);
        if (std::string_view(header.magic, 5) != "ustar") continue;
        format_tar_octal(header.checksum, sizeof header.checksum,
                         static_cast<uint64_t>(compute_tar_checksum(header).as_unsigned));
        std::memcpy(tar.data() + at, &header, sizeof header);
    }
}

size_t open_descriptors() {
    return list_directory(open_file("/proc/self/fd", O_RDONLY | O_DIRECTORY).get()).size();
}

/// A sparse file of some bytes may have terabytes of holes; packing must not write them.
class SmallSink final : public ByteSink {
  public:
    void write(std::string_view bytes) override {
        bytes_ += bytes;
        if (bytes_.size() > most_bytes) throw Error(ErrorKind::unsupported, "too large");
    }
    const std::string& bytes() const { return bytes_; }

  private:
    std::string bytes_;
};

struct Scratch {
    Scratch() : fd(open_file(temp.path(), O_RDONLY | O_DIRECTORY)) {
        create_file(fd.get(), "canary", "untouched", 0600, Durability::none);
    }
    RootDir target() { return RootDir(open_or_make_directory(fd.get(), "root", 0755)); }
    bool is_unharmed() {
        struct stat status{};
        std::vector<std::string> names =
            list_directory(open_file(temp.path(), O_RDONLY | O_DIRECTORY).get());
        std::sort(names.begin(), names.end());
        return names == std::vector<std::string>{"canary", "root"} &&
               find_file(fd.get(), "canary", 100) == "untouched" &&
               fstatat(fd.get(), "canary", &status, AT_SYMLINK_NOFOLLOW) == 0 &&
               status.st_nlink == 1 && status.st_mode == (S_IFREG | 0600) &&
               status.st_uid == geteuid();
    }
    TempDir temp;
    Fd fd;
};

/// False when the archive is refused.
bool unpack(Scratch& scratch, const std::string& tar, const ExtractOptions& options) {
    try {
        const RootDir target = scratch.target();
        MemorySource source(tar);
        extract_layer(source, target, options);
        return true;
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static Scratch scratch;
    std::string tar(reinterpret_cast<const char*>(data), size);
    correct_checksums(tar);
    ExtractOptions options;
    options.ownership = geteuid() == 0 ? Ownership::apply : Ownership::record;
    options.overlay_xattrs = OverlayXattrs::user;
    options.end_marker = EndMarker::optional;

    const size_t descriptors = open_descriptors();
    const bool unpacked = unpack(scratch, tar, options);
    if (!scratch.is_unharmed() || open_descriptors() != descriptors) std::abort();
    SmallSink sink;
    bool packed = false;
    // Without root, a directory may be one that we cannot read.
    if (unpacked && geteuid() == 0) {
        try {
            write_layer_tar(scratch.target(), sink, {.overlay_xattrs = OverlayXattrs::user});
            packed = true;
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::unsupported) std::abort();
        }
    }
    remove_tree(scratch.fd.get(), "root");
    if (packed) {
        // Directories gain a final '/'.
        options.limits.name_bytes += 1;
        if (!unpack(scratch, sink.bytes(), options)) std::abort();
        remove_tree(scratch.fd.get(), "root");
    }
    return 0;
}
