#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# exec and attach: the same container seen from a second process, and what an attacker inside makes of it.
. "${0%/*}/lib.sh"
image busybox
terminal=$(realpath "${0%/*}")/on_terminal.py
cd "$T" || exit 1
on() { local script=$1; shift; python3 "$terminal" "$script" "$SKIFF" "$@"; }

id=$(skiff run -d --name web -e A=1 -w /home -u 1000 --cap-add NET_ADMIN busybox sh -c '
    for n in /proc/self/ns/*; do readlink $n; done; grep -E "^(Cap|Seccomp:|NoNewPrivs|Groups)" /proc/self/status; echo ready; exec sleep 1000')
facts() { skiff logs web | grep -v ready; }
# Not "self": /proc/self of the reader, as in the first program.
mine='for n in /proc/self/ns/*; do readlink $n; done; grep -E "^(Cap|Seccomp:|NoNewPrivs|Groups)" /proc/self/status'
for _ in $(seq 100); do skiff logs web | grep -q ready && break; sleep 0.05; done

is "all namespaces, capabilities and the filter are those of the container" "$(facts)" skiff exec web sh -c "$mine"
is "so are user, directory and environment" "1000 /home 1" skiff exec web sh -c 'echo $(id -u) $PWD $A'
is "options replace them" "0 /tmp 2 3" skiff exec -u 0 -w /tmp -e A=2 -e B=3 web sh -c 'echo $(id -u) $PWD $A $B'
printf 'A=from file\nC=1\n' >variables
is "--env-file, and -e wins" "2 1" skiff exec --env-file variables -e A=2 web sh -c 'echo $A $C'
is "HOSTNAME and PATH are there" "${id:0:12} /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" skiff exec web sh -c 'echo $HOSTNAME $PATH'
status "the exit status is the program's" 9 skiff exec web sh -c 'exit 9'
fails "without a program: Docker's words and status" 1 "'skiff exec' requires at least 2 arguments" skiff exec web
has "… and how it is used" '^Usage:  skiff exec \[OPTIONS\] CONTAINER COMMAND \[ARG...\]$' eval 'skiff exec web 2>&1 || true'
fails "--latest without one" 1 "'skiff exec' requires at least 1 argument" skiff exec --latest
is "--latest with one" x skiff exec --latest echo x
status "a signal shows as 128 and more" 137 skiff exec web sh -c 'kill -9 $$'
fails "a program that is not there: 127" 127 '"nosuch": executable file not found in \$PATH' skiff exec web nosuch
fails "one that cannot be executed: 126" 126 'permission denied' skiff exec web /etc
fails "a directory that is not there is not made: 127" 127 'chdir to cwd \("/nosuch"\): no such file or directory' skiff exec -w /nosuch web true
fails "one that is none: 126" 126 'chdir to cwd \("/etc/passwd"\): not a directory' skiff exec -w /etc/passwd web true
if root; then
    is "any number is a user" 3000000 skiff exec -u 3000000 web id -u
else
    fails "a user beyond the range: said by name" 125 'the user 3000000 cannot be had in container web: the ids in its user namespace end at [0-9]+; .* /etc/subuid' skiff exec -u 3000000 web true
    fails "… a group, too" 125 'the group 3000000 cannot be had in container web: .* /etc/subgid' skiff exec -u 0:3000000 web true
fi
fails "an unknown user" 125 'unable to find user nobody-here' skiff exec -u nobody-here web true
fails "no such container" 125 'No such container: nosuch' skiff exec nosuch true
fails "-it without a terminal" 1 'not a TTY' skiff exec -it web true
is "by the start of its id" ok skiff exec "${id:0:8}" echo ok
has "--privileged: all capabilities" '^CapEff:.*[1-9a-f]' skiff exec --privileged -u 0 web sh -c 'grep CapEff /proc/self/status'
stdin() { printf 'some input' | skiff exec -i web cat; }
is "-i passes stdin" "some input" stdin
is "without -i there is none" "" eval 'echo x | skiff exec web cat'
through() { head -c 20000000 /dev/urandom >blob && skiff exec -i web cat <blob | cmp - blob; }
check "20 MB through it, byte by byte" through
is "stdout and stderr are apart" "out" eval 'skiff exec web sh -c "echo out; echo err >&2" 2>/dev/null'

has "-t is a terminal in the container" '^/dev/pts/[0-9]+ 33 77$' on '[]' exec -it web sh -c 'echo $(tty) $(stty size)'
has "its keys leave it running" 'modes restored$' on '[("go", "\x10\x11")]' exec -it web sh -c 'echo go; exec sleep 654'
is "… it is" 1 eval 'skiff exec web ps | grep -c "[s]leep 654"'
has "--detach-keys" 'modes restored$' on '[("go", "\x01z")]' exec -it --detach-keys ctrl-a,z web sh -c 'echo go; exec sleep 655'
check "-d returns" skiff exec -d web sh -c 'echo yes >/tmp/detached; exec sleep 656'
is "… and the program runs" yes skiff exec web cat /tmp/detached

# A command that dies leaves its program; the end of the container ends them all.
"$SKIFF" exec web sleep 657 & front=$!
for _ in $(seq 100); do skiff exec web ps | grep -q '[s]leep 657' && break; sleep 0.05; done
kill -KILL $front; wait $front 2>/dev/null
is "a killed exec leaves its program running, as Docker does" 1 eval 'skiff exec web ps | grep -c "[s]leep 657"'
status_at_end() { skiff exec web sleep 658 & for _ in $(seq 100); do skiff exec web ps | grep -q "[s]leep 658" && break; sleep 0.05; done; skiff stop -t 0 web >/dev/null; wait $!; }
status "who waits for a program hears of the container's end" 137 status_at_end

# More than the pipe to a client takes, held by the session when the container ends: the client is slow, but it is there. Of two
# pipes of 64 KiB: how much the session itself holds depends on when it reads.
skiff start web >/dev/null
mkfifo held released
"$SKIFF" exec web sh -c 'head -c 100000 /dev/zero; touch /tmp/written; exec sleep 1000' >held & slow=$!
{ read -r _ <released; wc -c; } <held >taken & reader=$!
check "a program writes more than its reader has taken" wait_until skiff exec web test -e /tmp/written
check "… the container ends" skiff stop -t 0 web
sleep 3   # longer than anything used to wait for such a client
echo >released
wait $reader
is "… and nothing of it is lost" 100000 cat taken
wait $slow
is "… nor the status" 137 echo $?
fails "not in one that has ended" 125 'is not running' skiff exec web true
skiff rm -f web >/dev/null

# Row 1: while programs are started from outside, the container looks for our binary, and for ways to write to it.
before=$(sha256sum <"$SKIFF")
skiff run -d --name trap busybox sh -c '
    printf "#!/proc/self/exe\n" >/script; chmod 755 /script; echo ready
    while :; do for p in /proc/[0-9]*/exe; do case $(readlink $p 2>/dev/null) in /bin/busybox) ;; ?*) (: >>$p) 2>/dev/null && echo WON $p;; esac; done; done' >/dev/null
