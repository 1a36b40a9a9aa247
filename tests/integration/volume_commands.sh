#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# volume create, ls, inspect, rm, prune, exists: words, order, formats, what is in use, what is damaged.
. "${0%/*}/lib.sh"
image busybox
volumes=$SKIFF_ROOT/volumes

is "create prints the name" v1 skiff volume create v1
is "again: it is left as it is" v1 skiff volume create --label a=b v1
has "without a name it is random" '^[0-9a-f]{64}$' skiff volume create
is "by --name" v2 skiff volume create --name v2
fails "both names" 125 'conflicting options: cannot specify a volume-name through both --name' skiff volume create --name v2 v3
is "labels and options" v10 skiff volume create --label tier=front --label empty -o type=tmpfs --opt device=tmpfs --opt o=size=1m v10
anonymous=$(skiff volume ls -q | grep -E '^[0-9a-f]{64}$')

is "ls counts as people do" "DRIVER    VOLUME NAME local     $anonymous local     v1 local     v2 local     v10" eval "skiff volume ls | sort -k1,1 -s | tr '\n' ' ' | sed 's/ *$//'"
is "-q" "v1 v2 v10" eval "skiff volume ls -q --filter name=^v | xargs"
is "--format" 'v1|local|local||N/A|N/A' skiff volume ls --filter name=v1$ --format '{{.Name}}|{{.Driver}}|{{.Scope}}|{{.Labels}}|{{.Links}}|{{.Size}}'
is "labels in a format" 'empty=,tier=front front' skiff volume ls --filter label=tier=front --format '{{.Labels}} {{.Label "tier"}}'
is "filter label!" "v1 v2" eval "skiff volume ls -q --filter name=^v --filter label!=tier | xargs"
is "filter driver" "" skiff volume ls -q --filter driver=nonsense
fails "an unknown filter" 125 "invalid filter 'x'" skiff volume ls --filter x=y
fails "dangling is a boolean" 125 "invalid filter 'dangling=\\[?maybe" skiff volume ls --filter dangling=maybe
has "json" '^\{"Availability":"N/A","Driver":"local","Group":"N/A","Labels":"","Links":"N/A","Mountpoint":"'"$volumes"'/v1/_data","Name":"v1","Scope":"local","Size":"N/A","Status":"N/A"\}$' skiff volume ls --filter name=v1$ --format json

is "inspect has Docker's members in Docker's order" "CreatedAt Driver Labels Mountpoint Name Options Scope" eval "skiff volume inspect v1 | grep -o '\"[A-Z][A-Za-z]*\"' | tr -d '\"' | xargs"
is "… and values" "local null $volumes/v1/_data v1 null local" skiff volume inspect -f '{{.Driver}} {{json .Labels}} {{.Mountpoint}} {{.Name}} {{json .Options}} {{.Scope}}' v1
is "… of the other" '{"empty":"","tier":"front"} {"device":"tmpfs","o":"size=1m","type":"tmpfs"}' skiff volume inspect -f '{{json .Labels}} {{json .Options}}' v10
has "the time as Docker has it" '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$' skiff volume inspect -f '{{.CreatedAt}}' v1
has "the mark of an anonymous one" 'com.docker.volume.anonymous' skiff volume inspect "$anonymous"
fails "inspect of a missing one" 1 'get nosuch: no such volume' skiff volume inspect nosuch
has "… shows the others" '"Name": "v1"' eval "skiff volume inspect nosuch v1 2>/dev/null || true"

is "inspect without a word finds it, too" v1 skiff inspect -f '{{.Name}}' v1
is "… and by --type" v1 skiff inspect --type volume -f '{{.Name}}' v1
fails "… nothing of another type" 1 'get busybox: no such volume' skiff inspect --type volume busybox

status "exists" 0 skiff volume exists v1
status "exists not" 1 skiff volume exists nosuch
status "nor what is no name" 1 skiff volume exists ../volumes/v1

for name in a .x -x a/b 'a b' ../x ''; do
    [ "$name" = '' ] || fails "no name of a volume: '$name'" 125 'volume name is too short|includes invalid characters for a local volume name' skiff volume create -- "$name"
done
fails "a name that is too long" 125 'too long' skiff volume create "$(printf 'x%.0s' {1..256})"
fails "a driver that is not there" 1 'create v4: error looking up volume plugin nonsense: plugin "nonsense" not found' skiff volume create -d nonsense v4
fails "an option that local has not" 125 'create v4: invalid option: "foo"' skiff volume create -o foo=1 v4
fails "an option that needs others" 125 'create v4: missing required option: "(device|type)"' skiff volume create -o o=bind v4
fails "no quota" 125 'create v4: quota size requested but no quota support' skiff volume create -o size=1m v4
status "none of them was made" 1 skiff volume exists v4

