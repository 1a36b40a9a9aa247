#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Attacks and accidents that a review of the launch path found, each replayed.
# shellcheck source=tests/integration/lib.sh
. "${0%/*}/lib.sh"
skiff import "$FIXTURES/busybox.tar" busybox >/dev/null || skip_all "no busybox image"

in_box() { skiff run --rm "$@"; }

# Device nodes and masks are the host's inodes.
before=$(stat -c '%a %u' /dev/full /dev/null)
go in_box busybox sh -c 'chmod 0646 /dev/full; chown 77 /dev/full; chmod 0 /proc/kcore; true'
is "root inside cannot change the host's device nodes" "$before" stat -c '%a %u' /dev/full /dev/null
is "and can write to them" ok in_box busybox sh -c 'echo x >/dev/null && echo ok'
is "nor make nodes that open in a tmpfs" 'closed' in_box --tmpfs /x:dev busybox sh -c \
    'busybox mknod /x/n c 1 5 2>/dev/null; head -c 1 /x/n >/dev/null 2>&1 || echo closed'

# What is shown read-only is so below its submounts, those of later included.
fails "a read-only bind that the kernel shows only as a whole is closed as a whole" 1 'Read-only file system' \
    in_box --mount type=bind,src=/dev,dst=/m,readonly,bind-nonrecursive busybox touch /m/shm/skiff-probe
if root; then
    late() { # in a mount namespace of its own: a shared mount gets a submount after the start
        unshare -m --propagation shared bash -c '
            mkdir -p "$T/late" && mount -t tmpfs late "$T/late" && mkdir "$T/late/sub" && mount -t tmpfs sub "$T/late/sub" &&
                mkdir "$T/late/sub/x" || exit 2
            id=$("$SKIFF" run -d -v "$T/late:/m:ro" busybox sh -c "while ! [ -e /m/sub/x/f ] && ! [ -e /go ]; do usleep 20000; done; ls /m/sub/x") || exit 3
            mount -t tmpfs x "$T/late/sub/x" && touch "$T/late/sub/x/f"
            usleep() { sleep 0.02; }
            for _ in 1 2 3 4 5 6 7 8 9 10; do usleep; done
            pid=$("$SKIFF" inspect "$id" | sed -n "s/.*\"Pid\": \([0-9]*\).*/\1/p")
            grep -c " /m/sub/x " "/proc/$pid/mountinfo"
            "$SKIFF" rm -f "$id" >/dev/null
            umount "$T/late/sub/x" "$T/late/sub" "$T/late"; rmdir "$T/late"'
    }
    export T SKIFF
    # grep -c says 0 and fails; the count is what counts.
    go late
    if [ "$(head -n 1 <<<"$OUT")" = 0 ]; then pass "a later mount of the host does not arrive in a volume"; else fail "a later mount of the host does not arrive in a volume" "mounts seen: $OUT"; fi
fi

# A directory of other things named as run directory by mistake.
mkdir "$T/foreign" && touch "$T/foreign/precious"
go env SKIFF_ROOT="$T/reset" "$SKIFF" --runroot "$T/foreign" system reset -f
check "system reset keeps what is not its own" test -e "$T/foreign/precious"

# A mistyped --root must not take over, close for others, or delete what is somebody's.
mkdir -p outer home1/images home1/documents && echo precious >home1/documents/f && mkdir home1/empty && chmod 755 home1
foreign="'.*/home1' is no data directory of skiff's, and not empty .it has .documents.*--root"
for command in "run --rm hello-world" "images" "volume create" "secret create s home1/documents/f" "create --rootfs $T/outer true" "system reset -f"; do
    fails "--root of a home: $command" 125 "$foreign" eval "skiff --root '$T/home1' $command"
done
is "… which stays as it was" "755 documents empty images precious" eval 'echo $(stat -c %a home1) $(ls home1) $(cat home1/documents/f)'
mkdir mixed && skiff --root "$T/mixed" import "$FIXTURES/busybox.tar" b >/dev/null && echo precious >mixed/f
is "a reset leaves what somebody put into a store" f eval "skiff --root '$T/mixed' system reset -f && ls -A mixed"
fails "an empty --root is not the default one" 125 '^Error: --root: a path is expected' skiff --root '' images
mkdir open1 && chmod 755 open1 && echo precious >open1/f
fails "a run directory of somebody's is not closed for others" 125 "is open to others and holds files that are not skiff's .*f.*--runroot" skiff --runroot "$T/open1" run --rm busybox true
is "… and stays open" 755 stat -c %a open1

