#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --nested: an engine in a container has containers of its own, and no right over the host.
# shellcheck disable=SC2016  # for the shell inside
. "${0%/*}/lib.sh"
image busybox
cp "$SKIFF" "$T/skiff" && chmod 755 "$T" "$T/skiff"
in_() { skiff run --rm --network none --nested -v "$T/skiff:/skiff:ro" "$@"; }   # FLAGS… IMAGE COMMAND…

# --- it works ------------------------------------------------------------------------------------------------------------

has "a container in a container, as its root" '^Hello from skiff' in_ busybox /skiff run --rm --network none hello-world
has "… with the default network" '^Hello from skiff' skiff run --rm --nested -v "$T/skiff:/skiff:ro" busybox /skiff run --rm hello-world
has "… as another user, on a file system that is no overlay" '^Hello from skiff' in_ -u 1000 -e HOME=/tmp --tmpfs /tmp busybox /skiff run --rm --network none hello-world
is "its containers have all the ids that it has itself" '1000:1000' in_ -v "$FIXTURES:/fx:ro" busybox \
    sh -c '/skiff import /fx/busybox.tar bb >/dev/null && /skiff run --rm --network none bb sh -c "touch /tmp/x; chown 1000:1000 /tmp/x; stat -c %u:%g /tmp/x"'
has "three deep" '^Hello from skiff' in_ -v "$FIXTURES:/fx:ro" busybox \
    sh -c '/skiff import /fx/busybox.tar bb >/dev/null && /skiff run --rm --network none --nested -v /skiff:/skiff:ro bb /skiff run --rm --network none hello-world'
is "without the flag it does not" refused eval 'skiff run --rm --network none -v "$T/skiff:/skiff:ro" --tmpfs /var/lib/skiff:mode=700 busybox /skiff run --rm --network none hello-world >/dev/null 2>&1 || echo refused'
is "its store is a volume that goes with it" 0 eval 'skiff volume ls -q | wc -l'

# --- and no more than that -------------------------------------------------------------------------------------------------

is "the usual capabilities" 00000000a80425fb in_ busybox sh -c 'awk "/^CapBnd/ { print \$2 }" /proc/self/status'
is "nothing is mounted in its own namespace" refused in_ busybox sh -c 'mount -t tmpfs none /mnt 2>/dev/null && echo mounted || echo refused'
is "a user namespace, of course" 0 in_ busybox unshare -r id -u
is "… whose owner is not root of the host" other eval 'skiff run -d --network none --nested --name nest busybox sleep 1000 >/dev/null; pid=$(skiff inspect -f "{{.State.Pid}}" nest)
    [ "$(readlink /proc/$pid/ns/user)" != "$(readlink /proc/self/ns/user)" ] && awk "{ if (\$1 == 0 && \$2 != 0) print \"other\" }" /proc/$pid/uid_map'
is "… and which no other container is in" apart eval 'skiff run -d --network none --name other busybox sleep 1000 >/dev/null; p() { readlink "/proc/$(skiff inspect -f "{{.State.Pid}}" $1)/ns/user"; }
    [ "$(p nest)" != "$(p other)" ] && echo apart'
is "the host's settings are not its to write" '' in_ busybox sh -c 'for f in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /proc/irq/default_smp_affinity; do ( : >"$f" ) 2>/dev/null && echo "$f"; done; :'
is "nor the host's memory to read" '' in_ busybox sh -c 'for f in /proc/kcore /proc/kpageflags /sys/kernel/debug/x; do ( : <"$f" ) 2>/dev/null && echo "$f"; done; :'
is "nothing is covered" '[] []' skiff inspect -f '{{.HostConfig.MaskedPaths}} {{.HostConfig.ReadonlyPaths}}' nest
check "rm" skiff rm -f -t 0 nest other
fails "--pid host" 125 'conflicting options: --nested and --pid host' in_ --pid host busybox true
fails "the image host" 125 '--nested cannot be had with the image host' in_ host true
if root; then
    fails "--userns host" 125 'conflicting options: --nested and --userns host' in_ --userns host busybox true
else
    skiff run -d --network none --name other busybox sleep 1000 >/dev/null
    fails "a namespace of another container" 125 '--nested wants a user namespace that no other' skiff run --rm --nested --network container:other busybox true
    check "rm" skiff rm -f -t 0 other
fi
finish
