// SPDX-License-Identifier: Apache-2.0
// From a container's record to the OCI runtime spec. Pure: the same record, user and facts give the
// same document.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/container/devices.h"
#include "engine/container/record.h"
#include "engine/container/user.h"
#include "oci/runtime_spec.h"
#include "runtime/cgroup/device_rules.h"

namespace skiff::engine {

/// What the document depends on beside the record.
struct SpecFacts {
    bool in_user_namespace = false;  ///< the container's user namespace is not the initial one
    std::uint64_t available_capabilities = 0;  ///< bit n is capability n: all that can be given
    bool has_tty_group = true;                 ///< gid 5 is mapped: terminals can be given to it
    bool has_host_mqueue = false;              ///< /dev/mqueue exists outside, for --ipc host
    std::string host_hostname;
    std::string container_directory;
    /// Where hosts, hostname and resolv.conf lie: another container's with its network.
    std::string etc_directory;
    bool has_hosts_file = true;
    /// Of what is joined: a directory such as /proc/123/ns, by the mode ("container:ID").
    std::map<std::string, std::string> namespaces;
    bool unified_cgroup = false;  ///< /sys/fs/cgroup is v2 alone
    /// What the device cgroup says; nothing where none watches.
    std::vector<runtime::DeviceRule> device_rules;
    std::vector<HostDevice> devices;  ///< of a document for people, in which they are binds
    /// Of CDI devices.
    std::vector<std::string> extra_environment;
    std::vector<oci::SpecMount> extra_mounts;
    std::vector<oci::SpecHook> hooks;
    std::string volumes_directory;  ///< data/volumes
    std::string seccomp;  ///< linux.seccomp in OCI's JSON, only for `inspect --oci` and --runtime
    /// Empty: the namespaces of the record. Else a user namespace of the container's own with these
    /// maps.
    std::vector<oci::SpecIdMapping> uid_mappings;
    std::vector<oci::SpecIdMapping> gid_mappings;
    /// Shown read-only at the same place: the built-in image `host`.
    std::vector<std::string> host_directories;
    /// Of the container's directory, shown in /etc beside the three that every container has:
    /// localtime, passwd, group.
    std::vector<std::string> added_files = {};
    /// Paths in the container at which a bind would show our run directory: covered.
    std::vector<std::string> covered;
    unsigned rows = 0;  ///< of the terminal, 0: unknown
    unsigned columns = 0;
};

oci::RuntimeSpec build_spec(const ContainerRecord& record, const ContainerUser& user,
                            const SpecFacts& facts);

/// The environment of the program: PATH, HOSTNAME, TERM with a terminal, then the record's; HOME
/// last where missing.
std::vector<std::string> build_environment(const ContainerRecord& record,
                                           const std::string& hostname, const std::string& home);

/// PATH where neither the image nor the user says one.
inline constexpr std::string_view default_search_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Puts "K=V" in the place of the present K, or at the end; "K" alone removes it.
void set_variable(std::vector<std::string>& environment, const std::string& variable);

/// Docker's lists with what --security-opt changes of them. Empty for --privileged.
std::vector<std::string> masked_paths(const SecurityRequest& security);
std::vector<std::string> read_only_paths(const SecurityRequest& security);

/// Source of the mount at /dev/shm that shows another container's.
inline constexpr std::string_view shared_memory_source = "skiff-shared-memory";
/// Whether --unsetenv or --unsetenv-all takes a variable ("K=V" or "K") away that nobody asked for.
bool is_unset(const DefaultEnvironment& defaults, std::string_view variable);

/// What `hostname` prints inside.
std::string effective_hostname(const ContainerRecord& record, const std::string& host_hostname);

}  // namespace skiff::engine
