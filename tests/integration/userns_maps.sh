#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --userns keep-id, nomap and auto: whose ids a container has, and that files of images, volumes and commits have the right
# owners all the same. What podman 4.3.1 prints for the same flags is in tests/unit/runtime/container_maps_test.cc.
# shellcheck disable=SC2016,SC2034  # for the shell inside, and for eval
. "${0%/*}/lib.sh"
cd "$T" || exit 1

# An image of several owners, hard links, set-id bits, a deletion and an opaque directory, in two layers.
mkdir tree
tar -xf "$FIXTURES/busybox.tar" -C tree 2>/dev/null
mkdir -p tree/etc tree/srv/a tree/srv/data
printf 'root:x:0:0::/root:/bin/sh\nworker:x:1234:777::/home/worker:/bin/sh\n' >tree/etc/passwd
printf 'root:x:0:\nteam:x:777:\n' >tree/etc/group
echo mine >tree/srv/a/worker; ln tree/srv/a/worker tree/srv/a/linked; echo gone >tree/srv/a/gone; echo low >tree/srv/data/low
tar -C tree -cf rest.tar --owner=0 --group=0 --exclude=./srv .
tar -C tree -cf owned.tar --owner=1234 --group=777 --mode=u+s ./srv/a/worker ./srv/a/linked
tar -C tree -cf srv.tar --owner=0 --group=0 ./srv/a/gone ./srv/data
tar -A -f rest.tar owned.tar; tar -A -f rest.tar srv.tar
skiff import rest.tar base >/dev/null || { echo 'Bail out! cannot import'; exit 1; }
skiff run --name change base sh -c 'rm /srv/a/gone; rm -r /srv/data; mkdir /srv/data; echo new >/srv/data/new; chown 1234:777 /srv/data/new' >/dev/null
skiff commit change owners >/dev/null; skiff rm change >/dev/null

in_() { local flags=$1; shift; eval "skiff run --rm --network none $flags owners sh -c \"\$1\"" 2>/dev/null; }   # FLAGS SCRIPT
refuses() { fails "--userns $1" 125 "$2" skiff run --rm --userns "$1" owners true; }
tree='stat -c "%n %u:%g %a" / /etc/passwd /srv/a/worker /srv/data/new; ls -A /srv/a /srv/data; cat /srv/data/new'
wanted='/ 0:0 755
/etc/passwd 0:0 644
/srv/a/worker 1234:777 4644
/srv/data/new 1234:777 644
/srv/a:
linked
worker

/srv/data:
new
new'
inode='[ "$(stat -c %i /srv/a/worker)" = "$(stat -c %i /srv/a/linked)" ] && stat -c %h /srv/a/worker'
ids() { skiff inspect --format '{{.State.Pid}}' "$1" | { read -r p; awk '{print $2, $3}' "/proc/$p/uid_map"; }; }

is "the image without any of it" "$wanted" in_ '' "$tree"

# --- auto, which root has too -------------------------------------------------------------------------------------------

