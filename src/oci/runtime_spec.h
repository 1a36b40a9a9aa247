// SPDX-License-Identifier: Apache-2.0
// The OCI runtime specification's config.json as plain data: what a container's process shall be,
// in the words that every runtime understands. Made by engine from a container's record, read by
// runtime/plan. https://github.com/opencontainers/runtime-spec (config.md, config-linux.md),
// version 1.0.2.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace skiff::oci {

struct SpecUser {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::vector<std::uint32_t> additional_gids;
    std::optional<std::uint32_t> umask;
};

struct SpecRlimit {
    std::string type;  ///< "RLIMIT_NOFILE"
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
};

/// Capability names with the CAP_ prefix. Inheritable and ambient stay empty (security:
/// CVE-2022-24769).
struct SpecCapabilities {
    std::vector<std::string> bounding;
    std::vector<std::string> effective;
    std::vector<std::string> permitted;
};

struct SpecConsoleSize {
    unsigned height = 0;
    unsigned width = 0;
};

struct SpecProcess {
    bool terminal = false;
    SpecConsoleSize console_size;
    SpecUser user;
    std::vector<std::string> args;
    std::vector<std::string> env;
    std::string cwd = "/";
    SpecCapabilities capabilities;
    std::vector<SpecRlimit> rlimits;
    bool no_new_privileges = false;
    int oom_score_adj = 0;  ///< -1000 to 1000; 0: as it is
    std::string apparmor_profile;
};

/// Options are mount(8) words: "ro", "nosuid", "rbind", "rprivate", and data such as "size=64m".
struct SpecMount {
    std::string destination;
    std::string type;
    std::string source;
    std::vector<std::string> options;
};

enum class NamespaceType { pid, network, mount, ipc, uts, user, cgroup };

struct SpecNamespace {
    NamespaceType type;
    std::string path = {};  ///< join this one; empty: a new one
};

struct SpecIdMapping {
    std::uint32_t container_id = 0;
    std::uint32_t host_id = 0;
    std::uint32_t size = 0;
};

/// A program of the host that is run at a point of the container's life.
struct SpecHook {
    std::string name;  ///< the point: "createRuntime", "createContainer", …
    std::string path;
    std::vector<std::string> args;  ///< argv, with the program's own name first; may be empty
    std::vector<std::string> env;
    unsigned timeout = 0;  ///< seconds; 0: none
};

struct RuntimeSpec {
    SpecProcess process;
    std::string root_path;
    bool root_readonly = false;
    std::string hostname;
    std::string domainname;
    std::vector<SpecMount> mounts;
    std::map<std::string, std::string> annotations;
    std::vector<SpecNamespace> namespaces;
    std::vector<SpecIdMapping> uid_mappings;
    std::vector<SpecIdMapping> gid_mappings;
    std::vector<std::string> masked_paths;
    std::vector<std::string> readonly_paths;
    std::map<std::string, std::string> sysctl;
    std::string resources;  ///< the JSON text of linux.resources; empty: none
    std::string cgroups_path;
    std::string seccomp;          ///< the JSON text of linux.seccomp in OCI's form; empty: none
    std::vector<SpecHook> hooks;  ///< those of one point in their order

    bool has_namespace(NamespaceType type) const;
    /// It is made for the container, and not joined.
    bool has_own_namespace(NamespaceType type) const;
};

/// The document as a runc-compatible runtime reads it.
nlohmann::json to_json(const RuntimeSpec& spec);

}  // namespace skiff::oci
