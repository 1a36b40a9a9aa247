// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "base/error.h"
#include "base/size.h"
#include "base/text.h"
#include "cli/mount_flags.h"
#include "cli/mount_words.h"
#include "cli/values.h"
#include "engine/volume/volume_store.h"

namespace skiff::cli {
namespace {

using engine::mount_target_problem;
using engine::MountRequest;
using engine::MountType;

bool parse_switch(std::string_view key, std::string_view value) {
    if (value == "true" || value == "1") return true;
    if (value == "false" || value == "0") return false;
    throw Error(ErrorKind::invalid, "invalid value for {}: {}", key, value);
}

/// Into a map of "key=value".
void add_pair(std::map<std::string, std::string>& map, std::string_view text) {
    const Cut parts = cut(text, '=');
    map[std::string(parts.before)] = parts.after;
}

[[noreturn]] void refuse_key(std::string_view key, std::string_view field) {
    throw Error(ErrorKind::invalid, "unexpected key '{}' in '{}'", key, field);
}

/// Reads the fields of one --mount: docker/cli's opts/mount.go, then moby's validation, with
/// podman's keys "chown" (or "U"), "idmap", "relabel" and "subpath".
class MountFields {
  public:
    MountRequest read(std::string_view text) {
        mount_.type = MountType::volume;
        for (const std::string& field : split_fields(text)) take(field);
        finish();
        return std::move(mount_);
    }

  private:
    void take(const std::string& field) {
        const Cut parts = cut(field, '=');
        const std::string key = to_lower(trim(parts.before));
        constexpr auto switches =
            std::to_array<std::string_view>({"readonly", "ro", "volume-nocopy", "bind-nonrecursive",
                                             "bind-create-src", "u", "chown"});
        if (!parts.found && !is_one_of(key, switches))
            throw Error(ErrorKind::invalid, "invalid field '{}' must be a key=value pair", field);
        take(key, parts.found ? parts.after : "true", field);
    }

    void take(std::string_view key, std::string_view value, std::string_view field) {
        if (key == "type") {
            set_type(to_lower(value));
        } else if (key == "source" || key == "src") {
            mount_.source = absolute_source(value);
        } else if (key == "target" || key == "destination" || key == "dst") {
            mount_.target = value;
        } else if (key == "readonly" || key == "ro") {
            mount_.read_only = parse_switch(key, value);
        } else if (key.starts_with("bind-")) {
            bind_key_ = true;
            take_bind(key, value, field);
        } else if (key.starts_with("volume-")) {
            volume_key_ = true;
            take_volume(key, value, field);
        } else if (key == "image-subpath") {
            image_key_ = true;
            mount_.subpath = value;
        } else if (key.starts_with("tmpfs-")) {
            tmpfs_key_ = true;
            take_tmpfs(key, value, field);
        } else if (!take_other(key, value)) {
            refuse_key(key, field);
        }
    }

    bool take_other(std::string_view key, std::string_view value) {
        if (key == "consistency") return true;  // without effect on Linux, in Docker too
        if (key == "u" || key == "chown") {
            mount_.chown = parse_switch(key, value);
            return true;
        }
        if (key == "idmap") {
            mount_.idmap = parse_switch(key, value);
            return true;
        }
        if (key == "subpath") {
            mount_.subpath = value;
            return true;
        }
        // Of SELinux, as z and Z of -v.
        return key == "relabel" && (value == "shared" || value == "private");
    }

    void set_type(std::string_view type) {
        for (const MountType known :
             {MountType::bind, MountType::volume, MountType::tmpfs, MountType::image}) {
            if (type != to_string(known)) continue;
            mount_.type = known;
            return;
        }
        if (type == "cluster" || type == "npipe" || type == "glob" || type == "devpts" ||
            type == "ramfs" || type == "artifact")
            throw Error(ErrorKind::unsupported,
                        "--mount type={} is not supported by this version of skiff (bind, volume, "
                        "tmpfs and image are)",
                        type);
        throw Error(ErrorKind::invalid, "invalid mount type {}", quoted(type));
    }

    void take_bind(std::string_view key, std::string_view value, std::string_view field) {
        if (key == "bind-propagation") {
            const std::string word = to_lower(value);
            if (!is_one_of(word, propagations))
                throw Error(ErrorKind::invalid, "invalid value for {}: {}", key, value);
            mount_.propagation = word;
        } else if (key == "bind-nonrecursive") {
            mount_.recursive = !parse_switch(key, value);
        } else if (key == "bind-create-src") {
            mount_.create_source = parse_switch(key, value);
        } else if (key != "bind-recursive") {
            refuse_key(key, field);
        } else if (value == "enabled" || value == "disabled") {
            mount_.recursive = value == "enabled";
        } else if (value == "writable") {
            mount_.writable_submounts = true;
        } else if (value == "readonly") {
            mount_.forced_read_only = true;
        } else {
            throw Error(ErrorKind::invalid,
                        "invalid value for {}: {} (must be \"enabled\", \"disabled\", "
                        "\"writable\", or \"readonly\")",
                        key, value);
        }
    }

