#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# 32 imports, loads and removals at once lose nothing, and killed ones leave nothing that the next does not clear up.
. "${0%/*}/lib.sh"

for i in $(seq 32); do
    mkdir -p "$T/r$i/etc"
    echo "$i" >"$T/r$i/etc/number"
    echo "$((i % 8))" >"$T/r$i/etc/common"
    tar -C "$T/r$i" -cf "$T/$i.tar" .
done
skiff import "$T/1.tar" shared:1 >/dev/null
skiff save -o "$T/shared.tar" shared:1

one() { # N
    case $(($1 % 4)) in
    0) skiff load -i "$T/shared.tar" ;;
    1) skiff import "$T/$1.tar" gone:"$1" && skiff rmi gone:"$1" ;;
    2) skiff image prune -f ;;
    3) skiff rmi shared:nosuch; [ $? = 1 ] ;;
    esac >/dev/null 2>&1 && skiff import "$T/$1.tar" kept:"$1" >/dev/null
}
for i in $(seq 32); do
    one "$i" || echo "$i" >>"$T/failed" &
done
wait
check "none failed" test ! -e "$T/failed"
is "every image that was not removed is there" 33 eval 'skiff images | grep -c -e "^kept " -e "^shared "'
check "and whole: each can be saved" skiff save -o "$T/all.tar" kept shared
is "no lease or staging directory stays" "" eval 'ls "$SKIFF_ROOT/leases" "$SKIFF_ROOT/staging" "$SKIFF_ROOT/trash" | grep "^[0-9a-f]"; true'

# Killed at 40 different instants of an import: the store works on, and the next removal clears up.
for i in $(seq 40); do
    "$SKIFF" import "$T/$((i % 32 + 1)).tar" killed:"$i" >/dev/null 2>&1 &
    perl -e 'select undef, undef, undef, $ARGV[0] / 1000' "$i"
    { kill -KILL $! && wait $!; } 2>/dev/null
done
check "images after kills" skiff images
is "the next import makes room" "" eval 'skiff import -m next "$T/2.tar" next:1 >/dev/null; ls "$SKIFF_ROOT/staging" "$SKIFF_ROOT/trash" | grep "^[0-9a-f]"; true'
has "one more import and removal" '^Deleted: ' eval 'skiff import -m last "$T/1.tar" last:1 >/dev/null && skiff rmi last:1'
check "all images are whole" eval 'skiff save -o "$T/all.tar" $(skiff images | awk "NR > 1 && \$1 != \"<none>\" { print \$1 \":\" \$2 }")'
is "what the killed ones left is gone" "" eval 'ls "$SKIFF_ROOT/leases" "$SKIFF_ROOT/staging" "$SKIFF_ROOT/trash" | grep "^[0-9a-f]"; true'

finish