# A monitor that does not answer.
id=$(skiff run -d busybox sleep 1000)
monitor=$(sed -n 's/.*"monitor_pid":\([0-9]*\).*/\1/p' "$SKIFF_ROOT/containers/$id/state.json")
kill -STOP "$monitor"
check "a stopped monitor hangs no other start" timeout 20 "$SKIFF" run --rm busybox true
kill -CONT "$monitor"
check "and goes on" skiff rm -f "$id"

# Sockets of other containers, shown by a bind of the directory above.
id=$(skiff run -d busybox sleep 1000)
is "a bind does not show the sockets of other containers" '0' in_box -v "${SKIFF_RUNROOT%/*}:/above" busybox sh -c \
    'find /above -name "*.sock" 2>/dev/null | wc -l'
check "they are there outside" test -S "$SKIFF_RUNROOT/$id.sock"
skiff rm -f "$id" >/dev/null

# Another session's run directory.
id=$(skiff create busybox sleep 1000)
check "a container starts under another run directory" env SKIFF_RUNROOT="$T/run2" "$SKIFF" start "$id"
check "and is stopped from the first" skiff rm -f "$id"
rm -rf "$T/run2"

# A logout takes the run directory away.
id=$(SKIFF_RUNROOT=$T/run3 skiff run -d busybox sleep 1000)
rm -rf "$T/run3"
check "a container without its run directory is stopped" skiff stop -t 0 "$id"
has "and says so" 'Exited \(137\)' skiff ps -a --no-trunc
check "and is removed" skiff rm "$id"

# A power cut may leave an empty record.
id=$(skiff create busybox true)
: >"$SKIFF_ROOT/containers/$id/config.json"
has "a damaged record is listed" 'damaged record' skiff ps -a
check "and removed by force" skiff rm -f "$id"

# A reset that was killed half-way.
mkdir -p "$T/half/staging/x"
check "an interrupted reset can be finished" env SKIFF_ROOT="$T/half" "$SKIFF" system reset -f
check "nothing of it stays" test ! -e "$T/half"

# Killed between the record and the start.
{ for _ in 1 2 3 4 5 6; do timeout -s KILL 0.01 "$SKIFF" run --rm --name half busybox sleep 1000; done; } >/dev/null 2>&1
check "a name that a killed run held is free" skiff run --rm --name half2 busybox true
go skiff rm -f half

# What setsid left of a container in the host's pid namespace.
go in_box --pid host busybox sh -c 'setsid sleep 9'$$' & sleep 0.2'
is "with --pid host nothing outlives the program" '' eval "pgrep -fx 'sleep 9$$' || true"

if root; then
    # The program fills the disk that its own state is on.
    mkdir "$T/small" && mount -t tmpfs -o size=12m small "$T/small"
    SKIFF_ROOT=$T/small/data skiff import "$FIXTURES/busybox.tar" busybox >/dev/null
    status "a full disk does not cost the exit status" 7 env SKIFF_ROOT="$T/small/data" "$SKIFF" run --name full busybox \
        sh -c 'dd if=/dev/zero of=/f bs=64k 2>/dev/null; seq 1 5000; exit 7'
    has "nor the state" 'Exited \(7\)' env SKIFF_ROOT="$T/small/data" "$SKIFF" ps -a
    has "and what its log lost is told" '[0-9]+ lines of its log were lost: No space left' env SKIFF_ROOT="$T/small/data" "$SKIFF" inspect -f '{{json .State.Less}}' full
    go env SKIFF_ROOT="$T/small/data" "$SKIFF" system reset -f
    umount "$T/small"
fi
# Rootless containers share a user namespace: whoever got at a socket from in there is not heard (Linux 6.5).
if ! root; then
    id=$(skiff run -d busybox sleep 1000)
    init=$(skiff inspect -f '{{.State.Pid}}' "$id")
    inside() { nsenter -t "$init" --user --preserve-credentials "$SKIFF" --root "$SKIFF_ROOT" --runroot "$SKIFF_RUNROOT" exec "$id" echo entered; }
    if python3 -c 'import socket; a, b = socket.socketpair(); a.getsockopt(1, 77)' 2>/dev/null; then
        hasnt "a process in the containers' user namespace cannot use a monitor's socket" entered eval 'inside; true'
    else
        skip "a process in the containers' user namespace cannot use a monitor's socket" "no SO_PEERPIDFD in this kernel"
    fi
    is "a command outside can" entered skiff exec "$id" echo entered
    skiff rm -f "$id" >/dev/null
fi

finish
