#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# pause and unpause: nothing inside gets on; stop, kill, rm -f and the death of the monitor meanwhile.
# shellcheck disable=SC2034,SC2154  # variables of checks that eval runs
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1

field() { skiff inspect -f "{{.State.$2}}" "$1"; }
# Two processes that write as long as they live, and one that forks without end.
busy='trap "exit 4" TERM; (while :; do echo x >>/a; done) & (while :; do (true); done) & while :; do echo x >>/b; sleep 0.01; done'
begin() { skiff run -d "$@" busybox sh -c "$busy" >/dev/null; wait_until skiff exec "$2" test -s /b; }
size() { du -sb "$SKIFF_ROOT/containers/$1/upper" 2>/dev/null | cut -f 1; }

begin --name web
id=$(skiff inspect -f '{{.Id}}' web)
is "pause prints what it was given" web skiff pause web
is "inspect" 'paused true true false' skiff inspect -f '{{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.State.Restarting}}' web
has "… and how" 'PausedBy": "[a-z]+"' skiff inspect web
if grep -q '"cgroups":\[{' "$SKIFF_ROOT/containers/$(skiff inspect -f '{{.Id}}' web)/state.json"; then
    has "… by the freezer where it has one" 'PausedBy": "freezer"' skiff inspect web
fi
has "ps" 'Up .* \(Paused\) .*web$' skiff ps
is "ps --filter status=paused" web skiff ps --filter status=paused --format '{{.Names}}'
is "… not status=running" '' skiff ps -q --filter status=running
is "info" '0 1 0' skiff info -f '{{.ContainersRunning}} {{.ContainersPaused}} {{.ContainersStopped}}'
is "ps {{.State}}" paused skiff ps --format '{{.State}}'
# What the freezer holds shows as asleep; that nothing of it goes on is seen below.
still() { skiff inspect web | grep -q 'PausedBy": "freezer"' && return 0; local state; for state in $(skiff top web -o pid,stat | awk 'NR > 1 { print substr($2, 1, 1) }'); do [ "$state" = T ] || [ "$state" = D ] || return 1; done; }
if command -v ps >/dev/null; then check "every process is stopped" still; fi
if root; then is "nothing is written" same eval 'before=$(size $id); sleep 0.3; [ "$before" = "$(size $id)" ] && echo same'; fi
fails "pause of a paused one" 1 "^Error: Container $id is already paused$" skiff pause web
fails "exec" 125 '^Error: Container web is paused, unpause the container before exec$' skiff exec web true
fails "attach" 125 'cannot attach to a paused container, unpause it first' skiff attach web
fails "start" 125 'cannot start a paused container, try unpause instead' skiff start web
fails "rm" 2 "cannot remove a paused container $id. Unpause and then stop" skiff rm web
is "unpause" 'web running' eval 'echo $(skiff unpause web) $(field web Status)'
hasnt "ps no longer says so" Paused skiff ps
fails "unpause of what is not paused" 1 "^Error: Container $id is not paused$" skiff unpause web
goes_on() { local before; before=$(skiff exec web wc -c /b); wait_until eval '[ "$(skiff exec web wc -c /b)" != "'"$before"'" ]'; }
check "it goes on" goes_on

is "stop of a paused one: it ends by its own doing" 'web 4' eval 'skiff pause web >/dev/null; echo $(skiff stop web) $(field web ExitCode)'
is "… it is no longer paused" 'exited false' skiff inspect -f '{{.State.Status}} {{.State.Paused}}' web
fails "pause of what does not run" 1 "^Error: Container $id is not running$" skiff pause web
fails "no such container" 1 'No such container: nosuch' skiff pause nosuch
is "kill of a paused one" 'web 137' eval 'skiff start web >/dev/null; skiff pause web >/dev/null; echo $(skiff kill web) $(field web ExitCode)'
is "rm -f of a paused one" web eval 'skiff start web >/dev/null; skiff pause web >/dev/null; skiff rm -f web'

begin --name one; begin --name two
is "several; --all" 'one two' eval 'echo $(skiff pause one two)'
is "--all takes what is not paused yet" '' skiff pause --all
is "unpause --all" 2 eval 'skiff unpause --all | wc -l'
is "pause --latest" paused eval 'skiff pause -l >/dev/null; field two Status'
"$SKIFF" wait two >codes & waiting=$!
wait_until eval 'ls -l /proc/$waiting/fd 2>/dev/null | grep -q socket:'
monitor=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["monitor_pid"])' "$SKIFF_ROOT/containers/$(skiff inspect -f '{{.Id}}' two)/state.json")
pid=$(field two Pid)
kill -KILL "$monitor"
check "the monitor killed meanwhile: the program is dead" wait_until gone "$pid"
is "… it counts as ended" 'exited false 137' skiff inspect -f '{{.State.Status}} {{.State.Paused}} {{.State.ExitCode}}' two
wait $waiting
is "… who waits hears of it" 137 eval 'cat codes'
is "… it starts again, and is not paused" 'two running' eval 'echo $(skiff start two) $(field two Status)'

"$SKIFF" exec one sleep 1000 & session=$!
wait_until eval 'skiff exec one ps | grep -q "[s]leep 1000"'
skiff pause one >/dev/null; skiff kill one >/dev/null; wait $session; rc=$?
is "an exec session in it hears of its end" 137 echo $rc
for delay in 0 0.002 0.004 0.006; do
    "$SKIFF" pause two >/dev/null 2>&1 & command=$!
    sleep $delay
    kill -KILL $command 2>/dev/null
    wait $command 2>/dev/null
    check "kill -9 of pause after $delay s: state and processes agree" wait_until eval 'if [ "$(field two Paused)" = true ]; then skiff unpause two; fi; skiff exec two true'
done
skiff run -d --name shared --pid host busybox sleep 1000 >/dev/null
go skiff pause shared
if [ $RC -eq 0 ]; then is "--pid host by its cgroup" shared skiff unpause shared
elif grep -q "pid namespace cannot be paused without a cgroup" <<<"$OUT"; then pass "--pid host without a cgroup: refused"
else fail "--pid host" "neither paused nor refused"; fi
skiff rm -f one two shared >/dev/null
check "nothing is left" eval '[ -z "$(skiff ps -aq)" ]'
finish
