#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Pulling from registries that fail in every way: a clear error, the store as it was, and what makes sense goes on.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

python3 "${0%/*}/registry_server.py" "$T" >"$T/server.log" 2>&1 &
server=$!
wait_until test -s "$T/port" || skip_all "the test's registry did not start: $(cat "$T/server.log")"
R=127.0.0.1:$(cat "$T/port")
mkdir -p "$HOME/.config/skiff"
export SKIFF_CONFIG=$T/config.yaml
printf 'registries:\n  %s:\n    timeout: 2\n' "$R" >"$SKIFF_CONFIG"

requests() { grep -c -- "$1" "$T/log"; } # REGEX
# Images, names, layers and blobs, but not what is kept for another attempt.
stored() { (cd "$SKIFF_ROOT" 2>/dev/null && find images layers l staging -type f -o -type l -o -type d | sort); }
kept() { find "$SKIFF_ROOT/partial" -type f | wc -l; }
skiff images >/dev/null
skiff import "$FIXTURES/busybox.tar" there >/dev/null
before=$(stored)

refused() { # NAME FAULT REGEX: the pull fails, says so, and the store is as it was
    fails "$1" 125 "$3" skiff pull "$R/fault/$2"
    is "$1: the store is as it was" "$before" stored
}

check 'an image comes' skiff pull "$R/fault/none"
is 'a layer that occurs twice is fetched once' 3 requests 'fault/none/blobs/'
skiff rmi "$R/fault/none" >/dev/null
before=$(stored)

check 'cut after each tenth, it goes on where it was' skiff pull "$R/fault/cut"
has 'by asking for the rest' 'bytes=[1-9][0-9]*-$' cat "$T/log"
skiff rmi "$R/fault/cut" >/dev/null
check 'a registry without parts sends all of it again' skiff pull "$R/fault/no-parts"
skiff rmi "$R/fault/no-parts" >/dev/null
check 'a body that stalls is asked for again' skiff pull "$R/fault/stall"
skiff rmi "$R/fault/stall" >/dev/null
check 'a busy registry is waited for' skiff pull "$R/fault/busy"
skiff rmi "$R/fault/busy" >/dev/null
check '503 and a reset are tried again' skiff pull "$R/fault/errors"
skiff rmi "$R/fault/errors" >/dev/null
before=$(stored)

refused 'a wrong digest' digest 'verification failed for digest sha256:[0-9a-f]{64}: .*sha256:[0-9a-f]{64}'
refused 'a wrong size' size 'has [0-9]+ bytes at the registry, where its manifest says [0-9]+'
refused 'an endless body' endless 'longer than the [0-9]+ bytes'
refused 'a cut gzip stream' gzip '\(gzip\) is cut'
refused 'content that the configuration does not name' diff 'has the content sha256:[0-9a-f]{64}, where .* names sha256:'
refused 'a decompression bomb' bomb 'decompression bomb'
refused 'an endless 401' denied 'pull access denied for .*/fault/denied, repository does not exist or may require'
refused 'a limit that asks for an hour' limit 'toomanyrequests: You have reached your pull rate limit'
refused 'malformed JSON' json 'parse error|unexpected end'
refused 'a manifest with the type of an index' type 'index|manifests'
refused 'a manifest that is an index too' ambiguous 'both|ambiguous|either'
refused 'a manifest of 5 MiB' huge 'larger than'
refused 'endless redirects' moved 'stopped after 10 redirects'
rm "$SKIFF_ROOT"/partial/* # a blob that came whole for an image that was wrong would do for this one
fails 'a missing blob' 1 'blob unknown' skiff pull "$R/fault/missing"
fails 'an unknown repository' 125 'pull access denied for .*/fault/nothing, repository does not exist' skiff pull "$R/fault/nothing"
fails 'nobody listens' 125 'connect: connection refused' skiff pull 127.0.0.1:1/x
fails 'no such host' 125 'no such host' skiff pull nosuch.invalid/x

check 'the image for another platform' skiff pull -q --platform linux/arm/v7 "$R/fault/platforms"
is 'an older variant serves' arm skiff image inspect -f '{{.Architecture}}' "$R/fault/platforms"
fails 'no image for a platform' 1 'no matching manifest for linux/s390x in the manifest list entries' \
    skiff pull --platform linux/s390x "$R/fault/platforms"
skiff rmi -f "$R/fault/platforms" >/dev/null
before=$(stored)

# --- a full disk

if [ "$(id -u)" = 0 ]; then
    mkdir "$T/small"
    # Enough for the blob, not for what is in it beside it.
    mount -t tmpfs -o size=3m,mode=700 none "$T/small"
    small() { "$SKIFF" --root "$T/small/data" --runroot "$T/small/run" "$@"; }
    tar -cf "$T/empty.tar" -T /dev/null
    small import "$T/empty.tar" there >/dev/null
    before_it=$(cd "$T/small/data" && find images layers l staging | sort)
    fails 'a full disk is named' 125 "^Error: .*(cannot write|cannot make|writing) .*: No space left on device" small pull "$R/fault/none"
    is 'the store is as it was' "$before_it" eval 'cd "$T/small/data" && find images layers l staging | sort'
    mount -o remount,size=64m "$T/small"
    check 'with room it goes on' small pull -q "$R/fault/none"
    umount "$T/small"
fi

# --- interrupted, and two at once

"$SKIFF" pull "$R/fault/stop" >"$T/out" 2>&1 &
first=$!
wait_until eval '[ "$(stat -c %s "$SKIFF_ROOT"/partial/* 2>/dev/null | sort -n | tail -n 1)" -ge 1000000 ] 2>/dev/null'
kill -TERM $first
wait $first
status=$?
is 'a signal ends a pull' 143 echo $status
is 'nothing half is left' "$before" stored
check 'what arrived is kept' eval '[ "$(kept)" -ge 1 ]'
touch "$T/go-on"
: >"$T/log"
"$SKIFF" pull "$R/fault/stop" >"$T/out1" 2>&1 &
first=$!
"$SKIFF" pull "$R/fault/stop" >"$T/out2" 2>&1 &
second=$!
wait $first; a=$?
wait $second; b=$?
is 'two pulls of one image both succeed' '0 0' echo "$a $b"
has 'the next attempt goes on there' 'fault/stop/blobs/.* bytes=1000000-$' cat "$T/log"
is 'and each blob is fetched once' '' eval "grep -o 'stop/blobs/sha256:[0-9a-f]*' '$T/log' | sort | uniq -d | grep -v \"\$(skiff image inspect -f '{{.Id}}' $R/fault/stop)\" || true"
is 'nothing is left to be resumed' 0 kept

kill $server
wait $server 2>/dev/null
finish
