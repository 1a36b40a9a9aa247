#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A container's control groups: what it sees of them, that they freeze, kill and go away; security row 20.
# Adapts to the machine: v2, hybrid or v1 as root; rootless by systemd's scope, by a stand-in for systemd, or none.
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1

state_file() { echo "$SKIFF_ROOT/containers/$(skiff inspect -f '{{.Id}}' "$1" 2>/dev/null || skiff ps -aq --no-trunc | head -n 1)/state.json"; }
# The directories of a running container's groups, one per line.
groups_of() { python3 -c 'import json, sys
for group in json.load(open(sys.argv[1]))["cgroups"]: print(group["path"])' "$(state_file "$1")"; }
monitor_of() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["monitor_pid"])' "$(state_file "$1")"; }
has_group() { [ -n "$(groups_of "$1")" ]; }
# A container that has ended takes its groups along, but not before its exit status is told.
all_dead() { local pid; for pid in "$@"; do ! grep -q '^State:.[^ZX]' "/proc/$pid/status" 2>/dev/null || return 1; done; }
absent() { local path; for path in "$@"; do [ ! -e "$path" ] || return 1; done; }

if ! root && [ ! -S "${XDG_RUNTIME_DIR:-/nonexistent}/bus" ]; then
    is "without systemd a container of a regular user runs all the same, and without a word" 'in 0' \
        eval 'echo $(skiff run --rm busybox echo in 2>&1; echo $?)'
    has "info says that there are none, and why" '^ Groups: (none \(.+\)|unified)' skiff info
    finish
fi

has "info names the version" '^Cgroup Version: (v1|v2|hybrid)$' skiff info
has "info names the groups" '^ Groups: ' skiff info
check "a container runs" eval 'skiff run -d --name cont busybox sh -c "sleep 1000 & sleep 1000 & wait" >/dev/null'
if ! has_group cont; then
    skip "groups" "none can be made here: $(skiff info | grep '^ Groups')"
    skiff rm -f cont >/dev/null
    finish
fi
mapfile -t groups < <(groups_of cont)
is "there is one in each hierarchy that is used" yes eval 'for g in "${groups[@]}"; do grep -q . "$g/cgroup.procs" || exit 1; done; echo yes'
check "its processes are in it" wait_until eval '[ "$(wc -l <"${groups[0]}/cgroup.procs")" = 3 ]'
check "the monitor is not" eval '! grep -qx "$(monitor_of cont)" "${groups[0]}/cgroup.procs"'

# --- row 20 -----------------------------------------------------------------------------------------------------------

own='cat /proc/self/cgroup; grep " /sys/fs/cgroup" /proc/self/mountinfo'
skiff run --rm busybox sh -c "$own" >seen
is "its own groups are \"/\" inside: a namespace of its own" none eval 'hierarchy() { case $1 in *unified*|*.scope/*) echo ":";; */sys/fs/cgroup/skiff/*) echo ":";; *) echo ":${1#/sys/fs/cgroup/}" | sed "s,/.*,,";; esac; }
    for g in "${groups[@]}"; do grep -q "$(hierarchy "$g"):/$" seen || { echo "$g"; cat seen; }; done; echo none'
hasnt "no name of a group of the host's is seen" 'skiff|user\.slice|system\.slice' cat seen
fails "what is mounted of them cannot be written to" 1 '.' skiff run --rm busybox sh -c \
    'for d in $(grep " /sys/fs/cgroup" /proc/mounts | cut -d " " -f 2); do mkdir $d/x && exit 0; echo 0 >$d/cgroup.procs && exit 0; done 2>/dev/null; echo refused; exit 1'
is "… nor mounted anew" refused eval 'skiff run --rm busybox sh -c "mount -t cgroup2 none /mnt 2>/dev/null && echo mounted || echo refused"'
hasnt "a container with the host's network sees its own, too" 'skiff/' skiff run --rm --network host busybox sh -c 'cat /proc/self/cgroup; ls /sys/fs/cgroup /sys/fs/cgroup/*'
is "exec enters the same groups" yes eval 'skiff exec -d cont sleep 1001; wait_until eval "[ \$(wc -l <\"\${groups[0]}/cgroup.procs\") = 4 ]" && echo yes'
is "… and the same namespace" same eval '[ "$(skiff exec cont readlink /proc/self/ns/cgroup)" = "$(skiff exec cont readlink /proc/1/ns/cgroup)" ] && echo same'

# --- the end ----------------------------------------------------------------------------------------------------------