for _ in $(seq 100); do skiff logs trap | grep -q ready && break; sleep 0.05; done
go eval 'for _ in 1 2 3 4 5 6 7 8 9 10; do skiff exec trap /proc/self/exe version; skiff exec trap /script; skiff exec trap true; done'
is "our binary is as it was (CVE-2019-5736)" "$before" eval 'sha256sum <"$SKIFF"'
check "the attacker looked to the end" skiff exec trap true
hasnt "nobody inside could open it for writing" WON skiff logs trap
# Row 2: nothing of the host is open in a program, nor reachable as its directory.
is "only the three streams are open (and what ls reads)" "0 1 2 3" skiff exec trap sh -c 'echo $(ls /proc/self/fd)'
for number in 3 4 5 6 7 8 9 10 12; do
    go skiff exec -w /proc/self/fd/$number trap sh -c 'ls -d /work /tmp/skiff* 2>/dev/null; pwd'
    if [ $RC -ne 0 ] || ! grep -Eq 'skiff|work' <<<"$OUT"; then :; else fail "descriptor $number leads to the host" "$OUT"; fi
done
pass "no descriptor is a way out as working directory (CVE-2024-21626)"
skiff rm -f trap >/dev/null

# A container that may trace stops what appears in its pid namespace, and looks at it: it must be no more than the container is.
skiff run -d --name tracer --cap-add SYS_PTRACE busybox sh -c '
    mine=$(grep -E "^(CapEff|Seccomp:)" /proc/self/status | tr -d "\n"); echo ready
    while :; do for p in /proc/[0-9]*; do
        n=${p#/proc/}; [ $n -gt 1 ] && kill -STOP $n 2>/dev/null || continue
        if grep -q skiff $p/cmdline 2>/dev/null; then
            echo seen
            [ "$(grep -E "^(CapEff|Seccomp:)" $p/status | tr -d "\n")" = "$mine" ] || echo "WON rights"
            for f in $p/fd/*; do case $(readlink $f) in /*/*/*) echo "WON $(readlink $f)";; esac; done
        fi
        kill -CONT $n
    done; done' >/dev/null
for _ in $(seq 100); do skiff logs tracer | grep -q ready && break; sleep 0.05; done
for _ in $(seq 40); do skiff exec tracer true; done
has "a container that may trace catches what joins it" seen skiff logs tracer
hasnt "… and finds neither rights nor descriptors of ours" WON skiff logs tracer
skiff rm -f tracer >/dev/null

# The built-in host image has a user namespace of its own.
if skiff run -d --name hosted host sh -c 'readlink /proc/self/ns/user; exec sleep 1000' >/dev/null 2>&1; then
    for _ in $(seq 100); do skiff logs hosted | grep -q user && break; sleep 0.05; done
    is "exec enters the user namespace of its own, too" "$(skiff logs hosted)" skiff exec hosted readlink /proc/self/ns/user
    is "and passes streams there" "some input" eval 'printf "some input" | skiff exec -i hosted cat'
    skiff rm -f hosted >/dev/null
else
    skip "exec in the built-in image host" "it does not run here"
fi

# attach
skiff run -d -i --name echo busybox sh -c 'while read -r line; do echo "got $line"; [ "$line" = end ] && exit 5; done' >/dev/null
talk() { printf 'one\nend\n' | skiff attach echo; }
fails "attach: input, output and the exit status" 5 '^got one' talk
fails "not to one that has ended" 125 'cannot attach to a stopped container' skiff attach echo
skiff rm echo >/dev/null
skiff run -d -it --name shell busybox sh >/dev/null
has "attach to a terminal, leave it by its keys" 'modes restored$' on '[("#", "echo $((40+2))\n"), ("42", "\x10\x11")]' attach shell
has "… and come again" '43' on '[("#", "echo $((40+3))\n"), ("43", "\x10\x11")]' attach shell
skiff run -d --name traps busybox sh -c 'trap "echo term; exit 3" TERM; echo up; while :; do sleep 0.05; done' >/dev/null
proxied() { "$SKIFF" attach "$@" traps & sleep 0.3; kill -TERM $!; wait $!; }
go proxied --sig-proxy=false
if [ $RC -ne 3 ] && skiff exec traps true; then pass "attach --sig-proxy=false keeps signals"; else fail "attach --sig-proxy=false keeps signals" "status $RC"; fi
status "attach passes signals on" 3 proxied
skiff rm -f traps shell >/dev/null

finish
