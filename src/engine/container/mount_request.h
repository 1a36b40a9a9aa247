// SPDX-License-Identifier: Apache-2.0
// One mount of a container, as it was asked for (CreateRequest) and as it was settled at the
// container's creation (ContainerRecord): there anonymous volumes have names, and what the image
// and --volumes-from bring is among them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::engine {

enum class MountType { bind, tmpfs, volume, image };

struct MountRequest {
    MountType type = MountType::bind;
    /// An absolute host path, a volume's name ("" : anonymous, named when settled), an image as
    /// typed; empty for tmpfs.
    std::string source;
    std::string target;  ///< absolute path in the container, clean
    bool read_only = false;
    bool recursive = true;            ///< bind: submounts too (Docker's bind-recursive)
    bool writable_submounts = false;  ///< bind, read-only: not below it (bind-recursive=writable)
    bool forced_read_only = false;    ///< bind-recursive=readonly, which inspect tells apart
    bool create_source = false;       ///< bind: a missing host directory is made
    bool short_form = false;          ///< by -v or --tmpfs, not by --mount
    std::string mode;                 ///< the words after the second colon of -v, as typed
    std::string propagation;          ///< "", or private|rprivate|shared|rshared|slave|rslave
    /// tmpfs: mount(8) words such as "size=64m"; bind and volume: "noexec", "nosuid".
    std::vector<std::string> options;

    bool no_copy = false;    ///< volume: not filled from the image
    bool anonymous = false;  ///< volume: named by skiff, removed with its container by --rm, rm -v
    std::string subpath;     ///< volume, image: what of it is mounted, relative
    std::string driver;      ///< volume: "" is "local"
    std::map<std::string, std::string> driver_options;  ///< volume: for one that is made
    std::map<std::string, std::string> labels;          ///< volume: for one that is made
    std::vector<std::string> layers;                    ///< image, settled: chain ids, base first

    bool overlay = false;  ///< :O, writes go to a layer that ends with the run
    bool chown = false;    ///< :U, all of it is given to the container's user first
    bool idmap = false;    ///< bind: its owners are shown as the container's user namespace counts
    bool operator==(const MountRequest&) const = default;
};

/// Docker's word: "bind", "volume", "tmpfs", "image".
std::string_view to_string(MountType type);

/// Go's path.Clean for an absolute path: no "//", ".", "..", or '/' at the end.
std::string clean_path(std::string_view path);

/// The reason, in Docker's words, why `target` cannot be mounted on, or "".
std::string mount_target_problem(std::string_view target);

}  // namespace skiff::engine
