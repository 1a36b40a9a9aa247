#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# "/" of an image, and the places that something is mounted on: what of them is in containers and in layers.
. "${0%/*}/lib.sh"
image busybox

# One layer that lists its root, one that does not.
# The members of each layer, a line a layer, lowest first.
layer_names() { # IMAGE
    skiff save -o "$T/layers.tar" "$1" && python3 - "$T/layers.tar" <<'P'
import io, json, sys, tarfile
archive = tarfile.open(sys.argv[1])
for layer in json.load(archive.extractfile("manifest.json"))[0]["Layers"]:
    members = tarfile.open(fileobj=io.BytesIO(archive.extractfile(layer).read()))
    print(*("./" if m.name in ("", ".") else m.name + "/" * m.isdir() for m in members))
P
}
mkdir -p "$T/one/bin" "$T/one/real" "$T/two"
tar -C "$T/one" -xf "$FIXTURES/busybox.tar" ./bin 2>/dev/null || tar -C "$T/one" -xf "$FIXTURES/busybox.tar" bin
ln -s real/etc "$T/one/etc"
echo two >"$T/two/two"
chmod 711 "$T/one"
tar -C "$T/one" --owner=1000 --group=1000 --mtime=@1000000000 -cf "$T/one.tar" .
check "an image with a root of its own" skiff import "$T/one.tar" odd
is "its containers have it" 711:1000:1000 skiff run --rm odd stat -c %a:%u:%g /
mkdir -p "$T/whole/dev" "$T/whole/proc" "$T/whole/sys" "$T/whole/etc" "$T/whole/bin"
touch "$T/whole/etc/hosts" "$T/whole/etc/hostname" "$T/whole/etc/resolv.conf"
cp -a "$T/one/bin/." "$T/whole/bin"
check "an image in which nothing has to be made" eval 'tar -C "$T/whole" --owner=0 --group=0 --mtime=@1000000000 -c . | skiff import - whole'
is "its root has the image's time" 755:0:0:1000000000 skiff run --rm whole stat -c %a:%u:%g:%Y /
printf 'FROM odd\nCOPY two /two\nRUN echo x >/x\nRUN true\n' >"$T/two/Dockerfile"
check "a build on it" skiff build -q -t odd:2 "$T/two"
is "layers that do not list their root show it" 711:1000:1000 skiff run --rm odd:2 stat -c %a:%u:%g /
is "… nor do they say it again" "two x" eval 'layer_names odd:2 | tail -n +2 | paste -sd" "'
printf 'FROM odd\nRUN chmod 750 /\nRUN echo y >/y\n' >"$T/two/Dockerfile"
check "a step that changes it" skiff build -q -t odd:3 "$T/two"
is "… is kept" 750:1000:1000 skiff run --rm odd:3 stat -c %a:%u:%g /
check "out of the store" eval 'skiff save -o "$T/3.tar" odd:3 && skiff rmi -f odd:3 odd:2 odd >/dev/null && skiff load -q -i "$T/3.tar"'
is "… and back" 750:1000:1000 skiff run --rm odd:3 stat -c %a:%u:%g /
check "a container that changes it" skiff run --name odd odd:3 chmod 705 /
is "… keeps it" 705 eval 'skiff start odd >/dev/null; skiff wait odd >/dev/null; skiff commit odd odd:4 >/dev/null; skiff run --rm odd:4 stat -c %a /'
is "a changed root is all that is in the layer" ./ eval 'layer_names odd:4 | tail -n 1'
check "away" skiff rm -f odd

# /etc is a link to what is not there; nothing of what was mounted on is anybody's work.
mkdir "$T/v"
check "volumes, files, links" skiff run --name stubs -v "$T/v:/a/b/c" -v "$T/v:/etc/deep/er" -v "$T/v/../two/two:/real/file" --tmpfs /t odd:3 sh -c 'echo mine >/real/mine; mkdir -p /a/kept'
check "commit" skiff commit stubs stubs:1
is "only its own work is in the layer" "a/ a/kept/ real/ real/mine" eval 'layer_names stubs:1 | tail -n 1'
is "… also while it runs" "new" eval 'skiff run -d --name live -v "$T/v:/q" odd:3 sh -c "echo 1 >/new; exec sleep 1000" >/dev/null; skiff exec live sh -c "until [ -s /new ]; do :; done"; skiff commit live live:1 >/dev/null; layer_names live:1 | tail -n 1'
is "… and it has its mounts still" yes eval 'touch "$T/v/here"; skiff exec live sh -c "[ -e /q/here ] && [ -s /etc/resolv.conf ] && echo yes"'
printf 'FROM odd:3\nRUN --mount=type=bind,source=two,target=/etc/x/two --mount=type=tmpfs,target=/a/t echo z >/z\nRUN chmod 711 /real/etc\n' >"$T/two/Dockerfile"
check "a build" skiff build -q -t odd:5 "$T/two"
is "its layers" "z; real/ real/etc/" eval 'layer_names odd:5 | tail -n 2 | paste -sd"|" | sed "s/|/; /"'
check "away" skiff rm -f stubs live
finish
