#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --restart: what is started again, when, and what is not.
. "${0%/*}/lib.sh"
image busybox

await() { # SECONDS COMMAND…: until it succeeds; no event tells of a state
    local end=$((SECONDS + $1)); shift
    until "$@" >/dev/null 2>&1; do [ $SECONDS -lt "$end" ] || return 1; sleep 0.05; done
}
field() { skiff inspect -f "{{$2}}" "$1"; }
equals() { [ "$(field "$1" "$2")" = "$3" ]; }
at_least() { [ "$(field "$1" "$2")" -ge "$3" ]; }
dead() { ! grep -q '^State:.[^Z]' "/proc/$1/status" 2>/dev/null; }   # who reaps it is not our business
kill_monitor() { local pid; pid=$(monitor_of "$1"); kill -KILL "$pid"; await 10 dead "$pid"; }
monitor_of() { sed -n 's/.*"monitor_pid":\([0-9]*\).*/\1/p' "$SKIFF_ROOT/containers/$1/state.json"; }

fails "--restart and --rm" 125 'cannot specify both --restart and --rm' skiff run --rm --restart always busybox true
fails "an unknown policy" 125 "unknown policy 'sometimes'" skiff run --restart sometimes busybox true
fails "a number only for on-failure" 125 "can only be used with 'on-failure'" skiff run --restart always:3 busybox true

# on-failure:2 = three runs, with the same writable layer.
skiff run -d --name tries --restart on-failure:2 busybox sh -c 'echo run >>/runs; echo "run $(wc -l </runs)"; exit 3' >/dev/null
check "on-failure:2 gives up" await 20 equals tries .State.Status exited
is "after three runs" 'run 1
run 2
run 3' skiff logs tries
is "and says so" "2 3 false on-failure 2" field tries '.RestartCount}} {{.State.ExitCode}} {{.State.Restarting}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount'
skiff run -d --name fine --restart on-failure busybox true >/dev/null
check "on-failure leaves success alone" await 10 equals fine .State.Status exited
is "… at once" 0 field fine .RestartCount

# The command in front hears of the first end, as in Docker.
status "a command in front gets the first exit status" 5 skiff run --name front --restart always busybox sh -c 'exit 5'
check "… while the container goes on" await 10 at_least front .RestartCount 1
has "ps says when it rests" '^Restarting \(5\) |^Up ' skiff ps -a --filter name=front --format '{{.Status}}'
check "stop ends it, also while it rests" skiff stop -t 1 front
is "… for good" "exited" field front .State.Status
check "start begins anew" skiff start front
check "… and it is started again" await 10 at_least front .RestartCount 1
check "rm -f" skiff rm -f front

# Violence: the monitor is killed; the next command starts the container again.
id=$(skiff run -d --name kept --restart unless-stopped busybox sh -c 'echo up; exec sleep 1000')
kill_monitor "$id"
has "a killed monitor: the next command starts it again" '^Up ' skiff ps --filter name=kept --format '{{.Status}}'
is "… as a new run" 'up
up' skiff logs kept
skiff stop -t 0 kept
is "a stopped one stays so" exited eval 'skiff ps >/dev/null; skiff inspect -f "{{.State.Status}}" kept'
mark() { cat "$SKIFF_ROOT/wanted/$1" 2>/dev/null || echo none; }
is "… also after a reboot: it has no mark" none mark "$id"

# For Docker the next start of its daemon starts an "always" that was stopped; here it is the next boot.
id=$(skiff run -d --name always --restart always busybox sleep 1000)
skiff stop -t 0 always
is "an 'always' that was stopped stays so in this boot" exited eval 'skiff ps >/dev/null; skiff inspect -f "{{.State.Status}}" always'
is "… of which the mark knows" "stopped in boot $(cat /proc/sys/kernel/random/boot_id)" mark "$id"
echo 'stopped in boot 00000000-0000-0000-0000-000000000000' >"$SKIFF_ROOT/wanted/$id"
has "… in the next boot the first command starts it" '^Up ' skiff ps --filter name=always --format '{{.Status}}'
skiff kill always >/dev/null
has "kill is a stop, too" '^stopped in boot' mark "$id"
check "start" skiff start always
is "… makes it wanted as before" '' mark "$id"
skiff rm -f always >/dev/null
is "rm takes the mark along" none mark "$id"

# --strict is of the command that it was typed for.
id=$(skiff run -d --name less --restart always --ulimit nofile=2000000000 busybox sleep 1000)
kill_monitor "$id"
is "a command with --strict starts the others as they were started" "Up " eval 'skiff --strict ps --filter name=less --format "{{.Status}}" 2>&1 | cut -c 1-3'
skiff rm -f less >/dev/null

