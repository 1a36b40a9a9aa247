# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016
# as: tester root
# A production run with everything closed that can be: each limit read back from cgroup v2, each right from /proc, as root and
# in the scope that systemd delegates to a user; `update` while it runs; what the container may not reach of its groups.
. /src/lib.sh
image busybox

group() { echo "/sys/fs/cgroup$(sed 's/^0:://' "/proc/$(skiff inspect -f '{{.State.Pid}}' api)/cgroup")"; }
file() { cat "$(group)/$1"; }
own() { skiff exec api sh -c "$1"; }
of_program() { awk -v name="$1:" '$1 == name {print $2}' "/proc/$(skiff inspect -f '{{.State.Pid}}' api)/status"; }

printf 'TOKEN=s3cret\n# not this\nMODE=prod\n' >"$T/payments.env"
check "the hardened run" skiff run -d --name api --restart unless-stopped --memory 1g --memory-swap 1g --cpus 2 --pids-limit 200 \
    --read-only --tmpfs /tmp:size=100m --cap-drop ALL --cap-add NET_BIND_SERVICE --security-opt no-new-privileges \
    -p 127.0.0.1:8080:8080 --env-file "$T/payments.env" --user 1001:1001 \
    busybox sh -c 'while :; do printf "HTTP/1.0 200 OK\r\n\r\npaid\n" | nc -l -p 8080 >/dev/null; done'
is "nothing less than was asked" '[]' skiff inspect -f '{{json .State.Less}}' api
is "--memory" 1073741824 file memory.max
is "--memory-swap of the same size: none" 0 file memory.swap.max
is "--cpus" '200000 100000' file cpu.max
is "--pids-limit" 200 file pids.max
fails "--read-only" 1 'Read-only' own 'echo x >/x'
is "--tmpfs: its size" 102400 own 'df -k /tmp | awk "NR == 2 {print \$2}"'
check "… may be written to" own 'echo x >/tmp/x'
is "--cap-add after --cap-drop ALL: in the bounding set alone, for a user" '0000000000000400 0000000000000000' eval 'echo $(of_program CapBnd) $(of_program CapEff)'
is "no-new-privileges" 1 of_program NoNewPrivs
is "--user" '1001 1001' own 'echo $(id -u) $(id -g)'
is "--env-file" 's3cret prod' own 'echo $TOKEN $MODE'
is "-p" paid eval 'exec 3<>/dev/tcp/127.0.0.1/8080; printf "GET / HTTP/1.0\r\n\r\n" >&3; tail -n 1 <&3'

# --- as it runs -------------------------------------------------------------------------------------------------------

is "update" api skiff update --memory 256m --memory-swap 512m --cpus 0.25 --pids-limit 50 --memory-reservation 64m api
is "… is in force at once" '268435456 268435456 67108864 25000 100000 50' \
    eval 'echo $(file memory.max) $(file memory.swap.max) $(file memory.low) $(file cpu.max) $(file pids.max)'
is "… and what inspect says" '268435456 536870912 250000000 50' skiff inspect -f '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}' api
check "restart" skiff restart -t 0 api
is "… keeps it" '268435456 50' eval 'echo $(file memory.max) $(file pids.max)'
skiff rm -f api >/dev/null

# --- the rest of the limits -------------------------------------------------------------------------------------------

skiff run -d --name api --cpu-shares 512 --cpuset-cpus 0 --cpuset-mems 0 --memory-swap -1 -m 64m --blkio-weight 500 --oom-score-adj 300 \
    --device-read-bps /dev/vda:1mb --device-write-iops /dev/vda:100 busybox sleep 1000 >"$T/said" 2>&1
is "--cpu-shares" 20 file cpu.weight
is "--cpuset-cpus, --cpuset-mems" '0 0' eval 'echo $(file cpuset.cpus) $(file cpuset.mems)'
is "--memory-swap -1" max file memory.swap.max
is "--device-read-bps, --device-write-iops" "$(cat /sys/block/vda/dev) rbps=1048576 wbps=max riops=max wiops=100" file io.max
is "--oom-score-adj" 300 cat "/proc/$(skiff inspect -f '{{.State.Pid}}' api)/oom_score_adj"
is "--blkio-weight is enforced, or it is said that it is not" yes \
    eval 'if [ -e "$(group)/io.bfq.weight" ]; then grep -qE "^(default )?500$" "$(group)/io.bfq.weight"; elif [ -e "$(group)/io.weight" ]; then grep -q "^default " "$(group)/io.weight"; else grep -q weight "$T/said"; fi && echo yes'
skiff rm -f api >/dev/null

# --- row 20 of the escape classes --------------------------------------------------------------------------------------

is "its groups are a namespace of its own" '0::/' skiff run --rm busybox cat /proc/self/cgroup
is "… with the host's network and pids, too" '0::/' skiff run --rm --network host --pid host busybox cat /proc/self/cgroup
fails "no group is made in it, no process moved" 1 'refused' skiff run --rm busybox sh -c \
    'mkdir /sys/fs/cgroup/x && exit; echo 0 >/sys/fs/cgroup/cgroup.procs && exit; echo max >/sys/fs/cgroup/memory.max && exit; echo refused; exit 1'
is "… nor in a view that it mounts itself" refused eval 'skiff run --rm busybox sh -c "mount -t cgroup2 none /mnt 2>/dev/null && echo mounted || echo refused"'
is "with SYS_ADMIN its view ends at its own group, too" none eval 'skiff run --rm --cap-add SYS_ADMIN busybox sh -c "mount -t cgroup2 none /mnt 2>/dev/null; ls -d /mnt/*.slice /mnt/*/ 2>/dev/null || echo none"'
for parent in ../escape /../escape a/../../b; do
    fails "--cgroup-parent $parent" 125 'cgroup.parent' skiff run --rm --cgroup-parent "$parent" busybox true
done

finish
