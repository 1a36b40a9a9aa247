# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016
# The small flags of run and create: each seen from inside, in inspect, and refused where it is wrong.
. "${0%/*}/lib.sh"
image busybox
r() { skiff run --rm "$@"; }
show() { # TEMPLATE FLAG…
    local template=$1 id; shift
    id=$(skiff create "$@" busybox true) && skiff inspect --format "$template" "$id" && skiff rm "$id" >/dev/null
}

# --- annotations, names
is "--annotation in inspect" '{"a.b/c":"d=e","x":""}' show '{{json .HostConfig.Annotations}}' --annotation a.b/c=d=e --annotation x
is "… and in the OCI document" d show '{{.Config.Domainname}}' --annotation a=d --domainname d
fails "an annotation without a key" 125 'the empty string is not permitted as an annotation key' r --annotation =v busybox true
is "--domainname" example.org r --domainname example.org busybox cat /proc/sys/kernel/domainname
has "… behind the host name in /etc/hosts" '[[:space:]]web.example.org web$' r --hostname web --domainname example.org busybox cat /etc/hosts
is "… and not in the host name" web r --hostname web --domainname example.org busybox hostname
fails "--domainname with a blank" 125 'invalid hostname' r --domainname 'a b' busybox true
fails "… with the host's UTS namespace" 125 'domainname and the UTS mode' r --uts host --domainname a busybox true

# --- environment
is "--env-host passes ours" yes eval 'OURS=yes skiff run --rm --env-host busybox sh -c "echo \$OURS"'
is "… -e wins" mine eval 'OURS=yes skiff run --rm --env-host -e OURS=mine busybox sh -c "echo \$OURS"'
is "nothing of ours without it" '' eval 'OURS=yes skiff run --rm busybox sh -c "echo \$OURS"'
is "--unsetenv takes away what skiff sets" 'HOME=/root' r --unsetenv PATH --unsetenv HOSTNAME busybox /bin/env
is "--unsetenv-all, and -e stays" 'A=1' eval 'skiff run --rm --unsetenv-all -e A=1 busybox /bin/env'
is "proxies of the caller stay out" '' eval 'http_proxy=http://p:1 skiff run --rm busybox sh -c "echo \$http_proxy"'
is "… and go in by --http-proxy" 'http://p:1' eval 'http_proxy=http://p:1 skiff run --rm --http-proxy busybox sh -c "echo \$http_proxy"'
mkdir -p "$T/docker"
printf '{"auths":{},"proxies":{"default":{"httpProxy":"http://c:2","noProxy":"x"}}}' >"$T/docker/config.json"
proxied() { DOCKER_CONFIG=$T/docker skiff run --rm "$@"; }
is "Docker's config.json has proxies for containers" 'http://c:2 http://c:2 x' proxied busybox sh -c 'echo $http_proxy $HTTP_PROXY $no_proxy'
is "… -e wins" 'http://e:3' proxied -e http_proxy=http://e:3 busybox sh -c 'echo $http_proxy'
is "… --http-proxy=false: none" '' proxied --http-proxy=false busybox sh -c 'echo $http_proxy'
printf 'A B=1\n' >"$T/env"
fails "--env-file: a blank in a name" 125 "invalid env file .*: variable 'A B' contains whitespaces" r --env-file "$T/env" busybox true
printf 'A=\xff\n' >"$T/env"
fails "… bytes that are no text" 125 'invalid utf8 bytes at line 1' r --env-file "$T/env" busybox true

# --- time zone, umask, time-out
if [ -e /usr/share/zoneinfo/Asia/Tokyo ]; then
    is "--tz" 'JST+09' r --tz Asia/Tokyo busybox sh -c 'date +%Z%z | cut -c 1-6'
    is "… in inspect" Asia/Tokyo show '{{.Config.Timezone}}' --tz Asia/Tokyo
else
    skip "--tz" "no zone files on this machine"
