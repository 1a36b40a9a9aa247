# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016
# update: limits and the restart policy of containers, running or not.
. "${0%/*}/lib.sh"
image busybox
field() { skiff inspect --format "$2" "$1"; }

check "one that does not run" skiff create --name still busybox sleep 1000
is "is updated" still skiff update --pids-limit 50 --cpu-shares 512 still
is "inspect says so" '50 512' field still '{{.HostConfig.PidsLimit}} {{.HostConfig.CpuShares}}'
check "one that runs" skiff run -d --name web -m 64m busybox sleep 1000
is "several at once" $'web\nstill' eval 'skiff update --memory 32m web still 2>/dev/null'
is "inspect of the one that runs" 33554432 field web '{{.HostConfig.Memory}}'
is "… keeps the sum with swap" 134217728 field web '{{.HostConfig.MemorySwap}}'
is "--restart" always eval 'skiff update --restart always web >/dev/null 2>&1; skiff inspect --format "{{.HostConfig.RestartPolicy.Name}}" web'
check "… which is what happens" eval 'skiff kill -s KILL web >/dev/null; skiff update --restart on-failure:3 web'
is "--restart with a count" 'on-failure 3' field web '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}'
# Of a group that this limit was the first to need.
quota() {
    local id; id=$(skiff inspect --format '{{.Id}}' web)
    # shellcheck disable=SC2046  # one path, and a pattern behind it
    cat $(awk '$3 == "cgroup" && $4 ~ /(^|,)cpu(,|$)/ { print $2 }' /proc/mounts | head -n 1)/*/"$id"/cpu.cfs_quota_us
}
if root && grep -q '^cgroup .*memory' /proc/mounts; then
    check "it runs again" eval 'skiff stop -t 0 web >/dev/null; skiff start web'
    is "a limit after a new start" 33554432 skiff exec web cat /sys/fs/cgroup/memory/memory.limit_in_bytes
    check "more than the sum, with a new one" skiff update -m 256m --memory-swap 512m web
    is "… is in force at once" 268435456 skiff exec web cat /sys/fs/cgroup/memory/memory.limit_in_bytes
    check "less" skiff update -m 32m --memory-swap 64m web
    is "… is in force at once " 33554432 skiff exec web cat /sys/fs/cgroup/memory/memory.limit_in_bytes
    check "--cpus" skiff update --cpus 0.5 web
    is "… is in force" 50000 quota
    fails "--cpu-quota after --cpus" 1 'CPU Quota cannot be updated as NanoCPUs has already been set' skiff update --cpu-quota 20000 web
    fails "more than the sum alone" 1 'smaller than already set memoryswap limit' skiff update -m 128m web
    is "a refused one changes nothing" 33554432 field web '{{.HostConfig.Memory}}'
else
    skip "limits in force" "no memory controller for us on this machine"
fi
check "auto-removed ones" skiff run -d --rm --name temporary busybox sleep 1000
fails "… have no policy" 1 'AutoRemove is enabled for the container' skiff update --restart always temporary
fails "less than Docker's least" 1 'Minimum memory limit allowed is 6MB' skiff update -m 1k web
fails "no flag" 1 'you must provide one or more flags' skiff update web
fails "an unknown container" 1 'No such container: nosuch' skiff update --cpu-shares 2 nosuch
is "the others are updated all the same" web eval 'skiff update --cpu-shares 256 nosuch web 2>/dev/null || true'
fails "no number" 125 'invalid argument "x" for "-m, --memory" flag' skiff update -m x web
fails "an unknown policy" 125 'unknown policy' skiff update --restart sometimes web
check "clean up" skiff rm -f web still temporary

finish
