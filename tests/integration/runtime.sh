#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --runtime: a container that runc makes does, as far as its user can tell, what one of skiff's own launcher does.
. "${0%/*}/lib.sh"

RUNC=$(PATH=$PATH:/usr/sbin:/sbin command -v runc) || skip_all "runc is not installed"
image busybox

# Runs the same by both and compares output and exit status. The last word is a script, what is before it are options.
same() { # NAME [OPTION…] SCRIPT
    local name=$1 script="exec 2>&1; ${*: -1}" own own_rc   # two streams have no order between them
    local options=("${@:2:$#-2}")
    go skiff run --rm "${options[@]}" busybox sh -c "$script"
    own=$OUT own_rc=$RC
    go skiff run --rm --runtime "$RUNC" "${options[@]}" busybox sh -c "$script"
    if [ "$OUT" = "$own" ] && [ "$RC" = "$own_rc" ] && [ "$RC" -lt 125 ]; then pass "$name"
    else fail "$name" "status $RC, and $own_rc by our own launcher, which printed: $own"; fi
}

same "output and exit status" 'echo out; exit 7'
is "the two streams stay two" "err" eval 'skiff run --rm --runtime "$RUNC" busybox sh -c "echo out; echo err >&2" 2>&1 >/dev/null'
same "the environment" -e A=1 -e 'B=x y' --hostname box 'env | sort'
same "the user, its groups and its capabilities" 'id; grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status'
same "another user" -u 1000:1001 'id; grep ^Cap /proc/self/status; echo >/dev/null'
same "fewer capabilities" --cap-drop ALL --cap-add CHOWN 'grep ^Cap /proc/self/status'
same "no new privileges" --security-opt no-new-privileges 'grep NoNewPrivs /proc/self/status'
same "the working directory, made when missing" -w /a/b 'pwd; ls -ld . | cut -c 1-10'
same "the file systems" 'awk "\$2 !~ /^\/(proc|sys)\// && \$2 !~ /^\/dev\/(null|zero|full|random|urandom|tty)$/ {print \$2, \$3}" /proc/mounts | sort'
same "the masked and read-only paths" 'ls /proc/kcore /proc/scsi /sys/firmware 2>&1 | sort; head -c 1 /proc/kcore | wc -c; echo 1 >/proc/sys/kernel/hostname; echo $?'
same "the devices" 'for d in null zero full random urandom tty; do stat -c "%n %F %t:%T" /dev/$d; done; head -c 3 /dev/zero | wc -c; echo >/dev/null; ls /dev | grep -v console'
same "no devices but these" 'mknod /tmp/m b 8 0 2>/dev/null; head -c 1 /tmp/m >/dev/null 2>&1; echo $?'
same "all devices, privileged" --privileged 'cd /dev; find . -type c -o -type b | grep -v -e ./pts -e console | sort; grep ^Cap /proc/self/status'
same "a read-only root" --read-only 'touch /x 2>&1; echo $?'
same "a limit" --ulimit nofile=100:200 'ulimit -n; ulimit -Hn'
mkdir -p "$T/shared"; echo content >"$T/shared/file"; chmod 755 "$T/shared"
same "a directory of the host" -v "$T/shared:/data:ro" --tmpfs /scratch 'cat /data/file; touch /data/x 2>&1; echo $?; touch /scratch/y; ls /scratch'
same "the network" --network none 'ip -o addr show | cut -c 1-30'
same "names" --hostname box --add-host peer:10.0.0.9 'hostname; cat /etc/hostname; grep -c peer /etc/hosts'

is "standard input" "to the program" eval 'echo to the program | skiff run --rm -i --runtime "$RUNC" busybox cat'
# shellcheck disable=SC2016
is "a terminal" "yes" terminal "$SKIFF run --rm -t --runtime $RUNC busybox sh -c '[ -t 0 ] && [ -t 1 ] && [ -c /dev/console ] && echo yes'"
fails "a program that is not there" 127 'OCI runtime create failed: .*nosuch' skiff run --rm --runtime "$RUNC" busybox nosuch
fails "a file that is no program" 126 'OCI runtime create failed: .*permission denied' skiff run --rm --runtime "$RUNC" busybox /etc/hosts
fails "a runtime that fails" 125 "OCI runtime create failed: '/bin/false' ended with status 1" skiff run --rm --runtime /bin/false busybox true
fails "a runtime that is not there" 125 "cannot execute the OCI runtime '/nosuch/runc'" skiff run --rm --runtime /nosuch/runc busybox true
fails "a reaper, which is ours, is refused" 125 'not with --runtime' skiff run --rm --init --runtime "$RUNC" busybox true

check "in the background" skiff run -d --name back --runtime "$RUNC" busybox sh -c 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done'
has "… it is shown as running" '"Status": *"running"' skiff inspect back
has "… and by whom" "\"Runtime\": *\"$RUNC\"" skiff inspect back
id=$(skiff inspect back | sed -n 's,.*"Id": *"\([0-9a-f]*\)".*,\1,p' | head -n 1)
check "… it is stopped" skiff stop back
has "… with its own status" '"ExitCode": *5' skiff inspect back
check "… starts again" skiff start back
check "… is killed" skiff stop -t 0 back
check "… and removed" skiff rm back
is "no cgroup of it stays" "" find /sys/fs/cgroup -name "$id"

finish
