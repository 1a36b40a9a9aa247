#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A pull does not wait for the disk: what it left to be settled, and who does it, through kills, other boots and removals.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=registry_lib.sh
. "${0%/*}/registry_lib.sh"
image busybox

boot=$(cat /proc/sys/kernel/random/boot_id)
U=$SKIFF_ROOT/unsettled
port=$(free_port)
serve plain "$port" "http: {addr: '127.0.0.1:$port'}"
P=localhost:$port
printf 'FROM busybox\nRUN echo one >/which\n' | skiff build -q -t "$P/app:1" - >/dev/null
printf 'FROM busybox\nRUN echo two >/which\n' | skiff build -q -t "$P/app:2" - >/dev/null
for n in 1 2; do skiff push -q "$P/app:$n" >/dev/null; done
clear_store() { skiff images -aq | sort -u | xargs -r "$SKIFF" rmi -f >/dev/null 2>&1; skiff builder prune -af >/dev/null; }
clear_store

# A settler waits for whoever is at it: us, until let_go.
hold() {
    mkdir -p "$U/$boot"; : >>"$U/$boot/lock"
    python3 -c 'import fcntl, signal, sys
f = open(sys.argv[1], "r+"); fcntl.lockf(f, fcntl.LOCK_EX); print("held", flush=True); signal.pause()' "$U/$boot/lock" >"$T/held" &
    holder=$!
    wait_line "$T/held" held
}
let_go() { kill "$holder"; wait "$holder" 2>/dev/null; }
settlers() { # their process ids
    local files
    files=$(grep -lszxF skiff-settler /proc/[0-9]*/cmdline)
    # shellcheck disable=SC2086  # a list
    [ -z "$files" ] || grep -lszxF -- "$SKIFF_ROOT" $files | tr -dc '0-9\n'
}
settled() { [ ! -e "$U" ] && [ -z "$(settlers)" ]; }
none_settles() { [ -z "$(settlers)" ]; }
kill_settlers() { settlers | xargs -r kill -KILL; wait_until none_settles; }
metas() { find "$SKIFF_ROOT/layers" -maxdepth 2 -name "$1" | wc -l; }
# What another boot sees: the names that say which boot it was say another one.
reboot() {
    local meta
    mv "$U/$boot" "$U/another-boot"
    for meta in "$SKIFF_ROOT"/layers/*/"meta-$boot"; do mv "$meta" "${meta%/*}/meta-another-boot"; done
}

# --- what comes first

hold
is 'pull returns before it is settled' "$P/app:1" skiff pull -q "$P/app:1"
check 'what it brought is marked' test -e "$U/$boot/images/refs/${P}%2Fapp:1"
is '… all of it' "0 2 0" eval 'echo $(ls "$SKIFF_ROOT/images/refs" | wc -l) $(metas "meta-$boot") $(metas meta.json)'
is 'and it works' one skiff run --rm "$P/app:1" cat /which
is 'images has it' "app" eval 'skiff images --format "{{.Repository}}" | sed "s,.*/,,"'
is 'a tag of it' one eval 'skiff tag $P/app:1 mine && skiff run --rm mine cat /which'
check 'save has all of it' eval 'skiff save "$P/app:1" | tar t >/dev/null'
is 'the settler has nothing of the caller' "/dev/null /dev/null /dev/null / $(settlers)" eval 'p=$(settlers); echo $(readlink /proc/$p/fd/0 /proc/$p/fd/1 /proc/$p/fd/2 /proc/$p/cwd) $(cut -d" " -f6 /proc/$p/stat | sed "s/^/$p:/;s/.*/$p/")'
is '… nor its environment' 0 eval 'wc -c </proc/$(settlers)/environ'
check 'a pipe ends with the pull' eval 'skiff pull "$P/app:1" | cat >/dev/null'
check '… and so does a substitution' eval 'test "$(skiff pull -q "$P/app:1")" = "$P/app:1"'
check 'SIGTERM does not end the settlers' eval 'kill $(settlers); test -n "$(settlers)"'
let_go
check 'they settle, and are gone' wait_until settled
is 'everything has its final name' "2 0 2" eval 'echo $(ls "$SKIFF_ROOT/images/refs" | grep -c :[1l]) $(metas "meta-*") $(metas meta.json)'
is 'it works as before' "one one" eval 'echo $(skiff run --rm "$P/app:1" cat /which) $(skiff run --rm mine cat /which)'

# --- killed settlers

clear_store
hold; skiff pull -q "$P/app:1" >/dev/null; kill_settlers; let_go
is 'after a killed settler it still works' one skiff run --rm "$P/app:1" cat /which
check '… and that run has it settled' wait_until settled
clear_store
hold; skiff pull -q "$P/app:1" >/dev/null; kill_settlers; let_go
check 'the next pull has it settled' eval 'skiff pull -q "$P/app:1" && wait_until settled'
clear_store
hold; skiff pull -q "$P/app:1" >/dev/null; kill_settlers; let_go
check 'and so has a prune, which waits for it' eval 'skiff image prune -f && settled'
is '… of nothing' one skiff run --rm "$P/app:1" cat /which
clear_store
hold; skiff pull -q "$P/app:1" >/dev/null; kill_settlers; let_go
check 'a build on top of it waits as well' eval 'printf "FROM $P/app:1\nRUN echo three >/which\n" | skiff build -q -t three - && test ! -e "$U"'
is '… and keeps what is below' "three 0" eval 'echo $(skiff run --rm three cat /which) $(metas "meta-*")'
clear_store
hold; skiff pull -q "$P/app:1" >/dev/null; kill_settlers; let_go
check 'and a shutdown' eval 'skiff system boot stop && test ! -e "$U"'

# --- another boot

clear_store
hold; skiff pull -q "$P/app:1" >/dev/null
skiff create --name later "$P/app:1" cat /which >/dev/null
kill_settlers; let_go; reboot
is 'in another boot nothing of it is there' "" skiff images -q
fails '… by no name' 1 'No such image' skiff image inspect "$P/app:1"
fails '… not for run, without the registry' 125 'No such image' skiff run --pull never --rm "$P/app:1" cat /which
fails '… and not for a container that was made of it' 125 "is missing from the store" skiff start -a later
# Of what a lost power leaves, some is empty and some is wrong.
for f in "$U"/another-boot/images/*/* "$U"/another-boot/images/blobs/sha256/* "$SKIFF_ROOT"/layers/*/meta-*; do [ ! -f "$f" ] || : >"$f"; done
find "$SKIFF_ROOT/layers" -path '*/tree/*' -type f -delete
is 'run brings it again' one eval 'skiff run --rm "$P/app:1" cat /which 2>/dev/null'
is '… whole, for the container too' one skiff start -a later
check '… and what was left is gone' wait_until settled
is '… all of it' 0 metas 'meta-*'
skiff rm later >/dev/null

clear_store
hold; skiff pull -q "$P/app:1" >/dev/null; kill_settlers; let_go
reboot
has 'prune sweeps what another boot left' 'reclaimed' skiff image prune -f
is '… all of it' "0 0" eval 'echo $(ls "$SKIFF_ROOT/layers" | wc -l) $(ls "$SKIFF_ROOT" | grep -c unsettled)'

# A name that moved is back where it was.
clear_store
skiff pull -q "$P/app:1" >/dev/null; skiff tag "$P/app:1" "$P/app:x"; wait_until settled
skiff pull -q "$P/app:2" >/dev/null; wait_until settled; skiff tag "$P/app:2" "$P/app:x"; skiff push -q "$P/app:x" >/dev/null
skiff tag "$P/app:1" "$P/app:x"; skiff rmi "$P/app:2" >/dev/null
skiff image prune -af >/dev/null; skiff pull -q "$P/app:1" >/dev/null; wait_until settled; skiff tag "$P/app:1" "$P/app:x"
hold; skiff pull -q "$P/app:x" >/dev/null
is 'a name that moved' two skiff run --rm "$P/app:x" cat /which
kill_settlers; let_go; reboot
is '… is where it was when the power went' one skiff run --pull never --rm "$P/app:x" cat /which
check '… until it is pulled again' eval 'skiff pull -q "$P/app:x" && wait_until settled'
is '… ' two skiff run --rm "$P/app:x" cat /which

# --- at the same time

clear_store
hold
skiff pull -q "$P/app:1" >"$T/p1" 2>&1 & one=$!
skiff pull -q "$P/app:1" >"$T/p2" 2>&1 & two=$!
skiff pull -q "$P/app:2" >"$T/p3" 2>&1 & three=$!
wait $one; a=$?; wait $two; b=$?; wait $three
is 'three pulls at once' "0 0 0" echo $a $b $?
let_go
check '… are settled' wait_until settled
is '… both images' "one two" eval 'echo $(skiff run --rm "$P/app:1" cat /which) $(skiff run --rm "$P/app:2" cat /which)'

clear_store
hold; skiff pull -q "$P/app:1" >/dev/null
has 'rmi while it is settled' '^Deleted: sha256:' skiff rmi "$P/app:1"
is '… leaves nothing' "0 0 0" eval 'echo $(skiff images -q | wc -l) $(ls "$SKIFF_ROOT/layers" | wc -l) $(find "$U/$boot/images" -type f | wc -l)'
let_go
check '… and the settler ends' wait_until settled
is '… with nothing' "0" eval 'ls "$SKIFF_ROOT/images/refs" "$SKIFF_ROOT/images/records" | grep -c "[0-9a-z]\{20\}"; true'

hold; skiff pull -q "$P/app:1" >/dev/null
check 'reset while it is settled' skiff system reset -f
check '… leaves nothing' test ! -e "$SKIFF_ROOT"
let_go
check '… and the settler ends' wait_until none_settles
check '… with nothing' test ! -e "$SKIFF_ROOT"
skiff pull -q "$P/app:1" >/dev/null
check 'the next pull begins anew' wait_until settled

# --- a disk that takes less than it said

if root; then
    mkdir "$T/small" "$T/disk"
    mount -t tmpfs -o size=24m small "$T/small"
    truncate -s 200M "$T/small/image"
    mkfs.ext4 -q -O ^has_journal -E lazy_itable_init=0,nodiscard -N 2000 "$T/small/image" && mount -o loop,errors=continue "$T/small/image" "$T/disk"
    dd if=/dev/urandom of="$T/noise" bs=1M count=40 2>/dev/null
    printf 'FROM scratch\nCOPY noise /\n' >"$T/Noise"
    (cd "$T" && skiff build -q -f Noise -t "$P/noise:1" . && skiff push -q "$P/noise:1") >/dev/null
    disk() { skiff --root "$T/disk/root" --runroot "$T/disk-run" "$@"; }
    disk pull -q "$P/noise:1" >/dev/null 2>&1
    check 'a pull that the disk does not take is undone' wait_until eval 'test -z "$(ls "$T/disk/root/unsettled" 2>/dev/null)"'
    is '… there is no such image' "" disk images -q
    fails '… a load of it says so' 125 'cannot' eval 'skiff save "$P/noise:1" | disk load'
    is '… and leaves none' "" disk images -q
    wait_until umount "$T/disk"
    wait_until umount "$T/small"    # the loop device lets go of its file a moment later
fi
stop_registries
finish