check "stop takes the groups along" eval 'skiff stop -t 0 cont >/dev/null; absent "${groups[@]}"'
check "it starts again, in groups again" eval 'skiff start cont >/dev/null && has_group cont'
mapfile -t groups < <(groups_of cont)
kill -KILL "$(monitor_of cont)"
check "after a kill of the monitor the next command takes the groups away" eval 'wait_until eval "skiff ps >/dev/null; absent \"\${groups[@]}\""'
check "… and it starts again" eval 'skiff start cont >/dev/null && has_group cont'
# A store of its own: this one is needed.
other() { SKIFF_ROOT=$T/other SKIFF_RUNROOT=$T/other-run "$@"; }
check "a container in another store" eval 'other skiff import "$FIXTURES/busybox.tar" busybox >/dev/null && other skiff run -d --name reset busybox sleep 1000 >/dev/null'
mapfile -t groups < <(other groups_of reset)
check "it has groups" test -n "${groups[0]}"
check "reset ends it and takes them away" eval 'other skiff system reset -f >/dev/null; absent "${groups[@]}"'
mapfile -t groups < <(groups_of cont)
check "rm -f" eval 'skiff rm -f cont >/dev/null; wait_until absent "${groups[@]}"'
if root; then
    skiff run -d --name stray --pid host busybox sh -c 'setsid sh -c "setsid sleep 1002 & sleep 1002" & echo ready; sleep 1000' >/dev/null
    check "a container in the host's pid namespace runs" wait_until eval 'skiff logs stray | grep -q ready'
    mapfile -t groups < <(groups_of stray)
    check "its grandchildren are in the group" wait_until eval '[ "$(wc -l <"${groups[0]}/cgroup.procs")" -ge 3 ]'
    # shellcheck disable=SC2034  # in the eval below
    mapfile -t pids <"${groups[0]}/cgroup.procs"
    kill -KILL "$(monitor_of stray)"
    check "with --pid host and a killed monitor the next command kills the grandchildren" \
        wait_until eval 'skiff ps >/dev/null; all_dead "${pids[@]}"'
    check "… and the groups are gone" wait_until absent "${groups[@]}"
    skiff rm -f stray >/dev/null
fi

# --- out of memory ----------------------------------------------------------------------------------------------------

events=
for g in "${groups[@]}"; do case $g in */memory/*) events=v1;; esac; done
if root; then
    skiff run -d --name oom busybox sleep 1000 >/dev/null
    mapfile -t groups < <(groups_of oom)
    for g in "${groups[@]}"; do
        [ -e "$g/memory.events" ] && events=$g/memory.max
        [ -e "$g/memory.oom_control" ] && events=$g/memory.limit_in_bytes
    done
    skiff rm -f oom >/dev/null
fi
if [ -n "$events" ] && [ -e /dev/zero ] && root; then
    skiff run -d --name oom busybox sh -c 'while [ ! -e /go ]; do sleep 0.05; done; tail /dev/zero' >/dev/null
    for g in $(groups_of oom); do
        for limit in "$g/memory.max" "$g/memory.limit_in_bytes"; do [ -e "$limit" ] && echo 20M >"$limit"; done
        [ -e "$g/memory.swap.max" ] && echo 0 >"$g/memory.swap.max"
    done
    skiff exec oom touch /go
    check "it is killed for want of memory" wait_until eval '! skiff ps | grep -q " oom$"'
    has "OOMKilled says so" '"OOMKilled": true' skiff inspect oom
    skiff rm -f oom >/dev/null
    # Of a process beside the first one: it is known when it happens, and the container goes on.
    skiff run -d --name oom busybox sh -c 'while [ ! -e /go ]; do sleep 0.05; done; tail /dev/zero; touch /after; exec sleep 1000' >/dev/null
    for g in $(groups_of oom); do
        for limit in "$g/memory.max" "$g/memory.limit_in_bytes"; do [ -e "$limit" ] && echo 20M >"$limit"; done
        [ -e "$g/memory.swap.max" ] && echo 0 >"$g/memory.swap.max"
    done
    skiff exec oom touch /go
    check "another program of it is killed for want of memory" wait_until skiff exec oom test -e /after
    check "… OOMKilled says so while it runs" wait_until eval '[ "$(skiff inspect -f "{{.State.Running}} {{.State.OOMKilled}}" oom)" = "true true" ]'
    skiff restart -t 0 oom >/dev/null
    is "… of that run only" false skiff inspect -f '{{.State.OOMKilled}}' oom
    skiff rm -f oom >/dev/null
else
    skip "OOMKilled" "no group with the memory controller can be made here"
fi
finish
