#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run -v, --mount, --tmpfs, --volumes-from and the image's VOLUMEs: what is seen inside, what stays, what inspect says.
. "${0%/*}/lib.sh"
image busybox
bb() { skiff run --rm "$@"; }
field() { skiff inspect --format "$2" "$1"; }   # CONTAINER TEMPLATE
# An image with content, owners, modes, links and a VOLUME.
mkdir -p files/data/sub && echo image >files/data/f && ln files/data/f files/data/hard && ln -s f files/data/soft && ln -s /etc/passwd files/data/out
echo deep >files/data/sub/g; chmod 4711 files/data/sub/g; chmod 1751 files/data/sub; chmod 2770 files/data; mkfifo files/data/pipe
truncate -s 10M files/data/holes; mkdir files/data/.hidden files/empty; chmod 1733 files/empty
tar -C files -cf data.tar --owner=7 --group=8 --mtime=@1000000000 data empty
{ tar -C / -xOf "$FIXTURES/busybox.tar" >/dev/null; cp "$FIXTURES/busybox.tar" both.tar; tar -Af both.tar data.tar; } 2>/dev/null
skiff import --change 'VOLUME /data' --change 'CMD ["sh"]' both.tar filled:1 >/dev/null || { echo 'Bail out! no image'; exit 1; }
skiff import both.tar plain:1 >/dev/null

# --- named volumes ----------------------------------------------------------------------------------------------------
check "a named volume is made" bb -v keep:/k busybox sh -c 'echo kept >/k/f; chown 3:4 /k/f'
is "… and outlives its container" 'kept 3:4' bb -v keep:/k busybox sh -c 'echo $(cat /k/f) $(stat -c %u:%g /k/f)'
is "ro" 'kept ro' bb -v keep:/k:ro busybox sh -c 'echo $(cat /k/f) $(touch /k/x 2>/dev/null || echo ro)'
is "its root is the container's" '0:0 755' bb -v fresh:/k busybox stat -c '%u:%g %a' /k
is "two containers share it" shared eval 'skiff run -d --name one -v keep:/k busybox sleep 100 >/dev/null; bb -v keep:/k busybox sh -c "echo shared >/k/s"; skiff exec one cat /k/s; skiff rm -f one >/dev/null'
is "nodev, and noexec when asked" 'nodev,noexec' eval 'bb -v keep:/k:noexec busybox grep " /k " /proc/mounts | grep -o -e nodev -e noexec | sort | paste -sd,'

# --- filled from the image --------------------------------------------------------------------------------------------
look='cd /v && find . | sort | xargs stat -c "%n %F %a %u:%g %h %Y" && readlink soft out && cat f hard && stat -c %b holes'
bb plain:1 sh -c "mv /data /v; $look" >want 2>&1
bb -v copied:/data plain:1 true
check "a new volume is filled: kinds, modes, owners, links, times, holes" eval 'bb -v copied:/v busybox sh -c "$look" >got 2>&1; sed -E "/^\. | symbolic /s/ [0-9]*$//" want >w; sed -E "/^\. | symbolic /s/ [0-9]*$//" got | diff w -'
is "its root has the mode and the owner" '2770 7:8' bb -v copied:/v busybox stat -c '%a %u:%g' /v
is "an empty directory gives them, too" '1733 7:8' bb -v shape:/empty plain:1 stat -c '%a %u:%g' /empty
is "a volume with content is left alone" 'kept' bb -v keep:/data plain:1 cat /data/f
is "nocopy" '' bb -v bare:/data:nocopy plain:1 ls -A /data
is "--mount, volume-nocopy" '' bb --mount type=volume,src=bare2,dst=/data,volume-nocopy plain:1 ls -A /data
is "what is no directory there is not copied" '' eval 'bb -v odd:/data/f plain:1 true 2>/dev/null; ls -A "$SKIFF_ROOT/volumes/odd/_data"'
is "one emptied by its container stays empty" '' eval 'skiff create --name again -v once:/data plain:1 sh -c "ls -A /data; rm -rf /data/* /data/.h*" >/dev/null; skiff start -a again >/dev/null; skiff start -a again; skiff rm again >/dev/null'
# A start that was killed while it filled: both halves of the work are continued.
v=$SKIFF_ROOT/volumes
skiff volume create half >/dev/null; mkdir "$v/half/.filling"; echo junk >"$v/half/.filling/junk"
is "a copy that was not complete is made again" 'image' eval 'bb -v half:/data plain:1 sh -c "[ ! -e /data/junk ] && cat /data/f"'
skiff volume create late >/dev/null; mkdir "$v/late/.filled"; echo one >"$v/late/.filled/one"; echo two >"$v/late/_data/two"
is "one that was complete is moved to its end, by anybody" 'one two' bb -v late:/elsewhere:nocopy busybox sh -c 'echo $(cat /elsewhere/one /elsewhere/two)'
is "… and nothing of it is left" '_data lock volume.json' eval 'ls -A "$v/late" | xargs'
is "no copies are left" '' find "$v" -maxdepth 2 -name '.fill*'
many() { for _ in 1 2 3 4 5 6; do skiff run --rm -v race:/data plain:1 sh -c 'cat /data/f /data/sub/g | xargs' & done; wait; }
is "six at once: each sees all of it" '6 image deep' eval 'many | sort | uniq -c | xargs'

