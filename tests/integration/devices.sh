#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --device and --device-cgroup-rule: bound nodes, what the device cgroup allows of them, and that nothing else opens.
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1

in_() { eval "skiff run --rm $1 busybox sh -c \"\$2\""; }       # FLAGS SCRIPT
refuses() { fails "$1" "${3:-125}" "$2" eval "skiff run --rm $1 busybox true"; }
# A machine on which root's groups watch devices; elsewhere what is not enforced has to be said.
[ -c /dev/fuse ] || skip_all "no /dev/fuse, a device that everybody may open"
watched() { root && skiff run --rm --device /dev/fuse:/dev/z:r busybox sh -c '! (: >/dev/z) 2>/dev/null'; }

is "--device" 5 in_ '--device /dev/zero' 'head -c 5 /dev/zero | wc -c'
is "… elsewhere" 5 in_ '--device /dev/zero:/dev/my/zero' 'head -c 5 /dev/my/zero | wc -c'
is "… outside of /dev" 5 in_ '--device /dev/zero:/opt/zero' 'head -c 5 /opt/zero | wc -c'
is "… in place of one that is there" 5 in_ '--device /dev/zero:/dev/null' 'head -c 5 /dev/null | wc -c'
ln -s /dev/zero link
is "… through a link" 5 in_ "--device $T/link:/dev/z" 'head -c 5 /dev/z | wc -c'
is "… of a directory: all its nodes" yes in_ '--device /dev/net:/dev/mynet' 'test -c /dev/mynet/tun && echo yes'
is "… with -v over /dev" 5 in_ "-i --device /dev/zero:/dev/z -v $T/dev:/dev" 'head -c 5 /dev/z | wc -c'
is "… its node cannot be changed" 1 in_ '--device /dev/zero:/dev/z' 'chmod 600 /dev/z 2>/dev/null; echo $?'
is "exec sees it" 5 eval 'skiff run -d --name dev --device /dev/zero:/dev/z busybox sleep 100 >/dev/null; skiff exec dev head -c 5 /dev/z | wc -c; skiff rm -f dev >/dev/null'
is "inspect" '[{"PathOnHost":"/dev/zero","PathInContainer":"/dev/z","CgroupPermissions":"r"}] ["c 1:* rm"]' \
    eval "skiff create --name dev --device /dev/zero:/dev/z:r --device-cgroup-rule 'c 1:* rm' busybox >/dev/null; skiff inspect --format '{{json .HostConfig.Devices}} {{json .HostConfig.DeviceCgroupRules}}' dev; skiff rm dev >/dev/null"

refuses '--device /dev/no-such' 'error gathering device information while adding custom device "/dev/no-such": no such file or directory' 127
refuses '--device /etc/passwd' 'error gathering device information while adding custom device "/etc/passwd": not a device node'
refuses '--device /dev/zero:/dev/z:bad' 'invalid argument "/dev/zero:/dev/z:bad" for "--device" flag: bad mode specified: bad'
refuses '--device /dev/zero:/dev/z:rr' 'bad mode specified: rr'
refuses '--device /dev/zero:relative' 'relative is not an absolute path'
refuses '--device /dev/zero:/a:r:w' 'bad format for path: /dev/zero:/a:r:w'
refuses '--device ""' 'bad format for path'
for target in /proc/version /dev/../proc/version /proc /sys/firmware; do refuses "--device /dev/zero:$target" 'cannot be'; done
refuses '--device-cgroup-rule nonsense' 'invalid argument "nonsense" for "--device-cgroup-rule" flag: invalid device cgroup format .nonsense.'
for rule in 'c 1:2' 'x 1:2 r' 'c 1 r' 'c 1:2 x' 'c -1:2 r' 'c 1:2 rwmr' 'c 4294967296:1 r'; do refuses "--device-cgroup-rule '$rule'" 'invalid device cgroup format'; done

# --- what is allowed -----------------------------------------------------------------------------------------------------

