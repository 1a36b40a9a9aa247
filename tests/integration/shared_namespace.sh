# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Rootless containers share one user namespace while some of them run: found by a note in the run directory, or by asking.
. "${0%/*}/lib.sh"
root && skip_all "root makes no user namespace"
image busybox
note=$SKIFF_RUNROOT/userns
namespace() { skiff exec "$1" readlink /proc/self/ns/user; }   # CONTAINER
up() { local network=none; [ "${2:-}" != --network ] || { network=$3; set -- "$1" "${@:4}"; }; skiff run -d --name "$1" --network "$network" "${@:2}" busybox sleep 1000 >/dev/null; }   # NAME [--network MODE] [OPTION…]

check "the first container" up first
shared=$(namespace first)
check "another one beside it" up second
is "both are in one namespace" "$shared" namespace second
check "a limit on processes asks for one of its own" up alone --ulimit nproc=500:500
hasnt "which is another" "$(sed 's/[][]/./g' <<<"$shared")" namespace alone
is "and is not noted for others" "$shared" eval 'up third && namespace third'

# The note is a hint and nothing more: whatever it says, the next start works, and joins what there is.
for line in "" "nonsense" "1 1" "$$ 1" "999999999 5" "-5 7" "$(printf 'x%.0s' $(seq 500))"; do
    printf '%s' "$line" >"$note"
    is "a note of \"${line:0:12}\"" "$shared" eval 'skiff run --rm --network none busybox readlink /proc/self/ns/user'
done
# A process with the right number and start time, and other maps: this shell.
printf '%s %s\n' "$$" "$(awk '{ sub(/.*\) /, ""); print $20 }' "/proc/$$/stat")" >"$note"
is "a note of a process with other maps" "$shared" eval 'skiff run --rm --network none busybox readlink /proc/self/ns/user'
rm "$note"
is "no note" "$shared" eval 'skiff run --rm --network none busybox readlink /proc/self/ns/user'

# Who makes a namespace holds a lock on the note. One that is stopped meanwhile must not stop everybody.
holder() {
    python3 -c '
import fcntl, os, struct, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
print("held", flush=True)
sys.stdin.read()' "$note"
}
coproc HOLDER { holder; }
# bash takes its variables away when it ends.
holder=$HOLDER_PID to=${HOLDER[1]}
read -r said <&"${HOLDER[0]}"
is "a start that never ends holds the lock" held echo "$said"
is "and another one starts all the same" "$shared" eval 'skiff run --rm --network none busybox readlink /proc/self/ns/user'
eval "exec $to>&-"
wait "$holder" 2>/dev/null

# Nothing but a regular file of ours is a note, and without one it goes on all the same.
for make in 'mkdir "$note"' 'ln -s /etc/passwd "$note"' 'mkfifo "$note"' '>"$note"; chmod 0 "$note"'; do
    rm -rf "$note"
    eval "$make"
    is "instead of a note: $make" "$shared" eval 'skiff run --rm --network none busybox readlink /proc/self/ns/user'
done
rm -rf "$note"

# What the root of one container can do to its user namespace concerns nobody else.
check "a container that is about to forbid mount namespaces to its user namespace" up spoiler --privileged
check "one that asks for it joins it" up beside --network container:spoiler
check "… does so" skiff exec spoiler sh -c 'echo 0 >/proc/sys/user/max_mnt_namespaces'
check "others start" up after
is "in the namespace that they share" "$shared" namespace after

# A namespace keeps its maker's limit on processes, for all who are in it.
for one in first second third alone after beside spoiler; do skiff rm -f -t 0 $one >/dev/null; done
most=$(ulimit -Hu)
[ "$most" != unlimited ] || most=100000
# shellcheck disable=SC2034  # read in the eval below
fewer=$((most - 1))
check "a container of a shell with few processes" eval '(ulimit -u $fewer; skiff run -d --name few --network none busybox sleep 1000)'
hasnt "one of a shell with more is not bound by that" "$(namespace few | sed 's/[][]/./g')" skiff run --rm --network none busybox readlink /proc/self/ns/user
skiff rm -f -t 0 few >/dev/null

many() {
    local i
    for i in $(seq 16); do { up "at$i" || echo "failed $i"; } & done
    wait
    for i in $(seq 16); do namespace "at$i"; done >"$T/namespaces"
}
many
is "16 at once: all run" 16 eval 'grep -c "^user:" "$T/namespaces"'
check "… in fewer namespaces" eval '[ "$(sort -u "$T/namespaces" | wc -l)" -lt 16 ]'
for i in $(seq 16); do skiff rm -f -t 0 "at$i" >/dev/null; done

# With --rm the noted process stays for 0.3 s after its container; a busy machine may look too late, but not ten times.
stays() {
    local pid
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        skiff run --rm --network none busybox true
        read -r pid _ <"$note"
        grep -q '^State:.[SRD]' "/proc/$pid/status" 2>/dev/null && return 0
    done
    return 1
}
check "the last one lends its namespace for a moment" stays
# Who lends for a moment holds nothing of the caller's.
held() { skiff run --rm --network none --preserve-fd 3 busybox sh -c "echo x >&3" 3>&1 >/dev/null; }
is "a pipe that a container was given ends with it" "x" eval 'held | cat'
finish
