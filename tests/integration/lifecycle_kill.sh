#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kill and wait: signals by name and number, exit codes of several, also of those that are gone by then.
# shellcheck disable=SC2034,SC2154  # variables of checks that eval runs
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1

forever='trap "exit 0" TERM; trap "echo usr1" USR1; echo ready; while :; do sleep 0.05; done'
begin() { skiff run -d "$@" busybox sh -c "$forever" >/dev/null; }
ready() { wait_until eval "skiff logs $1 | grep -q ready"; }
code() { skiff inspect -f '{{.State.ExitCode}}' "$1"; }

# --- kill -------------------------------------------------------------------------------------------------------------

begin --name web; begin --name db; ready web; ready db
id=$(skiff inspect -f '{{.Id}}' web)
is "a signal by name" web skiff kill -s USR1 web
check "… arrives" wait_until eval 'skiff logs web | grep -q usr1'
is "by number, with SIG, by the start of the id" "${id:0:9} web" eval 'echo $(skiff kill -s 10 "${id:0:9}") $(skiff kill --signal=SIGUSR1 web)'
# Two of one kind may be one when they come at once.
check "… arrive, too" wait_until eval '[ "$(skiff logs web | grep -c usr1)" -ge 2 ]'
fails "no such signal" 125 '^Error: Invalid signal: BOGUS$' skiff kill -s BOGUS web
fails "no such container" 1 '^Error: No such container: nosuch$' skiff kill nosuch
is "of several each is tried" 'web 1 db' eval 'skiff kill -s USR1 web nosuch db 2>/dev/null >out; rc=$?; set -- $(cat out); echo $1 $rc $2'
is "kill ends it, and returns when it has ended" 'web 137' eval 'echo $(skiff kill web) $(code web)'
fails "what does not run" 1 "^Error: Cannot kill container: web: Container $id is not running$" skiff kill web
is "--all: all that run, by their ids" "$(skiff inspect -f '{{.Id}}' db)" skiff kill --all
is "--all of none" '' skiff kill --all
fails "--all and a name" 125 'exclude each other' skiff kill --all web
fails "neither" 1 "'skiff kill' requires at least 1 argument" skiff kill
is "--latest" 137 eval 'begin --name newest; skiff kill -l >/dev/null; code newest'
skiff rm web db newest >/dev/null
is "kill of a --rm container: its name is free" '' eval 'begin --rm --name again; skiff kill again >/dev/null; begin --rm --name again; skiff rm -f again >/dev/null'

# --- wait -------------------------------------------------------------------------------------------------------------

begin --name one; begin --name two --rm; begin --name three; ready one; ready two; ready three
"$SKIFF" wait one two three >codes & waiting=$!
# They listen before the first ends: the last to be told of ends first, and the one with --rm is gone.
wait_until eval 'ls -l /proc/$waiting/fd 2>/dev/null | grep -c socket: | grep -qx 3'
skiff stop two three >/dev/null
is "nothing is printed out of turn" '' cat codes
skiff kill one >/dev/null
wait $waiting
is "wait: the exit codes in order, also of one that is gone" '137 0 0' eval 'echo $(cat codes)'
fails "… it is gone" 1 'No such object: two' skiff inspect two
is "of what has ended" '137 0' eval 'echo $(skiff wait one three)'
fails "what is not there is told of, the rest is waited for" 1 '^137$' skiff wait nosuch one
is "--ignore" 137 skiff wait --ignore nosuch one
skiff create --name made busybox sh -c 'exit 7' >/dev/null
is "of one that never ran" 0 skiff wait made
fails "no such condition" 125 'invalid condition: "bogus"' skiff wait --condition bogus made

"$SKIFF" wait --condition next-exit made >next & waiting=$!
wait_until eval 'ls -l /proc/$waiting/fd 2>/dev/null | grep -q inotify'
skiff start made >/dev/null
wait $waiting
is "--condition next-exit: of the next run" 7 eval 'cat next'
begin --name runs; ready runs
"$SKIFF" wait --condition next-exit runs >next & waiting=$!
"$SKIFF" wait --condition removed runs >removed & second=$!
wait_until eval 'ls -l /proc/$waiting/fd /proc/$second/fd 2>/dev/null | grep -c inotify | grep -qx 2'
skiff stop runs >/dev/null
wait $waiting
is "… of the run that goes on" 0 eval 'cat next'
is "--condition removed: not yet" 'running' eval 'sleep 0.1; kill -0 $second && echo running'
skiff rm runs >/dev/null
wait $second
is "… now" 0 eval 'cat removed'
begin --rm --name short; ready short
"$SKIFF" wait --condition removed short >removed & waiting=$!
wait_until eval 'ls -l /proc/$waiting/fd 2>/dev/null | grep -q socket:'
skiff kill short >/dev/null
wait $waiting
is "… of one with --rm" 137 eval 'cat removed'
skiff create --name never busybox true >/dev/null
"$SKIFF" wait --condition next-exit never >next 2>&1 & waiting=$!
wait_until eval 'ls -l /proc/$waiting/fd 2>/dev/null | grep -q inotify'
skiff rm never >/dev/null
wait $waiting; rc=$?
is "… removed before it runs again: 1, and said" '1 1' eval 'echo $rc $(grep -c "was removed before it ran again" next)'

begin --name victim; ready victim
"$SKIFF" wait victim >codes & waiting=$!
wait_until eval 'ls -l /proc/$waiting/fd 2>/dev/null | grep -q socket:'
kill -KILL "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["monitor_pid"])' "$SKIFF_ROOT/containers/$(skiff inspect -f '{{.Id}}' victim)/state.json")"
wait $waiting
is "its monitor killed: 137" 137 eval 'cat codes'

skiff run -d --name policy --restart on-failure:1 busybox sh -c 'while [ ! -e /go ]; do sleep 0.02; done; rm /go; exit 3' >/dev/null
"$SKIFF" wait policy >codes & waiting=$!
wait_until eval 'ls -l /proc/$waiting/fd 2>/dev/null | grep -q socket:'
skiff exec policy touch /go
wait $waiting
is "with a restart policy: the end of this run" 3 eval 'cat codes'
skiff rm -f one three made victim policy >/dev/null
check "nothing is left" eval '[ -z "$(skiff ps -aq)" ]'
finish
