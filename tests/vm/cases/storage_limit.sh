# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016
# as: root tester
# --storage-opt where the kernel has project quotas: on ext4 and on xfs, each in a file of its own.
. /src/lib.sh
image busybox

if ! root; then
    has "a user is told that it does not hold" '--storage-opt has no effect: quotas are root.s alone to set' skiff run --rm --storage-opt size=1m busybox true
    fails "… --strict" 125 'quotas are root' skiff --strict run --rm --storage-opt size=1m busybox true
    finish
fi
has "a file system without quotas: why" 'no effect: the ext4 that holds the store enforces no project quotas .*prjquota' skiff run --rm --storage-opt size=1m busybox true
has "… inspect knows" 'enforces no project quotas' eval 'skiff create --name nolimit --storage-opt size=1m busybox true >/dev/null 2>&1; skiff start nolimit >/dev/null 2>&1; skiff inspect -f "{{json .State.Less}} {{json .HostConfig.StorageOpt}}" nolimit'
fails "… --strict" 125 'enforces no project quotas' skiff --strict run --rm --storage-opt size=1m busybox true

# The projects that have a limit or files, beside 0; by the kernel, through perl's syscall(2): Q_GETNEXTQUOTA.
projects() { # DIRECTORY
    perl -e 'open my $d, "<", $ARGV[0] or die; my $id = 1;
        for (;;) { my $b = "\0" x 80; syscall(443, fileno $d, (0x800009 << 8) | 2, $id, $b) == 0 or last;
            my @q = unpack "Q8LLL", $b; $id = $q[9]; print "$id $q[0] $q[5]\n" if $q[0] || $q[5]; $id++ }' "$1"
}
for kind in ext4 xfs; do
    disk=$T/$kind.disk dir=$T/$kind
    truncate -s 400M "$disk"; mkdir "$dir"
    case $kind in
    ext4) mkfs.ext4 -q -O quota,project "$disk" && mount -o loop,prjquota "$disk" "$dir" ;;
    xfs) mkfs.xfs -q "$disk" && mount -o loop,pquota "$disk" "$dir" ;;
    esac
    check "$kind: mounted" mountpoint -q "$dir"
    s() { skiff --root "$dir/root" --runroot "$dir/run" "$@"; }
    s import /src/fixtures/busybox.tar busybox >/dev/null
    fill='dd if=/dev/zero of=/f bs=64k count=1000 2>&1; ls -s /f'
    has "$kind: a layer of 5 MB takes no more" 'uota exceeded|No space left' s run --rm --storage-opt size=5m busybox sh -c "$fill"
    has "… but that much" '^ *(4[0-9]{3}|5[01][0-9]{2}) /f$' echo "$OUT"
    check "… for an image's file that is changed, too, and a directory that is renamed" s run --rm --storage-opt size=8m busybox sh -c 'mkdir /d && mv /d /e && echo x >>/etc/passwd && mv /etc/passwd /e/p && rm -r /e'
    has "… without the option there is room" ' 64000 /f|64[0-9]{3} /f' s run --rm busybox sh -c "$fill"
    has "… with a user namespace of its own" 'uota exceeded|No space left' s run --rm --userns auto --storage-opt size=5m busybox sh -c "$fill"
    is "… df shows the limit" 10240 eval "s run --rm --storage-opt size=10m busybox df -k / | awk 'END {print \$2}'"
    check "two at once" eval 's run -d --name one --storage-opt SIZE=4m busybox sleep 1000 >/dev/null && s run -d --name two --storage-opt size=6m busybox sleep 1000 >/dev/null'
    has "… one is full" 'uota exceeded|No space left' eval "s exec one sh -c '$fill' 2>&1; true"
    check "… the other has its own" s exec two sh -c 'head -c 5000000 /dev/zero >/f'
    is "… inspect" '[] {"size":"6m"}' s inspect -f '{{json .State.Less}} {{json .HostConfig.StorageOpt}}' two
    is "… two projects have a limit" '4096 6144' eval "echo \$(projects '$dir' | awk '\$2 {print \$2}' | sort -n)"
    check "… at the next start as well" eval 's stop -t 0 one && s exec two true && s start one && s exec one sh -c "rm /f; head -c 3000000 /dev/zero >/f" && ! s exec one sh -c "head -c 3000000 /dev/zero >/g"'
    pid=$(s inspect -f '{{.State.Pid}}' two)
    check "… a killed monitor" eval "kill -KILL \$(awk '/^PPid/ {print \$2}' /proc/$pid/status); s ps -a >/dev/null"
    has "inodes=" 'uota exceeded|No space left' s run --rm --storage-opt inodes=50 busybox sh -c 'i=0; while [ $i -lt 100 ] && touch /f$i; do i=$((i+1)); done 2>&1; echo $i'
    check "removed" s rm -f one two
    is "… no limit and no file stays with a project" '' projects "$dir"
    # An administrator's own project over the store, which is inherited.
    check "a store that is a project itself" eval "find '$dir/root' -type d -exec chattr +P -p 77 {} + && s run --name in --storage-opt size=5m busybox sh -c 'echo x >/x' && s run -d --name out busybox sleep 1000"
    check "… removal works" s rm -f in out
    is "… and leaves that one alone" '77' eval "projects '$dir' | awk '{print \$1}'"
    s system reset -f >/dev/null
    check "unmounted" umount "$dir"
    rm -f "$disk"
done
finish
