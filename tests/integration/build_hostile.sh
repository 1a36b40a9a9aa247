#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Dockerfiles and contexts of an attacker (security rows 14 and 15): links out of the context, mounts whose sources are links, a program
# that prepares traps for the builder, a fork bomb under a limit, a disk that runs full. Nothing outside is touched, the cache stays whole.
. "${0%/*}/lib.sh"
image busybox

mkdir -p "$T/c" "$T/host"
echo top-s3cret >"$T/host/secret"
cd "$T/c" || exit 1
ln -s "$T/host" out; ln -s "$T/host/secret" file; ln -s ../../../../../../../../etc/passwd passwd; mkfifo fifo; ln -s loop loop; echo ok >ok
printf 'FROM busybox\nCOPY %s /x\n' file >"df"
fails "a link out of the context leads nowhere" 1 '"/file": not found' skiff build -f df .
sed -i 's/COPY .*/COPY out\/secret \/x/' df
fails "… a directory" 1 '"/out/secret": not found' skiff build -f df .
sed -i 's/COPY .*/COPY passwd \/x/' df
fails "… upwards" 1 '"/passwd": not found' skiff build -f df .
sed -i 's/COPY .*/COPY loop \/x/' df
fails "… in a circle" 1 'loop' skiff build -f df .
sed -i 's/COPY .*/COPY fifo \/x/' df
fails "a FIFO does not hang it" 1 'neither a file nor a directory' skiff build -f df .
sed -i 's/COPY .*/COPY . \/x/' df
is "links in a directory are copied as they are" "$T/host" eval 'rm fifo; skiff build -q -f df -t links . >/dev/null; skiff run --rm links readlink /x/out'
for source in out out/secret file passwd; do
    printf 'FROM busybox\nRUN --mount=type=bind,source=%s,target=/m ls -R /m; cat /m/* /m | grep -c secret\n' $source >"df"
    fails "a mount's source that is the link $source" 1 'not found' skiff build -f df .
done
printf 'FROM busybox AS a\nRUN ln -s %s /link\nFROM busybox\nRUN --mount=type=bind,from=a,source=/link,target=/m cat /m/secret\n' "$T/host" >"df"
fails "… in a stage" 1 '"/link": not found' skiff build -f df .
printf 'FROM busybox AS a\nRUN ln -s %s /link\nFROM busybox\nCOPY --from=a /link/secret /s\n' "$T/host" >"df"
fails "COPY --from through a link of the stage" 1 '"/link/secret": not found' skiff build -f df .
printf 'FROM busybox\nRUN ln -s %s /link\nCOPY ok /link/ok\nWORKDIR /link/sub\n' "$T/host" >"df"
check "a destination through a link stays inside" skiff build -q -f df -t dest .
is "… so the host has nothing of it" secret ls "$T/host"
printf 'FROM busybox\nRUN --mount=type=cache,id=../../../../host,target=/c touch /c/x\n' >"df"
check "a cache whose id is a path" skiff build -q -f df .
is "… is a directory like others" secret ls "$T/host"
printf 'FROM busybox\nRUN --mount=type=cache,id=one,target=/c ln -s %s /c/l\nRUN --mount=type=cache,id=two,from=busybox,source=/bin,target=/d test -x /d/busybox\nRUN --mount=type=cache,id=one,target=/c readlink /c/l\n' "$T/host" >"df"
check "links in a cache" skiff build -q -f df .
printf 'FROM busybox\nRUN --mount=type=bind,from=busybox,target=/etc/m true && rm -rf /etc && ln -s %s /etc\n' "$T/host" >"df"
check "a program that puts a link where a stub is removed" eval 'skiff build -q -f df . >/dev/null; true'
is "… removes nothing of the host" secret ls "$T/host"

for target in /proc /proc/ /proc/self/attr /proc/sys /; do
    printf 'FROM busybox\nRUN --mount=type=tmpfs,target=%s true\n' "$target" >"df"
    fails "a mount at $target, for what the kernel says" 1 "RUN --mount: .*(inside /proc|mounted over|can't be '/')" skiff build -f df .
done
if root; then
    # No driver has that number: to open the node would say so, and another node does something when it is opened.
    python3 -c 'import sys, tarfile
