#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Starts that are killed while they fill a volume: the next one finds it whole, and nothing of the copy stays.
. "${0%/*}/lib.sh"
rounds=${SKIFF_CHAOS_ROUNDS:-4}
v=$SKIFF_ROOT/volumes
mkdir -p tree/data
for i in $(seq 200); do mkdir "tree/data/$i"; for j in 1 2 3 4; do echo "$i $j" >"tree/data/$i/$j"; done; done
tar -C tree -cf tree.tar data; cp "$FIXTURES/busybox.tar" many.tar; tar -Af many.tar tree.tar
skiff import many.tar many:1 >/dev/null || { echo 'Bail out! no image'; exit 1; }

# Everything that carries the container's id: the command, which wrote it to a file, and the monitor.
kill_container() { # CIDFILE PID
    local id file
    id=$(cat "$1" 2>/dev/null)
    kill -KILL "$2" 2>/dev/null
    [ -n "$id" ] || return 0
    for file in /proc/[0-9]*/cmdline; do
        { tr '\0' ' ' <"$file" | grep -q "$id"; } 2>/dev/null && kill -KILL "$(basename "$(dirname "$file")")" 2>/dev/null
    done
    return 0
}
whole() { skiff run --rm -v "$1:/data" many:1 sh -c 'find /data -type f | wc -l; cat $(find /data -type f) | sort | md5sum'; }
want=$(skiff run --rm many:1 sh -c 'find /data -type f | wc -l; cat $(find /data -type f) | sort | md5sum')

caught=0
for mark in .filling .filled; do
    for i in $(seq "$rounds"); do
        volume=kill$i$mark
        skiff volume create "$volume" >/dev/null
        "$SKIFF" run --cidfile "c$volume" -v "$volume:/data" many:1 true >/dev/null 2>&1 &
        pid=$!
        until [ -e "$v/$volume/$mark" ] || [ -e "$v/$volume/_data/200" ]; do kill -0 $pid 2>/dev/null || break; sleep 0.002; done
        kill_container "c$volume" $pid
        { wait $pid; } 2>/dev/null
        # The kernel may still be at the end of the monitor, which holds the lock until then.
        if [ -e "$v/$volume/.filling" ] || [ -e "$v/$volume/.filled" ]; then caught=$((caught + 1)); fi
        skiff rm -f "$(cat "c$volume")" >/dev/null
        is "killed at $mark ($i): the next start sees all of it" "$want" whole "$volume"
        is "… and no copy stays" '_data lock volume.json' eval 'ls -A "$v/$volume" | xargs'
    done
done
check "some were caught at it ($caught)" test "$caught" -gt 0

# Creators that are killed leave no volume that cannot be used or removed.
for i in $(seq "$rounds"); do
    "$SKIFF" volume create "made$i" >/dev/null & pid=$!
    kill -KILL $pid 2>/dev/null; wait $pid 2>/dev/null
    check "volume create, killed ($i): all or nothing" eval "if skiff volume exists made$i; then skiff volume inspect made$i && skiff volume rm made$i; else skiff volume create made$i && skiff volume rm made$i; fi"
done
is "nothing half-made stays" 0 eval 'ls -A "$v" | grep -c ^.new || true'

# rm -v, killed: the container is there without its volumes, or neither is; again it works.
for i in $(seq "$rounds"); do
    id=$(skiff create -v /a -v /b -v /c busybox true 2>/dev/null || skiff create -v /a -v /b -v /c many:1 true)
    "$SKIFF" rm -v "$id" >/dev/null 2>&1 & pid=$!
    sleep "0.00$((RANDOM % 10))"   # anywhere in it
    kill -KILL $pid 2>/dev/null; wait $pid 2>/dev/null
    skiff rm -f -v "$id" >/dev/null 2>&1
    is "rm -v, killed ($i): no volume is left" 0 eval 'skiff volume ls -q | grep -cE "^[0-9a-f]{64}$" || true'
done
finish
