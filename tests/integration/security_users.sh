#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# security.md rows 16, 17, 25 and 29: who the program is, what it inherits, whose the state directories are, and whom
# a signal may reach.
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1

# --- 16: --user, and passwd files made to hurt ------------------------------------------------------------------------

as_user() { skiff run --rm -u "$1" busybox id -u; }
for user in 4294967295 4294967296 2147483648 99999999999 18446744073709551616 0:4294967295; do
    fails "-u $user: out of range, never 0" 125 'must be in range' as_user "$user"
done
for user in -1 1x 0x0 +0 ' 0' '0 ' 1.0; do fails "-u '$user' is no number" 125 'unable to find user' as_user "$user"; done
is "-u 00 is a number" 0 as_user 00

# A root file system whose /etc/passwd is made by the function given.
passwd_image() { # NAME FUNCTION
    rm -rf bad && mkdir -p bad/bin bad/etc && cp "$(command -v busybox)" bad/bin/sh
    printf 'root:x:0:\n' >bad/etc/group
    (cd bad/etc && $2)
    tar --sparse --owner=0 --group=0 -C bad -cf bad.tar . && skiff import bad.tar "$1" >/dev/null
}
in_bad() { skiff run --rm "$@" /bin/sh -c 'echo $$'; }
fifo() { mkfifo passwd; }
huge() { truncate -s 100M passwd; }
many() { yes 'a:x:1:1::/:' | head -c 17000000 >passwd; }
outside() { ln -s "$T/host-passwd" passwd; }
climbing() { ln -s "../../../../../../../../$T/host-passwd" passwd; }
folder() { mkdir passwd; }
odd() { printf '%s\n' 'neg:x:-1:0::/:' 'big:x:4294967296:0::/:' 'half' 'text:x:zero:0::/:' ':x:0:0::/:' 'fine:x:7:8::/:' >passwd; }
printf 'outsider:x:0:0::/:\n' >host-passwd
for kind in fifo huge many outside climbing folder; do
    passwd_image "bad:$kind" $kind
    fails "passwd is made to hurt ($kind): a name is not found, and nothing hangs" 125 "outsider|passwd" in_bad -u outsider "bad:$kind"
done
is "a number needs no passwd" 1 in_bad -u 5 bad:outside
passwd_image bad:odd odd
for user in neg big half text; do fails "a line of passwd without a usable id is no user: $user" 125 "$user" in_bad -u $user bad:odd; done
is "… the good line is" 1 in_bad -u fine bad:odd

# --- 17: nothing to inherit -------------------------------------------------------------------------------------------

caps() { skiff run --rm "$@" busybox awk '/^Cap(Inh|Amb)/ { print $2 }' /proc/self/status | uniq; }
for flags in '' '-u 33' '--privileged' '--cap-add ALL' '-u 33 --cap-add net_admin' '--init'; do
    # shellcheck disable=SC2086  # several flags
    is "inheritable and ambient are empty: ${flags:-no flag}" 0000000000000000 caps $flags
done

# --- 25: whose the folders are ----------------------------------------------------------------------------------------

skiff run -d --name up busybox sh -c 'trap "exit 0" TERM; while :; do sleep 0.05; done' >/dev/null
is "nothing of the state can be read by others" '' find "$SKIFF_ROOT" "$SKIFF_RUNROOT" -maxdepth 0 -perm /077
# shellcheck disable=SC2016  # for the inner shell
open_state='find "$SKIFF_ROOT/containers" "$SKIFF_ROOT/names" "$SKIFF_RUNROOT" \( -path "*/upper/*" -o -path "*/work/*" \) -prune -o \( -type f -o -type d -o -type s \) -perm /022 -print'
is "… and nothing below written" '' eval "$open_state"
is "umask 0 changes nothing" '' eval '(umask 0; skiff run --name loose busybox true; skiff create --name loose2 busybox true >/dev/null; SKIFF_ROOT=$T/r2 SKIFF_RUNROOT=$T/u2; image busybox; skiff run --rm busybox true)
    find r2 u2 -maxdepth 0 -perm /077; '"$open_state"
is "… the program's umask is Docker's" 0022 eval '(umask 0; skiff run --rm busybox sh -c umask)'
SKIFF_ROOT=$T/r2 SKIFF_RUNROOT=$T/u2 skiff system reset -f >/dev/null
skiff rm loose loose2 >/dev/null
if root; then
    mkdir other && chmod 700 other && chown 12345 other
    fails "a run directory of somebody else is refused" 125 'other.*belong' eval 'SKIFF_RUNROOT=$T/other skiff run --rm busybox true'
    fails "a store of somebody else is refused" 125 'other.*belong' eval 'SKIFF_ROOT=$T/other skiff run --rm host true'
else
    fails "a run directory of somebody else is refused" 125 'belong|denied' eval 'SKIFF_RUNROOT=/root/skiff skiff run --rm busybox true'
    place=/tmp/skiff-run-$(id -u)
    if [ ! -e "$place" ] && [ ! -L "$place" ] && [ ! -d "/run/user/$(id -u)" ]; then
        ln -s "$T/elsewhere" "$place"
        mkdir elsewhere
        fails "a link where the run directory should be is refused" 125 "skiff-run-" eval 'env -u SKIFF_RUNROOT "$SKIFF" run --rm busybox true'
        is "… and nothing was put where it points" '' ls -A elsewhere
        rm "$place"
    fi
fi
ln -s "$T/elsewhere2" link && mkdir elsewhere2
fails "a run directory that is a link is refused" 125 '/link' eval 'SKIFF_RUNROOT=$T/link skiff run --rm busybox true'

# --- 29: a signal reaches the container, or nobody --------------------------------------------------------------------

sleep 1000 &
victim=$!
id=$(skiff inspect up | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["Id"])')
stale() { # JSON-EXPRESSION…: rewrites state.json
    python3 - "$SKIFF_ROOT/containers/$id/state.json" "$1" <<'EOF'
import json, os, sys
path = sys.argv[1]
state = json.load(open(path))
exec(sys.argv[2])
with open(path + ".new", "w") as file: json.dump(state, file)
os.rename(path + ".new", path)
EOF
}
running=$(python3 -c 'import json, sys; print(repr(json.load(open(sys.argv[1]))["status"]))' "$SKIFF_ROOT/containers/$id/state.json")
stale "state['pid'] = state['monitor_pid'] = $victim"
check "stop with a stale pid: the container ends" skiff stop -t 1 up
check "… the process that has the number now does not" kill -0 $victim
stale "state['pid'] = state['monitor_pid'] = $victim; state['status'] = $running"
is "a record that says running, with a foreign pid: it is not" exited eval 'skiff inspect up | python3 -c "import json, sys; print(json.load(sys.stdin)[0][\"State\"][\"Status\"])"'
check "rm -f" skiff rm -f up
check "… and the process still lives" kill -0 $victim
kill $victim
wait $victim 2>/dev/null
rm -rf bad bad.tar

finish