# --- anonymous volumes ------------------------------------------------------------------------------------------------
names() { field "$1" '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}} {{end}}{{end}}'; }
count() { skiff volume ls -q | grep -cE '^[0-9a-f]{64}$' || true; }
is "--rm leaves none" 0 eval 'bb -v /anon filled:1 touch /anon/x /data/x; count'
skiff create --name an -v /anon -v /data filled:1 true >/dev/null
has "the image's and -v PATH" '^[0-9a-f]{64} [0-9a-f]{64} $' names an
is "inspect: Config.Volumes" '{"/anon":{},"/data":{}}' field an '{{json .Config.Volumes}}'
is "inspect: no Binds" 'null' field an '{{json .HostConfig.Binds}}'
has "inspect: as Docker shows it" '^volume local  true $' field an '{{with index .Mounts 0}}{{.Type}} {{.Driver}} {{.Mode}} {{.RW}} {{.Propagation}}{{end}}'
is "ps: LocalVolumes" 2 skiff ps -a --filter name=an --format '{{.LocalVolumes}}'
has "ps: Mounts are shortened" '^[0-9a-f]{14}…,[0-9a-f]{14}…$' skiff ps -a --filter name=an --format '{{.Mounts}}'
check "rm leaves them, rm -v does not" eval '[ "$(count)" = 2 ] && skiff rm an && [ "$(count)" = 2 ] && skiff volume prune -f >/dev/null && skiff create --name an -v keep:/k filled:1 >/dev/null && skiff rm -v an && [ "$(count)" = 0 ] && skiff volume exists keep'
is "a container that failed leaves none" 0 eval 'skiff run --rm -v /a busybox /nosuch 2>/dev/null; skiff run --name no -v /a -v /b --volumes-from nosuch busybox true 2>/dev/null; count'
is "--tmpfs and -v win over VOLUME" 'tmpfs 0' eval '{ bb --tmpfs /data filled:1 sh -c "grep \" /data \" /proc/mounts | cut -d\" \" -f1"; bb -v keep:/data filled:1 true; count; } | xargs'
is "with --read-only they are writable" fine bb --read-only -v /w -v keep:/k filled:1 sh -c 'touch /w/x /k/x /data/x && echo fine'

