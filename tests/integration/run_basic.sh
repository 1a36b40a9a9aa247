#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run: exit statuses, standard streams and what each flag does to the container, as Docker's.
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1

in_new() { skiff run --rm "$@"; }
bb() { skiff run --rm busybox "$@"; }

# --- what the program got, and what its caller gets -------------------------------------------------------------------

is "echo" hello bb echo hello
status "the program's exit status" 7 bb sh -c 'exit 7'
status "killed by a signal: 128 + its number" 137 in_new --init busybox sh -c 'kill -KILL $$'
fails "no such program" 127 'exec: "nosuchcmd": executable file not found in \$PATH' bb nosuchcmd
fails "no such path" 127 'exec: "/bin/nosuch": .*no such file' bb /bin/nosuch
fails "a file that is no program" 126 'exec: "/etc/passwd": permission denied' bb /etc/passwd
fails "a directory" 126 'exec: "/tmp": ' bb /tmp
fails "no such image" 125 'Unable to find image .nosuchimage:1. locally' in_new nosuchimage:1 true
fails "a bad name" 125 'Invalid container name \(bad/name\), only \[a-zA-Z0-9\]\[a-zA-Z0-9_.-\] are allowed' in_new --name bad/name busybox true
fails "an unknown capability" 125 'invalid CapAdd: unknown capability: "CAP_NOPE"' in_new --cap-add NOPE busybox true
fails "a flag without its argument" 125 "flag needs an argument: 'e' in -e" in_new -e
fails "an unknown flag" 125 'unknown flag: --nosuchflag' in_new --nosuchflag busybox true
fails "nothing to run" 1 "'skiff run' requires at least 1 argument" skiff run
fails "-v with a relative source" 125 '"relative/path" includes invalid characters for a local volume name.*use absolute path' in_new -v relative/path:/x busybox true
fails "-v with a relative target" 125 "invalid mount path: 'relative' mount path must be absolute" in_new -v /tmp:relative busybox true
fails "--mount of a missing source" 125 "$T/nosuch" in_new --mount "type=bind,src=$T/nosuch,dst=/x" busybox true
fails "an unknown network" 125 'network nosuch not found' in_new --network nosuch busybox true
fails "an unknown user" 125 'unable to find user nosuchuser: no matching entries in passwd file' in_new -u nosuchuser busybox true
fails "an unknown group" 125 'unable to find group nosuch: no matching entries in group file' in_new -u 33:nosuch busybox true
fails "a soft limit above the hard one" 125 'soft limit must be less than or equal to hard limit: 10 > 5' in_new --ulimit nofile=10:5 busybox true
fails "an unknown security option" 125 'nvalid --security-opt: "bogus"' in_new --security-opt bogus busybox true
fails "an unknown signal" 125 'Invalid signal: BOGUS' in_new --stop-signal BOGUS busybox true
fails "no command anywhere" 125 'no command specified' in_new --entrypoint '' busybox
fails "a --cidfile in no directory" 125 "^Error: --cidfile: failed to create the container ID file 'nodir/x': No such file" in_new --cidfile nodir/x busybox true
fails "an isolation of another system" 125 "Invalid isolation: \"process\" - linux only supports 'default'" in_new --isolation process busybox true
printf '%s\n' c=3 '# no label' '' 'd=four words' >labels
is "labels of a file, and -l wins" '9 four words' eval 'skiff create --name labelled --label-file labels -l c=9 busybox true >/dev/null && skiff inspect -f "{{index .Config.Labels \"c\"}} {{index .Config.Labels \"d\"}}" labelled; skiff rm labelled >/dev/null'
for flag in '--link other' '--ip 10.0.2.7'; do
    # shellcheck disable=SC2086  # flag and value
    fails "not there yet, and refused by name: $flag" 125 "^Error: .*${flag%% *}.* is not supported by this version" in_new $flag busybox true
done
is "nothing of all this left a container" '' skiff ps -aq

# --- standard streams -------------------------------------------------------------------------------------------------

is "nothing of its own on stderr" '' eval 'in_new -i --init --read-only --tmpfs /t -v "$T:/x" -w /new -h a -u 33 busybox true 2>&1 </dev/null'
is "stdout and stderr stay apart" 'o' eval 'bb sh -c "echo o; echo e >&2" 2>err; grep -qx e err'
is "-i hands on stdin, to its end" '3000000' eval 'head -c 3000000 /dev/zero | in_new -i busybox wc -c'
is "without -i it is empty" '0' eval 'echo x | bb wc -c'
is "a reader that goes away ends nothing early" 'y' eval 'bb sh -c "yes | head -n 100000" | head -n 1'

