#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run -a, --replace, --init-path, --sig-proxy; start -a and -i.
# shellcheck disable=SC2034,SC2154  # variables of checks that eval runs
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1
terminal=$(realpath "${0%/*}")/on_terminal.py
[ -e "$terminal" ] || terminal=$OLDPWD/on_terminal.py

# --- run -a -----------------------------------------------------------------------------------------------------------

both='echo out; echo err >&2; exit 3'
is "-a stdout" 'out' eval 'skiff run --rm -a stdout busybox sh -c "$both"; [ $? = 3 ]'
is "-a STDERR, in whatever case" 'err' eval 'skiff run --rm -a STDERR busybox sh -c "$both"; [ $? = 3 ]'
is "-a stdout -a stderr" 'out err' eval 'echo $(skiff run --rm --attach stdout --attach=stderr busybox sh -c "$both" 2>&1)'
is "the log has all of it" 'out err' eval 'skiff run --name log -a stdout busybox sh -c "$both" >/dev/null; echo $(skiff logs log 2>&1 | sort -r); skiff rm log >/dev/null'
fails "no such stream" 125 'invalid argument "bogus" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR' skiff run -a bogus busybox true
fails "with -d" 125 'conflicting options: cannot specify both --attach and --detach' skiff run -d -a stdout busybox true
is "-a stdin alone: all of it arrives, the id is printed, the rest goes on" '65 200000 true' eval '
    head -c 200000 /dev/zero | skiff run -i -a stdin --name in busybox sh -c "cat >/f; sleep 1000" >id
    wait_until skiff exec in sh -c "[ \$(wc -c </f) = 200000 ]"
    echo $(wc -c <id) $(skiff exec in sh -c "wc -c </f") $(skiff inspect -f "{{.State.Running}}" in); skiff rm -f in >/dev/null'
is "-i -a stdout: no input is passed" 'false true false' eval 'echo x | skiff run -i -a stdout --name quiet -d=false busybox true; skiff inspect -f "{{.Config.AttachStdin}} {{.Config.AttachStdout}} {{.Config.StdinOnce}}" quiet; skiff rm quiet >/dev/null'

# --- start -a, -i -----------------------------------------------------------------------------------------------------

skiff create -i --name cat busybox cat >/dev/null
is "start -ai passes input" hello eval 'echo hello | skiff start -ai cat'
is "start -i alone attaches, too" again eval 'echo again | skiff start -i cat'
is "start -a: no input" '' eval 'echo x | timeout 20 "$SKIFF" start -a --sig-proxy=false cat & wait_until eval "[ \$(skiff inspect -f {{.State.Running}} cat) = true ]"; skiff stop -t 0 cat >/dev/null; wait; true'
skiff rm -f cat >/dev/null
skiff create -it --name term busybox sh -c 'echo go; exec sleep 1000' >/dev/null
has "start --detach-keys" 'modes restored$' python3 "$terminal" '[("go", "\x01z")]' "$SKIFF" start -ai --detach-keys ctrl-a,z term
is "… it runs" true skiff inspect -f '{{.State.Running}}' term
skiff rm -f term >/dev/null

# --- --sig-proxy ------------------------------------------------------------------------------------------------------

trapping='trap "echo usr1; exit 6" USR1; echo ready; while :; do sleep 0.05; done'
"$SKIFF" run --name sig busybox sh -c "$trapping" >out & front=$!
wait_line out ready
kill -USR1 $front; wait $front; rc=$?
is "a signal to run is passed on" '6 usr1' eval 'echo $rc $(tail -n 1 out)'
skiff rm sig >/dev/null
"$SKIFF" run --sig-proxy=false --name sig busybox sh -c "$trapping" >out & front=$!
wait_line out ready
kill -TERM $front; wait $front; rc=$?
is "--sig-proxy=false: it ends run, not the program" '143 true' eval 'echo $rc $(skiff inspect -f "{{.State.Running}}" sig)'
skiff rm -f sig >/dev/null

# Who asks for the end three times, and in vain, gets the prompt back, as in Docker.
"$SKIFF" run --name sig busybox sh -c 'trap "echo got" INT TERM; echo ready; while :; do sleep 0.05; done' >out 2>err & front=$!
wait_line out ready
for n in 1 2; do kill -TERM $front; wait_until eval "[ \$(grep -c got out) = $n ]"; done
kill -TERM $front; wait_until gone $front || kill -KILL $front; wait $front; rc=$?
is "the third SIGTERM ends run, not the program" '1 true' eval 'echo $rc $(skiff inspect -f "{{.State.Running}}" sig)'
has "… and says so" 'got 3 SIGTERM/SIGINTs, forcefully exiting' cat err
check "… and the program has got that one, too" wait_until eval '[ "$(skiff logs sig | grep -c got)" = 3 ]'
skiff rm -f sig >/dev/null

# --- --replace --------------------------------------------------------------------------------------------------------

skiff run -d --name web busybox sleep 1000 >/dev/null
before=$(skiff inspect -f '{{.Id}}' web)
is "--replace: the old one is gone, the new one has the name" 'new 1 exited' eval 'echo $(skiff run --replace --name web busybox echo new) $(skiff inspect $before >/dev/null 2>&1; echo $?) $(skiff inspect -f "{{.State.Status}}" web)'
is "create --replace" created eval 'skiff create --replace --name web busybox true >/dev/null; skiff inspect -f "{{.State.Status}}" web'
is "--replace of nobody" x skiff run --rm --replace --name other busybox echo x
fails "without a name" 125 'cannot replace a container without --name' skiff run --replace busybox true
fails "a wrong image: the old one stays" 125 'nosuchimage' skiff run --replace --name web nosuchimage true
check "…" skiff container exists web
skiff rm web >/dev/null

# --- --init-path ------------------------------------------------------------------------------------------------------

cat >init <<'END'
#!/bin/sh
echo "init $1"; shift
exec "$@"
END
chmod 755 init "$T"
is "--init-path: that program is PID 1 and gets the command" $'init --\n1 -c x' skiff run --rm --init-path "$T/init" busybox sh -c 'echo $$ -c x' 
is "… nothing of it stays in the container's layer" '' eval 'skiff run --name ini --init-path "$T/init" busybox true >/dev/null; find "$SKIFF_ROOT/containers/$(skiff inspect -f "{{.Id}}" ini)/upper" -name init 2>/dev/null; skiff rm ini >/dev/null'
is "inspect says Init" true eval 'skiff create --name ini --init-path "$T/init" busybox true >/dev/null; skiff inspect -f "{{.HostConfig.Init}}" ini; skiff rm ini >/dev/null'
fails "what is not there" 125 'init-path "/nosuch" cannot be executed' skiff run --rm --init-path /nosuch busybox true
fails "a relative path" 125 'the path needs to be absolute' skiff run --rm --init-path init busybox true
check "nothing is left" eval '[ -z "$(skiff ps -aq)" ]'
skiff run -d --name shown -t --network none busybox cat >/dev/null
fails "attach without a terminal to a container with one" 1 'the input device is not a TTY' skiff attach shown
skiff rm -f -t 0 shown >/dev/null
fails "detach keys that are none, before anything is made" 125 'bogus' skiff run --detach-keys bogus-x --name unmade busybox true
fails "… " 1 'No such' skiff inspect unmade
finish
