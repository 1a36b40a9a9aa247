# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Rootless containers share one user namespace while some of them run: found by a note in the run directory, or by asking.
. "${0%/*}/lib.sh"
root && skip_all "root makes no user namespace"
image busybox
note=$SKIFF_RUNROOT/userns
namespace() { skiff exec "$1" readlink /proc/self/ns/user; }   # CONTAINER
up() { skiff run -d --name "$1" --network none "${@:2}" busybox sleep 1000 >/dev/null; }   # NAME [OPTION…]

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
read -r said <&"${HOLDER[0]}"
is "a start that never ends holds the lock" held echo "$said"
is "and another one starts all the same" "$shared" eval 'skiff run --rm --network none busybox readlink /proc/self/ns/user'
eval "exec ${HOLDER[1]}>&-"
wait "$HOLDER_PID" 2>/dev/null

for one in first second third alone; do skiff rm -f -t 0 $one >/dev/null; done
is "when all are gone the next has a new one" "1" eval 'skiff run --rm --network none busybox readlink /proc/self/ns/user | wc -l'
many() {
    local i
    for i in $(seq 16); do { skiff run --rm --network none busybox echo "$i" || echo "failed $i"; } & done
    wait
}
is "16 at once without one to begin with" "$(seq 16)" eval 'many | sort -n'
finish