is "auto: root inside" '0:0' in_ '--userns auto' 'echo $(id -u):$(id -g)'
is "auto: 1024 ids, or as many as the accounts of the image" '0 1235' in_ '--userns auto' 'awk "{print \$1, \$3}" /proc/self/uid_map'
is "auto:size=" '0 2000' in_ '--userns auto:size=2000' 'awk "{print \$1, \$3}" /proc/self/gid_map'
is "auto: the owners in the image" "$wanted" in_ '--userns auto' "$tree"
is "auto: hard links" 2 in_ '--userns auto' "$inode"
is "auto: what is made inside" '1234:777' in_ '--userns auto' 'touch /new && chown 1234:777 /new && stat -c %u:%g /new'
is "auto: a file of the image is changed" '0:0 x' in_ '--userns auto' 'echo x >/srv/a/worker; chown 0:0 /srv/a/worker; echo $(stat -c %u:%g /srv/a/worker) $(cat /srv/a/worker)'
is "auto: the files of /etc are root's" '0:0' in_ '--userns auto' 'stat -c %u:%g /etc/hosts'
is "auto: a network of its own" 'inet 127.0.0.1/8' in_ '--userns auto' 'ip -o -4 addr show lo | grep -o "inet [^ ]*"'
check "auto: with the default network" skiff run --rm --userns auto owners sh -c 'ip route | grep -q default'
for n in one two; do skiff run -d --network none --name "$n" --userns auto:size=1500 owners sleep 1000 >/dev/null 2>&1; done
has "two at once are apart" '^apart$' eval '{ ids one; ids two; } | sort -n | awk "NR > 1 && \$1 < last { bad = 1 } { last = \$1 + \$2 } END { print bad || NR != 2 ? \"shared\" : \"apart\" }"'
had=$(ids one)
is "exec is in it" "0 1500" skiff exec one awk '{print $1, $3}' /proc/self/uid_map
is "… as another user" '1234:777' skiff exec -u worker one sh -c 'echo $(id -u):$(id -g)'
skiff exec one sh -c 'echo data >/root-made; echo data >/made; chown 1234:777 /made' >/dev/null
check "restart" skiff restart -t 0 one
is "… with the same ids" "$had" ids one
is "… and the files that it had" '1234:777' skiff exec one stat -c %u:%g /made
is "inspect" auto:size=1500 skiff inspect --format '{{.HostConfig.UsernsMode}}' one
check "commit" skiff commit one committed
is "… has the ids inside" '0:0 1234:777' eval 'skiff run --rm --network none committed sh -c "echo \$(stat -c %u:%g /root-made /made)"'
is "… also with the same flag" '0:0 1234:777' eval 'skiff run --rm --network none --userns auto committed sh -c "echo \$(stat -c %u:%g /root-made /made)" 2>/dev/null'
check "rm -f of both" skiff rm -f -t 0 one two
check "what they had is free again" eval 'skiff run -d --network none --name one --userns auto:size=1500 owners sleep 1000 >/dev/null 2>&1; [ "$(ids one)" = "$had" ]'
check "… and removed" skiff rm -f -t 0 one
is "auto: uidmapping" '0 70 10 1235' in_ '--userns auto:uidmapping=0:70:10' 'awk "{ n += \$3 } NR == 1 { printf \"%d %d %d \", \$1, \$2, \$3 } END { print n }" /proc/self/uid_map'
is "auto: a new volume has the image's owners" '1234:777 new' in_ '--userns auto -v filled:/srv/data' 'echo $(stat -c %u:%g /srv/data/new) $(cat /srv/data/new)'
is "auto: … and a new one without content is its user's" 'written' in_ '--userns auto -v empty:/empty' 'touch /empty/x && echo written'
is "auto: an image is mounted" '1234:777' in_ '--userns auto --mount type=image,source=owners,target=/mnt' 'stat -c %u:%g /mnt/srv/a/worker'
is "auto: --read-only and --tmpfs" '0:0' in_ '--userns auto --read-only --tmpfs /t' 'touch /t/x && stat -c %u:%g /t/x'
is "auto: --init" 0 in_ '--userns auto --init' 'id -u'
is "auto: --privileged" 0 in_ '--userns auto --privileged' 'id -u'
is "auto: --network host and --pid host" 0 eval 'skiff run --rm --network host --pid host --userns auto owners id -u 2>/dev/null'
is "auto: -t" 0 terminal "'$SKIFF' run --rm --network none -t --userns auto owners id -u"
is "auto: hello-world" 1 eval 'skiff run --rm --userns auto hello-world 2>/dev/null | grep -c "^Hello from"'
# Eight at once: nobody has what another one has, whoever was made first.
for n in 1 2 3 4 5 6 7 8; do "$SKIFF" run -d --network none --name "many$n" --userns auto:size=100 base sleep 1000 >/dev/null 2>&1 & done
wait
is "eight that are made at once are apart" '8 apart' eval 'for n in 1 2 3 4 5 6 7 8; do ids many$n; done | sort -n | awk "{ rows++; if (\$1 < last) bad = 1; last = \$1 + \$2 } END { print rows, bad ? \"shared\" : \"apart\" }"'
check "… and removed" skiff rm -f -t 0 many1 many2 many3 many4 many5 many6 many7 many8
fails "more than there are" 125 'could not find enough available IDs' skiff run --rm --userns auto:size=4294967294 owners true
fails "no root" 125 'would have no root' skiff run --rm --userns auto:size=1,uidmapping=5:0:1 owners true

# --- keep-id and nomap: the caller is one of many ------------------------------------------------------------------------

