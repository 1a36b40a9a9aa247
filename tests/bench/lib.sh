# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the benchmarks share: contenders as root and as a regular user, interleaved runs, goals met or missed. A benchmark sets
# `here`, sources scripts/machine.sh and this, defines `measure`, and ends with:   run_benchmark
skiff=$(realpath "${1:-$top/build/skiff}")
rounds=${2:-21}
work=$(mktemp -d /tmp/skiff-bench.XXXXXX)
chmod 755 "$work"
user='' missed=0

# Each contender by its full command line, so that nothing but itself is timed; what podman wants to know is environment.
who=root
view=''
as_who() { if [ "$who" = root ]; then $view "$@"; else $view runuser -u "$who" -- "$@"; fi; }
in_place() { # COMMAND…: as the user at hand, in the environment that all contenders share
    (cd "$work" && as_who env HOME="$work/$who" XDG_RUNTIME_DIR="$work/$who/podman" CONTAINERS_CONF="$work/$who/containers.conf" "$@")
}
skiff() { in_place "$work/$who/skiff" --root "$work/$who/root" --runroot "$work/$who/run" "$@"; }
podman() { in_place podman --root "$work/$who/podman/root" --runroot "$work/$who/podman/run" "$@"; }

clean_up() {
    for who in root ${user:+"$user"}; do
        [ -d "$work/$who" ] || continue
        skiff system reset -f >/dev/null 2>&1
        type -P podman >/dev/null && podman system reset -f >/dev/null 2>&1
    done
    umount "$work"/*/fresh 2>/dev/null
    [ -z "$user" ] || "$top/scripts/test-user" remove "$user"
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# A place of their own for the user at hand: the binary, stores, a root file system, settings.
prepare() { # DIRECTORY
    mkdir -p "$1/root" "$1/run" "$1/podman" "$1/rootfs"
    cp "$skiff" "$1/skiff"
    # Hard limits cannot be raised everywhere, and cgroups may be hybrid: the settings that podman works with there.
    cat >"$1/containers.conf" <<'CONF'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
    tar -C "$1/rootfs" -xf "$work/busybox.tar"
    [ "$who" = root ] || chown -R "$who:" "$1"
}
# Where /sys/fs/cgroup holds both versions, only the second is shown: crun refuses to run otherwise (podman as root fails so).
version_two_only() { # COMMAND…
    if [ "$(id -u)" = 0 ] && [ -d /sys/fs/cgroup/unified ]; then
        # shellcheck disable=SC2016  # for that shell
        unshare --mount sh -c 'mount --bind /sys/fs/cgroup/unified /sys/fs/cgroup && exec "$@"' sh "$@"
    else
        "$@"
    fi
}
# The runtime's own default spec: quiet, without a terminal, `true` as the command.
make_bundle() { # TOOL DIRECTORY
    local bundle=$2/bundle-$1 rootless=()
    in_place mkdir -p "$bundle"
    [ "$who" = root ] || rootless=(--rootless)
    # shellcheck disable=SC2016  # for that shell
    in_place sh -c 'cd "$1" && shift && exec "$@"' sh "$bundle" "$1" spec "${rootless[@]}" || return 1
    python3 - "$bundle/config.json" "$2/rootfs" <<'PY'
import json, sys
path, root = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    spec = json.load(file)
spec["process"]["terminal"] = False
spec["process"]["args"] = ["true"]
spec["process"].pop("rlimits", None)
spec["root"] = {"path": root, "readonly": True}
with open(path, "w", encoding="utf-8") as file:
    json.dump(spec, file)
PY
}

# --- measuring -------------------------------------------------------------------------------------------------------

declare -A median
# Commands given as NAME:'words'; results in ${median[NAME]} (us), a table row each.
race() { # TITLE NAME COMMAND-LINE [NAME COMMAND-LINE …]; a line that begins with @16 is run by 16 at once
    local title=$1 names=() arguments=() i=0 values word line
    shift
    while [ $# -gt 0 ]; do
        names+=("$1")
        arguments+=(--)
        # shellcheck disable=SC2206  # command lines of ours, to be split into words
        line=($2)
        for word in "${line[@]}"; do arguments+=("$word"); done
        shift 2
    done
    printf '\n%s (%s rounds)\n' "$title" "$rounds"
    while read -r -a values; do
        # shellcheck disable=SC2034  # whoever sources this reads it
        median[${names[i]}]=${values[0]}
        printf '  %-10s %8.2f ms  (%.2f - %.2f)   CPU %.2f ms%s\n' "${names[i]}" "$(ms "${values[0]}")" "$(ms "${values[1]}")" "$(ms "${values[2]}")" \
            "$(ms "${values[3]}")" "$([ "${values[4]}" = 0 ] || echo "   ${values[4]} FAILED")"
        [ "${values[4]}" = 0 ] || unset "median[${names[i]}]"
        i=$((i + 1))
    done < <(in_place "$work/interleave" "$rounds${pause:++$pause}" "${arguments[@]}")
}
ms() { awk -v n="$1" 'BEGIN {printf "%.3f", n / 1000}'; }

# goal TEXT MEASURED LIMIT: both numbers, smaller is better
goal() {
    awk -v text="$1" -v a="${2:-}" -v b="${3:-}" 'BEGIN {
        if (a == "" || b == "") { printf "  goal  not measured: %s\n", text; exit 1 }
        printf "  goal  %-7s %s: %.2f of at most %.2f\n", (a <= b ? "met" : "MISSED"), text, a, b
        exit a > b }' || missed=$((missed + 1))
}
ratio() { awk -v a="${1:-}" -v b="${2:-}" 'BEGIN {if (a != "" && b > 0) printf "%.4f", a / b}'; }

# Private dirty memory (KiB) of the monitor, which is the parent of the container's init.
monitor_memory() {
    local pid
    skiff run -d --name memory --network none busybox sleep 1000 >/dev/null || return 1
    pid=$(skiff inspect memory | sed -n 's/^ *"Pid": \([0-9]*\).*/\1/p') && [ -d "/proc/$pid" ] || return 1
    pid=$(awk '/^PPid:/ {print $2}' "/proc/$pid/status")
    awk '/^Private_Dirty:/ {print $2}' "/proc/$pid/smaps_rollup"
    skiff rm -f memory >/dev/null
}


# --- the run ---------------------------------------------------------------------------------------------------------

run_benchmark() {
    [ -x "$skiff" ] || die "no $skiff: build it, or name it"
    "$top/tests/integration/fixtures" "$work" busybox || exit 1
    c++ -std=c++20 -O2 -o "$work/interleave" "$top/tests/bench/interleave.cc" || exit 1
    echo 'int main() { return 0; }' | c++ -x c++ -O2 -static -o "$work/trivial" - || exit 1
    printf 'skiff %s, Linux %s, %s cores, load %s\n' "$("$skiff" --version | tail -n 1)" "$(uname -r)" "$(nproc)" "$(cut -d' ' -f1 /proc/loadavg)"
    if [ "$(id -u)" = 0 ]; then
        who=root
        [ "${SKIFF_BENCH_AS:-}" = user ] || measure # the other alone
        if [ "${SKIFF_BENCH_AS:-}" != root ]; then
            user=$("$top/scripts/test-user" add 2>/dev/null | tail -n 1)
            who=$user
            measure
        fi
    else
        who=$(id -un)
        as_who() { $view "$@"; }
        measure
    fi
    printf '\n%d goals missed\n' "$missed"
}
