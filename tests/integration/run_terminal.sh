#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run -it on a real terminal: size, keys, the terminal's modes afterwards, and output that never loses a byte.
. "${0%/*}/lib.sh"
image busybox
terminal=$(realpath "${0%/*}")/on_terminal.py
cd "$T" || exit 1

fails "-it without a terminal is refused" 1 'input device is not a TTY' skiff run --rm -it busybox true

on() { local script=$1; shift; python3 "$terminal" "$script" "$SKIFF" run --rm "$@"; }

has "the size is there before the program begins" '^33 77$' on '[]' -it busybox stty size
has "… and follows the terminal" '^20 90$' on '[("go", "size 20 90")]' -it busybox sh -c 'trap "stty size; exit" WINCH; echo go; while :; do sleep 0.05; done'
has "it is a terminal of its own, with TERM" '/dev/pts/0 xterm$' on '[]' -it busybox sh -c 'echo $(tty) $TERM'
has "keys arrive; the exit status and the modes come back" '^exit 7 modes restored$' on '[("name?", "joe\n"), ("hello joe", "")]' -it busybox sh -c 'printf "name?"; read -r n; echo "hello $n"; exit 7'
has "ctrl-c reaches the program" 'exit 9 modes restored$' on '[("go", "\x03")]' -it busybox sh -c 'trap "exit 9" INT; echo go; while :; do sleep 0.05; done'
has "ctrl-d ends its input" '^exit 0 modes restored$' on '[("go", "\x04")]' -it busybox sh -c 'echo go; cat'
has "ctrl-p ctrl-q leaves it running" 'modes restored$' on '[("go", "\x10\x11")]' -it --name left busybox sh -c 'echo go; while :; do sleep 0.05; done'
is "… it is" 1 eval 'skiff ps -q | wc -l'
check "… and can be removed" skiff rm -f left
has "--detach-keys" 'modes restored$' on '[("go", "\x01z")]' -it --detach-keys ctrl-a,z --name left busybox sh -c 'echo go; while :; do sleep 0.05; done'
check "… it runs, too" skiff rm -f left
has "a program that is not there leaves the modes alone" '^exit 127 modes restored$' on '[]' -it busybox nosuch

rounds=${SKIFF_OUTPUT_ROUNDS:-25}   # scripts/check --long: 1000
bytes() { for _ in $(seq "$rounds"); do "$@"; done | sort -u; }
is "$rounds times 1 MB, then exit, by a pipe: every byte" 1000000 bytes eval 'skiff run --rm busybox head -c 1000000 /dev/zero | wc -c'
is "$rounds times 1 MB, then exit, by a terminal: every byte" '1000000 bytes
exit 0 modes restored' bytes on '[]' -it busybox sh -c 'head -c 1000000 /dev/zero | tr "\0" a'

finish
