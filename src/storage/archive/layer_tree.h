// SPDX-License-Identifier: Apache-2.0
// A tree under construction from untrusted names: the file-system half of the extractor.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/root_dir.h"
#include "storage/archive/extract.h"
#include "storage/archive/tar_reader.h"

namespace skiff::storage {

/// Makes files, links and directories beneath a root. Paths are clean: components apart by one '/',
/// none of them empty,
/// "." or ".."; "" is the root where a directory is meant. Whatever is in the way of a new object
/// is removed, except that directories merge. Missing parents are made.
///
/// Costs four system calls for a plain file: the parent's descriptor is kept from one member to the
/// next, and owner and mode are only set where they are not right from birth. So the process's
/// umask must be 0.
class LayerTree {
  public:
    /// Borrows both.
    LayerTree(const RootDir& root, const ExtractOptions& options);

    /// Content comes from `reader`'s current entry, which is `entry`.
    void make_file(const std::string& path, const TarEntry& entry, TarReader& reader);
    void make_directory(const std::string& path, const TarEntry& entry);
    void make_symlink(const std::string& path, const TarEntry& entry);
    /// Another name of the object at the clean path `target`, itself not followed.
    void make_hard_link(const std::string& path, const std::string& target);
    /// Devices and named pipes.
    void make_node(const std::string& path, const TarEntry& entry);
    /// Hides `path` of the layers below.
    void make_whiteout(const std::string& path);
    /// Hides what the layers below have in the directory `path`.
    void make_opaque(const std::string& path);
    /// Gives directories the times and modes that filling them would have spoilt or prevented.
    void finish();

    /// Whether there was a member for the root itself.
    bool lists_root() const { return directories_.contains(""); }
    uint64_t file_bytes() const { return file_bytes_; }
    uint64_t skipped_devices() const { return skipped_devices_; }
    uint64_t dropped_xattrs() const { return dropped_xattrs_; }

  private:
    struct Place {
        int directory = -1;
        std::string name;
    };
    struct FinalDirectory {
        mode_t mode = 0;
        bool set_mode = false;
        TarTime mtime;
    };

    Place place(const std::string& path);
    Fd open_directory(const std::string& path);
    Fd enter_or_make(int parent, const std::string& name, const std::string& path);
    void adopt_lower_attributes(const std::string& path);
    void make_room(const Place& at, const std::string& path);
    template <typename Make>
    void replacing(const Place& at, const std::string& path, Make make);
    bool owner_fits(const TarEntry& entry) const;
    void set_owner(const Place& at, const std::string& path, const TarEntry& entry);
    void set_xattrs(int fd, const std::string& path, const TarEntry& entry);
    void set_xattr(int fd, const std::string& path, const char* name, std::string_view value);
    void set_opaque(int fd, const std::string& path);
    void write_content(int fd, const std::string& path, const TarEntry& entry, TarReader& reader);

    const RootDir& root_;
    const ExtractOptions& options_;
    uid_t uid_;
    gid_t gid_;
    bool inherits_group_;
    std::span<const RootDir> lowers_;  ///< once finish() has asked for them
    std::string parent_path_;
    Fd parent_;  ///< the directory parent_path_, O_PATH
    std::map<std::string, FinalDirectory> directories_;
    /// Directories that the archive has something in but does not describe itself: they look like
    /// those of the layers below.
    std::set<std::string> implied_;
    uint64_t file_bytes_ = 0;
    uint64_t skipped_devices_ = 0;
    uint64_t dropped_xattrs_ = 0;
};

}  // namespace skiff::storage
