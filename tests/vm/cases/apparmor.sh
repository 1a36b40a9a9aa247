# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016
# as: root tester
# AppArmor: a container under a profile that the machine's administrator loaded, as root and for a user, who may use it as well.
. /src/lib.sh
image busybox

if root; then
    printf '%s\n' 'abi <abi/3.0>,' 'profile skiff-test flags=(attach_disconnected, mediate_deleted) {' \
        'file, network, capability, signal, mount, umount, pivot_root, ptrace, unix,' 'deny /closed/** wl,' '}' >"$T/profile"
    check "the profile" apparmor_parser --replace --skip-cache "$T/profile"
fi
is "apparmor=PROFILE" 'skiff-test (enforce)' skiff run --rm --security-opt apparmor=skiff-test busybox cat /proc/self/attr/current
has "… holds" 'Permission denied' skiff run --rm --security-opt apparmor=skiff-test busybox sh -c 'mkdir /closed; (echo x >/closed/file) 2>&1; true'
is "… where another does not" x skiff run --rm busybox sh -c 'mkdir /closed; echo x >/closed/file; cat /closed/file'
is "… with --init, no-new-privileges, a user and no capability" 'skiff-test (enforce)' \
    skiff run --rm --init --security-opt no-new-privileges --security-opt apparmor=skiff-test --cap-drop ALL -u 33 busybox cat /proc/self/attr/current
is "exec is under it" 'skiff-test (enforce)' eval 'skiff run -d --name held --security-opt apparmor=skiff-test busybox sleep 1000 >/dev/null; skiff exec held cat /proc/self/attr/current'
is "… with --privileged, too, as in Docker" 'skiff-test (enforce)' skiff exec --privileged held cat /proc/self/attr/current
is "inspect" 'skiff-test [apparmor=skiff-test]' skiff inspect -f '{{.AppArmorProfile}} {{.HostConfig.SecurityOpt}}' held
skiff rm -f held >/dev/null
is "unconfined, which is what there is without a word" 'unconfined unconfined' \
    eval 'echo $(skiff run --rm --security-opt apparmor=unconfined busybox cat /proc/self/attr/current) $(skiff run --rm busybox cat /proc/self/attr/current)'
fails "one that is not loaded" 125 "the AppArmor profile 'nosuch' is not loaded \(apparmor_parser\(8\) loads one\)" skiff run --rm --security-opt apparmor=nosuch busybox true

finish
