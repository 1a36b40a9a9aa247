#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A store with damaged files: the rest is listed and usable, what is damaged is named, nothing is deleted for it.
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1

mkdir r && echo one >r/file && tar -C r -cf a.tar . && echo two >r/file && tar -C r -cf b.tar .
reset_store() { # images a:1 and b:1 beside busybox
    skiff rmi -f a:1 b:1 >/dev/null 2>&1
    skiff import a.tar a:1 >/dev/null && skiff import b.tar b:1 >/dev/null
}
id_of() { skiff images --no-trunc -q "$1" 2>/dev/null; }
ref() { printf '%s/images/refs/docker.io%%2Flibrary%%2F%s' "$SKIFF_ROOT" "$1"; }
record() { printf '%s/images/records/%s' "$SKIFF_ROOT" "${1#sha256:}"; }
blob() { printf '%s/images/blobs/sha256/%s' "$SKIFF_ROOT" "${1#sha256:}"; }
layers() { find "$SKIFF_ROOT/layers" -mindepth 1 -maxdepth 1 | wc -l; }
# What can become of a small file: cut, emptied, garbage, something else that parses, and no file at all.
damage() { # KIND FILE
    case $1 in
        cut) truncate -s 20 "$2" ;;
        empty) : >"$2" ;;
        garbage) head -c 200 /dev/urandom >"$2" ;;
        other) echo '[1, {"version": "x"}]' >"$2" ;;
        directory) rm -f "$2" && mkdir "$2" && echo x >"$2/y" ;;
        link) rm -f "$2" && ln -s /etc/passwd "$2" ;;
        fifo) rm -f "$2" && mkfifo "$2" ;;
    esac
}

# --- names --------------------------------------------------------------------------------------------------------------

for kind in cut empty garbage other directory link fifo; do
    reset_store
    damage $kind "$(ref a:1)"
    has "a $kind for a name: images lists the rest" '^b +1 ' skiff images
    has "… and the name" '^a +1 +<none> ' eval 'skiff images 2>/dev/null'
    fails "… and names the file, the cause and the remedy" 0 "^Warning: '.*/images/refs/docker.io%2Flibrary%2Fa:1' is damaged: .*skiff rmi -f a:1" skiff images
    fails "… inspect of it fails" 125 "^Error: '.*/images/refs/.*a:1' is damaged: .*skiff rmi -f a:1" skiff image inspect a:1
    check "… inspect of another does not" skiff image inspect b:1
    is "… a container of another runs" two skiff run --rm -v "$T/r:/r" busybox cat /r/file
    fails "… prune keeps the image that may have the name, and says so" 0 '^Total reclaimed space: 0B' skiff image prune -f
    is "… indeed" 3 layers
    has "… rmi -f removes the name" '^Untagged: a:1' skiff rmi -f a:1
    has "… then prune finds the image" '^deleted: sha256:' skiff image prune -f
    is "… and its layer goes" 2 layers
done
reset_store
damage directory "$(ref a:1)"
check "an import mends the name" skiff import a.tar a:1
check "… " skiff image inspect a:1

# --- records, configurations, manifests, layers -------------------------------------------------------------------------

for kind in cut empty garbage other directory link; do
    reset_store
    id=$(id_of a:1)
    damage $kind "$(record "$id")"
    has "a $kind for a record: images lists name and id" "^a +1 +${id:7:12} +N/A" eval 'skiff images 2>/dev/null'
    fails "… and says what is wrong" 0 "^Warning: '.*/images/records/${id#sha256:}' is damaged: .*skiff rmi -f ${id:7:12}" skiff images
    fails "… it does not run" 125 "^Error: '.*/images/records/.*' is damaged" skiff run --rm a:1 x
    fails "… prune -a deletes neither its layer nor its blobs" 0 'no layer and no blob was deleted' skiff image prune -a -f
    is "… indeed" "3 0" eval 'echo $(layers) $(test -e "$(blob "$id")"; echo $?)'
    skiff import "$FIXTURES/busybox.tar" busybox >/dev/null 2>&1 # prune -a took it
    fails "… rmi wants -f" 125 "is damaged: .*skiff rmi -f" skiff rmi a:1
    is "… rmi -f removes it" "Untagged: a:1
Deleted: $id" skiff rmi -f a:1
    hasnt "… and all is well" 'Warning|^a ' skiff images
done

