// SPDX-License-Identifier: Apache-2.0
// RUN --mount=KEY[=VALUE],…
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dockerfile/expand.h"

namespace skiff::dockerfile {

struct RunMount {
    enum class Type { bind, cache, tmpfs, secret, ssh } type = Type::bind;
    enum class Sharing { shared, private_copy, locked } sharing = Sharing::shared;  ///< cache

    /// target, dst, destination. Required but for secrets (empty: /run/secrets/<id>, unless `env`
    /// is given) and ssh (empty: whoever runs the step chooses). Relative ones are relative to the
    /// working directory.
    std::string target;
    std::string source;      ///< source, src: bind and cache; for a secret its id's older name
    std::string from;        ///< stage, its number, or image; empty: the context (cache: nothing)
    bool read_only = false;  ///< bind: true unless `rw`; cache: `ro`
    /// cache: its key, by default the target; secret: by default the last element of the target; ssh:
    /// "default".
    std::string id;
    bool required = false;  ///< secret, ssh: without it the step fails
    std::string env;        ///< secret: the variable that holds it
    /// Octal in the text. Defaults: 0755 for a cache's directory, 0400 for a secret, 0600 for ssh.
    std::uint32_t mode = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t size = 0;  ///< tmpfs: bytes, 0 is no limit

    bool operator==(const RunMount&) const = default;
};

/// Parses one value of Run::mounts after expand_instruction; fills in the defaults above. Throws
/// Error{invalid} naming key and value, with the nearest key.
RunMount parse_run_mount(std::string_view text);

}  // namespace skiff::dockerfile
