#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Users and groups, kernel parameters, --security-opt and capabilities: each seen from inside, and refused where it must be.
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1

in_() { eval "skiff run --rm $1 busybox sh -c \"\$2\""; }       # FLAGS SCRIPT
shows() { is "inspect $1: $2" "$3" eval "skiff create --name shown $1 busybox >/dev/null && skiff inspect --format '$2' shown; skiff rm shown >/dev/null"; }
refuses() { fails "$1" 125 "$2" eval "skiff run --rm $1 busybox true"; }

# --- users and groups --------------------------------------------------------------------------------------------------

mkdir tree; tar -xf "$FIXTURES/busybox.tar" -C tree 2>/dev/null; mkdir -p tree/etc
printf 'root:x:0:0::/root:/bin/sh\nworker:x:1234:777::/home/worker:/bin/sh\n' >tree/etc/passwd
printf 'root:x:0:\nsound:x:29:\nteam:x:55:worker\n' >tree/etc/group
tar -C tree -cf users.tar --owner=0 --group=0 . ; skiff import users.tar users >/dev/null
as() { eval "skiff run --rm $1 users sh -c 'echo \$(id -u):\$(id -g) \$(id -G)'"; }   # FLAGS
is "nobody asked" '0:0 0' as ''
is "-u NAME" '1234:777 777 55' as '-u worker'
is "-u UID of a name" '1234:777 777 55' as '-u 1234'
is "-u UID without a name" '4321:0 0' as '-u 4321'
is "-u UID:GID" '4321:9 9' as '-u 4321:9'
is "-u NAME:GROUP" '1234:29 29' as '-u worker:sound'
is "-u :GROUP" '0:29 29' as '-u :sound'
is "--group-add by name and number" '0:0 0 29 1234' as '--group-add sound --group-add 1234'
is "… beside those of the user" '1234:777 777 29 55' as '-u worker --group-add sound --group-add team'
is "… seen by exec" '0 29' eval 'skiff run -d --name grp --group-add sound users sleep 100 >/dev/null; skiff exec grp id -G; skiff rm -f grp >/dev/null'
fails "--group-add of an unknown one" 125 'Unable to find group nosuch' skiff run --rm --group-add nosuch users true
fails "--group-add beyond" 125 'uids and gids must be in range 0-2147483647' skiff run --rm --group-add 4294967296 users true
refuses '--group-add keep-groups --group-add 1' "not allowed with any other"
shows '--group-add 29 --group-add 7' '{{json .HostConfig.GroupAdd}}' '["29","7"]'
if root; then
    is "keep-groups: those of the caller" '0 7 8' setpriv --groups 7,8 "$SKIFF" run --rm --group-add keep-groups users id -G
else
    # None of ours is mapped but the one that we are in: the kernel shows what it has as nobody's.
    is "keep-groups: as many as the caller has" "$(id -G | wc -w)" eval 'skiff run --rm --group-add keep-groups users sh -c "grep ^Groups: /proc/self/status" | wc -w | { read -r n; echo $((n - 1 > 0 ? n - 1 : 1)); }'
fi

# --- kernel parameters -------------------------------------------------------------------------------------------------