# --- --volumes-from ---------------------------------------------------------------------------------------------------
mkdir host; echo host >host/h
skiff create --name src -v /anon -v keep:/k:ro -v "$T/host:/h" --tmpfs /t --mount type=tmpfs,dst=/m busybox sh -c 'echo anon >/anon/f' >/dev/null
skiff start -a src
is "volumes-from" 'anon kept host ro' bb --volumes-from src busybox sh -c 'echo $(cat /anon/f /k/f /h/h) $(touch /k/x 2>/dev/null || echo ro)'
is "… :ro" 'ro' bb --volumes-from src:ro busybox sh -c 'touch /anon/x 2>/dev/null || echo ro'
is "… without its --tmpfs" '/m' bb --volumes-from src busybox sh -c 'grep -o -e " /t " -e " /m " /proc/mounts | tr -d " "'
is "what is typed wins" 'anon shared' bb --volumes-from src -v keep:/h busybox sh -c 'echo $(cat /anon/f /h/s)'
skiff create --name second --volumes-from src:z --volumes-from src busybox true >/dev/null
is "inspect: VolumesFrom" '["src:z","src"]' field second '{{json .HostConfig.VolumesFrom}}'
is "an anonymous volume goes with its last container" '1 1 0' eval 'echo $(count; skiff rm -v src >/dev/null; count; skiff rm -v second >/dev/null; count)'
fails "from nobody" 125 'No such container: nosuch' skiff run --rm --volumes-from nosuch busybox true
fails "a bad mode" 125 'invalid mode: bogus' skiff run --rm --volumes-from src:bogus busybox true

# --- bind mounts ------------------------------------------------------------------------------------------------------
is "relative" host eval 'cd host && skiff run --rm -v .:/x -v ./h:/y busybox cat /y'
is "O: what is written is gone with the run" 'host new|host' eval 'echo "$(bb -v "$T/host:/x:O" busybox sh -c "echo new >/x/n; rm /x/nosuch 2>/dev/null; cat /x/h /x/n" | xargs)|$(cat host/*)"'
is "O of a volume" 'kept' eval 'bb -v keep:/x:O busybox sh -c "rm /x/*"; bb -v keep:/x busybox cat /x/f'
check "U gives it to the user" eval 'mkdir -p give/a; touch give/a/f; ln -s /etc/passwd give/l; bb -u 12:13 -v "$T/give:/x:U" busybox touch /x/a/new && [ "$(bb -v "$T/give:/x" busybox sh -c "stat -c %u:%g /x /x/a /x/a/f /x/l | uniq")" = 12:13 ]; bb -v "$T/give:/x:U" busybox true'
is "bind-create-src" fine eval 'bb --mount "type=bind,src=$T/newsrc,dst=/x,bind-create-src" busybox true && [ -d newsrc ] && echo fine'
if root; then
    sub() { # OPTIONS…: can the submount be written to?
        unshare -m sh -c 'mkdir -p "$T/top/sub"; mount -t tmpfs sub "$T/top/sub"; exec "$SKIFF" run --rm "$@" busybox sh -c "touch /x/f 2>/dev/null && echo top; touch /x/sub/f 2>/dev/null && echo sub; grep -c \" /x/sub \" /proc/mounts"' - "$@" | xargs
    }
    is "ro reaches submounts" '1' sub -v "$T/top:/x:ro"
    is "… without bind-recursive=writable" 'sub 1' sub --mount "type=bind,src=$T/top,dst=/x,ro,bind-recursive=writable"
    is "bind-recursive=disabled" 'top sub 0' sub --mount "type=bind,src=$T/top,dst=/x,bind-recursive=disabled"
    is "bind-recursive=readonly" '1' sub --mount "type=bind,src=$T/top,dst=/x,ro,bind-recursive=readonly,bind-propagation=rprivate"
    rm -rf "$T/top"
fi

# --- sub-paths, images, drivers ---------------------------------------------------------------------------------------
is "volume-subpath" deep bb --mount type=volume,src=copied,dst=/x,volume-subpath=sub busybox cat /x/g
is "… of a file" image bb --mount type=volume,src=copied,dst=/x,volume-subpath=f busybox cat /x
fails "… that is not there" 125 'cannot access path "no/such" of volume copied: no such file or directory' bb --mount type=volume,src=copied,dst=/x,volume-subpath=no/such busybox true
bb -v copied:/v busybox sh -c 'ln -s /etc /v/lead; ln -s ../../../.. /v/up; ln -s / /v/root'
for path in lead up root out; do
    hasnt "… that is a link leads nowhere else: $path" '^root:|etc|passwd|containers' eval "bb --mount type=volume,src=copied,dst=/x,volume-subpath=$path busybox ls /x 2>/dev/null || true"
