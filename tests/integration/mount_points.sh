# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What every container has mounted is mounted on a layer below the image: its writable layer holds its own changes alone.
. "${0%/*}/lib.sh"
image busybox
upper() { (cd "$SKIFF_ROOT/containers/$1/upper" && find . -mindepth 1 | sort); }   # ID

id=$(skiff run -d --network none busybox sleep 1000)
is "a container that changed nothing has an empty writable layer" "" upper "$id"
is "… and has its files all the same" "3" skiff exec "$id" sh -c 'grep -c . /etc/hostname /etc/hosts /etc/resolv.conf | wc -l'
check "a change" skiff exec "$id" sh -c 'echo x >/etc/mine'
is "is what is there then" "$(printf './etc\n./etc/mine')" upper "$id"
skiff rm -f -t 0 "$id" >/dev/null

# What the image has is what counts.
fails "--no-hosts: none, since the image has none" 1 'No such file' skiff run --rm --network none --no-hosts busybox ls /etc/hosts
mkdir -p "$T/odd/bin" "$T/odd/real/etc"
tar -C "$T/odd" -xf "$FIXTURES/busybox.tar" ./bin 2>/dev/null || tar -C "$T/odd" -xf "$FIXTURES/busybox.tar" bin
ln -s real/etc "$T/odd/etc"
mkdir "$T/odd/proc"
echo mine >"$T/odd/proc/file"
check "an image whose /etc is a link" eval 'tar -C "$T/odd" -c . | skiff import - odd'
is "has its files where the link leads" "$(printf 'host\nhost')" skiff run --rm --network none --hostname host odd sh -c 'cat /etc/hostname /real/etc/hostname'
check "/proc is mounted over what the image has there" skiff run --rm --network none odd test -e /proc/self/status
is "the layer belongs to nobody's image" "" eval 'skiff images -q --filter reference=mountpoints'

is "a volume at /etc is filled with what the image has there" "$(printf 'group\npasswd')" eval 'skiff run --rm --network none -v etc:/etc busybox true; ls "$SKIFF_ROOT/volumes/etc/_data"'
skiff volume rm etc >/dev/null

# Nobody writes to it.
skiff run --rm --network none --privileged busybox sh -c 'umount /etc/hosts 2>/dev/null; echo evil >>/etc/hosts; chmod 777 /sys /proc /dev' >/dev/null 2>&1
is "it is as it was" "0 0644" eval 'cat "$SKIFF_ROOT"/mountpoints/etc/* | wc -c | tr "\n" " "; stat -c 0%a "$SKIFF_ROOT"/mountpoints/etc/hosts'
rm -rf "$SKIFF_ROOT/mountpoints/etc/resolv.conf"
check "what is missing is made again" eval 'skiff run --rm --network none busybox true && [ -e "$SKIFF_ROOT/mountpoints/etc/resolv.conf" ]'
# A store of which an interrupted reset left just this.
half=$T/half
mkdir -p "$half/mountpoints/etc"
check "a reset goes on where it was killed" eval 'skiff --root "$half" system reset -f && [ ! -e "$half" ]'
finish