host=$(cat /proc/sys/kernel/shm_rmid_forced)
is "--sysctl of the network" 777 in_ '--sysctl net.core.somaxconn=777' 'cat /proc/sys/net/core/somaxconn'
is "… without one" 778 in_ '--network none --sysctl net.core.somaxconn=778' 'cat /proc/sys/net/core/somaxconn'
is "… of the interface" 1 in_ '--sysctl net.ipv4.conf.eth0.log_martians=1' 'cat /proc/sys/net/ipv4/conf/eth0/log_martians'
is "… with slashes" 1 in_ '--sysctl net/ipv4/conf/eth0/log_martians=1' 'cat /proc/sys/net/ipv4/conf/eth0/log_martians'
is "… of IPC" "$((1 - host)) 123456" in_ "--sysctl kernel.shm_rmid_forced=$((1 - host)) --sysctl kernel.msgmax=123456" 'echo $(cat /proc/sys/kernel/shm_rmid_forced /proc/sys/kernel/msgmax)'
is "… several values" '250 32000 100 129' in_ '--sysctl "kernel.sem=250 32000 100 129"' 'cat /proc/sys/kernel/sem | tr "\t" " "'
is "… of the domain" example.org in_ '--sysctl kernel.domainname=example.org' 'cat /proc/sys/kernel/domainname'
is "… with --init" 777 in_ '--init --sysctl net.core.somaxconn=777' 'cat /proc/sys/net/core/somaxconn'
is "the host's is as it was" "$host" cat /proc/sys/kernel/shm_rmid_forced
fails "inside they are read-only" 1 'Read-only' in_ '--sysctl net.core.somaxconn=777' 'echo 1 >/proc/sys/net/core/somaxconn'
shows '--sysctl net.core.somaxconn=777 --sysctl kernel.msgmax=9' '{{json .HostConfig.Sysctls}}' '{"kernel.msgmax":"9","net.core.somaxconn":"777"}'
fails "one of the machine" 125 "sysctl 'kernel.panic=1' is not allowed" skiff run --rm --sysctl kernel.panic=1 busybox true
fails "no value" 125 'invalid argument "bad" for "--sysctl" flag: sysctl '"'bad'"' is not allowed' skiff run --rm --sysctl bad busybox true
for evil in net/../kernel/panic net...kernel.panic net./../kernel/panic net.//..//kernel.panic; do
    fails "a way out: $evil" 125 'is not allowed' skiff run --rm --sysctl "$evil=1" busybox true
done
refuses '--network host --sysctl net.core.somaxconn=1' 'sysctl "net.core.somaxconn" not allowed in host network namespace'
refuses '--ipc host --sysctl kernel.msgmax=1' 'sysctl "kernel.msgmax" is not allowed in the hosts ipc namespace'
refuses '--uts host --sysctl kernel.domainname=x' 'not allowed in host UTS namespace'
refuses '--sysctl net.core.no_such=1' "the sysctl 'net.core.no_such' is not there"
refuses '--sysctl net.core.somaxconn=lots' "cannot set the sysctl 'net.core.somaxconn' to 'lots': Invalid argument"

# --- --security-opt ----------------------------------------------------------------------------------------------------