if root; then
    fails "keep-id as root" 125 'keep-id is only supported in rootless mode' skiff run --rm --userns keep-id owners true
    fails "nomap as root" 125 'nomap is only supported in rootless mode' skiff run --rm --userns nomap owners true
    # Of whom the ids are: the user "containers", where there is one. In a mount namespace of this check.
    printf 'containers:3000000:5000\n' >granted
    is "auto: the ids of containers" '3000000 2000' unshare -m sh -c 'mount --make-rprivate / && mount --bind "$1/granted" /etc/subuid && mount --bind "$1/granted" /etc/subgid && "$2" run --rm --network none --userns auto:size=2000 owners awk "{print \$2, \$3}" /proc/self/uid_map' _ "$T" "$SKIFF"
    fails "… and no others" 125 'could not find enough available IDs: 5001 are wanted, 5000 are free' unshare -m sh -c 'mount --make-rprivate / && mount --bind "$1/granted" /etc/subuid && mount --bind "$1/granted" /etc/subgid && "$2" run --rm --userns auto:size=5001 owners true' _ "$T" "$SKIFF"
    is "auto: the file on the host" 1 eval 'skiff run -d --network none --name one --userns auto owners sh -c "touch /x; exec sleep 1000" >/dev/null; skiff exec one true; o=$(stat -c %u "$(skiff inspect --format "{{.GraphDriver.Data.UpperDir}}" one)"); [ "$o" = "$(ids one | cut -d" " -f1)" ] && echo 1; skiff rm -f -t 0 one >/dev/null'
