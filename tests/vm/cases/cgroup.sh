# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# as: tester root
# What a container sees of cgroup v2: a namespace of its own, its root mounted read-only, nothing of the machine's tree.
. /src/lib.sh
image busybox

is "info knows the version" 2 skiff info --format '{{.CgroupVersion}}'
is "it is in the root of its namespace" '0::/' skiff run --rm busybox cat /proc/self/cgroup
has "/sys/fs/cgroup is cgroup v2, read-only" '^cgroup2? /sys/fs/cgroup cgroup2 ro,' skiff run --rm busybox grep ' /sys/fs/cgroup ' /proc/mounts
is "… one's own, not the machine's" 'no slices' eval 'skiff run --rm busybox sh -c "ls -d /sys/fs/cgroup/*.slice 2>/dev/null || echo no slices"'
has "… in which the process is found" '^1$' skiff run --rm busybox cat /sys/fs/cgroup/cgroup.procs
fails "nothing can be written there" 1 'Read-only' skiff run --rm busybox mkdir /sys/fs/cgroup/x
is "--privileged sees it, too" '0::/' skiff run --rm --privileged busybox cat /proc/self/cgroup

finish
