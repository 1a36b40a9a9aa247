#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two containers share a volume; one swaps a mount target of the other for a link while it is being mounted (CVE-2021-30465).
# shellcheck source=tests/integration/lib.sh
. "${0%/*}/lib.sh"
skiff import "$FIXTURES/busybox.tar" busybox >/dev/null || skip_all "no busybox image"
rounds=${SKIFF_RACE_ROUNDS:-60}

# What must stay untouched. The link's text is a path of the host: whoever follows it before the root is pivoted lands there.
mkdir -p "$T/victim" "$T/shared/x" "$T/source"
touch "$T/victim/precious" "$T/source/mine"
chmod -R a+rwX "$T/victim" "$T/shared" "$T/source"

# The attacker: a container of its own with the machine's tools, which renames the directory x and the link y into each other.
cat >"$T/shared/swap.py" <<'PY'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
os.chdir("/shared")
if not os.path.lexists("y"): os.symlink(sys.argv[1], "y")
exchange, here = 2, -100
swaps = 0
while not os.path.exists("stop"):
    for _ in range(200):
        if libc.renameat2(here, b"x", here, b"y", exchange): sys.exit(os.strerror(ctypes.get_errno()))
        swaps += 1
    with open("count.new", "w") as file: file.write(str(swaps))
    os.replace("count.new", "count")   # whoever reads it reads a whole number
PY
if ! skiff run -d --name swapper -v "$T/shared:/shared" host python3 /shared/swap.py "$T/victim" >"$T/id" 2>"$T/why"; then
    skip_all "no swapping container: $(cat "$T/why")"
fi
wait_swaps() { # NUMBER
    for _ in $(seq 400); do
        [ "$(cat "$T/shared/count" 2>/dev/null || echo 0)" -gt "$1" ] && return 0
        skiff ps -q | grep -q . || { skiff logs swapper; return 1; }
        sleep 0.05   # no event tells of a number in a file
    done
    return 1
}
check "the attacker swaps" wait_swaps 0

# The victim mounts below the name that is being swapped. A refusal is as good as a mount inside; a mount outside is not.
landed=0 refused=0 odd=''
race() { # MOUNT OPTIONS…
    local said
    for _ in $(seq "$rounds"); do
        if said=$(timeout 20 "$SKIFF" run --rm -v "$T/shared:/vol" "$@" busybox ls / 2>&1); then
            landed=$((landed + 1))
            grep -q precious <<<"$said" && odd+="round saw the host: $said"$'\n'
        else
            refused=$((refused + 1))
        fi
        [ "$(ls "$T/victim")" = precious ] || { odd+="the host's directory now holds: $(ls "$T/victim")"$'\n'; break; }
    done
}
unharmed() { printf '%s' "$odd"; [ -z "$odd" ]; }
race -v "$T/source:/vol/x/in"
check "a bind below a swapped name never lands on the host ($landed started, $refused refused)" unharmed
race --tmpfs /vol/x/in
check "nor does a tmpfs" unharmed
race --mount "type=bind,src=$T/source,dst=/vol/x"
check "nor a mount on the swapped name itself" unharmed
check "some of them started, so this was a race" test "$landed" -gt 0
before=$(cat "$T/shared/count")
check "and the attacker was swapping to the end" wait_swaps "$before"
touch "$T/shared/stop"
skiff rm -f swapper >/dev/null
# The source of a bind that turns into our run directory and back: what was looked at is what is mounted, so its sockets are
# covered or it was never the run directory.
rm -f "$T/shared/stop" "$T/shared/count" "$T/shared/y"; mkdir -p "$T/shared/x"
[ -L "$T/shared/x" ] && { rm -f "$T/shared/x"; mkdir "$T/shared/x"; }
chmod a+rwX "$T/shared/x"
skiff run -d --name swapper -v "$T/shared:/shared" host python3 /shared/swap.py "$SKIFF_RUNROOT" >/dev/null
check "the attacker swaps a source" wait_swaps 0
seen=''
for _ in $(seq "$rounds"); do
    seen+=$(timeout 20 "$SKIFF" run --rm -v "$T/shared/x:/y" busybox sh -c 'ls -A /y' 2>/dev/null | grep sock)
done
is "no socket of ours was seen" '' printf %s "$seen"
touch "$T/shared/stop"
skiff rm -f swapper >/dev/null
is "nothing of it is mounted on the host" 0 eval 'grep -c "$T/victim" /proc/self/mountinfo || true'

finish
