// SPDX-License-Identifier: Apache-2.0
#include "cli/mount_flags.h"

#include <cerrno>
#include <cstdlib>
#include <set>

#include <unistd.h>

#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/mount_words.h"
#include "cli/values.h"
#include "engine/volume/volume_store.h"

namespace skiff::cli {

using engine::mount_target_problem;
using engine::MountRequest;
using engine::MountType;

std::string absolute_source(std::string_view source) {
    if (!source.starts_with('.')) return std::string(source);
    char* const directory = getcwd(nullptr, 0);
    if (directory == nullptr) throw SystemError(errno, "cannot find the working directory");
    std::string path = fmt::format("{}/{}", directory, source);
    std::free(directory);
    return clean_path(path);
}

std::string proc_problem(const MountRequest& mount) {
    if (mount.target != "/proc") return "";
    struct statfs status{};
    if (mount.type == MountType::bind && statfs(mount.source.c_str(), &status) == 0 &&
        status.f_type == PROC_SUPER_MAGIC)
        return "";
    return "'/proc' cannot be mounted because it is not of type proc";
}

namespace {

[[noreturn]] void refuse_volume(std::string_view text, std::string_view why) {
    throw Error(ErrorKind::usage, "invalid volume specification: '{}': {}", text, why);
}

/// The words after the second colon of -v, sorted as moby's linux parser does: at most one of each
/// kind, but for those that Docker lacks.
class VolumeModes {
  public:
    /// False for a word that is none, or the second of its kind.
    bool take(std::string_view word, MountRequest& mount) {
        if (word == "ro" || word == "rw") {
            mount.read_only = word == "ro";
            return ++access_ == 1;
        }
        // They ask for SELinux labels, which nothing needs here: skiff's containers run in their
        // caller's domain.
        if (word == "z" || word == "Z") return ++label_ == 1;
        if (is_one_of(word, propagations)) {
            mount.propagation = word;
            return ++propagation_ == 1;
        }
        if (word == "copy" || word == "nocopy") {
            mount.no_copy = word == "nocopy";
            return ++copy_ == 1;
        }
        // They speak to Docker's file sharing of other systems and mean nothing on Linux, there
        // too.
        if (word == "cached" || word == "delegated" || word == "consistent")
            return ++consistency_ == 1;
        return take_podmans(word, mount);
    }
    bool has_copy_word() const { return copy_ > 0; }

  private:
    static bool take_podmans(std::string_view word, MountRequest& mount) {
        if (word == "O") {
            mount.overlay = true;
        } else if (word == "U") {
            mount.chown = true;
        } else if (word == "idmap") {
            mount.idmap = true;
        } else if (word == "bind" || word == "rbind") {
            mount.recursive = word == "rbind";
        } else if (word == "noexec" || word == "nosuid" || word == "nodev") {
            mount.options.emplace_back(word);
        } else {
            return word == "exec" || word == "suid";  // the defaults
        }
        return true;
    }

