# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016
# as: root
# Devices where the group watches them by a program of eBPF, which cgroup v2 has in place of files.
. /src/lib.sh
image busybox

opens='(: >/dev/z) 2>&1 && echo opened; true'
make='mknod /tmp/n c 1 11 2>&1 && (: >/tmp/n) 2>&1 && echo opened; true'

is "--device" 5 eval 'skiff run --rm --device /dev/zero:/dev/z busybox head -c 5 /dev/z | wc -c'
is "a device of the machine" "$(head -c 2048 /dev/vda | md5sum)" eval 'skiff run --rm --device /dev/vda:/dev/disk:r busybox head -c 2048 /dev/disk | md5sum'
has "… r: it is not written to" 'not permitted' skiff run --rm --device /dev/vda:/dev/z:r busybox sh -c "$opens"
hasnt "… nor by another node of it" opened skiff run --rm --device /dev/vda:/dev/z:r busybox sh -c 'mknod /tmp/n b 254 0 2>&1; (: >/tmp/n) 2>&1 && echo opened; true'
hasnt "without it, not at all" opened skiff run --rm busybox sh -c "mknod /tmp/d b $(tr : ' ' </sys/block/vda/dev) 2>&1 && (: </tmp/d) 2>&1 && echo opened; true"
hasnt "a number that is not named" opened skiff run --rm --device-cgroup-rule 'c 1:12 rwm' busybox sh -c "$make"
is "--device-cgroup-rule: one that is" opened skiff run --rm --device-cgroup-rule 'c 1:11 rwm' busybox sh -c "$make"
is "… by a pattern" opened skiff run --rm --device-cgroup-rule 'c 1:* rwm' busybox sh -c "$make"
hasnt "… not in a way that it does not name" opened skiff run --rm --device-cgroup-rule 'c 1:11 rm' busybox sh -c "$make"
hasnt "… nor of the other kind" opened skiff run --rm --device-cgroup-rule 'b 1:11 rwm' busybox sh -c "$make"
check "the usual ones open" skiff run --rm --device /dev/fuse busybox sh -c 'for d in null zero full random urandom tty; do [ $d = tty ] || head -c 1 /dev/$d >/dev/null || exit 1; done'
has "exec is watched, too" 'not permitted' eval "skiff run -d --name dev --device /dev/vda:/dev/z:r busybox sleep 1000 >/dev/null; skiff exec --privileged dev sh -c '$opens'"
is "… and inspect hides nothing" '[]' skiff inspect -f '{{json .State.Less}}' dev
skiff rm -f dev >/dev/null
is "--privileged opens everything" "$(head -c 2048 /dev/vda | md5sum)" eval 'skiff run --rm --privileged busybox head -c 2048 /dev/vda | md5sum'

finish
