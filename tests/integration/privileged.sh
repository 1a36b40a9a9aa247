#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --privileged: the host's devices are there, and as usable as they are to the one who started the container.
. "${0%/*}/lib.sh"
image busybox

# Names, types and numbers of the nodes below /dev, but for what a container has of its own. Links are no nodes.
# shellcheck disable=SC2016
nodes='cd /dev; find . \( -type c -o -type b \) ! -path "./pts/*" ! -path "./shm/*" ! -path "./mqueue/*" ! -name console ! -name ptmx 2>/dev/null |
    sort | while read -r n; do stat -c "%n %F %t:%T" "$n"; done'

sh -c "$nodes" >"$T/host"
check "the host has more devices than a container gets by default" test "$(wc -l <"$T/host")" -gt 6
is "six without" 6 eval 'skiff run --rm busybox sh -c "$nodes" | wc -l'
is "all of the host's with" "$(cat "$T/host")" skiff run --rm --privileged busybox sh -c "$nodes"
is "… and with a terminal" "$(cat "$T/host")" terminal "$SKIFF run --rm -t --privileged busybox sh -c '$nodes'"
is "they work" 3 skiff run --rm --privileged busybox sh -c 'head -c 3 /dev/zero | wc -c'
echo content >"$T/file"
chmod 644 "$T/file"
first=$(grep -o '^\./[^ /]*/[^ ]*' "$T/host" | head -n 1)
if [ -n "$first" ]; then
    is "a node below a directory has its place" "yes" skiff run --rm --privileged busybox sh -c "[ -e '/dev/$first' ] && echo yes"
fi
is "what the user mounts below /dev stays" "content" skiff run --rm --privileged -v "$T/file:/dev/fuse" busybox cat /dev/fuse
hasnt "neither root nor /dev is nodev" ' (/|/dev) [a-z]+ [^ ]*nodev' skiff run --rm --privileged busybox cat /proc/mounts
has "without it, both are" ' / overlay [^ ]*nodev' skiff run --rm busybox cat /proc/mounts
if root; then
    is "a node that was made inside opens" "3" skiff run --rm --privileged busybox sh -c 'mknod /tmp/z c 1 5 && head -c 3 /tmp/z | wc -c'
fi
is "nothing is masked" "0" skiff run --rm --privileged busybox sh -c 'grep -c -e " /proc/kcore " -e " /proc/sys " /proc/mounts || true'

finish
