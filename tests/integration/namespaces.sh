#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Namespaces of the host and of another container: who sees what, who may join whom, and what an end of the other one means.
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1

ns() { readlink "/proc/self/ns/$1"; }                       # the host's
of() { skiff exec "$1" readlink "/proc/self/ns/$2"; }       # a running container's
in_() { skiff run --rm "${@:2}" busybox readlink "/proc/self/ns/$1"; }   # NS FLAGS…: a new container's
inspect() { skiff inspect --format "$2" "$1"; }
pid_of() { inspect "$1" '{{.State.Pid}}'; }

# --- of the host -------------------------------------------------------------------------------------------------------

for pair in 'pid --pid' 'ipc --ipc' 'uts --uts' 'cgroup --cgroupns' 'net --network'; do
    read -r name flag <<<"$pair"
    is "$flag host" "$(ns "$name")" in_ "$name" "$flag" host
    is "$flag, for itself by default" different eval "[ \"\$(in_ $name)\" = '$(ns "$name")' ] || echo different"
done
is "--pid private is the default by name" different eval "[ \"\$(in_ pid --pid private)\" = '$(ns pid)' ] || echo different"
is "--cgroupns private, too" different eval "[ \"\$(in_ cgroup --cgroupns private)\" = '$(ns cgroup)' ] || echo different"
fails "--cgroupns host: /sys/fs/cgroup is shown and cannot be written" 1 'Read-only|ermission' \
    skiff run --rm --cgroupns host busybox sh -c 'for d in /sys/fs/cgroup /sys/fs/cgroup/*/; do mkdir "$d/mine" && exit 0; done 2>&1; exit 1'
is "--userns host" 0 skiff run --rm --userns host busybox id -u
if root; then is "… is the machine's" "$(ns user)" in_ user --userns host; fi
is "inspect shows the modes" 'host host host host shareable' \
    eval 'skiff create --name modes --pid host --uts host --cgroupns host --userns host --ipc shareable busybox >/dev/null; inspect modes "{{.HostConfig.PidMode}} {{.HostConfig.UTSMode}} {{.HostConfig.CgroupnsMode}} {{.HostConfig.UsernsMode}} {{.HostConfig.IpcMode}}"; skiff rm modes >/dev/null'
is "--ipc none: no /dev/shm of its own" 0 skiff run --rm --ipc none busybox sh -c 'grep -c " /dev/shm " /proc/mounts || true'

# --- of another container ----------------------------------------------------------------------------------------------

id=$(skiff run -d --name donor --hostname ex --ipc shareable -p 127.0.0.1::8000 busybox sh -c 'mkdir /w; echo page >/w/index.html; httpd -p 8000 -h /w; echo secret >/dev/shm/s; sleep 1000')
check "the other one is there" wait_until skiff exec donor test -s /dev/shm/s
is "--network container:" "$(of donor net)" in_ net --network container:donor
is "--ipc container:" "$(of donor ipc)" in_ ipc --ipc container:donor
is "--pid container:" "$(of donor pid)" in_ pid --pid container:donor
is "its server is at 127.0.0.1" page skiff run --rm --network container:donor busybox wget -qO- http://127.0.0.1:8000/
is "its address is ours" "$(skiff exec donor hostname -i)" skiff run --rm --network container:donor busybox hostname -i
is "so are hosts, hostname and resolv.conf" "$(skiff exec donor sh -c 'cat /etc/hosts /etc/hostname /etc/resolv.conf; hostname')" \
    skiff run --rm --network container:donor busybox sh -c 'cat /etc/hosts /etc/hostname /etc/resolv.conf; hostname'
