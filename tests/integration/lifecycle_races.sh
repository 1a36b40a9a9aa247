#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Commands that meet: with others at work on the same store, with a container that is just coming to its end or was just
# killed. None of them may fail for that.
. "${0%/*}/lib.sh"
image busybox

# Runs COMMAND so often, in place of {} a number; prints those that failed, and nothing else.
times() { # COUNT COMMAND
    local i
    for i in $(seq "$1"); do (eval "${2//\{\}/$i}") >"$T/said.$i" 2>&1 || { echo "$i: $?"; cat "$T/said.$i"; }; done
}
at_once() { # COUNT COMMAND
    local i
    for i in $(seq "$1"); do (eval "${2//\{\}/$i}" >"$T/said.$i" 2>&1 || { echo "$i: $?"; cat "$T/said.$i"; }) & done
    wait
}

is 'containers are made while others look' '' at_once 16 'skiff run --rm --network none busybox true & made=$!; skiff ps -aq >/dev/null; wait $made'
is '… and created' '' at_once 24 'skiff create --name made{} busybox true >/dev/null & made=$!; skiff ps -a >/dev/null; skiff container prune -f --filter label=none >/dev/null; wait $made'
is 'all of them' 24 eval 'skiff ps -aq | wc -l'
skiff ps -aq | xargs "$SKIFF" rm >/dev/null

is 'one whose end was waited for can be removed' '' times 15 'skiff run -d --network none --name w{} busybox sh -c "exit 3" >/dev/null; [ "$(skiff wait w{})" = 3 ] && skiff rm w{}'
is 'one that is ending can be started' '' times 10 'skiff run -d --network none --name q{} busybox true >/dev/null; skiff start q{} && skiff rm -f q{}'
is '… and restarted' '' times 10 'skiff run -d --network none --name r{} busybox true >/dev/null; skiff restart -t 0 r{} && skiff rm -f r{}'
is '… and committed' '' times 10 'skiff run -d --network none --name c{} busybox true >/dev/null; skiff commit c{} committed && skiff rm -f c{}'
skiff rmi committed >/dev/null
skiff create --network none --name cc busybox sleep 1000 >/dev/null
is 'five that start it at once' '' at_once 5 'skiff start cc'
is 'it runs once' running skiff inspect -f '{{.State.Status}}' cc
check 'those who remove it at once' eval 'at_once 3 "skiff rm -f -t 0 cc" >/dev/null; ! skiff ps -aq | grep -q .'

# --- killed --------------------------------------------------------------------------------------------------------------

init_of() { skiff inspect -f '{{.State.Pid}}' "$1"; }
monitor_of() { awk '/^PPid:/ {print $2}' "/proc/$(init_of "$1")/status"; }
skiff run -d --network none --name kk busybox sleep 1000 >/dev/null
ended() { ! grep -q '^State:.[^ZX]' "/proc/$program/status" 2>/dev/null; }
again() { # WHICH: kills it, and starts the container at once
    local victim
    victim=$("$1" kk)
    [ "${victim:-0}" -gt 1 ] || { skiff inspect -f '{{json .State}}' kk; return 1; }
    kill -KILL "$victim"
    # A program that is still on its way to its end is a running one.
    [ "$1" = monitor_of ] || wait_until eval '! grep -q "^State:.[^ZX]" "/proc/$victim/status" 2>/dev/null'
    skiff start kk >/dev/null && skiff exec kk true
}
is 'one whose monitor was killed is started' '' times 5 'again monitor_of'
is 'one whose program was killed is started' '' times 5 'again init_of'
skiff rm -f kk >/dev/null

# A monitor that stands still is no dead one.
skiff run -d --network none --name still busybox sleep 1000 >/dev/null
monitor=$(monitor_of still)
kill -STOP "$monitor"
is 'start of one whose monitor stands still comes back' still skiff start still
kill -CONT "$monitor"
skiff rm -f still >/dev/null

# A program that outlived its monitor, since it asked the kernel to let it.
if root && command -v setpriv >/dev/null; then
    skiff run -d --network none --pid host --name alone host setpriv --pdeathsig clear sleep 1000 >/dev/null
    program=$(init_of alone)
    wait_until eval 'grep -q sleep "/proc/$program/comm"'
    kill -KILL "$(monitor_of alone)"
    check 'rm -f ends a program without a monitor' eval 'skiff rm -f alone >/dev/null && wait_until ended'
fi

# A state that was lost while it runs.
skiff run -d --network none --name lost busybox sleep 1000 >/dev/null
program=$(init_of lost)
rm "$SKIFF_ROOT"/containers/*/state.json
check 'stop without a state stops' eval 'skiff stop -t 0 lost >/dev/null; ended'
skiff start lost >/dev/null
program=$(init_of lost)
rm "$SKIFF_ROOT"/containers/*/state.json
check 'rm -f without a state removes' eval 'skiff rm -f lost >/dev/null; ended'
is 'nothing is left' '' skiff ps -aq
finish
