#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A user without a range of subordinate ids: said once, recorded, refused by --strict; and what a store needs to be
# removed where user namespaces are refused altogether.
. "${0%/*}/lib.sh"
root || skip_all "root acts as a user without a range"
[ -r "$FIXTURES/busybox.tar" ] || skip_all "no busybox.tar"

# No passwd entry, no range; nothing of root's is readable.
uid=$((61000 + $$ % 4000))
home=$(mktemp -d /tmp/skiff-single.XXXXXX)
chown $uid:$uid "$home"
at_end 'rm -rf "$home"'
as_user() { (cd "$home" && exec setpriv --reuid $uid --regid $uid --clear-groups env -i HOME="$home" PATH="$PATH" SKIFF_ROOT="$home/root" SKIFF_RUNROOT="$home/run" "$@"); }
skiff() { as_user "$SKIFF" "$@"; }
# In a user namespace of one id in which no further ones may be made: what a hardened machine does.
refused() {
    as_user unshare --user --map-current-user --keep-caps \
        sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --ambient-caps=-all --inh-caps=-all "$@"' sh "$@"
}

fails "--strict import" 125 '^Error: --strict: you have no range in /etc/subuid and /etc/subgid .*usermod' eval 'skiff --strict import - x <"$FIXTURES/busybox.tar"'
has "import says it" '^Warning: you have no range in /etc/subuid and /etc/subgid .*usermod' eval 'skiff import - busybox <"$FIXTURES/busybox.tar" 2>&1'
is "once" 0 skiff run --rm busybox id -u
has "a terminal" 'crw--w---- +1 0 +0 +136, +0' skiff run --rm -t busybox ls -ln /dev/pts
fails "--strict run" 125 '^Error: --strict: you have no range' skiff --strict run --rm busybox true
has "inspect records it" 'the container has a single user' eval 'skiff run --name sid busybox true && skiff inspect sid'
hasnt "inspect --oci names no group for terminals" gid=5 skiff inspect --oci sid
if command -v runc >/dev/null; then
    is "the same with --runtime" 0 skiff run --rm --runtime "$(command -v runc)" busybox id -u
fi
has "info shows it" '^ Id map: single id' skiff info
isnt_chain_id() { # the layer's diff id is that of the whole archive, which is plain
    [ ! -e "$home/root/layers/$(sha256sum <"$FIXTURES/busybox.tar" | cut -d' ' -f1)" ]
}
check "its layers are not taken for those of a user with a range" isnt_chain_id

# --- no user namespaces at all --------------------------------------------------------------------------------------------

skiff create --name left busybox true >/dev/null
as_user mkdir "$home/root/trash/something"
has "refused user namespaces: ps works" ' left$' refused "$SKIFF" ps -a
fails "… run says who refuses" 125 'user.max_user_namespaces is 0' refused "$SKIFF" run --rm busybox true
has "… rm removes, and tells what stays" "^left$" refused "$SKIFF" rm left
hasnt "… indeed" ' left$' skiff ps -a
check "… the trash is emptied as soon as it can be" eval '[ -z "$(ls "$home/root/trash")" ]'
check "… system reset removes what is the user's own" refused "$SKIFF" system reset -f
check "… which is all of it here" test ! -e "$home/root"

finish