is "its shared memory is" secret skiff run --rm --ipc container:donor busybox cat /dev/shm/s
is "… and written to" ours eval 'skiff run --rm --ipc container:donor busybox sh -c "echo ours >/dev/shm/t"; skiff exec donor cat /dev/shm/t'
has "… but nothing is executed or made a device there" 'nosuid,nodev,noexec' skiff run --rm --ipc container:donor busybox grep ' /dev/shm ' /proc/mounts
has "its processes are seen" '\{?httpd' skiff run --rm --pid container:donor busybox ps
is "… and signalled" 0 skiff run --rm --pid container:donor busybox sh -c 'kill -0 1; echo $?'
is "all three at once" "$(of donor net) $(of donor ipc) $(of donor pid)" \
    skiff run --rm --network container:donor --ipc container:donor --pid container:donor busybox sh -c 'echo $(readlink /proc/self/ns/net) $(readlink /proc/self/ns/ipc) $(readlink /proc/self/ns/pid)'
is "by a part of its id" "$(of donor net)" in_ net --network "container:${id:0:12}"

skiff run -d --name joiner --network container:donor --pid container:donor --ipc container:donor busybox sleep 1000 >/dev/null
is "inspect names the other by its id" "container:$id container:$id container:$id" \
    inspect joiner '{{.HostConfig.NetworkMode}} {{.HostConfig.IpcMode}} {{.HostConfig.PidMode}}'
is "… and has no network of its own" '{}' inspect joiner '{{json .NetworkSettings.Networks}}'
is "… and the other's files" "$(inspect donor '{{.HostsPath}}')" inspect joiner '{{.HostsPath}}'
for name in net ipc pid; do is "exec joins its $name" "$(of donor $name)" of joiner $name; done
is "a chain" "$(of donor net)" in_ net --network container:joiner
has "top shows its own processes" 'sleep 1000' skiff top joiner
hasnt "… and not the other's" 'httpd' skiff top joiner
has "port has nothing to tell" '^$' eval 'skiff port joiner; echo'
is "a program ends, whatever it left in the other's pid namespace" 0 \
    eval "n=$((200000 + RANDOM)); skiff run --rm --pid container:donor busybox sh -c \"setsid sh -c 'sleep \$n & sleep \$n' & sleep 0.2\"; pgrep -cf \"^sleep \$n\" || true"

# A container that is being made still has the host's tree below its feet, and other rights than it will have. It waits in a hook
# until somebody with CAP_SYS_PTRACE in the pid namespace that it joins has looked for it.
mkdir cdi
mkfifo begun go
echo reached >mark
printf '#!/bin/sh\necho >%q\nread -r _ <%q\n' "$T/begun" "$T/go" >waits
chmod 755 waits
printf 'cdiVersion: 0.8.0\nkind: vendor.com/waits\ndevices:\n- name: d\n  containerEdits: {hooks: [{hookName: createContainer, path: %s, args: [waits]}]}\n' "$T/waits" >cdi/waits.yaml
skiff run -d --name debugger --cap-add SYS_PTRACE busybox sleep 1000 >/dev/null
"$SKIFF" --cdi-spec-dir "$T/cdi" run --rm --pid container:debugger --device vendor.com/waits=d busybox echo begins >begins.out 2>&1 &
beginning=$!
if read -r -t 60 _ <>begun; then
    is "what begins in another's pid namespace is out of its reach" nothing skiff exec debugger sh -c 'for p in /proc/[0-9]*; do cat "$p/root$0"; done 2>/dev/null; echo nothing' "$T/mark"
    echo >go
else
    fail "a hook begins" "nothing was heard of it"
fi
wait "$beginning"
is "… and runs there" begins cat begins.out
fails "a procfs of other processes is not taken for its own" 125 'cannot join PID of container [0-9a-f]{64}: what it has at /proc does not show its processes' \
    eval 'skiff run -d --name covered --privileged -v /proc:/host busybox sh -c "mount --move /host /proc && exec sleep 1000" >/dev/null; wait_until skiff exec covered test ! -e /host/1; skiff run --rm --pid container:covered busybox true'
skiff rm -f debugger covered >/dev/null

# --- who may -----------------------------------------------------------------------------------------------------------

fails "there is no such container" 125 'No such container: nosuch' skiff run --rm --network container:nosuch busybox true
skiff run -d --name own busybox sleep 1000 >/dev/null
fails "an IPC namespace that is not shareable" 125 "can't join IPC of container [0-9a-f]{64}: non-shareable IPC \(hint: use IpcMode:shareable for the donor container\)" \
    skiff run --rm --ipc container:own busybox true