t = tarfile.open(sys.argv[1], "w"); m = tarfile.TarInfo("Dockerfile"); m.type = tarfile.CHRTYPE; m.devmajor, m.devminor, m.mode = 250, 99, 0o666; t.addfile(m); t.close()' device.tar
    fails "a Dockerfile that is a device is not opened" 1 'is not a regular file' eval 'skiff build - <device.tar'
    rm device.tar
fi

# Traps in an archive.
python3 - "$T" <<'P'
import io, sys, tarfile
t = tarfile.open(sys.argv[1] + "/c/evil.tar", "w")
def add(name, kind, link="", data=b""):
    i = tarfile.TarInfo(name); i.type = kind; i.linkname = link; i.size = len(data)
    t.addfile(i, io.BytesIO(data))
add("d", tarfile.SYMTYPE, sys.argv[1] + "/host")
add("d/evil", tarfile.REGTYPE, data=b"x")
P
printf 'FROM busybox\nADD evil.tar /\n' >"df"
fails "ADD of an archive that goes through its own link" 1 'evil.tar' skiff build -f df .
is "… nothing of the host" secret ls "$T/host"
check "a context like that is refused, too" eval '! tar c df | cat - >/dev/null; ! skiff build - <evil.tar'
is "… nothing of the host either" secret ls "$T/host"

printf 'FROM busybox\nRUN id -u >/dev/null; ls /proc/1/root%s 2>/dev/null; cat %s/secret 2>/dev/null; ls -la /proc/1/fd 2>/dev/null | grep -c %s; true\n' "$T" "$T/host" "$T" >"df"
hasnt "a step sees nothing of the host" s3cret skiff build --no-cache -f df .

awk 'BEGIN { printf "FROM busybox\nRUN true #"; for (i = 0; i < 100000; i++) printf "0123456789"; print "" }' >"df"
fails "a line of 1 MB for the shell: the kernel's limit is told" 1 'Argument list too long' skiff build -q -f df .
awk 'BEGIN { printf "FROM busybox\nLABEL a="; for (i = 0; i < 100000; i++) printf "0123456789"; print "" }' >"df"
check "… for a label" skiff build -q -f df .
awk 'BEGIN { printf "FROM busybox\nENV A="; for (i = 0; i < 100000; i++) printf "${A:-"; print "" }' >"df"
fails "a hundred thousand braces" 1 'df:2|line 2' skiff build -f df .

printf 'FROM busybox\nRUN b() { b | b & }; b; sleep 1; true\n' >"df"
if root; then
    check "a fork bomb under a limit ends" eval 'timeout 50 "$SKIFF" build -q --pids-limit 64 -f df . ; [ $? -ne 124 ]'
else
    skip "a fork bomb under a limit ends" "no control group to limit it with for a regular user here"
fi

if root; then
    mkdir "$T/small" && mount -t tmpfs -o size=24m tmpfs "$T/small" && {
        small() { SKIFF_ROOT=$T/small/root SKIFF_RUNROOT=$T/small/run "$SKIFF" "$@"; }
        small import "$FIXTURES/busybox.tar" busybox >/dev/null
        printf 'FROM busybox\nRUN echo first >/first\nRUN dd if=/dev/zero of=/big bs=1M count=100\n' >"df"
        fails "a stage that fills the disk" 1 'No space left|exit code: 1' small build -f df .
        has "… is told what makes room, and where" "builder prune" eval 'small build -f df . 2>&1; true'
        head -c 40M /dev/urandom >large
        printf 'FROM busybox\nCOPY large /large\n' >"df2"
        fails "a COPY that does" 1 'cannot write .*/large.*No space left on device' small build -f df2 .
        has "… names the step" '>>> COPY large' eval 'small build -f df2 . 2>&1; true'
        has "… and the way out" "disk of the store '$T/small/root' is full .*builder prune" eval 'small build -f df2 . 2>&1; true'
        rm large
        is "the cache is whole" first eval 'printf "FROM busybox\nRUN echo first >/first\n" | small build -t f - 2>&1 | grep -c CACHED >/dev/null && small run --rm f cat /first'
        is "nothing of it is left" "" eval 'ls "$T/small/root/containers" "$T/small/root/staging" | grep -v -e : -e "^$"; true'
        small system reset -f >/dev/null
        umount "$T/small"
    }
else
    skip "a stage that fills the disk" "a regular user cannot mount a small one here"
fi
finish