reset_store
id=$(id_of a:1)
for kind in cut empty garbage other directory; do
    damage $kind "$(blob "$id")"
    has "a $kind for a configuration: listed without date" "^a +1 +${id:7:12} +N/A" eval 'skiff images 2>/dev/null'
    fails "… and named" 0 "^Warning: '.*/images/blobs/sha256/.*' is damaged: .*skiff rmi -f ${id:7:12}" skiff images
    fails "… inspect fails" 125 "^Error: '.*/images/blobs/sha256/.*' is damaged" skiff image inspect a:1
done
rm -rf "$(blob "$id")"
fails "a configuration that is gone: named" 0 "^Warning: '.*/images/blobs/sha256/.*' is damaged: .* is missing" skiff images
has "… and removed" "^Deleted: $id" skiff rmi a:1
reset_store
skiff save -o a.oci a:1
id=$(id_of a:1)
damage cut "$(blob "$id")"
damage garbage "$(find "$SKIFF_ROOT/layers/" -name meta.json | head -n 1)"
check "load mends what it brings" eval 'skiff load -i a.oci && skiff image inspect a:1'
for meta in "$SKIFF_ROOT"/layers/*/meta.json; do damage garbage "$meta"; done
is "a layer runs without its meta.json" two skiff run --rm -v "$T/r:/r" busybox cat /r/file
check "… and load mends that" skiff load -i a.oci
manifest=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["manifest"]["digest"])' "$(record "$(id_of a:1)")")
damage garbage "$(blob "$manifest")"
fails "a damaged manifest: save says so" 125 "^Error: .*${manifest}.*damaged" eval 'skiff save a:1 >x.tar'
check "… what does not need it works" skiff image inspect a:1

# --- containers ---------------------------------------------------------------------------------------------------------

reset_store
container=$(skiff create --name cc a:1 x)
skiff create --name dd busybox true >/dev/null
damage cut "$SKIFF_ROOT/containers/$container/config.json"
has "a damaged container: ps lists the rest" ' dd$' skiff ps -a
fails "… and names it" 0 "^Warning: .*$container.*skiff rm -f ${container:0:12}" skiff ps -a
has "… rmi of its image gives up the name" 'Untagged: a:1' skiff rmi -f a:1
fails "… prune deletes nothing that it may need" 0 "^Warning: '.*/containers/$container/config.json' is damaged: .*skiff rm -f" skiff image prune -a -f
is "… indeed" 3 layers
check "… images and info work" eval 'skiff images && skiff info'
check "… rm -f removes it" skiff rm -f "$container"
has "… then its layer goes" '^Total reclaimed space: [1-9]' skiff image prune -f
is "… indeed" 2 layers
skiff rm dd >/dev/null

# --- folders ------------------------------------------------------------------------------------------------------------

reset_store
for folder in l leases trash names staging images/packed volumes; do
    rm -rf "${SKIFF_ROOT:?}/$folder"
    is "without $folder/ a container runs" two skiff run --rm -v "$T/r:/r" busybox cat /r/file
    check "… it is made again" test -d "$SKIFF_ROOT/$folder"
done
rm -rf "$SKIFF_ROOT/images/refs"
has "without images/refs/ images have no names" '^<none>' skiff images
check "… and get new ones" skiff tag "$(skiff images -q | head -n 1)" again
rm "$SKIFF_ROOT/format"
has "without its format the store is read all the same" '^again' skiff images
check "… it is written again" test -s "$SKIFF_ROOT/format"
for id in $(skiff images -q | sort -u); do skiff rmi -f "$id" >/dev/null; done
is "nothing is left" "" eval 'cd "$SKIFF_ROOT" && ls layers l images/blobs/sha256 images/packed images/refs images/records leases staging trash | grep -v -e : -e "^$"; true'

# --- no store at all ----------------------------------------------------------------------------------------------------

for command in images info "ps -a" "run host true"; do
    fails "--root /dev/null $command" 125 "^Error: '/dev/null' cannot be the data directory" eval "skiff --root /dev/null $command"
done
fails "--config of a file that is not there" 125 "^Error: there is no configuration file '/nosuch'" skiff --config /nosuch images
echo 'nonsense: true' >config.yaml
for command in images info "ps -a"; do
    fails "$command with a wrong configuration" 125 "^Error: config.yaml:1:1: unknown key|/config.yaml:1:1: unknown key" eval "skiff --config config.yaml $command"
done

finish