skiff create --name dead --ipc shareable busybox >/dev/null
fails "one that does not run: network" 125 'cannot join network of a non running container: [0-9a-f]{64}' skiff run --rm --network container:dead busybox true
fails "… pid" 125 'cannot join PID of a non running container: [0-9a-f]{64}' skiff run --rm --pid container:dead busybox true
fails "… ipc" 125 "can't join IPC of a non running container: [0-9a-f]{64}" skiff run --rm --ipc container:dead busybox true
refuse() { fails "$1" 125 "conflicting options: $2" skiff run --rm --network container:donor "${@:3}" busybox true; }
refuse "--hostname" 'hostname and the network mode' --hostname h
refuse "--dns" 'dns and the network mode' --dns 1.1.1.1
refuse "--add-host" 'custom host-to-IP mapping and the network mode' --add-host a:1.1.1.1
refuse "-p" 'port publishing and the container type network mode' -p 80
refuse "-P" 'port publishing and the container type network mode' -P
refuse "--expose" 'port exposing and the container type network mode' --expose 80
fails "--uts host and --hostname" 125 'conflicting options: hostname and the UTS mode' skiff run --rm --uts host --hostname h busybox true
fails "no name" 125 'Invalid network mode: invalid container format container:<name\|id>' skiff run --rm --network container: busybox true
fails "--pid nonsense" 125 'invalid PID mode' skiff run --rm --pid nonsense busybox true
fails "--ipc nonsense" 125 'invalid IPC mode: nonsense' skiff run --rm --ipc nonsense busybox true
fails "--uts nonsense" 125 'invalid UTS mode' skiff run --rm --uts nonsense busybox true
fails "--cgroupns nonsense" 125 'invalid CGROUP mode' skiff run --rm --cgroupns nonsense busybox true
fails "--userns nonsense" 125 'invalid USER mode' skiff run --rm --userns nonsense busybox true
is "one that has the host's gives that" "host $(ns pid)" \
    eval 'skiff run -d --name hosted --pid host busybox sleep 1000 >/dev/null; skiff run --name hh --pid container:hosted busybox true; echo "$(inspect hh "{{.HostConfig.PidMode}}") $(in_ pid --pid container:hosted)"; skiff rm -f hosted hh >/dev/null'

# Root of the other one has put a link in the place of its shared memory (security row 7).
skiff run -d --name evil --ipc shareable --cap-add SYS_ADMIN busybox sh -c 'umount /dev/shm; rmdir /dev/shm; ln -s / /dev/shm; sleep 1000' >/dev/null
check "a container with a trap" wait_until skiff exec evil test -L /dev/shm
fails "what it arranged is not followed" 125 "can't join IPC of container [0-9a-f]{64}: it has no memory file system at /dev/shm" skiff run --rm --ipc container:evil busybox ls /dev/shm
skiff exec evil sh -c 'rm /dev/shm; mkdir /dev/shm; mount --bind /etc /dev/shm' >/dev/null 2>&1
fails "… nor shown, when it is no memory" 125 'it has no memory file system at /dev/shm' skiff run --rm --ipc container:evil busybox ls /dev/shm
skiff rm -f evil >/dev/null

# --- ends --------------------------------------------------------------------------------------------------------------

skiff run -d --name late --network container:donor busybox sleep 1000 >/dev/null
before=$(of late net)
check "the other one restarts" skiff restart -t 0 donor
is "who was in its pid namespace has ended" 137 skiff wait joiner
is "who had its network goes on with it" "$before" of late net
is "… and has the new one when it starts again" "$(of donor net)" eval 'skiff restart -t 0 late >/dev/null; of late net'
is "… as has one that ended" "$(of donor pid)" eval 'skiff start joiner >/dev/null; of joiner pid'
skiff rm -f donor >/dev/null
fails "it is gone: start says so" 1 "No such container: $id|cannot join" eval 'skiff wait joiner >/dev/null; skiff start joiner'
check "nothing is left" skiff rm -f joiner late own dead

finish
