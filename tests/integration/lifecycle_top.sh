#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# top: the processes of the container, all of them and no others, as the host's ps shows them.
# shellcheck disable=SC2034,SC2154  # variables of checks that eval runs
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1
command -v ps >/dev/null || skip_all "no ps on this machine"

skiff run -d --name web busybox sh -c 'sleep 1001 & setsid sleep 1002 & (sleep 1003 &) ; while :; do sleep 1; done' >/dev/null
skiff exec -d web sleep 1004
check "all have begun" wait_until eval '[ "$(skiff top web -o pid,args | grep -c " sleep 100[1-4]\$")" = 4 ]'
has "by default as ps -ef, in Docker's columns" '^UID {17}PID {17}PPID {16}C {19}STIME {15}TTY {17}TIME {16}CMD$' skiff top web
has "the program is there" "^root +$(skiff inspect -f '{{.State.Pid}}' web) |^[^ ]+ +$(skiff inspect -f '{{.State.Pid}}' web) " skiff top web
is "other columns" 'PID COMMAND' eval 'skiff top web -o pid,args | sed -n 1p | tr -s " "'
hasnt "nothing of skiff's own" 'skiff-(monitor|exec)' skiff top web -eo pid,args
hasnt "nothing of others" ' systemd|/init$| 1 +0 ' skiff top web -ef
fails "without the column PID" 125 "couldn't find the PID field" skiff top web -eo comm
fails "what ps refuses" 125 '^Error: ps --bogus: ' skiff top web --bogus
fails "no such container" 1 'No such container: nosuch' skiff top nosuch
has "--latest, with options of ps" 'sleep 1001' skiff top --latest -- -eo pid,args
skiff stop -t 0 web >/dev/null
fails "what does not run" 1 '^Error: Container [0-9a-f]{64} is not running$' skiff top web
skiff rm web >/dev/null
skiff run -d --init --name init busybox sleep 1005 >/dev/null
has "with --init" 'sleep 1005' skiff top init -eo pid,args
skiff rm -f init >/dev/null
skiff run -d --pid host --name shared busybox sh -c 'sleep 1006 & while :; do sleep 1; done' >/dev/null
skiff exec -d shared sleep 1007
check "in the host's pid namespace only what is the container's" wait_until eval '[ "$(skiff top shared -eo pid,args | grep -c " sleep 100[67]\$")" = 2 ]'
hasnt "…" 'skiff|bash|python' skiff top shared -eo pid,args
skiff rm -f shared >/dev/null
mkdir empty
fails "without a ps" 125 'there is no ps in \$PATH' eval 'skiff run -d --name nops busybox sleep 9 >/dev/null; PATH=$T/empty "$SKIFF" top nops'
skiff rm -f nops >/dev/null
finish
