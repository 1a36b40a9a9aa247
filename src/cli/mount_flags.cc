// SPDX-License-Identifier: Apache-2.0
#include "cli/mount_flags.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <set>

#include <unistd.h>

#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/size.h"
#include "base/text.h"
#include "cli/values.h"

namespace skiff::cli {
namespace {

using engine::MountRequest;
using engine::MountType;

template <size_t n>
bool is_one_of(std::string_view word, const std::array<std::string_view, n>& words) {
    return std::ranges::find(words, word) != words.end();
}

constexpr std::array<std::string_view, 6> propagations{"private", "rprivate", "shared",
                                                       "rshared", "slave",    "rslave"};

/// What is mounted inside reaches the host in no version of skiff yet: the monitor's mount
/// namespace only receives.
std::string checked_propagation(std::string_view mode) {
    if (mode == "shared" || mode == "rshared")
        throw Error(ErrorKind::unsupported,
                    "mount propagation '{}' is not supported by this version of skiff", mode);
    return std::string(mode);
}

std::string absolute_source(std::string_view source) {
    if (!source.starts_with('.')) return std::string(source);
    char* const directory = getcwd(nullptr, 0);
    if (directory == nullptr) throw SystemError(errno, "cannot find the working directory");
    std::string path = fmt::format("{}/{}", directory, source);
    std::free(directory);
    return clean_path(path);
}

/// The reason why `target` cannot be one, or "".
std::string target_problem(std::string_view target) {
    if (!target.starts_with('/'))
        return fmt::format("invalid mount path: '{}' mount path must be absolute", target);
    const std::string path = clean_path(target);
    if (path == "/") return "invalid specification: destination can't be '/'";
    // A file there would stand for what the kernel says, also to security tools inside; these are
    // the ones that runc lets others provide (lxcfs does).
    constexpr std::array<std::string_view, 11> replaceable{"/proc/cpuinfo",
                                                           "/proc/diskstats",
                                                           "/proc/meminfo",
                                                           "/proc/stat",
                                                           "/proc/swaps",
                                                           "/proc/uptime",
                                                           "/proc/loadavg",
                                                           "/proc/slabinfo",
                                                           "/proc/net/dev",
                                                           "/proc/sys/kernel/ns_last_pid",
                                                           "/proc/sys/crypto/fips_enabled"};
    if (path.starts_with("/proc/") && !is_one_of(path, replaceable))
        return fmt::format("'{}' cannot be mounted because it is inside /proc", path);
    return "";
}

/// The reason why `mount` cannot replace the container's own procfs, or "".
std::string proc_problem(const MountRequest& mount) {
    if (mount.target != "/proc") return "";
    struct statfs status{};
    if (mount.type == MountType::bind && statfs(mount.source.c_str(), &status) == 0 &&
        status.f_type == PROC_SUPER_MAGIC)
        return "";
    return "'/proc' cannot be mounted because it is not of type proc";
}

[[noreturn]] void refuse_volume(std::string_view text, std::string_view why) {
    throw Error(ErrorKind::usage, "invalid volume specification: '{}': {}", text, why);
}

void apply_volume_modes(MountRequest& mount, std::string_view modes) {
    // z and Z ask for SELinux labels, which nothing needs here: skiff's containers run in their
    // caller's domain. The last three speak to Docker's file sharing of other systems and mean
    // nothing on Linux, there too.
    constexpr std::array<std::string_view, 6> without_effect{"rw",     "z",         "Z",
                                                             "cached", "delegated", "consistent"};
    for (std::string_view mode : split(modes, ',')) {
        if (mode == "ro") {
            mount.read_only = true;
        } else if (is_one_of(mode, propagations)) {
            mount.propagation = checked_propagation(mode);
        } else if (!is_one_of(mode, without_effect)) {
            throw Error(ErrorKind::usage, "invalid mode: {}", modes);
        }
    }
}

[[noreturn]] void refuse_named_volume(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '-';
    };
    if (!std::ranges::all_of(name, allowed)) {
        throw Error(ErrorKind::usage,
                    "{} includes invalid characters for a local volume name, only "
                    "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host "
                    "directory, use absolute path",
                    quoted(name));
    }
    throw Error(ErrorKind::unsupported,
                "named volumes ({}) are not supported by this version of skiff; to mount a host "
                "directory give its absolute path",
                quoted(name));
}

/// Fields separated by commas; a field may be in double quotes, in which a quote is written twice
/// (RFC 4180).
std::vector<std::string> split_fields(std::string_view text) {
    std::vector<std::string> fields(1);
    bool quoting = false;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoting && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
            fields.back() += '"';
            ++i;
        } else if (c == '"' && (quoting || fields.back().empty())) {
            quoting = !quoting;
        } else if (c == ',' && !quoting) {
            fields.emplace_back();
        } else {
            fields.back() += c;
        }
    }
    if (quoting) throw Error(ErrorKind::invalid, "a quoted field does not end");
    return fields;
}

