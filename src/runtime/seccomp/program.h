// SPDX-License-Identifier: Apache-2.0
// The seccomp filter of a container: linked in, kept from an earlier start, or made now.
//
// --privileged and seccomp=unconfined have no program; the caller does not ask for one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <linux/filter.h>

#include "runtime/seccomp/compile.h"

namespace skiff::runtime {

/// Instructions that are linked in (nothing is allocated for them) or owned.
class SeccompProgram {
  public:
    explicit SeccompProgram(std::span<const sock_filter> linked) : linked_(linked) {}
    explicit SeccompProgram(std::vector<sock_filter> made) : made_(std::move(made)) {}

    /// Valid as long as this object lives.
    std::span<const sock_filter> instructions() const {
        return made_.empty() ? linked_ : std::span(made_);
    }
    bool linked_in() const { return made_.empty(); }

  private:
    std::span<const sock_filter> linked_;
    std::vector<sock_filter> made_;
};

struct SeccompRequest {
    struct UserProfile {
        std::string text;  ///< JSON
        std::string name;  ///< its file, for messages
    };
    std::optional<UserProfile> profile;  ///< nothing: the default one
    CapabilitySet capabilities;          ///< the container's bounding set
    OpenAbis abis = OpenAbis::native;
    /// System calls, beside those of the default profile.
    std::vector<std::string> also_allowed = {};
    /// Likewise those that the default profile would give for CAP_SYS_ADMIN alone.
    std::vector<std::string> withheld = {};
};

/// The filter for a container. The default profile with the default capabilities, all or none is
/// linked in and costs nothing. Any other program is compiled once and kept in `cache_directory`
/// (data/seccomp; empty: not kept), which is made when missing. A kept file that is not exactly as
/// written (owner, mode 0600, key, length, SHA-256) is replaced; one that cannot be written does
/// not keep a container from starting. Throws what parse_seccomp_profile and compile_profile throw.
SeccompProgram get_program(const SeccompRequest& request, const std::string& cache_directory);

/// linux.seccomp of the OCI runtime spec for the same container.
std::string oci_seccomp(const SeccompRequest& request);

}  // namespace skiff::runtime