else
    u=$(id -u) g=$(id -g)
    is "keep-id: the caller" "$u:$g" in_ '--userns keep-id' 'echo $(id -u):$(id -g)'
    is "… has a name" "$(id -un) $(id -gn)" in_ '--userns keep-id' 'echo $(id -un) $(id -gn)'
    is "… once" 1 in_ '--userns keep-id' 'grep -c ":$(id -u):" /etc/passwd'
    is "… unless told so" 0 in_ '--userns keep-id --passwd=false' 'grep -c ":$(id -u):" /etc/passwd || true'
    is "… in a pattern" "me:x:$u:$g::/:/x" in_ "--userns keep-id --passwd-entry 'me:x:\$UID:\$GID::\$HOME:/x'" 'tail -n 1 /etc/passwd'
    is "keep-id: the map" "0 $u $u 1 $((u + 1)) $((65536 - u))" in_ '--userns keep-id' 'echo $(awk "{print \$1, \$3}" /proc/self/uid_map)'
    is "keep-id: the owners in the image" "$wanted" in_ '--userns keep-id' "$tree"
    is "keep-id: hard links" 2 in_ '--userns keep-id' "$inode"
    is "keep-id: -u 0" 0:0 in_ '--userns keep-id -u 0' 'echo $(id -u):$(id -g)'
    is "keep-id: -u of the image" 1234:777 in_ '--userns keep-id -u worker' 'echo $(id -u):$(id -g)'
    is "keep-id:uid=,gid=" "1234:777 /home/worker" in_ '--userns keep-id:uid=1234,gid=777' 'echo $(id -u):$(id -g) $HOME'
    is "keep-id:uid=0" 0:0 in_ '--userns keep-id:uid=0,gid=0' 'stat -c %u:%g /etc/passwd'
    is "keep-id:size=" 3000 in_ '--userns keep-id:size=3000' 'awk "{n += \$3} END {print n}" /proc/self/uid_map'
    mkdir home; echo secret >home/file; chmod 700 home; chmod 600 home/file
    is "keep-id: a directory of the caller" "$u:$g secret" in_ "--userns keep-id -v '$T/home:/h'" 'echo $(stat -c %u:%g /h/file) $(cat /h/file); echo there >/h/made'
    is "… and what is made in it" "$u:$g there" eval 'echo $(stat -c %u:%g home/made) $(cat home/made)'
    at=$(getent passwd "$u" | cut -d: -f6)
    is "keep-id: home, where it is mounted" "$at" in_ "--userns keep-id -v '$T/home:$at'" 'echo $HOME'
    is "… and where it is not" / in_ '--userns keep-id' 'echo $HOME'
    is "… the working directory" /srv in_ '--userns keep-id -w /srv' 'echo $HOME'
    is "keep-id: a new volume is the caller's" "$u" in_ '--userns keep-id -v own:/own' 'touch /own/x && stat -c %u /own/x'
    skiff run -d --network none --name kept --userns keep-id owners sleep 1000 >/dev/null 2>&1
    is "exec is the caller" "$u:$g" skiff exec kept sh -c 'echo $(id -u):$(id -g)'
    is "… or another" 0:0 skiff exec -u 0 kept sh -c 'touch /by-root; echo $(id -u):$(id -g)'
    is "another start borrows no maps of it" 0 skiff run --rm --network none owners id -u
    is "… nor lends it any" "$u" in_ '--userns keep-id' 'id -u'
    skiff exec -u 0 kept sh -c "echo x >/tmp-made; chown $u:$g /tmp-made" >/dev/null
    check "restart" skiff restart -t 0 kept
    is "… and it is the caller still" "$u:$g 0:0" skiff exec kept sh -c 'echo $(id -u):$(id -g) $(stat -c %u:%g /by-root)'
    is "inspect" keep-id skiff inspect --format '{{.HostConfig.UsernsMode}}' kept
    check "commit" skiff commit kept kept-image
    is "… has the ids inside" "0:0 $u:$g" eval 'skiff run --rm --network none kept-image sh -c "echo \$(stat -c %u:%g /by-root /tmp-made)"'
    fails "namespaces of another container" 125 'user namespace of its own, and cannot join' skiff run --rm --userns keep-id --network container:kept owners true
    check "rm -f" skiff rm -f -t 0 kept
    # The copies of the layers: one line, once, and gone with the image.
    skiff import rest.tar other >/dev/null
    has "the copy is told of" 'copying 1 layer .* once for the ids of --userns keep-id' eval 'skiff run --rm --network none --userns keep-id:uid=77 -u 0 other true'
    is "… once" '' skiff run --rm --network none --userns keep-id:uid=77 -u 0 other true
    skiff run -d --network none --name uses --userns keep-id:uid=77 other sleep 1000 >/dev/null
    check "what a container uses stays" eval 'skiff image prune -f >/dev/null && skiff restart -t 0 uses'
    skiff rm -f -t 0 uses >/dev/null
    layers() { find "$SKIFF_ROOT/layers" -mindepth 1 -maxdepth 1 -printf x | wc -c; }
    before=$(layers)
    cp rest.tar once.tar; echo once >tree/once; tar -rf once.tar -C tree --owner=0 --group=0 ./once; skiff import once.tar once >/dev/null
    check "a copy is a layer of the store" eval 'skiff run --rm --network none --userns keep-id:uid=77 once true 2>/dev/null; [ "$(layers)" = $((before + 2)) ]'
    check "… and goes with its image" eval 'skiff image rm once >/dev/null && [ "$(layers)" = "$before" ]'
    fails "auto: an id that is not ours" 125 'the id 65537 is not one of yours' skiff run --rm --userns auto:uidmapping=0:65530:10 owners true
    is "auto: the caller by a mapping" "0:0 $u" eval "skiff run --rm --network none --userns auto:uidmapping=0:0:1,gidmapping=0:0:1 -v '$T/home:/h' owners sh -c 'echo \$(stat -c %u:%g /h/file); echo >/h/by-root' 2>/dev/null | tr '\n' ' '; stat -c %u home/by-root"
    is "keep-id: another user has not the caller's home" / in_ "--userns keep-id -u 7 -v '$T/home:$at'" 'echo $HOME'
    # Two first starts at once copy both, and one copy stays.
    skiff import rest.tar twice >/dev/null
    for n in 1 2 3; do "$SKIFF" run --rm --network none --userns keep-id:uid=66 -u worker twice stat -c %u /srv/a/worker >"at-once.$n" 2>/dev/null & done
    wait
    is "first starts at once" '1234 1234 1234' eval 'echo $(cat at-once.?)'
    is "nomap: root inside" '0:0' in_ '--userns nomap' 'echo $(id -u):$(id -g)'
    is "nomap: the owners in the image" "$wanted" in_ '--userns nomap' "$tree"
    is "nomap: the caller's files are nobody's" '65534:65534' in_ "--userns nomap -v '$T/home:/h'" 'stat -c %u:%g /h'
    is "… and cannot be read" closed in_ "--userns nomap -v '$T/home:/h'" 'cat /h/file 2>/dev/null || echo closed'
    is "nomap: a new volume is its user's" 1234 in_ '--userns nomap -u worker -v new:/new' 'touch /new/x && stat -c %u /new/x'
fi

# --- what makes no sense -------------------------------------------------------------------------------------------------

refuses keep-id:foo=1 'unknown option specified: "foo"'
refuses keep-id:uid=x '"x" is not a number from 0 to'
refuses keep-id:uid=-1 '"-1" is not a number from 0 to'
refuses keep-id:gid=4294967296 'is not a number from 0 to'
refuses keep-id:uid 'invalid option specified: "uid"'
refuses nomap:x 'invalid USER mode: nomap:x'
refuses nonsense 'invalid USER mode: nonsense'
refuses auto: 'invalid option specified: ""'
refuses auto:uid=1 'unknown option specified: "uid"'
refuses auto:size=x '"x" is not a number from 0 to'
refuses auto:uidmapping=bad 'UID setting is malformed expected \["uint32:uint32:uint32"\]: \["bad"\]'
refuses auto:gidmapping=0:1:0 'GID setting is malformed'
refuses auto:uidmapping=0:1:10,uidmapping=5:20:10 'mapped twice'
refuses private 'not supported'
refuses container:x 'not supported'
fails "--userns keep-id of the host image" 125 'user namespace of its own|rootless mode' skiff run --rm --userns keep-id host true
finish