fi
fails "an unknown zone" 125 'unknown time zone No/Where' r --tz No/Where busybox true
fails "… a way out of the directory" 125 'unknown time zone' r --tz ../../../etc/passwd busybox true
is "--umask" '0027' r --umask 027 busybox sh -c umask
is "… of exec as well" '0077' eval 'id=$(skiff run -d --umask 0077 busybox sleep 100) && skiff exec "$id" sh -c umask; skiff rm -f "$id" >/dev/null'
is "… in inspect" 0027 show '{{.Config.Umask}}' --umask 27
fails "a umask that is none" 125 'invalid umask' r --umask 999 busybox true
status "--timeout kills" 137 r --timeout 1 busybox sleep 100
is "… and not what is faster" ok r --timeout 100 busybox echo ok
fails "a time-out that is none" 125 'strconv.ParseUint: parsing "x": invalid syntax' r --timeout x busybox true

# --- files of /etc
has "--no-hosts: the image's file, or none" 'none' r --no-hosts busybox sh -c 'grep -q " /etc/hosts " /proc/mounts || echo none'
fails "… excludes --add-host" 125 'cannot be set together' r --no-hosts --add-host a:1.2.3.4 busybox true
has "--no-hostname" 'none' r --no-hostname busybox sh -c 'grep -q " /etc/hostname " /proc/mounts || echo none'
is "no entry for an unknown user by itself" none r -u 4321 busybox sh -c 'grep 4321 /etc/passwd || echo none'
has "--passwd adds one" '^4321:\*:4321:0:container user:/:/bin/sh$' r --passwd -u 4321 busybox cat /etc/passwd
has "--passwd-entry" '^joe:x:4321:9::/:/bin/ash$' r --passwd-entry 'joe:x:$UID:9::$HOME:/bin/ash' -u 4321 busybox cat /etc/passwd
has "--group-entry" '^g77:x:77:$' r --group-entry 'g$GROUPNAME:x:${GID}:' -u 4321:77 busybox cat /etc/group
fails "a line that is none" 125 'is no line of /etc/passwd' r --passwd-entry 'a:b' busybox true
has "--hostuser" '^nobody:' r --hostuser nobody busybox cat /etc/passwd
fails "… unknown" 125 'unknown user nosuch' r --hostuser nosuch busybox true

# --- descriptors
is "--preserve-fds" 'in three' eval 'echo in three >$T/three; skiff run --rm --preserve-fds 1 busybox sh -c "cat <&3" 3<$T/three'
is "… with --init" 'in three' eval 'skiff run --rm --init --preserve-fds 1 busybox sh -c "cat <&3" 3<$T/three'
is "--preserve-fd" 'in three' eval 'skiff run --rm --preserve-fd 7 busybox sh -c "cat <&7" 7<$T/three'
is "… and no other" '0 1 2 7' eval 'skiff run --rm --preserve-fd 7 busybox sh -c "cd /proc/self/fd; echo [0-24-9]" 7<$T/three | sed "s/ 3//"'
fails "one that is not open" 125 'file descriptor 9 is not available' r --preserve-fd 9 busybox true

# --- requires
check "a container that others want" skiff create --name base busybox sleep 1000
check "--requires starts it" skiff run --rm --requires base busybox true
is "… it runs" true skiff inspect --format '{{.State.Running}}' base
fails "… unknown" 125 'No such container: nosuch' r --requires nosuch busybox true
check "clean up" skiff rm -f base

# --- rootfs
mkdir "$T/tree" && tar -C "$T/tree" -xf "$FIXTURES/busybox.tar" 2>/dev/null
is "--rootfs" hello r --rootfs "$T/tree" /bin/sh -c 'echo hello >/new; cat /new'
is "… writes into it" hello cat "$T/tree/new"
is "--rootfs DIR:O" 'other' r --rootfs "$T/tree:O" /bin/sh -c 'echo other >/new; cat /new'
is "… does not" hello cat "$T/tree/new"
is "… in inspect" "$T/tree" eval 'id=$(skiff create --rootfs $T/tree /bin/true) && skiff inspect --format "{{.Rootfs}}" $id; skiff rm $id >/dev/null'
fails "--rootfs of nothing" 125 'No such file' r --rootfs "$T/nothing" /bin/true
fails "--rootfs with skiff's own files in it" 125 "skiff's own directory" r --rootfs "$T" /bin/true
fails "--rootfs /" 125 "host's own root" r --rootfs / /bin/true