# What cannot be started, or not soon, does not keep other commands.
if runc=$(command -v runc); then
    # shellcheck disable=SC2016  # the script's own variables
    printf '#!/bin/sh\n[ ! -e "%s/fail" ] || { echo "no such disk" >&2; exit 1; }\nwhile [ -e "%s/hang" ]; do sleep 0.05; done\nexec %s "$@"\n' "$T" "$T" "$runc" >"$T/runtime"
    chmod 755 "$T/runtime"
    id=$(skiff run -d --name hangs --restart always --runtime "$T/runtime" busybox sleep 1000)
    touch "$T/fail"
    kill_monitor "$id"
    fails "what cannot be started again is told" 0 "^Warning: container ${id:0:12} could not be started again: .*" skiff ps
    has "… and why, in the mark" '^failed: ' mark "$id"
    fails "… the next command says so without another try" 0 "^Warning: container ${id:0:12} could not be started again: .*" eval 'rm "$T/fail"; skiff ps'
    check "stop makes an end of that" skiff stop hangs
    hasnt "… indeed" 'could not be started' skiff ps
    check "start" skiff start hangs
    touch "$T/hang"
    kill_monitor "$id"
    check "what does not come up does not keep a command" timeout 20 "$SKIFF" ps
    check "… nor the next" timeout 20 "$SKIFF" ps
    rm "$T/hang"
    check "… and it comes up when it can" await 20 eval 'skiff ps --filter name=hangs --format "{{.Status}}" | grep -q "^Up "'
    check "rm -f" skiff rm -f hangs
else
    skip "a start that fails or hangs" "no runc here"
fi
id=$(skiff run -d --name plain busybox sleep 1000)
kill_monitor "$id"
has "one without a policy stays where it is" '^Exited \(137\)' skiff ps -a --filter name=plain --format '{{.Status}}'

# SIGTERM to the monitor is the end of a session or of the host, not the user's wish.
id=$(skiff run -d --name session --restart always --stop-timeout 1 busybox sh -c 'trap "exit 0" TERM; while :; do sleep 0.05; done')
monitor=$(monitor_of "$id")
kill -TERM "$monitor"
check "the monitor ends" await 10 dead "$monitor"
has "… and the next command starts it again" '^Up ' skiff ps --filter name=session --format '{{.Status}}'
# A run directory that was taken away (a logout), and a viewer that takes nothing.
id=$(skiff run -d --name gone --restart always busybox sleep 1000)
rm "$SKIFF_RUNROOT/$id.sock"
check "without its socket it can be stopped" timeout 20 "$SKIFF" stop -t 1 gone
is "… for good" exited field gone .State.Status
# More than a pipe of 64 KiB takes, and less than what fits between the program and that pipe when both are a page: else the
# program itself waits for the viewer, as it should.
skiff run -d --name stalled --restart always busybox sh -c 'sleep 1; head -c 70000 /dev/zero; exit 1' >/dev/null
# shellcheck disable=SC2216  # that is the point
"$SKIFF" attach stalled 2>/dev/null | sleep 30 & viewer=$!
check "a viewer that takes nothing does not delay the next run" await 20 at_least stalled .RestartCount 1
check "… nor a stop" timeout 20 "$SKIFF" stop -t 1 stalled
kill $viewer 2>/dev/null; wait $viewer 2>/dev/null
skiff rm -f -i gone stalled >/dev/null

# So it is for the command that began it, which gets all of the first run once somebody reads, and its exit status.
mkfifo "$T/slow"
exec 8<>"$T/slow"
{ "$SKIFF" run --name slow --restart always busybox sh -c 'head -c 70000 /dev/zero; exit 5' >"$T/slow" 2>"$T/slow.err" 8>&-; echo $? >"$T/slow.code"; } &
check "run with a reader that takes nothing does not delay the next run" await 20 at_least slow .RestartCount 1
check "… nor rm" timeout 20 "$SKIFF" rm -f slow
is "… which takes nothing of the first one's output away" 70000 eval 'head -c 70000 <&8 | wc -c'
check "run ends then" wait_until test -s "$T/slow.code"
is "… with the first exit status, and says nothing" 5 cat "$T/slow.code" "$T/slow.err"
exec 8>&-

skiff rm -f session kept plain fine tries >/dev/null
is "nothing is wanted any more" 0 eval 'ls "$SKIFF_ROOT/wanted" | wc -l'

finish