# --- in use -----------------------------------------------------------------------------------------------------------
id=$(skiff create -v v1:/data -v /anon busybox true)
fails "rm of one in use" 2 "remove v1: volume is in use - \\[$id\\]" skiff volume rm v1
fails "… with -f too" 2 "remove v1: volume is in use - \\[$id\\]" skiff volume rm -f v1
is "dangling: those without a container" "v2 v10" eval "skiff volume ls -q --filter dangling=true --filter name=^v | xargs"
is "… and those with one" "v1" eval "skiff volume ls -q --filter dangling=false --filter name=^v | xargs"
check "prune leaves what is in use, and what has a name" eval 'skiff volume prune -f >"$T/pruned"; ! grep -E "^v[0-9]" "$T/pruned" && grep -q "'"$anonymous"'" "$T/pruned" && [ "$(wc -l <"$T/pruned")" = 4 ]'
is "… in Docker's words" "Deleted Volumes: Total reclaimed space: 0B" eval 'grep -v "^[0-9a-f]*$" "$T/pruned" | xargs'
skiff rm "$id" >/dev/null
is "the container is gone: its anonymous volume stays" 1 eval "skiff volume ls -q | grep -cE '^[0-9a-f]{64}$'"
is "prune asks" "Are you sure" eval "echo n | skiff volume prune 2>&1 | grep -o 'Are you sure'"
is "prune --all takes all by a label" "v10" eval "skiff volume prune -a -f --filter label=tier | grep ^v"
fails "--all twice" 125 'conflicting options' skiff volume prune -f -a --filter all=1

# --- what containers wrote: files of other ids -----------------------------------------------------------------------
check "files of subordinate ids, without permissions" skiff run --rm -v v3:/d busybox sh -c 'mkdir -p /d/a/b; dd if=/dev/zero of=/d/a/b/f bs=1000 count=3 2>/dev/null; chown -R 1:1 /d/a; chmod 0 /d/a'
is "… are counted and removed by prune" "v1 v2 v3 3kB" eval "skiff volume prune -a -f | sed 's/.*space: //' | grep -E '^(v[0-9]*|.*B)\$' | xargs"
check "… and by rm" eval 'skiff run --rm -v v3:/d busybox sh -c "mkdir /d/a; chown 1:1 /d/a; touch /d/a/f" && skiff volume rm v3'
is "nothing stays" "0 0" eval 'echo $(ls -A "$SKIFF_ROOT/volumes" | grep -vc "^.lock$") $(ls -A "$SKIFF_ROOT/trash" | wc -l)'

fails "rm of a missing one" 1 'get nosuch: no such volume' skiff volume rm nosuch
is "rm goes on" v1 eval 'skiff volume create v1 >/dev/null; skiff volume rm nosuch v1 2>/dev/null || true'
is "rm -f passes over it" nosuch skiff volume rm -f nosuch

# --- damage -----------------------------------------------------------------------------------------------------------
skiff volume create sick >/dev/null; skiff volume create well >/dev/null
echo '{' >"$volumes/sick/volume.json"
fails "a damaged record is named" 125 "the record of volume sick \\('$volumes/sick/volume.json'\\) is damaged: .*skiff volume rm sick" skiff volume inspect sick
fails "… by run too" 125 "the record of volume sick .*is damaged" skiff run --rm -v sick:/d busybox true
is "ls shows the others, and it" "sick well" eval 'skiff volume ls -q 2>/dev/null | xargs'
has "… with a warning" "Warning: the record of volume sick" skiff volume ls
is "prune keeps it" "well" eval 'skiff volume prune -a -f 2>/dev/null | grep -x -e sick -e well'
is "it can be removed" sick skiff volume rm sick
skiff volume create link >/dev/null; mkdir "$T/outside"; echo secret >"$T/outside/f"
rmdir "$volumes/link/_data"; ln -s "$T/outside" "$volumes/link/_data"
fails "a _data that is a link is followed by nobody" 125 "the volume link is damaged: its '_data' is no directory" skiff run --rm -v link:/d busybox cat /d/f
check "… not by rm either" eval 'skiff volume rm link && [ -f "$T/outside/f" ]'
id=$(skiff create -v kept:/d busybox true)
cp "$SKIFF_ROOT/containers/$id/config.json" "$T/config.json"; echo '{' >"$SKIFF_ROOT/containers/$id/config.json"
fails "a container that cannot be read may use it" 2 "remove kept: the record of container ${id:0:12} is damaged, so nobody knows" skiff volume rm kept
check "… and is removed first" eval "skiff rm -f $id && skiff volume rm kept"
mkdir "$volumes/.new-0123"; touch "$volumes/.new-0123/x"
check "what a killed create left goes with the next rm" eval 'skiff volume create x1 && skiff volume rm x1 && [ ! -e "$SKIFF_ROOT/volumes/.new-0123" ]'
finish