done
is "an image" 'image ro' bb --mount type=image,source=plain:1,target=/i busybox sh -c 'echo $(cat /i/data/f) $(touch /i/x 2>/dev/null || echo ro)'
is "image-subpath" deep bb --mount type=image,source=plain:1,target=/i,image-subpath=data/sub busybox cat /i/g
skiff import --change 'LABEL only=mounted' both.tar mounted:1 >/dev/null; skiff create --name holds --mount type=image,src=mounted:1,dst=/i host true >/dev/null 2>&1 || skiff create --name holds --mount type=image,src=mounted:1,dst=/i busybox true >/dev/null
is "its layers stay as long as the container" image eval 'skiff rmi mounted:1 >/dev/null; skiff image prune -f >/dev/null; skiff create --name holds2 --volumes-from holds busybox cat /i/data/f >/dev/null; skiff start -a holds2; skiff rm holds holds2 >/dev/null'
skiff volume create --opt type=tmpfs --opt device=tmpfs --opt o=size=2m,mode=700 mem >/dev/null
is "driver options: a tmpfs" 'tmpfs 2048 700' bb -v mem:/x busybox sh -c 'echo $(grep " /x " /proc/mounts | cut -d" " -f3) $(df -k /x | awk "END{print \$2}") $(stat -c %a /x)'
skiff volume create --opt type=none --opt "device=$T/host" --opt o=bind,ro bound >/dev/null
is "… a directory of the host, read-only" 'host ro' bb -v bound:/x busybox sh -c 'echo $(cat /x/h) $(touch /x/y 2>/dev/null || echo ro)'
mkdir fill; is "… filled from the image when it is empty" image eval 'bb --mount "type=volume,src=fillme,dst=/data,volume-opt=type=none,volume-opt=device=$T/fill,volume-opt=o=bind" plain:1 true; bb -v fillme:/x busybox sh -c "cat /x/f; ls -A /x | grep ^.fill || true"'
skiff volume create --opt type=ext4 --opt device=/dev/nosuch disk >/dev/null
fails "… what cannot be mounted is refused with the reason" 125 "error while mounting volume disk: cannot mount '/dev/nosuch'" bb -v disk:/x busybox true
is "--volume-driver local" fine bb --volume-driver local -v dv:/v busybox echo fine
fails "--volume-driver nonsense" 125 'error looking up volume plugin nonsense' bb --volume-driver nonsense -v dv2:/v busybox true
status "… makes nothing" 1 skiff volume exists dv2

# --- inspect and ps ---------------------------------------------------------------------------------------------------
skiff create --name all -v keep:/k -v "$T/host:/h:ro,rslave" --tmpfs /t:size=1m --mount type=tmpfs,dst=/m,tmpfs-size=4096,tmpfs-mode=1770 \
    --mount "type=bind,src=$T/host,dst=/b,readonly,bind-propagation=slave" --mount type=volume,src=keep,dst=/v,volume-nocopy,volume-label=a=b busybox true >/dev/null
