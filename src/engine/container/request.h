// SPDX-License-Identifier: Apache-2.0
// What the user asked of `run` or `create`, typed and checked, free of argv and of the image.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/container/mount_request.h"
#include "engine/container/port_spec.h"
#include "engine/container/resources.h"

namespace skiff::engine {

/// When an image is brought from its registry before a container is made.
enum class PullPolicy {
    missing,  ///< when the store has none of its name
    never,
    always,  ///< a registry that cannot be reached is an error
    newer,   ///< when the registry has another one; one that cannot be reached is none
};

struct Ulimit {
    std::string name;  ///< as setrlimit's constant without RLIMIT_, lower case: "nofile"
    /// -1: unlimited.
    std::int64_t soft = 0;
    std::int64_t hard = 0;
};

/// Whose namespace: "" own, "host", "container:X" where X is what was typed and, from the creation
/// of the container on, an id.
struct NamespaceModes {
    std::string pid;
    std::string ipc;  ///< also "shareable": others may join; "none": own, without /dev/shm
    std::string uts;
    std::string network;  ///< also "none", or a word for the default: "bridge"
    std::string cgroup;
    std::string user;  ///< "host" is what "" is, too; see id_layout.h for the others
};

/// X of "container:X"; "" for every other mode.
std::string_view shared_container(std::string_view mode);
struct CreateRequest;
/// --group-add keep-groups: the program has the groups of who started it, whatever they are called
/// inside.
inline constexpr std::string_view keep_groups = "keep-groups";
bool keeps_groups(const CreateRequest& request);
/// The container's processes are below a pid namespace of its monitor's and nobody else's.
bool has_own_pid_namespace(const NamespaceModes& modes);

/// --network slirp:…
struct SlirpRequest {
    std::string cidr;  ///< "" : the default network
    std::optional<std::uint32_t> mtu;
    bool host_loopback = false;       ///< the gateway's address leads to the host's loopback
    std::vector<std::string> egress;  ///< rules (network/egress_rules.h); none: no limit
};

struct SecurityRequest {
    std::vector<std::string> cap_add;  ///< as Docker spells them, upper case with CAP_, or "ALL"
    std::vector<std::string> cap_drop;
    bool privileged = false;
    bool no_new_privileges = false;
    std::string apparmor;               ///< a profile; "" and "unconfined": none
    std::vector<std::string> labels;    ///< SELinux, as typed: "disable", "level:s0"
    bool open_system_paths = false;     ///< systempaths=unconfined, unmask=ALL
    std::vector<std::string> masked;    ///< mask=: paths beside the default ones
    std::vector<std::string> unmasked;  ///< unmask=: paths, or patterns ("/proc/*") of them
    /// "" the default profile (none if privileged), "builtin" the default one in any case,
    /// "unconfined", or the text of a JSON profile.
    std::string seccomp;
    bool seccomp_is_profile = false;
    std::string seccomp_file;  ///< as typed, for messages
    bool nested = false;       ///< --nested, see nested_engine.h
};

/// --device.
struct DeviceRequest {
    std::string path;    ///< on the host: a node, or a directory of nodes
    std::string target;  ///< in the container
    std::string access;  ///< of "rwm"
};

/// --gpus, as Docker reads it.
struct GpuRequest {
    std::string driver;            ///< "nvidia", "amd", "cdi"; "" : whose devices there are
    int count = 0;                 ///< the first so many; -1: all
    std::vector<std::string> ids;  ///< numbers, UUIDs or CDI names, in place of a count
    std::vector<std::string> capabilities;
};

/// --health-* and --no-healthcheck; what is not given is the image's. Times in nanoseconds.
struct HealthRequest {
    bool none = false;
    std::string command;
    std::optional<std::int64_t> interval;
    std::optional<std::int64_t> timeout;
    std::optional<std::int64_t> start_period;
    std::optional<std::int64_t> start_interval;
    std::optional<int> retries;
    bool operator==(const HealthRequest&) const = default;
};

/// --log-driver and --log-opt, see log_options.h.
struct LogRequest {
    std::string driver = "json-file";
    std::map<std::string, std::string> options;  ///< as typed
};

/// --storage-opt, see storage_limit.h. 0: no limit.
struct StorageRequest {
    std::map<std::string, std::string> options;  ///< as typed
    std::uint64_t size = 0;                      ///< bytes
    std::uint64_t inodes = 0;
};

/// What the program's environment is before the user's own variables.
struct DefaultEnvironment {
    /// "K=V" below the image's: --env-host and the proxies of the caller's environment.
    std::vector<std::string> base;
    std::vector<std::string> unset;  ///< names that neither the image nor skiff itself may set
    bool unset_all = false;
};

/// Who is added to the container's /etc/passwd and /etc/group.
struct AccountRequest {
    std::string passwd_entry;             ///< podman's pattern; "" : its default
    std::string group_entry;              ///< likewise
    std::optional<bool> add;              ///< --passwd as given
    std::vector<std::string> host_users;  ///< names or uids of the host
};

/// One --secret: what of the secrets' store a container gets, and where (engine/secret/secrets.h).
struct SecretRequest {
    std::string id;      ///< of the secret; "" until the container is made
    std::string source;  ///< name or id as typed
    bool variable = false;
    std::string target;  ///< path in the container, or name of the variable
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    unsigned mode = 0400;
};

struct CreateRequest {
    std::string image;  ///< as typed; with `rootfs` the path of a directory
    std::vector<std::string> command;
    std::optional<std::vector<std::string>>
        entrypoint;    ///< set by --entrypoint; an empty list resets the image's
    std::string name;  ///< "" : a random one
    std::string hostname;
    std::string user;
    std::string working_directory;
    std::vector<std::string>
        environment;  ///< "K=V" in order, --env-file first; "K" alone removes K
    DefaultEnvironment default_environment;
    std::map<std::string, std::string> labels;
    std::map<std::string, std::string> annotations;
    std::vector<MountRequest> mounts;       ///< in the order of -v, --mount, --tmpfs
    std::vector<std::string> volumes_from;  ///< as typed: container[:words]
    std::string volume_driver;              ///< of volumes that -v makes; "" is "local"
    std::vector<std::string> add_hosts;     ///< "name:ip", "name:host-gateway"
    std::vector<std::string> dns;
    std::vector<std::string> dns_search;   ///< in place of the host's; "." alone: none
    std::vector<std::string> dns_options;  ///< in place of the host's
    std::vector<PortRequest> publish;      ///< -p
    bool publish_all = false;              ///< -P: what is exposed, each at any free port
    std::vector<std::string> expose;       ///< --expose: "80/tcp"
    SlirpRequest slirp;
    std::vector<Ulimit> ulimits;
    Resources resources;
    NamespaceModes namespaces;
    SecurityRequest security;
    std::vector<std::string> group_add;  ///< names, numbers, or "keep-groups" alone
    std::map<std::string, std::string> sysctls;
    std::vector<DeviceRequest> devices;
    std::vector<std::string> cdi_devices;  ///< --device: "vendor.com/class=name"
    std::vector<GpuRequest> gpus;
    /// Where specifications of CDI devices are looked for at each start, the last wins; set when
    /// the container is made, if it has such devices.
    std::vector<std::string> cdi_directories;
    std::vector<std::string> device_rules;  ///< --device-cgroup-rule: "c 1:3 rwm"
    LogRequest log;
    std::optional<std::uint64_t> shm_size;  ///< bytes
    std::string stop_signal;                ///< as typed; "" : the image's, else SIGTERM
    std::optional<int> stop_timeout;        ///< seconds; -1: for ever
    std::string runtime;                    ///< path of an OCI runtime; "" : skiff's own launcher
    HealthRequest health;
    std::string restart;  ///< a policy as typed; "" : no
    PullPolicy pull = PullPolicy::missing;
    std::string platform;  ///< os/architecture of the image; "" : what there is
    bool read_only = false;
    bool init = false;
    std::string init_path;            ///< a program of the host in place of our own init; "" : ours
    std::vector<std::string> attach;  ///< -a: "stdin", "stdout", "stderr"; empty: what there is
    bool interactive = false;         ///< -i
    bool tty = false;                 ///< -t
    bool detach = false;
    bool auto_remove = false;  ///< --rm
    std::string domainname;    ///< of NIS, and behind the host name
    std::string timezone;      ///< a name of the host's zone files, or "local"; "" : the image's
    std::optional<unsigned> umask;
    unsigned timeout = 0;  ///< seconds a run may take before SIGKILL; 0: any
    bool no_hosts = false;
    bool no_hostname = false;
    AccountRequest accounts;
    std::vector<std::string> requirements;  ///< containers that are started first
    std::string systemd = "true";           ///< "true": when the program is one; "false", "always"
    bool rootfs = false;  ///< `image` is the directory of a root file system, [:O] behind it
    std::vector<SecretRequest> secrets;
    StorageRequest storage;
    /// Open descriptors of the caller that the program gets as well, under their numbers. Not kept
    /// in the record.
    std::vector<int> preserved_fds;
    /// --replace: a container that has the name is removed first. Not kept in the record.
    bool replace = false;

    /// Whether `run` connects itself with that stream.
    bool attaches(std::string_view stream) const {
        if (detach) return false;
        if (!attach.empty()) return std::ranges::find(attach, stream) != attach.end();
        return stream != "stdin" || interactive;
    }
};

}  // namespace skiff::engine
