# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# as: tester root
# A container's group on cgroup v2, of systemd's making for a user: it freezes, tells of want of memory, and goes away.
. /src/lib.sh
image busybox

group_of() { sed -n 's/.*"hierarchy":"unified","path":"\([^"]*\)".*/\1/p' "$(dirname "$(skiff inspect -f '{{.LogPath}}' "$1")")/state.json"; }
state() { skiff inspect -f "{{.State.$2}}" "$1"; }
frozen() { grep -qx "frozen $2" "$1/cgroup.events"; }
units() { systemctl --user list-units --all --no-legend 'skiff*'; }   # root needs none
no_units() { [ -z "$(units)" ]; }

# --- pause ------------------------------------------------------------------------------------------------------------

skiff run -d --name held busybox sh -c 'sleep 1000 & exec sleep 1000' >/dev/null
group=$(group_of held)
check "it has a group, with its processes" wait_until eval '[ "$(wc -l <"$group/cgroup.procs")" = 2 ]'
is "top shows them" 2 eval 'skiff top held -o pid,args | grep -c "sleep 1000"'
root || has "it is in a scope of systemd" 'skiff.*\.scope .* running' units
is "pause" held skiff pause held
check "… freezes them" frozen "$group" 1
is "… which inspect says" "paused freezer" eval 'echo $(state held Status) $(state held PausedBy)'
fails "… exec is refused" 125 'is paused' skiff exec held true
is "unpause" held skiff unpause held
check "… lets them go on" frozen "$group" 0
is "… exec, too" '0::/' skiff exec held cat /proc/self/cgroup
skiff pause held >/dev/null
check "a paused container is stopped" skiff stop -t 5 held
check "… its group goes" wait_until test ! -e "$group"
root || check "… and the scope with it" wait_until no_units

# --- want of memory ---------------------------------------------------------------------------------------------------

skiff run -d --name greedy busybox sh -c 'while [ ! -e /go ]; do sleep 0.1; done; tail /dev/zero; touch /after; exec sleep 1000' >/dev/null
group=$(group_of greedy)
if [ -w "$group/memory.max" ]; then
    echo 20M >"$group/memory.max"
    echo 0 >"$group/memory.swap.max"
    skiff exec greedy touch /go
    check "a program of it is killed, and it goes on" wait_until skiff exec greedy test -e /after
    check "OOMKilled says so while it runs" wait_until eval '[ "$(state greedy Running) $(state greedy OOMKilled)" = "true true" ]'
    check "stop" skiff stop -t 0 greedy
    is "… and afterwards" true state greedy OOMKilled
    skiff start greedy >/dev/null
    is "the next run begins without it" false state greedy OOMKilled
else
    fail "the group has the memory controller" "no $group/memory.max"
fi
skiff rm -f held greedy >/dev/null

finish
