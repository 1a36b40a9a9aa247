#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# system df: what is there, what is in use, what could be given back.
. "${0%/*}/lib.sh"
df() { skiff system df --format '{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}'; }
is "nothing at all" "Images 0 0 0B 0B
Containers 0 0 0B 0B
Local Volumes 0 0 0B 0B
Build Cache 0 0 0B 0B" df
has "as a table" '^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE' skiff system df

mkdir "$T/r"; head -c 1000 /dev/zero >"$T/r/thousand"
tar -C "$T/r" -cf "$T/a.tar" . && skiff import "$T/a.tar" a:1 >/dev/null
image busybox
has "an image that nobody uses" '^Images 2 0 [0-9.]+MB [0-9.]+MB \(100%\)$' df
check "a container, a volume" eval 'skiff run --name one -v vol:/v busybox sh -c "head -c 500 /dev/zero >/x; head -c 300 /dev/zero >/v/y"'
has "… its image is in use" '^Images 2 1 [0-9.]+MB 1kB \(0%\)$' df
has "… what it wrote" '^Containers 1 0 500B 500B \(100%\)$' df
has "… its volume" '^Local Volumes 1 1 300B 0B \(0%\)$' df
check "it runs" eval 'skiff rm one >/dev/null; skiff run -d --name two busybox sleep 1000'
has "… nothing of it can be given back" '^Containers 1 1 0B 0B$' df
has "… the volume can" '^Local Volumes 1 0 300B 300B \(100%\)$' df
skiff tag busybox again:1
verbose() { skiff system df -v | sed -n "/^$1/,/^[A-Z][a-z].*usage/p"; }
has "-v: images" '^again +1 +[0-9a-f]{12} +[A-Za-z0-9 ]+ ago +[0-9.]+MB +0B +[0-9.]+MB +1$' verbose Images
has "… each name" '^busybox +latest +.* 1$' verbose Images
has "… containers" '^[0-9a-f]{12} +busybox +"sleep 1000" +0 +0B +[A-Za-z0-9 ]+ ago +Up [A-Za-z0-9 ]+ +two$' verbose Containers
has "… volumes" '^vol +0 +300B$' verbose 'Local Volumes'
is "… in Docker's sections" "Images space usage:
REPOSITORY TAG IMAGE ID CREATED SIZE SHARED SIZE UNIQUE SIZE CONTAINERS
Containers space usage:
CONTAINER ID IMAGE COMMAND LOCAL VOLUMES SIZE CREATED STATUS NAMES
Local Volumes space usage:
VOLUME NAME LINKS SIZE
Build cache usage: 0B
CACHE ID CACHE TYPE SIZE CREATED LAST USED USAGE SHARED" eval 'skiff system df -v | tr -s " " | sed "s/ $//" | grep -E "usage:|^[A-Z]+ [A-Z ]{6,}$|^VOLUME"'
fails "… not with --format" 125 'the verbose and the format options conflict' skiff system df -v --format json
check "a build" eval 'printf "FROM busybox AS s\nRUN head -c 700 /dev/zero >/s\nFROM busybox\nRUN true\nCOPY --from=s /bin/sh /sh\n" | skiff build -q -t b -'
has "… of which the image has a part" '^Build Cache [0-9]+ [1-9][0-9]* 700B 700B$' df
has "-v: what images share, and what they have alone" '^b +latest +.* [0-9.]+MB +[0-9.]+MB +[0-9.]+[kM]B +0$' verbose Images
has "… the cache" '^[0-9a-z]{12} +regular +700B +.* ago +.* ago +N/A +false$' eval 'skiff system df -v | sed "1,/^Build cache usage: 700B/d"'
check "pruned" skiff builder prune -f
has "… it is given back" '^Build Cache [0-9]+ [0-9]+ 0B 0B$' df
check "away" skiff rm -f two
if ! root && skiff run --rm --userns nomap busybox true >/dev/null 2>&1; then
    # busybox alone has about 2 MB, and the copy with other owners as much again.
    has "a layer's copy for --userns counts as its image does" '^Images [0-9]+ 0 ([4-9]|[1-9][0-9]+)(\.[0-9]+)?MB ([4-9]|[1-9][0-9]+)' df
fi
finish
