# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# as: tester root
# Limits where the controllers are those of cgroup v2: as root, and for a user in the scope that systemd delegates.
. /src/lib.sh
image busybox

file() { cat "/sys/fs/cgroup$(sed 's/^0:://' "/proc/$(skiff inspect -f '{{.State.Pid}}' lim)/cgroup")/$1"; }

check "it starts" skiff run -d --name lim -m 64m --memory-reservation 32m --memory-swap 96m --cpus 0.5 --pids-limit 77 busybox sleep 1000
is "memory.max" 67108864 file memory.max
is "memory.low" 33554432 file memory.low
is "memory.swap.max" 33554432 file memory.swap.max
is "cpu.max" '50000 100000' file cpu.max
is "pids.max" 77 file pids.max
is "nothing less than was asked" '[]' skiff inspect -f '{{json .State.Less}}' lim
is "the container sees its own limit" 67108864 skiff exec lim cat /sys/fs/cgroup/memory.max
is "exec is in the same group" '0::/' skiff exec lim cat /proc/self/cgroup
skiff rm -f lim >/dev/null

skiff run --name fat -m 16m --memory-swap 16m busybox sh -c 'x=$(head -c 99999999 /dev/zero | tr "\0" a); echo ${#x}' >/dev/null 2>&1
is "too much memory: killed, and inspect knows why" 'true 137' skiff inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' fat
skiff rm -f fat >/dev/null
has "too many processes" "can't fork" eval 'skiff run --rm --pids-limit 4 busybox sh -c "for i in 1 2 3 4 5 6; do sleep 1 & done; wait" 2>&1 || true'
if root; then
    skiff run -d --name lim --cpu-shares 512 --cpuset-cpus 0 busybox sleep 1000 >/dev/null
    is "cpu.weight" 20 file cpu.weight
    is "cpuset.cpus" 0 file cpuset.cpus
    skiff rm -f lim >/dev/null
fi
has "what v2 has not is said" 'no effect: cgroup v2 has no swappiness' eval 'skiff run --rm --memory-swappiness 10 busybox true 2>&1'

finish
