#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# restart: running, stopped and --rm containers; and what is there after the command was killed.
# shellcheck disable=SC2034,SC2154  # variables of checks that eval runs
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1

field() { skiff inspect -f "{{.State.$2}}" "$1"; }
forever='trap "exit 0" TERM; echo ready >>/runs; while :; do sleep 0.05; done'
begin() { skiff run -d "$@" busybox sh -c "$forever" >/dev/null; wait_until skiff exec "$2" test -s /runs; }
runs() { skiff exec "$1" sh -c 'wc -l </runs'; }

begin --name web
before=$(field web Pid)
is "restart prints what it was given" web skiff restart web
check "it runs, and is another process" eval '[ "$(field web Running)" = true ] && [ "$(field web Pid)" != "$before" ]'
check "its files are kept" wait_until eval '[ "$(runs web)" = 2 ]'
is "it does not count for the policy" 0 skiff inspect -f '{{.RestartCount}}' web
has "ps says so" 'Up (Less than a second|[0-9]+ seconds?) .*web$' skiff ps
is "its exec works" ok skiff exec web echo ok
is "a stopped one is started" 'web true' eval 'skiff stop web >/dev/null; echo $(skiff restart -t 0 web) $(field web Running)'
fails "no such container; the others are tried" 1 'No such container: nosuch' skiff restart -t 0 nosuch web
fails "no such signal" 125 'Invalid signal: BOGUS' skiff restart -s BOGUS web
skiff run -d --name deaf busybox sh -c 'trap "" TERM; echo >>/runs; while :; do sleep 0.05; done' >/dev/null
wait_until skiff exec deaf test -s /runs
is "-t 0 kills what does not end" 'deaf true' eval 'echo $(skiff restart -t 0 deaf) $(field deaf Running)'
is "-s: another signal" 'deaf true' eval 'wait_until eval "[ \$(runs deaf) = 2 ]"; echo $(skiff restart -s KILL deaf) $(field deaf Running)'
is "--all --running" 2 eval 'skiff restart -t 0 --all --running | wc -l'
is "a paused one" 'web running' eval 'skiff pause web >/dev/null; echo $(skiff restart web) $(field web Status)'

begin --name gone --rm
before=$(field gone Pid)
is "with --rm: it is the same container" 'gone true' eval 'echo $(skiff restart gone) $(field gone Running)'
check "… with its files" wait_until eval '[ "$(runs gone)" = 2 ]'
is "… and goes at its end" 'gone 1' eval 'echo $(skiff stop gone) $(skiff inspect gone >/dev/null 2>&1; echo $?)'

begin --name again --restart always
is "with --restart always" 'again true 0' eval 'echo $(skiff restart again) $(field again Running) $(skiff inspect -f "{{.RestartCount}}" again)'
is "… stop ends it" 'again exited' eval 'echo $(skiff stop again) $(field again Status)'

"$SKIFF" run --name front busybox sh -c "$forever" >front.out & front=$!
wait_until skiff exec front test -s /runs
skiff restart front >/dev/null
wait $front; rc=$?
is "who was in front of it hears of the end of that run" 0 eval 'echo $rc'
is "… it runs without" true field front Running

skiff run -d --name once busybox sh -c 'exec sleep 1000' >/dev/null
"$SKIFF" wait once >codes & waiting=$!
wait_until eval 'ls -l /proc/$waiting/fd 2>/dev/null | grep -q socket:'
skiff restart -t 0 once >/dev/null
wait $waiting
is "who waits for it hears of it, too" 137 eval 'cat codes'

for delay in 0 0.002 0.005 0.01 0.02 0.03; do
    "$SKIFF" restart -t 0 once >/dev/null 2>&1 & command=$!
    sleep $delay
    kill -KILL $command 2>/dev/null
    wait $command 2>/dev/null
    check "kill -9 of restart after $delay s: it runs, or can be started" eval 'skiff restart -t 0 once && skiff exec once true'
done
both_restart() {
    local first
    "$SKIFF" restart -t 0 once & first=$!
    skiff restart -t 0 once && wait $first
}
for round in 1 2 3 4 5; do
    check "two at once, round $round: when both are back it runs" eval 'both_restart && skiff exec once true'
done
skiff rm -f web deaf again front once >/dev/null
check "nothing is left" eval '[ -z "$(skiff ps -aq)" ]'

skiff run -d --network none --stop-signal USR1 --name again busybox sleep 1000 >/dev/null
is "the stop signal as it was typed" USR1 skiff inspect -f '{{.Config.StopSignal}}' again
check "restart of one that runs" skiff restart -t 0 again
hasnt "… has the time when it ended before" '^0001' skiff inspect -f '{{.State.FinishedAt}}' again
is "export ends as its reader does, and says nothing" '141 0' eval 'skiff export again | head -c 100 >/dev/null; echo "${PIPESTATUS[@]}"'
root || has "update: State.Less has what is not enforced, once" '^1$' eval 'skiff update -m 64m again >/dev/null 2>&1; skiff update -m 96m again >/dev/null 2>&1
    if skiff info | grep -q "Cgroup.*none" || ! skiff inspect -f "{{.State.Less}}" again | grep -q "memory limit"; then echo 1; else skiff inspect -f "{{json .State.Less}}" again | grep -o "the memory limit is not" | wc -l; fi'
check "… removed" skiff rm -f -t 0 again
finish