nnp() { in_ "$1" 'grep NoNewPrivs /proc/self/status'; }
for form in no-new-privileges no-new-privileges:true no-new-privileges=true; do has "$form" '1$' nnp "--security-opt $form"; done
for form in no-new-privileges:false no-new-privileges=false; do has "$form" '0$' nnp "--security-opt $form"; done
has "seccomp by default" '2$' in_ '' 'grep Seccomp: /proc/self/status'
has "… builtin" '2$' in_ '--security-opt seccomp=builtin' 'grep Seccomp: /proc/self/status'
has "… unconfined" '0$' in_ '--security-opt seccomp=unconfined' 'grep Seccomp: /proc/self/status'
has "… of --privileged: none" '0$' in_ '--privileged' 'grep Seccomp: /proc/self/status'
has "… but the one that is given" '2$' in_ '--privileged --security-opt seccomp=builtin' 'grep Seccomp: /proc/self/status'
profile() { printf '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":38%s}]}' "$1" >profile.json; }
mkdir_in() { in_ "--security-opt seccomp=$T/profile.json $1" 'mkdir /tmp/d 2>&1 && echo made'; }
profile ''; fails "… of a file" 1 'not implemented' mkdir_in ''
fails "… also with --privileged" 1 'not implemented' mkdir_in '--privileged'
echo '{' >bad.json; refuses "--security-opt seccomp=$T/bad.json" 'bad.json'
refuses '--network none --network host' 'conflicting options: cannot attach both user-defined and non-user-defined network-modes'
is "--network none twice" 1 in_ '--network none --network none' 'echo 1'
is "limits of the program come after what is set up" 5 in_ '--ulimit nofile=5:6 --sysctl net.core.somaxconn=100' 'ulimit -n'
is "--device /dev" char in_ '--device /dev' '[ -c /dev/null ] && [ -L /dev/ptmx ] && echo char'
profile ',"excludes":{"caps":["CAP_SYS_ADMIN"]}'; is "… that excludes a capability which is there" made mkdir_in '--cap-add SYS_ADMIN'
fails "… and one which is not" 1 'not implemented' mkdir_in ''
profile ',"includes":{"minKernel":"4.8"}'; fails "… from a kernel on" 1 'not implemented' mkdir_in ''
profile ',"includes":{"minKernel":"99.1"}'; is "… from a later one" made mkdir_in ''
profile ',"includes":{"arches":["s390"]}'; is "… of another architecture" made mkdir_in ''
refuses "--security-opt seccomp=$T/none.json" 'opening seccomp profile \(.*none.json\) failed'
is "systempaths=unconfined: /proc/sys is writable ground" '0 0' in_ '--security-opt systempaths=unconfined' 'echo $(grep -c " /proc/sys " /proc/mounts) $(grep -c " /proc/kcore " /proc/mounts); true'
is "unmask=ALL, too" '0 0' in_ '--security-opt unmask=ALL' 'echo $(grep -c " /proc/sys " /proc/mounts) $(grep -c " /proc/kcore " /proc/mounts); true'
is "unmask=/proc/kcore alone" '1 0' in_ '--security-opt unmask=/proc/kcore' 'echo $(grep -c " /proc/sys " /proc/mounts) $(grep -c " /proc/kcore " /proc/mounts)'
is "unmask=/proc/*" '0 0' in_ "--security-opt 'unmask=/proc/*'" 'echo $(grep -c " /proc/sys " /proc/mounts) $(grep -c " /proc/kcore " /proc/mounts)'
is "mask= covers more" '0 0' in_ '--security-opt mask=/etc:/proc/version' 'echo $(ls /etc | wc -l) $(wc -c </proc/version)'
shows '--security-opt mask=/proc/version --security-opt label=disable' '{{json .HostConfig.SecurityOpt}}' '["label=disable","mask=/proc/version"]'
for label in disable level:s0:c1,c2 type:svirt_t user:u role:r filetype:f; do check "label=$label" in_ "--security-opt label=$label" true; done
check "apparmor=unconfined" in_ '--security-opt apparmor=unconfined' true
if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ]; then
    refuses '--security-opt apparmor=docker-default' 'the AppArmor profile "docker-default" cannot be had: this kernel has no AppArmor'
fi
refuses '--security-opt bogus' 'Invalid --security-opt: "bogus"'
refuses '--security-opt bogus=1' 'Invalid --security-opt: "bogus=1"'
refuses '--security-opt label=wrong' 'bad label option "wrong"'
refuses '--security-opt no-new-privileges=maybe' 'Invalid --security-opt'
refuses '--security-opt systempaths=all' 'Invalid --security-opt'
refuses '--security-opt mask=relative' 'Invalid --security-opt'

# --- capabilities ------------------------------------------------------------------------------------------------------

bounding() { in_ "$1" 'sed -n "s/^CapBnd:.//p" /proc/self/status'; }
is "the default ones" 00000000a80425fb bounding ''
for form in net_admin NET_ADMIN CAP_NET_ADMIN cap_net_admin; do is "--cap-add $form" 00000000a80435fb bounding "--cap-add $form"; done
is "--cap-drop all" 0000000000000000 bounding '--cap-drop all'
is "--cap-drop ALL --cap-add chown" 0000000000000001 bounding '--cap-drop ALL --cap-add chown'
is "--cap-drop mknod --cap-drop CAP_AUDIT_WRITE" 00000000800425fb bounding '--cap-drop mknod --cap-drop CAP_AUDIT_WRITE'
everything=$(in_ --privileged 'sed -n "s/^CapBnd:.//p" /proc/self/status')
is "--cap-add ALL is all that --privileged has" "$everything" bounding '--cap-add ALL'
is "… without what is dropped" "$(printf %016x $((0x$everything & ~1)))" bounding '--cap-add ALL --cap-drop chown'
refuses '--cap-add nonsense' 'invalid CapAdd: unknown capability: "CAP_NONSENSE"'
refuses '--cap-drop none' 'invalid CapDrop: unknown capability: "CAP_NONE"'

finish