is "HostConfig.Binds" "[\"keep:/k\",\"$T/host:/h:ro,rslave\"]" field all '{{json .HostConfig.Binds}}'
is "HostConfig.Tmpfs" '{"/t":"size=1m"}' field all '{{json .HostConfig.Tmpfs}}'
is "HostConfig.Mounts" "tmpfs /m {\"Mode\":1016,\"SizeBytes\":4096}|bind $T/host /b true {\"Propagation\":\"slave\"}|volume keep /v {\"Labels\":{\"a\":\"b\"},\"NoCopy\":true}" eval 'skiff inspect all | python3 -c "
import json, sys
a, b, c = json.load(sys.stdin)[0][\"HostConfig\"][\"Mounts\"]
s = lambda x: json.dumps(x, sort_keys=True, separators=(\",\", \":\"))
print(a[\"Type\"], a[\"Target\"], s(a[\"TmpfsOptions\"]) + \"|\" + b[\"Type\"], b[\"Source\"], b[\"Target\"], s(b[\"ReadOnly\"]), s(b[\"BindOptions\"]) + \"|\" + c[\"Type\"], c[\"Source\"], c[\"Target\"], s(c[\"VolumeOptions\"]))"'
is "Mounts" "volume keep $v/keep/_data /k local z true ;bind  $T/host /h  ro,rslave false rslave;tmpfs   /m   true ;bind  $T/host /b   false slave;volume keep $v/keep/_data /v local z true ;" \
    field all '{{range .Mounts}}{{.Type}} {{.Name}} {{.Source}} {{.Destination}} {{.Driver}} {{.Mode}} {{.RW}} {{.Propagation}};{{end}}'
is "ps --filter volume=NAME" all skiff ps -a --filter volume=keep --format '{{.Names}}'
is "… =TARGET" all skiff ps -a --filter volume=/k --format '{{.Names}}'
is "… =neither" '' skiff ps -a --filter volume=nosuch --format '{{.Names}}'
is "ps --no-trunc: Mounts" "keep,$T/host,$T/host,keep" skiff ps -a --no-trunc --filter name=all --format '{{.Mounts}}'
skiff rm all >/dev/null

# --- by another runtime -----------------------------------------------------------------------------------------------
if command -v runc >/dev/null; then
    is "--runtime: volumes and binds" 'kept host ro' bb --runtime runc -v keep:/k:ro -v "$T/host:/h" busybox sh -c 'echo $(cat /k/f /h/h) $(touch /k/x 2>/dev/null || echo ro)'
    for mount in type=volume,src=copied,dst=/x,volume-subpath=sub type=image,src=plain:1,dst=/x; do
        fails "… not what has no path: $mount" 125 "what is mounted at /x can be mounted by skiff's own launcher only" skiff run --rm --runtime runc --mount "$mount" busybox true
    done
fi

# --- a container with ids of its own (the image host, as root) ---------------------------------------------------------
is "a volume belongs to its root" '0 fine' bb -v hosted:/v host sh -c 'touch /v/f && echo $(stat -c %u /v/f) fine'
is "… and is the same in another container" '0:0' bb -v hosted:/v busybox stat -c '%u:%g' /v/f
mkdir mapped; echo mine >mapped/f; chmod 600 mapped/f
if root; then
    is "idmap shows a directory of the host like that" '0 mine new' eval 'bb -v "$T/mapped:/x:idmap" host sh -c "echo new >/x/n; echo \$(stat -c %u /x/f) \$(cat /x/f /x/n)"'
    is "… where files are root's" 0 stat -c %u mapped/n
fi
fails "idmap without such a container" 125 "idmap at /x needs a container with a user namespace of its own" skiff run --rm -v "$T/mapped:/x:idmap" busybox true

# --- links of the image -----------------------------------------------------------------------------------------------
mkdir -p evil; ln -s /proc/sys evil/x; ln -s proc evil/y; tar -C evil -cf evil.tar x y; cp "$FIXTURES/busybox.tar" evil2.tar; tar -Af evil2.tar evil.tar
for path in /x/kernel /y/self /y; do
    skiff import --change "VOLUME $path" evil2.tar evil:1 >/dev/null
    fails "a volume that a link of the image leads into /proc: $path" 125 "$path" skiff run --rm evil:1 true
done
skiff import --change 'VOLUME /proc/sys' evil2.tar evil:1 >/dev/null
fails "… or that says so" 125 "the image has a volume at \"/proc/sys\": '/proc/sys' cannot be mounted because it is inside /proc" skiff run --rm evil:1 true
is "… leaves nothing" 0 count

# --- refused ----------------------------------------------------------------------------------------------------------
fails "two at one place" 125 'Duplicate mount point: /x' skiff run --rm -v keep:/x -v "$T/host:/x" busybox true
if root; then :; else fails "shared, as a user" 125 "the propagation 'rshared' of /x needs root" skiff run --rm -v "$T/host:/x:rshared" busybox true; fi
skiff run -d --name runs busybox sleep 100 >/dev/null
fails "a socket of ours" 125 "lies in skiff's run directory, which no container may see" eval 'skiff run --rm -v "$SKIFF_RUNROOT/$(skiff inspect -f "{{.Id}}" runs).sock:/s" busybox true'
is "… is not shown by the directory above, nor by a link to it" '' eval 'ln -s "$SKIFF_RUNROOT" runlink; bb -v "$T:/x" -v "$T/runlink:/y" busybox sh -c "ls -A /x/run 2>/dev/null; ls -A /y 2>/dev/null; true"'
skiff rm -f runs >/dev/null
finish
