#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What quickstart would do to a machine, tried on a faked /etc: subordinate ids, the AppArmor profile.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
fake=$(mktemp -d)
trap 'rm -rf "$fake"' EXIT
export SKIFF_TEST_ETC=$fake SKIFF_TEST_USERNS_SWITCH=$fake/switch SKIFF_TEST_APPARMOR_FOLDER=$fake SKIFF_TEST_APPARMOR_PARSER=loaded
# shellcheck source=../../scripts/machine.sh
. "$here/../../scripts/machine.sh"

failed=0
same() { # WHAT WANTED GOT
    if [ "$2" = "$3" ]; then echo "ok: $1"; else printf 'FAILED: %s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"; failed=1; fi
}
# shellcheck disable=SC2317  # called by what was sourced
as_root() { "$@"; }
loaded() { echo "loaded $*"; }
usermod() { echo "usermod $*"; }

same "the first range begins at 100000" 100000 "$(next_subordinate_id)"
printf 'a:100000:65536\nb:231072:10\n' >"$fake/subuid"
printf 'a:100000:65536\nc:300000:65536\n' >"$fake/subgid"
same "a new range begins after all others, of users and of groups" 365536 "$(next_subordinate_id)"
same "root needs no range" "" "$(need_subordinate_ids root)"
same "a user gets both ranges" "usermod --add-subuids 365536-431071 --add-subgids 365536-431071 nobody" "$(need_subordinate_ids nobody | tail -n 1)"
echo "$(id -u nobody):500000:65536" >>"$fake/subuid"
same "a range given by number counts, and the missing kind is added" "usermod --add-subgids 565536-631071 nobody" "$(need_subordinate_ids nobody | tail -n 1)"
echo "nobody:500000:65536" >>"$fake/subgid"
same "who has both gets nothing" "" "$(need_subordinate_ids nobody)"

same "without the switch no profile is installed" "" "$(need_apparmor_profile /x/skiff)"
echo 0 >"$fake/switch"
same "nor while it is off" "" "$(need_apparmor_profile /x/skiff)"
echo 1 >"$fake/switch"
said=$(need_apparmor_profile /x/skiff)
same "it says so first" "this machine gives user namespaces only to programs with an AppArmor profile; installing $fake/skiff for /x/skiff:" "$(head -n 1 <<<"$said")"
same "and loads it" "loaded -r $fake/skiff" "$(tail -n 1 <<<"$said")"
same "with the path" 'profile skiff "/x/skiff" flags=(unconfined) {' "$(grep profile "$fake/skiff")"
same "the second time it is there" "" "$(need_apparmor_profile /x/skiff)"

# skiff prints the same profile to those without root: its text in the source, with fmt's braces undone.
printed=$(sed -n '/^std::string apparmor_profile/,/^}/p' "$top/src/runtime/userns/namespace_refusal.cc" |
    sed -n 's/^ *"\(.*\)\\n".*/\1/p' | sed 's/\\"/"/g; s/"{}"/"PATH"/; s/{{/{/; s/}}/}/')
same "skiff's own message has the same profile" "$(apparmor_profile PATH)" "$printed"
exit $failed
