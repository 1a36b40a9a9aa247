#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a newer skiff wrote is refused by name: not guessed at, not repaired, not replaced, not removed.
. "${0%/*}/lib.sh"
image busybox
# shellcheck disable=SC2034  # variables of checks that eval runs
cd "$T" || exit 1

set_format() { python3 -c 'import json, sys
document = json.load(open(sys.argv[1])); document["format"] = int(sys.argv[2]); json.dump(document, open(sys.argv[1], "w"))' "$@"; }

id=$(skiff create --name mine busybox true)
skiff run -d --name other busybox sleep 1000 >/dev/null
skiff start -a mine
directory=$SKIFF_ROOT/containers/$id
has "words, not numbers, are written" '"status":"exited"' cat "$directory/state.json"
for file in config.json state.json; do
    what=record; [ $file = state.json ] && what=state
    set_format "$directory/$file" 2
    before=$(cat "$directory/$file")
    says="the $what of container $id was written by a newer skiff \\(format 2, this one reads up to 1\\)"
    fails "a newer $file: ps tells of it" 0 "^Warning: $says \\(in '$directory'\\)$" skiff ps -a
    has "… and lists the others" '^other$' eval 'skiff ps -a --format "{{.Names}}" 2>/dev/null'
    has "… and what is known of it" "^${id:0:12} " eval 'skiff ps -a 2>/dev/null'
    for command in "inspect mine" "start mine" "rm mine" "rm -f mine" "wait mine" "stop mine" "exec mine true" "logs mine" "logs -f --details mine" "rename mine yours" \
        "run --rm --volumes-from mine busybox true"; do
        [ "$file $command" = "config.json exec mine true" ] && continue   # nor does it: it does not run
        # shellcheck disable=SC2086  # words
        fails "… $command refuses" 125 "^Error: $says" skiff $command
    done
    check "… prune passes over it" eval 'skiff container prune -f >/dev/null 2>&1'
    is "… and it is as it was" "$before" cat "$directory/$file"
    set_format "$directory/$file" 1
    check "… the same in our format is read" skiff inspect mine
done

cp "$SKIFF_ROOT/format" format
echo '2 1' >"$SKIFF_ROOT/format"
has "a newer store that we may read is read" other skiff ps
echo '2 2' >"$SKIFF_ROOT/format"
for command in "ps -a" "run --rm busybox true" "images" "rm -f mine" "stop other" "exec other true" "inspect mine" "system reset -f" "image prune -f" "info"; do
    # shellcheck disable=SC2086  # words
    fails "a newer store: $command refuses" 125 "^Error: '$SKIFF_ROOT' was written by a newer skiff \\(format 2, this one reads 1\\)" skiff $command
done
cp format "$SKIFF_ROOT/format"
has "nothing was lost" '^mine$' skiff ps -a --format '{{.Names}}'
skiff rm -f mine other >/dev/null

finish