# --- environment, user, directory -------------------------------------------------------------------------------------

env_of() { skiff run --rm "$@" busybox env | sort; }
is "the environment is Docker's" 'HOME=/root
HOSTNAME=h
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' env_of -h h
printf '# comment\n\nF=from file\nPASSED\nE=file\n' >env.list
has "-e and --env-file: the flag wins" '^E=flag$' env_of -e E=flag --env-file env.list
has "a file's line" '^F=from file$' env_of --env-file env.list
has "a bare name passes the caller's value" '^PASSED=it$' eval 'PASSED=it env_of --env-file env.list'
hasnt "… and is left out where unset" '^PASSED' env_of --env-file env.list -e PASSED
has "HOME is the user's" '^HOME=/var$' env_of -u www
is "-w makes the directory" '/new/dir' in_new -w /new/dir busybox pwd
is "-u by name, with its groups" 'uid=33(www) gid=33(www) groups=29(audio),33(www)' in_new -u www busybox id
is "-u by number" 'uid=1000 gid=0(root) groups=0(root)' in_new -u 1000 busybox id
is "-u with a group has no others" 'uid=33(www) gid=29(audio) groups=29(audio)' in_new -u www:audio busybox id
is "--entrypoint replaces" '-- -x' in_new --entrypoint /bin/echo busybox -- -x
skiff import --change 'ENTRYPOINT ["echo","e"]' --change 'CMD ["c"]' --change 'ENV A=1' --change 'WORKDIR /tmp' --change 'USER www' \
    --change 'LABEL l=image' "$FIXTURES/busybox.tar" conf:1 >/dev/null
is "entry point and command of the image" 'e c' in_new conf:1
is "arguments replace the command" 'e x y' in_new conf:1 x y
is "--entrypoint drops the image's command" '1 www /tmp' in_new --entrypoint sh conf:1 -c 'echo $# $(id -un) $PWD' a b
has "ENV of the image" '^A=1$' in_new --entrypoint env conf:1

# --- host name, files in /etc -----------------------------------------------------------------------------------------

is "-h: name, file and address" 'm.example
m.example
10.0.2.100	m.example m' eval "in_new -h m.example busybox sh -c 'hostname; cat /etc/hostname; tail -n 1 /etc/hosts'"
has "--add-host" '^1\.2\.3\.4	a$' in_new --add-host a:1.2.3.4 busybox cat /etc/hosts
is "--dns" 'nameserver 192.0.2.9' in_new --dns 192.0.2.9 busybox cat /etc/resolv.conf
is "the name is the start of the id" yes eval 'bb hostname >name; in_new --cidfile cid busybox hostname >name2; [ "$(head -c 12 cid)" = "$(cat name2)" ] && echo yes'
fails "--cidfile never replaces a file" 125 'cid' in_new --cidfile cid busybox true
is "-l: a label, over the image's" '{"l":"flag","m":""}' eval 'skiff create --name lab -l l=flag -l m conf:1 >/dev/null
    skiff inspect lab | python3 -c "import json,sys; print(json.dumps(json.load(sys.stdin)[0][\"Config\"][\"Labels\"],sort_keys=True,separators=(\",\",\":\")))"; skiff rm lab >/dev/null'

# --- mounts -----------------------------------------------------------------------------------------------------------

mkdir dir
echo file >dir/f
is "--read-only: the root, not the mounts" 'ro rw' eval "in_new --read-only --tmpfs /t busybox sh -c 'touch /x 2>/dev/null || printf \"ro \"; touch /t/x /dev/shm/x && echo rw'"
is "--tmpfs with options" 'rw,nosuid,nodev,noexec,relatime,size=1024k,mode=700' \
    eval "in_new --tmpfs /t:size=1m,noexec,mode=700 busybox grep ' /t ' /proc/mounts | cut -d' ' -f4 | sed 's/,[ug]id=[0-9]*//g'"
is "-v of a directory is the host's" 'file' in_new -v "$T/dir:/d" busybox sh -c 'cat /d/f; echo new >/d/n'
is "… written through, with the caller as root" "$(id -u)" stat -c %u dir/n
is "-v :ro" 'ro' eval "in_new -v \$T/dir:/d:ro busybox sh -c 'touch /d/x 2>/dev/null || echo ro'"
is "-v of a file, over a file of the image" 'file' in_new -v "$T/dir/f:/etc/passwd:ro" busybox cat /etc/passwd
is "-v makes what is missing, source and target" 'made' eval 'in_new -v "$T/fresh:/a/b/c" busybox true; [ -d fresh ] && echo made'
is "--mount bind, readonly" 'file ro' eval "in_new --mount type=bind,source=\$T/dir,target=/d,readonly busybox sh -c 'printf \"%s \" \$(cat /d/f); touch /d/x 2>/dev/null || echo ro'"
is "--mount tmpfs" '1024' eval "in_new --mount type=tmpfs,destination=/t,tmpfs-size=1m busybox df -k /t | awk 'END { print \$2 }'"
is "--shm-size" '2048' eval "in_new --shm-size 2m busybox df -k /dev/shm | awk 'END { print \$2 }'"
is "the image stays as it was" 'no' bb sh -c '[ -e /d ] || echo no'

