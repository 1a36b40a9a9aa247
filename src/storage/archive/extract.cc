// SPDX-License-Identifier: Apache-2.0
#include "storage/archive/extract.h"

#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "storage/archive/layer_tree.h"

namespace skiff::storage {
namespace {

constexpr std::string_view whiteout_prefix = ".wh.";
constexpr std::string_view opaque_name = ".wh..wh..opq";
// Other names like this are the book-keeping of AUFS, once part of layers.
constexpr std::string_view aufs_prefix = ".wh..wh.";

/// The objects made get the modes asked for.
class NoUmask {
  public:
    NoUmask() : before_(umask(0)) {}
    NoUmask(const NoUmask&) = delete;
    NoUmask& operator=(const NoUmask&) = delete;
    ~NoUmask() { umask(before_); }

  private:
    mode_t before_;
};

/// `name` without leading "/" and "./", "." and empty components; "" for the root.
std::string clean_path(const std::string& name) {
    std::string path;
    for (const std::string_view part : split(name, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..")
            throw Error(ErrorKind::invalid, "the archive's entry {} points out of its root",
                        quoted(name));
        if (!path.empty()) path += '/';
        path += part;
    }
    return path;
}

struct Member {
    enum class Kind { ordinary, whiteout, opaque, ignored };
    Kind kind = Kind::ordinary;
    std::string path;  ///< what is made, hidden, or made opaque
};

Member classify(const std::string& name) {
    std::string path = clean_path(name);
    if (path.find(whiteout_prefix) == std::string::npos)
        return {Member::Kind::ordinary, std::move(path)};

    const size_t slash = path.rfind('/');
    const std::string directory = slash == std::string::npos ? "" : path.substr(0, slash);
    const std::string last = slash == std::string::npos ? path : path.substr(slash + 1);
    for (const std::string_view part : split(directory, '/')) {
        if (part.starts_with(aufs_prefix)) return {Member::Kind::ignored, {}};
        // Written out again, this directory would be a whiteout.
        if (part.starts_with(whiteout_prefix))
            throw Error(ErrorKind::invalid, "the archive's entry {} lies below a whiteout",
                        quoted(name));
    }
    if (!last.starts_with(whiteout_prefix)) return {Member::Kind::ordinary, std::move(path)};
    if (last == opaque_name) return {Member::Kind::opaque, directory};
    if (last.starts_with(aufs_prefix)) return {Member::Kind::ignored, {}};
    const std::string hidden = last.substr(whiteout_prefix.size());
    if (hidden.empty() || hidden == "." || hidden == "..")
        throw Error(ErrorKind::invalid, "the archive's entry {} is a malformed whiteout",
                    quoted(name));
    return {Member::Kind::whiteout, directory.empty() ? hidden : directory + "/" + hidden};
}

void make_ordinary(LayerTree& tree, const std::string& path, const TarEntry& entry,
                   TarReader& reader) {
    if (path.empty() && entry.type != TarEntryType::directory)
        throw Error(ErrorKind::invalid, "the archive's root {} is a {}", quoted(entry.name),
                    to_string(entry.type));
    switch (entry.type) {
        case TarEntryType::file:
            return tree.make_file(path, entry, reader);
        case TarEntryType::directory:
            return tree.make_directory(path, entry);
        case TarEntryType::symlink:
            return tree.make_symlink(path, entry);
        case TarEntryType::hard_link: {
            const std::string target = clean_path(entry.link_target);
            if (target.empty())
                throw Error(ErrorKind::invalid, "the archive's entry {} links to the root",
                            quoted(entry.name));
            return tree.make_hard_link(path, target);
        }
        case TarEntryType::character_device:
        case TarEntryType::block_device:
        case TarEntryType::fifo:
            return tree.make_node(path, entry);
    }
}

}  // namespace

ExtractResult extract_layer(ByteSource& tar, const RootDir& target, const ExtractOptions& options) {
    const NoUmask no_umask;
    HashingSource source(tar, options.plain_bytes, "the unpacked archive");
    TarReader reader(source, options.limits);
    LayerTree tree(target, options);
    ExtractResult result;
    while (const TarEntry* entry = reader.next()) {
        ++result.entries;
        const Member member = options.whiteouts
                                  ? classify(entry->name)
                                  : Member{Member::Kind::ordinary, clean_path(entry->name)};
        switch (member.kind) {
            case Member::Kind::ordinary:
                make_ordinary(tree, member.path, *entry, reader);
                break;
            case Member::Kind::whiteout:
                tree.make_whiteout(member.path);
                break;
            case Member::Kind::opaque:
                tree.make_opaque(member.path);
                result.root_is_opaque = result.root_is_opaque || member.path.empty();
                break;
            case Member::Kind::ignored:
                break;
        }
    }
    if (!reader.has_end_marker() && options.end_marker == EndMarker::required)
        throw Error(ErrorKind::invalid, "the archive has no end: it was cut");
    tree.finish();
    source.drain();
    result.diff_id = "sha256:" + source.finish_hex();
    result.plain_bytes = source.size();
    result.file_bytes = tree.file_bytes();
    result.skipped_devices = tree.skipped_devices();
    result.dropped_xattrs = tree.dropped_xattrs();
    result.root_is_listed = tree.lists_root();
    return result;
}

}  // namespace skiff::storage
