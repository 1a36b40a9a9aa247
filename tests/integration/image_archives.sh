#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# save and load: digests survive, other engines read what skiff writes, and skiff what they write.
. "${0%/*}/lib.sh"

mkdir -p "$T/r/etc"
echo one >"$T/r/etc/file"
tar -C "$T/r" -cf "$T/a.tar" .
skiff import -c 'CMD ["sh"]' "$T/a.tar" t:plain >/dev/null
gzip -c "$T/a.tar" | skiff import - team/app:gz >/dev/null
ids() { skiff images --no-trunc -q | sort -u; }
ids >"$T/ids"
elsewhere() { SKIFF_ROOT=$T/other skiff "$@"; }

check "save to a file" skiff save -o "$T/s.tar" t:plain team/app:gz
check "save to standard output gives the same bytes" eval 'skiff save t:plain team/app:gz | cmp - "$T/s.tar"'
has "load in another store names the images" '^Loaded image: team/app:gz$' elsewhere load -i "$T/s.tar"
check "the ids are the same there" eval 'SKIFF_ROOT=$T/other ids | cmp - "$T/ids"'
check "and saving there gives the same bytes" eval 'elsewhere save t:plain team/app:gz | cmp - "$T/s.tar"'
check "a compressed archive from standard input" eval 'gzip -c "$T/s.tar" | elsewhere load'
fails "an unknown image is told before anything is written" 1 'No such image: nosuch:latest' skiff save -o "$T/none.tar" t:plain nosuch
check "… and no file appears" test ! -e "$T/none.tar"
has "never to a terminal" 'refusing to save to a terminal' terminal "$SKIFF save t:plain || true"

fails "a root file system is no archive of images" 125 "neither manifest.json nor index.json" elsewhere load -i "$T/a.tar"
head -c 3000 "$T/s.tar" >"$T/cut.tar"
fails "a cut archive" 125 'cut' elsewhere load -i "$T/cut.tar"
# The layer's content is changed, and its name and header's checksum are not.
perl -0pe 's/one\n/two\n/' "$T/s.tar" >"$T/fake.tar"
SKIFF_ROOT=$T/fresh
export SKIFF_ROOT
fails "a layer with other content than its digest says" 125 'digest' skiff load -i "$T/fake.tar"
is "… and nothing of it is there" 0 eval 'ls "$SKIFF_ROOT/layers" "$SKIFF_ROOT/images/blobs/sha256" "$SKIFF_ROOT/images/packed" | grep -c "[0-9a-f]\{64\}" || true'

if command -v skopeo >/dev/null; then
    check "skopeo reads it as oci-archive" skopeo --insecure-policy copy -q "oci-archive:$T/s.tar:plain" "dir:$T/sk-oci"
    check "skopeo reads it as docker-archive" skopeo --insecure-policy copy -q "docker-archive:$T/s.tar:t:plain" "dir:$T/sk-docker"
    check "skopeo writes an oci-archive" skopeo --insecure-policy copy -q "oci-archive:$T/s.tar:gz" "oci-archive:$T/foreign-oci.tar:x/y:1"
    has "… that load reads" 'Loaded image: x/y:1' skiff load -i "$T/foreign-oci.tar"
    check "skopeo writes a docker-archive" skopeo --insecure-policy copy -q "oci-archive:$T/s.tar:gz" "docker-archive:$T/foreign-docker.tar:x/y:2"
    has "… that load reads" 'Loaded image: x/y:2' skiff load -i "$T/foreign-docker.tar"
else
    skip "skopeo" "skopeo is not installed"
fi
if command -v umoci >/dev/null; then
    mkdir "$T/layout"
    tar -C "$T/layout" -xf "$T/s.tar"
    rootless=()
    root || rootless=(--rootless)
    check "umoci unpacks it" umoci unpack "${rootless[@]}" --image "$T/layout:gz" "$T/bundle"
    is "… with its files" one cat "$T/bundle/rootfs/etc/file"
else
    skip "umoci" "umoci is not installed"
fi
if command -v podman >/dev/null && root; then
    podman=(podman --root "$T/podman" --runroot "$T/podman-run" --storage-driver vfs)
    has "podman loads it" 'app:gz' "${podman[@]}" load -i "$T/s.tar"
    for format in docker-archive oci-archive; do
        check "podman saves $format" "${podman[@]}" save -q --format $format -o "$T/p-$format.tar" team/app:gz
        has "… that load reads" 'Loaded image: .*team/app:gz' skiff load -i "$T/p-$format.tar"
    done
    "${podman[@]}" rmi -af >/dev/null 2>&1
else
    skip "podman" "podman is not installed, or this is not root"
fi

# Two names of one image: the layout has an entry for each, and the docker half both in one.
mkdir -p "$T/two" && tar -C "$T/two" -cf "$T/two.tar" . && skiff import "$T/two.tar" twice:1 >/dev/null && skiff tag twice:1 twice:2
is "load tells each name once" "Loaded image: twice:1
Loaded image: twice:2" eval 'skiff save -o "$T/twice.tar" twice && skiff load -i "$T/twice.tar"'
is "… and the archive has them whole" '["docker.io/library/twice:1", "docker.io/library/twice:2"]' eval 'tar -xOf "$T/twice.tar" manifest.json |
    python3 -c "import json, sys; print(json.dumps(json.load(sys.stdin)[0][\"RepoTags\"]))"'
skiff rmi twice:1 twice:2 >/dev/null

finish
