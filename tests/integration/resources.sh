#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Limits of resources: enforced where a control group can be made, said where not, and Docker's words for what is wrong.
# shellcheck disable=SC2034,SC2154  # variables of checks that eval runs
. "${0%/*}/lib.sh"
image busybox

can() { # CONTROLLER of v1: root can make a group of it here
    root && [ -d "/sys/fs/cgroup/$1" ]
}
inside() { skiff run --rm --network none "$@"; }
group() { # CONTAINER CONTROLLER FILE: of its first process, as the host sees it
    local place
    place=$(awk -F: -v name="$2" '{n = split($2, all, ","); for (i = 1; i <= n; i++) if (all[i] == name) print $3}' \
        "/proc/$(skiff inspect -f '{{.State.Pid}}' "$1")/cgroup")
    cat "/sys/fs/cgroup/$2$place/$3"
}

fails "-m 1k" 125 'Minimum memory limit allowed is 6MB' inside -m 1k busybox true
fails "-m 64x" 125 'invalid argument "64x" for "-m, --memory" flag' inside -m 64x busybox true
fails "--memory-swap below -m" 125 'Minimum memoryswap limit should be larger than memory limit' inside -m 64m --memory-swap 32m busybox true
fails "--memory-swap alone" 125 'You should always set the Memory limit' inside --memory-swap 64m busybox true
fails "--memory-reservation above -m" 125 'can not be less than memory reservation' inside -m 32m --memory-reservation 64m busybox true
fails "--memory-swappiness 101" 125 'invalid value: 101. Valid memory swappiness range is 0-100' inside --memory-swappiness 101 busybox true
fails "--cpus 9999" 125 'Range of CPUs is from 0.01 to' inside --cpus 9999 busybox true
fails "--cpus with --cpu-quota" 125 'Conflicting options: Nano CPUs and CPU Quota' inside --cpus 1 --cpu-quota 50000 busybox true
fails "--cpus nonsense" 125 'as a rational number' inside --cpus nonsense busybox true
fails "--cpuset-cpus 4000" 125 'Requested CPUs are not available - requested 4000' inside --cpuset-cpus 4000 busybox true
fails "--cpuset-cpus nonsense" 125 'for cpuset cpus' inside --cpuset-cpus 1-x busybox true
fails "--cpu-period 10" 125 'CPU cfs period can not be less than 1ms' inside --cpu-period 10 busybox true
fails "--blkio-weight 5" 125 'Range of blkio weight is from 10 to 1000' inside --blkio-weight 5 busybox true
fails "--device-read-bps nonsense" 125 'bad format' inside --device-read-bps nonsense busybox true
fails "--device-write-iops with a unit" 125 'invalid rate for device' inside --device-write-iops /dev/vda:1mb busybox true
fails "--oom-score-adj 2000" 125 'range for oom score adj is \[-1000, 1000\]' inside --oom-score-adj 2000 busybox true
fails "--cgroup-parent with .." 125 'invalid cgroup parent' inside --cgroup-parent /a/../.. busybox true

skiff create --name all -m 64m --memory-reservation 32m --cpus .5 -c 512 --pids-limit 77 --cpuset-cpus 0 \
    --cgroup-parent /nowhere --oom-score-adj 300 busybox true >/dev/null
is "inspect says what was asked" '67108864 33554432 134217728 500000000 512 77 0 /nowhere 300' \
    skiff inspect -f '{{with .HostConfig}}{{.Memory}} {{.MemoryReservation}} {{.MemorySwap}} {{.NanoCpus}} {{.CpuShares}} {{.PidsLimit}} {{.CpusetCpus}} {{.CgroupParent}} {{.OomScoreAdj}}{{end}}' all
has "and the runtime's specification" '"limit": 67108864' skiff inspect --oci all
is "the score of the OOM killer" 500 inside --oom-score-adj 500 busybox cat /proc/self/oom_score_adj

if can memory && can cpu && can pids && can cpuset; then
    skiff run -d --name lim --network none -m 64m --memory-reservation 32m --cpu-period 50000 --cpu-quota 25000 --cpu-shares 512 \
        --cpuset-cpus 0 --cpuset-mems 0 --pids-limit 77 busybox sleep 1000 >/dev/null
    is "-m" 67108864 group lim memory memory.limit_in_bytes
    is "--memory-reservation" 33554432 group lim memory memory.soft_limit_in_bytes
    is "--cpu-period" 50000 group lim cpu cpu.cfs_period_us
    is "--cpu-quota" 25000 group lim cpu cpu.cfs_quota_us
    is "--cpu-shares" 512 group lim cpu cpu.shares
    is "--cpuset-cpus" 0 group lim cpuset cpuset.cpus
    is "--pids-limit" 77 group lim pids pids.max
    is "exec is limited, too" 0 eval "skiff exec lim sed -n 's/^Cpus_allowed_list:[[:blank:]]*//p' /proc/self/status"
    is "nothing to complain of" "[]" skiff inspect -f '{{json .State.Less}}' lim
    is "restart keeps the limits" 77 eval 'skiff restart -t 0 lim >/dev/null; group lim pids pids.max'
    skiff rm -f lim >/dev/null
    is "--cpus" 50000 inside --cpus .5 busybox cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us
    has "--pids-limit holds" "can't fork" eval 'inside --pids-limit 4 busybox sh -c "for i in 1 2 3 4 5 6; do sleep 1 & done; wait" 2>&1 || true'
    skiff run --name fat --network none -m 16m busybox sh -c 'x=$(head -c 99999999 /dev/zero | tr "\0" a); echo ${#x}' >/dev/null 2>&1
    is "too much memory: killed, and inspect knows why" 'true 137' skiff inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' fat
    parent=/skiff-test-$$
    skiff run -d --name below --network none -m 64m --cgroup-parent $parent busybox sleep 1000 >/dev/null
    has "--cgroup-parent" "$parent/skiff-" cat "/proc/$(skiff inspect -f '{{.State.Pid}}' below)/cgroup"
    skiff rm -f below fat >/dev/null
    for group in /sys/fs/cgroup/*$parent /sys/fs/cgroup/memory/*/*$parent; do [ ! -d "$group" ] || rmdir "$group"; done
elif ! root; then
    has "what cannot be enforced is said" 'the memory limit is not enforced: no control group' eval 'inside -m 64m busybox true 2>&1'
    fails "… and refused by --strict" 125 'the memory limit is not enforced' skiff --strict run --rm --network none -m 64m busybox true
    skiff run -d --name less --network none --pids-limit 77 busybox sleep 1000 >/dev/null 2>&1
    has "… and shown by inspect" 'the limit of processes is not enforced' skiff inspect -f '{{json .State.Less}}' less
    skiff rm -f less >/dev/null
fi
skiff rm all >/dev/null
finish
