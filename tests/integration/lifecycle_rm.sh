#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# rm, container prune, container exists, stop and start of all, and the options that choose containers.
# shellcheck disable=SC2034,SC2154  # variables of checks that eval runs
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1

forever='trap "exit 5" TERM; echo >/ready; while :; do sleep 0.05; done'
begin() { skiff run -d "$@" busybox sh -c "$forever" >/dev/null; wait_until skiff exec "$2" test -e /ready; }
id() { skiff inspect -f '{{.Id}}' "$1"; }
names() { skiff ps -a --format '{{.Names}}' | sort | xargs; }

# --- exists -----------------------------------------------------------------------------------------------------------

skiff create --name one -l tier=front busybox true >/dev/null
is "exists says nothing" 0 eval 'skiff container exists one; echo $?'
is "… also of the start of an id" 0 eval 'skiff container exists "$(id one | cut -c 1-6)"; echo $?'
is "… or not" 1 eval 'skiff container exists nosuch; echo $?'

# --- rm ---------------------------------------------------------------------------------------------------------------

fails "nothing named" 1 "'skiff rm' requires at least 1 argument" skiff rm
fails "missing: the others go" 1 'No such container: nosuch' skiff rm nosuch one
is "… it is gone" '' names
is "-i says nothing of a missing one" '' skiff rm -i nosuch
is "-f says it, and it is no failure" 'Error: No such container: nosuch 0' eval 'echo $(skiff rm -f nosuch 2>&1; echo $?)'
begin --name run1; skiff create --name two -l tier=back busybox true >/dev/null; skiff create --name three busybox true >/dev/null
fails "--all without -f: what runs stays" 2 'cannot remove a running container' skiff rm --all
is "… the rest is gone" run1 names
is "-f -t: the stop signal first" 5 eval '"$SKIFF" wait run1 >code & waiting=$!; wait_until eval "ls -l /proc/$waiting/fd | grep -q socket:"; skiff rm -f -t 20 run1 >/dev/null; wait $waiting; cat code'
begin --name run1
is "-f alone: SIGKILL" 137 eval '"$SKIFF" wait run1 >code & waiting=$!; wait_until eval "ls -l /proc/$waiting/fd | grep -q socket:"; skiff rm -f run1 >/dev/null; wait $waiting; cat code'
fails "-t without -f" 125 'time is for --force' skiff rm -t 1 nosuch
skiff create --name two -l tier=back busybox true >/dev/null; skiff create --name three busybox true >/dev/null
is "--filter" three eval 'skiff rm --filter label=tier=back >/dev/null; names'
fails "a filter that ps does not know" 125 'invalid filter' skiff rm --filter bogus=1
is "-v, --latest: by its id" "$(id three)" skiff rm -v --latest
fails "--latest of none" 1 'there is no container' skiff rm --latest
fails "-l is Docker's --link" 125 'link is not supported' skiff rm -l x
begin --name run1; skiff create --name two busybox true >/dev/null
is "-f --all" '2 ' eval 'echo "$(skiff rm -f --all | wc -l) $(names)"'
is "… of none" '' skiff rm -fa

for delay in 0 0.002 0.004 0.006 0.01; do
    skiff create --name again busybox true >/dev/null
    "$SKIFF" rm again >/dev/null 2>&1 & command=$!
    sleep $delay
    kill -KILL $command 2>/dev/null
    wait $command 2>/dev/null
    is "kill -9 of rm after $delay s: all of it or nothing" '' eval 'skiff rm -i again >/dev/null; skiff ps -a >/dev/null; ls "$SKIFF_ROOT/containers" "$SKIFF_ROOT/trash" "$SKIFF_ROOT/names" | grep -v : | xargs'
done

# --- container prune --------------------------------------------------------------------------------------------------

is "prune of nothing" 'Total reclaimed space: 0B' skiff container prune -f
begin --name run1
skiff create --name made -l keep=yes busybox true >/dev/null
skiff run --name ended busybox sh -c 'head -c 5000 /dev/zero >/f' >/dev/null
fails "an unknown filter" 125 "invalid filter 'name'" skiff container prune -f --filter name=x
fails "a bad time" 125 'invalid value for "until"' skiff container prune -f --filter until=bogus
is "until: none is that old" 'Total reclaimed space: 0B' skiff container prune -f --filter until=1h
is "without an answer nothing goes" 'ended made run1' eval 'skiff container prune </dev/null >/dev/null 2>&1; names'
is "label!: the other; what it had written" "Deleted Containers: $(id ended) Total reclaimed space: 5kB" eval 'echo $(skiff container prune -f --filter label!=keep)'
is "the answer y" "Deleted Containers: $(id made) Total reclaimed space: 0B" eval 'echo $(echo y | skiff container prune 2>/dev/null)'
is "what runs stays" run1 names

# --- stop and start of many -------------------------------------------------------------------------------------------

begin --name run2
is "stop --all" 2 eval 'skiff stop --all | wc -l'
is "… none runs" '' skiff ps -q
is "stop -i passes over missing ones" run1 skiff stop -i nosuch run1
fails "… otherwise not" 1 'No such container: nosuch' skiff stop nosuch
is "start --all" 2 eval 'skiff start --all | wc -l'
is "stop --filter" "$(id run2)" skiff stop -t 0 --filter name=run2
is "start -l" run2 eval 'skiff start -l >/dev/null; skiff ps -l --format "{{.Names}}"'
is "stop -s" 137 eval 'skiff stop -s KILL run1 >/dev/null; skiff inspect -f "{{.State.ExitCode}}" run1'
fails "start -a of two" 125 'cannot start and attach multiple' skiff start -a run1 run2
is "inspect -l" /run2 skiff inspect -l -f '{{.Name}}'
is "exec -l" ok skiff exec -l echo ok
skiff rm -fa >/dev/null
# A client that takes nothing of the output (a pager, a stopped terminal) keeps nobody from the container once that has ended.
mkfifo "$T/slow"
exec 7<>"$T/slow"
"$SKIFF" run --name stalled --network none busybox yes >"$T/slow" 2>"$T/stalled.err" 7>&- &
check "a container whose output nobody takes" wait_until skiff exec stalled true
check "is killed" skiff kill stalled
is "has an end" 137 skiff wait stalled
check "starts again" skiff start stalled
check "is killed again" skiff kill stalled
is "has an end again" 137 skiff wait stalled
check "is removed without force" skiff rm stalled
exec 7>&-
rm "$T/slow"
wait

finish
