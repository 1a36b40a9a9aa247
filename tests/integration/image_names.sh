#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tag, images, rmi, image exists and prune: names come and go as in Docker, layers go with the last image.
. "${0%/*}/lib.sh"

mkdir -p "$T/r"
echo one >"$T/r/file"
tar -C "$T/r" -cf "$T/a.tar" .
id=$(skiff import "$T/a.tar" t:1)
short=${id#sha256:}
short=${short:0:12}

check "tag" skiff tag t:1 localhost:5000/team/app
fails "a target that is no name" 125 'Error parsing reference: "Bad/Name" is not a valid repository/tag: .*\(Name\) must be lowercase' skiff tag t:1 Bad/Name
fails "a source that is not there" 1 'No such image: nosuch:latest' skiff tag nosuch x
has "images lists both names" "^localhost:5000/team/app +latest +$short " skiff images
is "images -q" "$short
$short" skiff images -q
hasnt "images REPOSITORY shows only it" 'team/app' skiff images t
has "--no-trunc shows whole ids" "$id" skiff images --no-trunc
hasnt "the built-in images are not listed" built-in skiff images
has "… but with --all" '^hello-world +<built-in>' skiff images --all
for command in "tag host x" "image inspect host" "rmi host" "rmi -f host:latest" "save -o x docker.io/library/hello-world"; do
    fails "$command: built in" 125 "the image '(host|hello-world)' is built into skiff: it can be run" eval "skiff $command"
done
is "a built-in image by its long name" "hi" skiff run --rm docker.io/library/host:latest echo hi
check "exists by name" skiff image exists t:1
check "exists by short id" skiff image exists "${short:0:6}"
status "exists not" 1 skiff image exists t:2
fails "inspect of a missing one" 1 'No such image: nosuch:latest' skiff image inspect nosuch

fails "by id, with two repositories: refused" 2 'must be forced.*referenced in multiple repositories' skiff rmi "$short"
is "by name: the name goes" "Untagged: t:1" skiff rmi t:1
is "the last name takes the image and its layer along" "Untagged: localhost:5000/team/app:latest
Deleted: $id
Deleted: sha256:$(sha256sum <"$T/a.tar" | cut -d' ' -f1)" skiff rmi localhost:5000/team/app
fails "it is gone" 1 "No such image: t:1" skiff rmi t:1
is "rmi -f of a missing one is no failure" 0 eval 'skiff rmi -f t:1 2>/dev/null; echo $?'
is "nothing is left" "" eval 'cd "$SKIFF_ROOT" && ls layers l images/blobs/sha256 images/packed images/refs images/records leases staging trash | grep -v -e : -e "^$"; true'

skiff import "$T/a.tar" t:1 >/dev/null
skiff import -m other "$T/a.tar" t:1 >/dev/null
has "an image whose name was taken has none" '^<none> +<none>' skiff images
has "prune removes it" '^deleted: sha256:' skiff image prune -f
hasnt "… and only it" none skiff images
has "prune -a removes the rest" '^untagged: t:1' skiff image prune -a -f
skiff import "$T/a.tar" same:1 >/dev/null
skiff import -m other "$T/a.tar" same:2 >/dev/null
is "what two images have is told once" "1 deleted
1 deleted
1 deleted" eval 'skiff image prune -a -f | sed -n "s/^deleted: //p" | sort | uniq -c | sed "s/ *\([0-9]*\) .*/\1 deleted/"'
skiff import --change 'LABEL stage=test' "$T/a.tar" l:1 >/dev/null
skiff import --change 'LABEL stage=other' "$T/a.tar" l:1 >/dev/null
is "prune --filter label= passes over others" "Total reclaimed space: 0B" skiff image prune -f --filter label=stage=none
is "… until= over younger ones" "Total reclaimed space: 0B" skiff image prune -f --filter until=1h
is "… label!= too" "Total reclaimed space: 0B" skiff image prune -f --filter label!=stage
has "… and takes what agrees" '^deleted: sha256:' skiff image prune -f --filter label=stage=test
fails "… with -a named ones" 0 '^untagged: l:1' skiff image prune -a -f --filter label=stage=other
fails "an unknown filter" 125 "invalid filter 'reference'" skiff image prune -f --filter reference=x
is "no image is left" "" skiff images -q


# --- the name by content of an image that no registry knows
skiff import "$T/a.tar" pin/me:1 >/dev/null; skiff tag pin/me:1 pin/me:2; skiff tag pin/me:1 pin/other
digest=$(skiff images --digests --format '{{.Digest}}' pin/me:1)
has "images --digests" '^sha256:[0-9a-f]{64}$' echo "$digest"
is "… the same for each of its names" "$digest" eval "skiff images --digests --format '{{.Digest}}' | sort -u"
is "… inspect has one of each repository" "[pin/me@$digest pin/other@$digest]" skiff image inspect -f '{{.RepoDigests}}' pin/other
is "… by which it is found" "$(skiff images -q --no-trunc pin/other)" skiff image inspect -f '{{.Id}}' "pin/me@$digest"
is "… and told apart from others" 'No such image' eval 'skiff import -m else "$T/a.tar" pin/else >/dev/null; skiff image inspect "pin/else@'"$digest"'" 2>&1 | grep -o "No such image"'
is "… also with a tag, which counts for nothing" "$(skiff images -q --no-trunc pin/other)" skiff image inspect -f '{{.Id}}' "pin/me:3@$digest"
skiff rmi -f "$(skiff images -q pin/me:1)" pin/else >/dev/null

finish