# Null by its number, in a name of ours: what CAP_MKNOD makes, and would open the host's disk the same way.
make='mknod /tmp/n c 1 11 2>&1 && (: >/tmp/n) 2>&1 && echo opened; true'
hasnt "a node that is made inside opens nothing" opened in_ '' "$make"
hasnt "… nor with the capability asked for" opened in_ '--cap-add MKNOD' "$make"
hasnt "… nor in a volume" opened in_ "-v $T:/v --cap-add MKNOD" "${make//\/tmp/\/v}"; rm -f n
hasnt "… nor in /dev, with a device" opened in_ '--device /dev/zero:/dev/z' "${make//\/tmp/\/dev}"
if watched; then
    fails "r: it is not written to" 1 'not permitted' in_ '--device /dev/fuse:/dev/z:r' ': >/dev/z'
    is "r: it is read" opened in_ '--device /dev/fuse:/dev/z:r' ': </dev/z && echo opened'
    fails "w: it is not read" 1 'not permitted' in_ '--device /dev/fuse:/dev/z:w' ': </dev/z'
    check "the usual ones are there" in_ '--device /dev/fuse' 'for d in null zero full random urandom; do head -c 1 /dev/$d >/dev/null || exit 1; done; : >/dev/null; : >/dev/full'
    has "… and a terminal" crw terminal "$SKIFF run --rm -t --device /dev/fuse busybox ls -lL /proc/self/fd/1"
    fails "CAP_MKNOD asked for: it is the group that forbids" 1 'not permitted' in_ '--cap-add MKNOD' 'mknod /tmp/n c 1 11; : >/tmp/n'
    is "--device-cgroup-rule: what it names opens" opened in_ "--device-cgroup-rule 'c 1:11 rwm'" "$make"
    is "… by a pattern" opened in_ "--device-cgroup-rule 'c 1:* rwm'" "$make"
    is "… of either kind" opened in_ "--device-cgroup-rule 'a 1:11 rwm'" "$make"
    hasnt "… another number does not" opened in_ "--device-cgroup-rule 'c 1:12 rwm'" "$make"
    hasnt "… nor another kind" opened in_ "--device-cgroup-rule 'b 1:11 rwm'" "$make"
    hasnt "… nor another number of either kind" opened in_ "--device-cgroup-rule 'a 1:12 rwm'" "$make"
    hasnt "… nor a way that it does not name" opened in_ "--device-cgroup-rule 'c 1:11 r'" "$make"
    hasnt "… nor in a volume, which others share" opened in_ "-v $T:/v --device-cgroup-rule 'c 1:11 rwm'" "${make//\/tmp/\/v}"; rm -f n
    is "exec is held by it, too" '' eval "skiff run -d --name held --device-cgroup-rule 'c 1:12 rwm' busybox sleep 100 >/dev/null; skiff exec held sh -c 'mknod /tmp/n c 1 11; (: >/tmp/n) 2>/dev/null && echo opened; true'; skiff rm -f held >/dev/null"
    is "a restart makes it anew" opened eval "skiff run --name again --device-cgroup-rule 'c 1:11 rwm' busybox true; skiff start again >/dev/null; skiff wait again >/dev/null; skiff rm again >/dev/null; in_ \"--device-cgroup-rule 'c 1:11 rwm'\" '$make'"
    hasnt "nothing is said that is not so" 'watches' skiff run --rm --device /dev/fuse:/dev/z:r busybox true
else
    has "what is not enforced is said" "the device /dev/z can be used in every way, not only 'r': no control group watches devices" \
        in_ '--device /dev/fuse:/dev/z:r' true
    has "… of rules, too" 'device-cgroup-rule allows nothing' in_ "--device-cgroup-rule 'c 1:11 rwm'" true
    has "… and kept" 'not only' eval 'skiff run -d --name less --device /dev/fuse:/dev/z:r busybox sleep 100 2>/dev/null >/dev/null; skiff inspect --format "{{json .State.Less}}" less; skiff rm -f less >/dev/null'
    fails "… and refused by --strict" 125 'strict: .*/dev/z' skiff --strict run --rm --device /dev/fuse:/dev/z:r busybox true
fi

# --- --privileged ----------------------------------------------------------------------------------------------------------

has "--privileged has the host's devices" '^full$' in_ --privileged 'ls /dev'
if root; then
    is "… all of them" "$(find /dev -path /dev/pts -prune -o -path /dev/shm -prune -o -path /dev/mqueue -prune -o \( -type c -o -type b \) ! -name ptmx ! -name console -print | sort)" \
        in_ --privileged 'find /dev -path /dev/pts -prune -o \( -type c -o -type b \) ! -name ptmx ! -name console -print | sort'
    is "… and may make some" opened in_ --privileged "$make"
fi

finish
