#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --pid host: nothing of the container is below a pid namespace that the kernel would end, so the monitor and its successors do.
. "${0%/*}/lib.sh"
image busybox
# shellcheck disable=SC2034  # variables of checks that eval runs
cd "$T" || exit 1

number=$((100000 + RANDOM))   # a time to sleep by which processes are known here; not the machine's only ones
sleepers() { pgrep -f "^sleep $number"; }
none() { ! sleepers; }
count() { [ "$(sleepers | wc -l)" = "$1" ]; }
field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$SKIFF_ROOT/containers/$1/state.json" "$2"; }
dead() { ! grep -q '^State:.[^Z]' "/proc/$1/status" 2>/dev/null; }
# The kernel sends the program after its monitor.
kill_monitor() { local monitor program; monitor=$(field "$1" monitor_pid) program=$(field "$1" pid); kill -KILL "$monitor"; wait_until dead "$monitor"; wait_until dead "$program"; }
# Its program, a child, and a grandchild that has left the process tree, the session and the signals that end it.
program="trap '' TERM HUP; setsid sh -c 'trap \"\" TERM HUP; setsid sleep $number & setsid sleep $number &' ; sleep $number"

# --- the end ----------------------------------------------------------------------------------------------------------

skiff run -d --name first --pid host busybox sh -c "$program" >/dev/null
check "its processes are the host's" wait_until count 3
"$SKIFF" exec first sh -c "setsid sleep $number & sleep $number" & client=$!
check "exec's, too" wait_until count 5
skiff kill first >/dev/null
wait $client
is "who waits for a program of exec hears 137" 137 echo $?
check "nothing of it is left" none
is "start begins anew" first skiff start first
check "…" wait_until count 3
check "rm -f" skiff rm -f first
check "nothing of it is left, either" none

# --- violence ---------------------------------------------------------------------------------------------------------

id=$(skiff run -d --name first --pid host busybox sh -c "$program")
check "again" wait_until count 3
kill_monitor "$id"
has "the monitor is killed: ps says so" '^Exited \(137\)' skiff ps -a --filter name=first --format '{{.Status}}'
check "… and ends what was left" none
id=$(skiff run -d --name second --pid host busybox sh -c "$program")
check "again" wait_until count 3
kill_monitor "$id"
is "start ends it before it begins anew" second skiff start second
check "… so that there is one set of processes" wait_until count 3
skiff rm -f first second >/dev/null
check "nothing is left" none

finish
