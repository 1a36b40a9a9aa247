# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# as: tester root
# An image imported, a container in the foreground and in the background: the whole way once, where cgroup v2, systemd and a
# login session are what they are on a real machine.
. /src/lib.sh
image busybox

state() { skiff inspect -f '{{.State.Status}} {{.State.ExitCode}}' "$1"; }
# Runs until it is told to stop, which it does at once.
forever='trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done'

is "run" 'hi' skiff run --rm busybox echo hi
is "run --network none has loopback only" 'lo' skiff run --rm --network none busybox ls /sys/class/net
is "standard input arrives" 'text' eval 'echo text | skiff run --rm -i busybox cat'
status "the exit status is the program's" 3 skiff run --rm busybox sh -c 'exit 3'
status "… and 127 where there is none" 127 skiff run --rm busybox nosuch
is "a user of the image, and its groups" '33 33 29' eval 'skiff run --rm -u www busybox sh -c "echo \$(id -u) \$(id -g) \$(id -G | cut -d\" \" -f2)"'
is "a bind mount of one's own" 'mine' eval 'echo mine >"$T/file"; skiff run --rm -v "$T:/t:ro" busybox cat /t/file'

has "run -d prints the id" '^[0-9a-f]{64}$' skiff run -d --name bg busybox sh -c "$forever"
has "ps" ' Up .* bg$' skiff ps
check "logs" wait_until eval 'skiff logs bg | grep -qx ready'
is "exec" 'inside 0' skiff exec bg sh -c 'echo inside $(id -u)'
status "exec: the exit status" 5 skiff exec bg sh -c 'exit 5'
has "exec -it" 'on /dev/pts/[0-9]+' eval 'echo "echo on \$(tty); exit" | terminal "skiff exec -it bg sh"'
is "stop" bg skiff stop bg
is "… and the program ended by itself" 'exited 0' state bg
is "start" bg skiff start bg
is "… runs it again" 'running 0' state bg
is "rm -f" bg skiff rm -f bg
is "nothing stays" '' skiff ps -aq

finish