    int access_ = 0;
    int label_ = 0;
    int propagation_ = 0;
    int copy_ = 0;
    int consistency_ = 0;
};

/// Whether all of `words` are modes: "/foo:rw" is no volume, as Docker has it.
bool are_modes(std::string_view words) {
    MountRequest scratch;
    VolumeModes modes;
    return std::ranges::all_of(split(words, ','),
                               [&](std::string_view word) { return modes.take(word, scratch); });
}

void apply_modes(std::string_view text, MountRequest& mount) {
    VolumeModes modes;
    for (const std::string_view word : split(mount.mode, ','))
        if (!modes.take(word, mount)) throw Error(ErrorKind::usage, "invalid mode: {}", mount.mode);
    const auto refuse_field = [&](std::string_view field) {
        refuse_volume(
            text,
            fmt::format("invalid mount config for type \"{}\": field {} must not be specified",
                        to_string(mount.type), field));
    };
    if (mount.type == MountType::bind && modes.has_copy_word()) refuse_field("VolumeOptions");
    if (mount.type == MountType::volume && !mount.propagation.empty()) refuse_field("BindOptions");
}

MountRequest anonymous_volume(std::string_view text) {
    if (const std::string problem = mount_target_problem(text); !problem.empty())
        refuse_volume(text, fmt::format("invalid mount config for type \"volume\": {}", problem));
    MountRequest mount;
    mount.type = MountType::volume;
    mount.short_form = true;
    mount.target = clean_path(text);
    if (const std::string problem = proc_problem(mount); !problem.empty())
        refuse_volume(text, problem);
    return mount;
}

bool is_tmpfs_size(std::string_view value) {
    if (!value.empty() &&
        std::string_view("kmgtKMGT%").find(value.back()) != std::string_view::npos)
        value.remove_suffix(1);
    return parse_number<std::uint64_t>(value).has_value();
}

bool is_tmpfs_option(std::string_view word) {
    constexpr std::array<std::string_view, 19> flags{
        "rw",         "suid",        "nosuid",        "dev",        "nodev",
        "exec",       "noexec",      "sync",          "async",      "dirsync",
        "atime",      "noatime",     "diratime",      "nodiratime", "relatime",
        "norelatime", "strictatime", "nostrictatime", "ro"};
    if (is_one_of(word, flags)) return true;
    const Cut parts = cut(word, '=');
    if (!parts.found || parts.after.empty()) return false;
    if (parts.before == "size" || parts.before == "nr_inodes" || parts.before == "nr_blocks")
        return is_tmpfs_size(parts.after);
    if (parts.before == "mode")
        return parse_number<unsigned>(parts.after, 8).value_or(010000) <= 07777;
    if (parts.before == "uid" || parts.before == "gid")
        return parse_number<std::uint32_t>(parts.after).has_value();
    return parts.before == "mpol";
}

}  // namespace

MountRequest parse_volume_flag(std::string_view text) {
    const std::vector<std::string_view> parts = split(text, ':');
    if (text.empty()) throw Error(ErrorKind::usage, "invalid empty volume spec");
    if (parts.size() > 3) throw Error(ErrorKind::usage, "invalid volume specification: '{}'", text);
    if (std::ranges::find(parts, "") != parts.end())
        throw Error(ErrorKind::usage, "invalid spec: {}: empty section between colons", text);
    if (parts.size() == 1) return anonymous_volume(text);
    if (parts.size() == 2 && are_modes(parts[1]))
        throw Error(ErrorKind::usage, "invalid volume specification: '{}'", text);
    MountRequest mount;
    mount.short_form = true;
    mount.source = absolute_source(parts[0]);
    if (!mount.source.starts_with('/')) {
        mount.type = MountType::volume;
        engine::check_volume_name(mount.source);
    } else {
        mount.source = clean_path(mount.source);
        mount.create_source = true;
    }
    if (const std::string problem = mount_target_problem(parts[1]); !problem.empty())
        refuse_volume(text, fmt::format("invalid mount config for type \"{}\": {}",
                                        to_string(mount.type), problem));
    mount.target = clean_path(parts[1]);
    if (parts.size() == 3) {
        mount.mode = parts[2];
        apply_modes(text, mount);
    }
    if (const std::string problem = proc_problem(mount); !problem.empty())
        refuse_volume(text, problem);
    return mount;
}

MountRequest parse_tmpfs_flag(std::string_view text) {
    const Cut parts = cut(text, ':');
    if (const std::string problem = mount_target_problem(parts.before); !problem.empty()) {
        throw Error(ErrorKind::usage, "invalid mount config for type \"tmpfs\": {}", problem);
    }
    MountRequest mount;
    mount.type = MountType::tmpfs;
    mount.short_form = true;
    mount.mode = parts.after;
    mount.target = clean_path(parts.before);
    if (const std::string problem = proc_problem(mount); !problem.empty())
        throw Error(ErrorKind::usage, "invalid mount config for type \"tmpfs\": {}", problem);
    if (!parts.found) return mount;
    for (std::string_view word : split(parts.after, ',')) {
        if (!is_tmpfs_option(word))
            throw Error(ErrorKind::usage, "invalid tmpfs option [{}]", quoted(word));
        if (word == "ro") {
            mount.read_only = true;
        } else {
            mount.options.emplace_back(word);
        }
    }
    return mount;
}

std::string checked_volumes_from(std::string_view text) {
    const Cut parts = cut(text, ':');
    if (parts.before.empty())
        throw Error(ErrorKind::usage, "malformed volumes-from specification: {}", text);
    if (!parts.found) return std::string(text);
    MountRequest scratch;
    VolumeModes modes;
    for (const std::string_view word : split(parts.after, ',')) {
        const bool access_or_label = word == "ro" || word == "rw" || word == "z" || word == "Z";
        if (!access_or_label || !modes.take(word, scratch))
            throw Error(ErrorKind::usage, "invalid mode: {}", parts.after);
    }
    return std::string(text);
}

void check_mount_targets(const std::vector<MountRequest>& mounts) {
    std::set<std::string_view> targets;
    for (const MountRequest& mount : mounts) {
        // As in Docker: -v PATH alone wants a volume there only if nothing else is.
        if (mount.type == MountType::volume && mount.source.empty() && mount.short_form) continue;
        if (!targets.insert(mount.target).second)
            throw Error(ErrorKind::usage, "Duplicate mount point: {}", mount.target);
    }
}

}  // namespace skiff::cli