# --- limits, capabilities, seccomp ------------------------------------------------------------------------------------

status_of() { local key=$1; shift; skiff run --rm "$@" busybox awk -v k="$key:" '$1 == k { print $2 }' /proc/self/status; }
is "--ulimit" '100 200' eval "in_new --ulimit nofile=100:200 busybox sh -c 'echo \$(ulimit -n) \$(ulimit -Hn)'"
is "Docker's fourteen capabilities" 00000000a80425fb status_of CapEff
is "--cap-drop ALL --cap-add" 0000000000001000 status_of CapBnd --cap-drop ALL --cap-add net_admin
is "--cap-add CAP_…" 00000000a80435fb status_of CapEff --cap-add CAP_NET_ADMIN
is "another user has none" 0000000000000000 status_of CapEff -u 33
is "seccomp filters" 2 status_of Seccomp
is "… unless unconfined" 0 status_of Seccomp --security-opt seccomp=unconfined
is "no new privileges" 1 status_of NoNewPrivs --security-opt no-new-privileges
# shellcheck disable=SC2046
is "--privileged: every capability the caller can give, no filter" "0 $(unshare $(root || echo -Ur) awk '$1 == "CapBnd:" { print $2 }' /proc/self/status)" \
    eval 'echo $(status_of Seccomp --privileged) $(status_of CapEff --privileged)'

# --- namespaces -------------------------------------------------------------------------------------------------------

ns() { local kind=$1; shift; skiff run --rm "$@" busybox readlink "/proc/self/ns/$kind"; }
own() { [ "$(ns "$@")" != "$(readlink "/proc/self/ns/$1")" ]; }
shared() { [ "$(ns "$@")" = "$(readlink "/proc/self/ns/$1")" ]; }
for kind in net pid ipc uts mnt cgroup; do check "its own: $kind" own $kind; done
for kind in pid ipc uts; do check "--$kind host" shared $kind --$kind host; done
check "--network host" shared net --network host
is "--network none: loopback, and it is up" 'lo 127.0.0.1' in_new --network none busybox sh -c 'echo $(ls /sys/class/net) $(ip -4 -o addr show lo | grep -o 127.0.0.1 | head -n 1)'

# --- /dev, /proc ------------------------------------------------------------------------------------------------------

is "/dev is Docker's" 'fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero' bb sh -c 'echo $(ls /dev)'
is "devices work" 'ok' bb sh -c 'echo x >/dev/null && head -c 1 /dev/zero >/dev/full 2>/dev/null || head -c 8 /dev/urandom | wc -c | grep -q 8 && echo ok'
is "/proc/sys and friends are read-only" '0' bb sh -c 'n=0; for f in sys/kernel/hostname sysrq-trigger irq/default_smp_affinity sys/vm/drop_caches; do [ -e /proc/$f ] || continue; (echo 1 >/proc/$f) 2>/dev/null && n=$((n+1)); done; echo $n'
is "masked: empty" '' bb sh -c 'cat /proc/keys /proc/timer_list /proc/interrupts; ls -A /proc/acpi; ls -A /sys/firmware'

# --- --init -----------------------------------------------------------------------------------------------------------

is "--init is process 1, and reaps orphans" '0' in_new --init busybox sh -c '(sh -c "sleep 0 & exec true" &) ; while ps -o stat,comm | grep -q "^Z"; do sleep 0.02; done; [ "$(readlink /proc/self)" != 1 ] && echo 0'
status "--init hands on the exit status" 9 in_new --init busybox sh -c 'exit 9'
fails "--init and no such program" 127 'exec: "nosuchcmd"' in_new --init busybox nosuchcmd
forwards() { # FLAGS…: TERM sent to the command line reaches the program, which ends with 5
    rm -f ready
    "$SKIFF" run --rm -v "$T:/t" "$@" busybox sh -c 'trap "exit 5" TERM; echo >/t/ready; while :; do sleep 0.05; done' &
    local pid=$!
    wait_until test -e ready && kill -TERM $pid
    wait $pid
}
status "a signal is passed on" 5 forwards
status "… also by --init" 5 forwards --init
is "nothing is left" '' skiff ps -aq

finish