fails "--env-file: a file that is not there" 125 "^Error: --env-file: cannot open 'nosuch': No such file" r --env-file nosuch busybox true
fails "--label-file: a directory" 125 "^Error: --label-file: cannot read '/tmp': Is a directory" r --label-file /tmp busybox true

# --- systemd
has "--systemd always: /run in memory" '^tmpfs /run tmpfs' r --systemd always busybox cat /proc/mounts
is "… and its variable" oci r --systemd always busybox sh -c 'echo $container'
is "… its stop signal" 'SIGRTMIN+3' show '{{.Config.StopSignal}}' --systemd always
is "nothing of it for another program" '' r busybox sh -c 'echo $container'
fails "another word" 125 'it is true, false or always' r --systemd maybe busybox true

# --- other systems, other times
is "--cpu-count, --cpu-percent, --io-maxiops, --io-maxbandwidth" '1 50 100 1048576' \
    show '{{.HostConfig.CpuCount}} {{.HostConfig.CpuPercent}} {{.HostConfig.IOMaximumIOps}} {{.HostConfig.IOMaximumBandwidth}}' \
    --cpu-count 1 --cpu-percent 50 --io-maxiops 100 --io-maxbandwidth 1m
fails "… no number" 125 'strconv.ParseUint: parsing "x"' r --io-maxiops x busybox true
is "--disable-content-trust" fine r --disable-content-trust=false busybox echo fine
has "--kernel-memory warns" 'kernel memory limit is deprecated' r --kernel-memory 50m busybox true
fails "… less than 6 MB" 125 'Minimum kernel memory limit allowed is 6MB' r --kernel-memory 1m busybox true
has "--storage-opt size= where no quota can be had: why" '--storage-opt has no effect: .*(quotas are root.s alone|project quotas)' r --storage-opt size=1g busybox true
fails "… --strict" 125 '--storage-opt has no effect' skiff --strict run --rm --storage-opt size=1g --network none busybox true
is "… inspect" '{"SIZE":"1g","inodes":"500"}' eval 'skiff create --name so --storage-opt SIZE=1g --storage-opt inodes=500 busybox true >/dev/null && skiff inspect -f "{{json .HostConfig.StorageOpt}}" so && skiff rm so >/dev/null'
fails "… a size that is none" 125 "invalid size: 'x'" r --storage-opt size=x busybox true
fails "--storage-opt of another name" 125 'Unknown option nonsense' r --storage-opt nonsense=1 busybox true
fails "… of none" 125 'invalid storage option' r --storage-opt nonsense busybox true

# --- who requires whom, and who has whose files of /etc
base=$(skiff create --name base busybox true); mid=$(skiff create --name mid --requires base busybox true)
top=$(skiff create --name top --requires mid busybox true)
fails "rm of a container that another one requires" 125 "container $base has dependent containers which must be removed before it: $mid" skiff rm base
fails "… -f" 125 'has dependent containers' skiff rm -f base
fails "… run --replace" 125 'has dependent containers' skiff run --replace --name base busybox true
is "… --depend removes those first" "$top $mid base" eval 'echo $(skiff rm --depend base)'
skiff create --name base busybox true >/dev/null; skiff create --name mid --requires base busybox true >/dev/null
check "… one after the other" eval 'skiff rm mid && skiff rm base'
skiff create --name base busybox true >/dev/null; skiff create --name mid --requires base busybox true >/dev/null
check "… container prune" skiff container prune -f
is "… takes both" '' skiff ps -aq --filter name=base --filter name=mid

check "a container without /etc/hosts" skiff run -d --name nohosts --network none --no-hosts busybox sleep 1000
is "… can be joined, by one with a time zone of its own" 'TZ UTC0' \
    skiff run --rm --network container:nohosts --tz UTC busybox sh -c 'echo TZ $(tail -n 1 /etc/localtime | tail -c 5)'
is "… whose inspect names no such file" '[]' eval 'skiff create --name joined --network container:nohosts busybox true >/dev/null; skiff inspect -f "[{{.HostsPath}}]" joined; skiff rm joined >/dev/null'
skiff rm -f -t 0 nohosts >/dev/null
finish
