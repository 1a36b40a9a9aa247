#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copying the one file is installing it: it needs no library, no file and no folder beside it.
. "${0%/*}/lib.sh"

dynamic() { LC_ALL=C ldd "$SKIFF" 2>&1; }
dynamic | grep -Eq 'statically linked|not a dynamic executable' || skip_all "this build is not static (option 'static')"

hasnt "it names no interpreter and no library" 'INTERP|NEEDED' readelf --program-headers --dynamic "$SKIFF"

mkdir "$T/empty"
cp "$SKIFF" "$T/empty/skiff"
if root; then enter=(chroot); else enter=(unshare --user --map-root-user chroot); fi
has "it prints its version in an empty root" '[0-9]+\.[0-9]+\.[0-9]+' "${enter[@]}" "$T/empty" /skiff --version

finish
