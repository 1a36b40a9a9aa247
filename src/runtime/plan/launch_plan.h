// SPDX-License-Identifier: Apache-2.0
// All that the container's first process does between clone and exec, decided beforehand.
//
// A plan is made by plan_builder (pure: OCI spec and host facts in, plan out), completed with
// descriptors by launch, and walked by runtime/init with system calls only. It holds resolved
// strings, open descriptors, numbers; init reads it and never changes it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <linux/filter.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/fd.h"

namespace skiff::runtime {

/// One mount below the container's root, in the order of the plan.
struct MountStep {
    enum class Kind {
        filesystem,  ///< a new instance: mount(2) of `type`
        attach,      ///< a detached tree (bind) that `launch` opened: move_mount(2) of `tree`
    };
    Kind kind = Kind::filesystem;
    std::string target;  ///< path in the container
    bool target_is_file = false;
    bool optional = false;          ///< a failure is passed over (a file system the kernel lacks)
    bool skip_unreachable = false;  ///< a target init may not reach: then nobody inside may
    std::string type;               ///< filesystem
    std::string
        source;  ///< filesystem: the word shown by mount(8); attach: the host path, for messages
    std::string data;                       ///< filesystem
    unsigned long flags = 0;                ///< filesystem: MS_…
    bool recursive = false;                 ///< attach: submounts too
    unsigned long long attributes = 0;      ///< attach: MOUNT_ATTR_… for every mount of the tree
    unsigned long long top_attributes = 0;  ///< attach: for its top alone
    Fd source_fd;  ///< attach: what is cloned, if its owner holds it already; else `source` is
    Fd tree;       ///< attach: an OPEN_TREE_CLONE descriptor with its attributes already set
    unsigned long propagation = 0;  ///< MS_PRIVATE, MS_SLAVE, MS_SHARED, or 0: private
};

/// A device of the container's own /dev: the host's node, bound. Never made by mknod(2): the /dev
/// of a container is mounted nodev like everything else that it may write to, so that a node made
/// inside (CAP_MKNOD is a default capability) or brought by an image opens nothing, whether or not
/// a device cgroup watches.
struct DeviceStep {
    std::string name;    ///< below the container's /dev
    std::string source;  ///< the host's node; "" : of the same name below its /dev
    unsigned major = 0;
    unsigned minor = 0;
    bool is_block = false;
    bool optional = false;  ///< passed over when it cannot be opened
    Fd tree;                ///< a detached mount of the node
};

/// A namespace of somebody else's that the container's first process is in.
struct JoinStep {
    int type = 0;      ///< CLONE_NEW…
    std::string path;  ///< as the specification has it, for messages
    Fd fd;
};

struct SysctlStep {
    std::string path;  ///< below /proc/sys; "": the domain name, whose file root of a user
                       ///< namespace cannot write, but a system call can
    std::string value;
};

struct LinkStep {
    std::string name;  ///< below /dev
    std::string text;
};

struct RlimitStep {
    int resource = 0;
    rlimit limit{};
};

/// Bit n is capability number n. Effective is what is permitted; inheritable and ambient are empty.
struct CapabilityWords {
    std::uint64_t bounding = 0;
    std::uint64_t permitted = 0;
};

struct KeptDescriptor {
    int source = -1;
    int number = -1;  ///< as the program sees it
};

/// A program of the host that init runs in the container's namespaces while the host's tree is
/// still below (createContainer of the OCI specification).
struct HookStep {
    std::string path;
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    unsigned timeout = 0;  ///< seconds; 0: as long as it takes
};

struct ConsoleSize {
    unsigned short rows = 0;
    unsigned short columns = 0;
};

struct LaunchPlan {
    unsigned long long clone_flags =
        0;                        ///< CLONE_NEW… of the namespaces that are the container's own
    std::vector<JoinStep> joins;  ///< entered before those are made; the pid namespace by a child

    int cgroup = -1;  ///< v2: the container's group, borrowed; its first process is born in it
    std::vector<Fd> cgroup_tasks;  ///< v1: "tasks" files; a process writes "0" to join

    Fd root;  ///< the root file system as a detached mount
    /// An empty directory of the host where it is attached, so that hooks find it; "": nowhere that
    /// has a name.
    std::string root_path;
    std::vector<HookStep> hooks;
    Fd hook_state;   ///< what they read: a file in memory, complete when init may begin
    Fd hook_output;  ///< what they write: another
    bool waits_when_mounted = false;  ///< for a go of the parent, when the tree stands
    bool root_read_only = false;
    std::vector<MountStep> mounts;
    bool populate_dev = true;  ///< false when the user mounted something over /dev
    std::vector<DeviceStep> devices;
    std::vector<LinkStep> links;
    std::vector<std::string> masked_paths;
    std::vector<std::string> read_only_paths;

    std::string hostname;    ///< empty: the namespace's as it is
    std::string domainname;  ///< likewise
    bool bring_up_loopback = false;
    std::vector<SysctlStep> sysctls;

    bool terminal = false;
    ConsoleSize console_size;
    // Without a terminal: the container's ends. An invalid stdin is the container's /dev/null.
    Fd stdin_read;
    Fd stdout_write;
    Fd stderr_write;
    /// What the program gets beside its streams, by ascending number; the sources are borrowed, and
    /// above every number.
    std::vector<KeptDescriptor> kept;
    mode_t umask = 0022;
    bool own_streams = true;  ///< pipes made for the container, to be given to its user; false: not
                              ///< ours, left as they are

    std::vector<RlimitStep> rlimits;
    std::string oom_score_adj;  ///< for /proc/self/oom_score_adj; "": left as it is
    uid_t uid = 0;
    gid_t gid = 0;
    bool set_groups = true;  ///< false where setgroups(2) is denied (single-id user namespaces)
    std::vector<gid_t> groups;
    CapabilityWords capabilities;
    bool no_new_privileges = false;
    std::string apparmor;  ///< "exec PROFILE" for /proc/self/attr/apparmor/exec; "": nothing
    std::span<const sock_filter> seccomp;  ///< empty: unconfined

    std::string working_directory = "/";  ///< made when missing
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    /// What to hand to execve in turn: the path itself, or the command below each directory of
    /// $PATH.
    std::vector<std::string> executables;
    bool die_with_parent = false;       ///< no pid namespace of the monitor's holds this process
    bool waits_before_program = false;  ///< for a second go of the parent, as its last step but few
    bool reaper = false;           ///< --init: skiff stays as PID 1, forwards signals and reaps
    std::span<char> command_line;  ///< what ps shows of the reaper; empty: left as it is
};

}  // namespace skiff::runtime