    void take_volume(std::string_view key, std::string_view value, std::string_view field) {
        if (key == "volume-nocopy") {
            mount_.no_copy = parse_switch(key, value);
        } else if (key == "volume-subpath") {
            mount_.subpath = value;
        } else if (key == "volume-label") {
            add_pair(mount_.labels, value);
        } else if (key == "volume-driver") {
            mount_.driver = value;
        } else if (key == "volume-opt") {
            add_pair(mount_.driver_options, value);
        } else {
            refuse_key(key, field);
        }
    }

    void take_tmpfs(std::string_view key, std::string_view value, std::string_view field) {
        if (key == "tmpfs-size") {
            try {
                mount_.options.push_back(fmt::format("size={}", parse_binary_size(value)));
            } catch (const Error&) {
                throw Error(ErrorKind::invalid, "invalid value for {}: {}", key, value);
            }
        } else if (key == "tmpfs-mode") {
            const auto mode = parse_number<unsigned>(value, 8);
            if (!mode || *mode > 07777)
                throw Error(ErrorKind::invalid, "invalid value for {}: {}", key, value);
            mount_.options.push_back(fmt::format("mode={:o}", *mode));
        } else {
            refuse_key(key, field);
        }
    }

    [[noreturn]] void refuse(std::string_view why) const {
        throw Error(ErrorKind::invalid, "invalid mount config for type \"{}\": {}",
                    to_string(mount_.type), why);
    }

    void refuse_foreign_keys() const {
        const auto refuse_mixed = [&](bool given, MountType type) {
            if (given && mount_.type != type)
                throw Error(ErrorKind::invalid, "cannot mix '{}-*' options with mount type '{}'",
                            to_string(type), to_string(mount_.type));
        };
        refuse_mixed(volume_key_, MountType::volume);
        refuse_mixed(bind_key_, MountType::bind);
        refuse_mixed(image_key_, MountType::image);
        refuse_mixed(tmpfs_key_, MountType::tmpfs);
        if (mount_.writable_submounts && !mount_.read_only)
            throw Error(ErrorKind::invalid,
                        "option 'bind-recursive=writable' requires 'readonly' to be specified in "
                        "conjunction");
        if (!mount_.forced_read_only) return;
        if (!mount_.read_only)
            throw Error(ErrorKind::invalid,
                        "option 'bind-recursive=readonly' requires 'readonly' to be specified in "
                        "conjunction");
        if (mount_.propagation != "rprivate")
            throw Error(ErrorKind::invalid,
                        "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to "
                        "be specified in conjunction");
    }

    void check_source() {
        switch (mount_.type) {
            case MountType::tmpfs:
                if (!mount_.source.empty()) refuse("field Source must not be specified");
                if (mount_.chown) refuse("it is the container's own already (chown)");
                break;
            case MountType::image:
                if (mount_.source.empty()) refuse("field Source must not be empty");
                if (mount_.chown) refuse("an image is mounted read-only (chown)");
                mount_.read_only = true;
                break;
            case MountType::bind:
                if (mount_.source.empty()) refuse("field Source must not be empty");
                if (!mount_.source.starts_with('/'))
                    refuse(fmt::format("invalid mount path: '{}' mount path must be absolute",
                                       mount_.source));
                mount_.source = clean_path(mount_.source);
                break;
            case MountType::volume:
                if (mount_.source.empty() && mount_.read_only)
                    refuse("must not set ReadOnly mode when using anonymous volumes");
                if (mount_.source.empty() && !mount_.subpath.empty())
                    refuse("field Source must not be empty");
                if (!mount_.source.empty())
                    with_context([&] { engine::check_volume_name(mount_.source); }, "create {}",
                                 printable(mount_.source));
                break;
        }
    }

    void check_subpath() const {
        if (mount_.subpath.empty()) return;
        if (mount_.type != MountType::volume && mount_.type != MountType::image)
            refuse("a subpath is of a volume or of an image");
        bool leaves = mount_.subpath.starts_with('/');
        for (const std::string_view part : split(mount_.subpath, '/'))
            leaves = leaves || part == "..";
        if (leaves) refuse("subpath must be a relative path within the volume");
    }

    void finish() {
        if (mount_.target.empty()) throw Error(ErrorKind::invalid, "target is required");
        refuse_foreign_keys();
        check_source();
        check_subpath();
        if (const std::string problem = mount_target_problem(mount_.target); !problem.empty())
            refuse(problem);
        mount_.target = clean_path(mount_.target);
        if (const std::string problem = proc_problem(mount_); !problem.empty()) refuse(problem);
    }

    MountRequest mount_;
    bool bind_key_ = false;
    bool volume_key_ = false;
    bool image_key_ = false;
    bool tmpfs_key_ = false;
};

}  // namespace

MountRequest parse_mount_flag(std::string_view text) {
    return MountFields().read(text);
}

}  // namespace skiff::cli