bool parse_switch(std::string_view key, std::string_view value) {
    if (value == "true" || value == "1") return true;
    if (value == "false" || value == "0") return false;
    throw Error(ErrorKind::invalid, "invalid value for {}: {}", key, value);
}

/// Reads the fields of one --mount.
class MountFields {
  public:
    MountRequest read(std::string_view text) {
        for (const std::string& field : split_fields(text)) take(field);
        finish();
        return std::move(mount_);
    }

  private:
    void take(const std::string& field) {
        const Cut parts = cut(field, '=');
        const std::string key = to_lower(trim(parts.before));
        if (!parts.found) {
            if (key != "readonly" && key != "ro" && key != "bind-nonrecursive") {
                throw Error(ErrorKind::invalid, "invalid field '{}' must be a key=value pair",
                            field);
            }
            return take(key, "true", field);
        }
        take(key, parts.after, field);
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
        } else if (key.starts_with("tmpfs-")) {
            tmpfs_key_ = true;
            take_tmpfs(key, value, field);
        } else if (key.starts_with("volume-")) {
            throw Error(ErrorKind::unsupported,
                        "--mount {}: volumes are not supported by this version of skiff", key);
        } else if (key != "consistency") {  // without effect on Linux, in Docker too
            throw Error(ErrorKind::invalid, "unexpected key '{}' in '{}'", key, field);
        }
    }

    void set_type(std::string_view type) {
        if (type == "bind") {
            mount_.type = MountType::bind;
        } else if (type == "tmpfs") {
            mount_.type = MountType::tmpfs;
        } else if (type == "volume" || type == "image" || type == "cluster" || type == "npipe") {
            throw Error(ErrorKind::unsupported,
                        "--mount type={} is not supported by this version of skiff (bind and tmpfs "
                        "are)",
                        type);
        } else {
            throw Error(ErrorKind::invalid, "invalid mount type {}", quoted(type));
        }
        type_given_ = true;
    }

    void take_bind(std::string_view key, std::string_view value, std::string_view field) {
        if (key == "bind-propagation") {
            const std::string word = to_lower(value);
            if (!is_one_of(word, propagations))
                throw Error(ErrorKind::invalid, "invalid value for {}: {}", key, value);
            mount_.propagation = checked_propagation(word);
        } else if (key == "bind-nonrecursive") {
            mount_.recursive = !parse_switch(key, value);
        } else if (key != "bind-recursive") {
            throw Error(ErrorKind::invalid, "unexpected key '{}' in '{}'", key, field);
        } else if (value == "enabled" || value == "disabled") {
            mount_.recursive = value == "enabled";
        } else if (value == "writable" || value == "readonly") {
            throw Error(ErrorKind::unsupported,
                        "--mount bind-recursive={} is not supported by this version of skiff",
                        value);
        } else {
            throw Error(ErrorKind::invalid,
                        "invalid value for {}: {} (must be \"enabled\" or \"disabled\")", key,
                        value);
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
            throw Error(ErrorKind::invalid, "unexpected key '{}' in '{}'", key, field);
        }
    }

    void finish() {
        if (mount_.target.empty()) throw Error(ErrorKind::invalid, "target is required");
        if (!type_given_) {
            throw Error(ErrorKind::unsupported,
                        "--mount without a type means a volume, which is not supported by this "
                        "version of skiff; say type=bind or type=tmpfs");
        }
        const bool bind = mount_.type == MountType::bind;
        if (bind && tmpfs_key_)
            throw Error(ErrorKind::invalid, "cannot mix 'tmpfs-*' options with mount type 'bind'");
        if (!bind && bind_key_)
            throw Error(ErrorKind::invalid, "cannot mix 'bind-*' options with mount type 'tmpfs'");
        const std::string_view type = bind ? "bind" : "tmpfs";
        const auto config_error = [&](std::string_view why) {
            return Error(ErrorKind::invalid, "invalid mount config for type \"{}\": {}", type, why);
        };
        if (!bind && !mount_.source.empty())
            throw config_error("field Source must not be specified");
        if (bind && mount_.source.empty()) throw config_error("field Source must not be empty");
        if (bind && !mount_.source.starts_with('/')) {
            throw config_error(
                fmt::format("invalid mount path: '{}' mount path must be absolute", mount_.source));
        }
        if (const std::string problem = target_problem(mount_.target); !problem.empty())
            throw config_error(problem);
        mount_.target = clean_path(mount_.target);
        if (bind) mount_.source = clean_path(mount_.source);
        if (const std::string problem = proc_problem(mount_); !problem.empty())
            throw config_error(problem);
    }

    MountRequest mount_;
    bool type_given_ = false;
    bool bind_key_ = false;
    bool tmpfs_key_ = false;
};

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
    if (parts.size() > 3) throw Error(ErrorKind::usage, "invalid volume specification: '{}'", text);
    if (std::ranges::find(parts, "") != parts.end())
        throw Error(ErrorKind::usage, "invalid spec: {}: empty section between colons", text);
    if (parts.size() == 1) {
        if (const std::string problem = target_problem(text); !problem.empty())
            refuse_volume(text, problem);
        throw Error(ErrorKind::unsupported,
                    "anonymous volumes (-v {}) are not supported by this version of skiff; --tmpfs "
                    "gives a directory that is gone with the container",
                    text);
    }
    const std::string source = absolute_source(parts[0]);
    if (!source.starts_with('/')) refuse_named_volume(source);
    if (const std::string problem = target_problem(parts[1]); !problem.empty())
        refuse_volume(text, fmt::format("invalid mount config for type \"bind\": {}", problem));
    MountRequest mount;
    mount.source = clean_path(source);
    mount.target = clean_path(parts[1]);
    mount.create_source = true;
    if (parts.size() == 3) apply_volume_modes(mount, parts[2]);
    if (const std::string problem = proc_problem(mount); !problem.empty())
        refuse_volume(text, problem);
    return mount;
}

MountRequest parse_mount_flag(std::string_view text) {
    return MountFields().read(text);
}

MountRequest parse_tmpfs_flag(std::string_view text) {
    const Cut parts = cut(text, ':');
    if (const std::string problem = target_problem(parts.before); !problem.empty()) {
        throw Error(ErrorKind::usage, "invalid mount config for type \"tmpfs\": {}", problem);
    }
    MountRequest mount;
    mount.type = MountType::tmpfs;
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

void check_mount_targets(const std::vector<MountRequest>& mounts) {
    std::set<std::string_view> targets;
    for (const MountRequest& mount : mounts) {
        if (!targets.insert(mount.target).second)
            throw Error(ErrorKind::usage, "Duplicate mount point: {}", mount.target);
    }
}

}  // namespace skiff::cli
