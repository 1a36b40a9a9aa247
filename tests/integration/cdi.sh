#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# CDI devices and --gpus: specifications of every version and both formats, what each edit does to a container, hooks of the
# host at their points, which file counts, and what is said where a device cannot be had.
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1
mkdir first second library
cdi() { "$SKIFF" --cdi-spec-dir "$T/first" --cdi-spec-dir "$T/second" "$@"; }
in_() { eval "cdi run --rm $1 busybox sh -c \"\$2\""; }       # FLAGS SCRIPT
refuses() { fails "$1" "${4:-125}" "$3" eval "cdi run --rm $2 busybox true"; }     # NAME FLAGS REGEX [CODE]
# specify FILE DEVICE EDITS…: a specification with one device, whose edits are lines of YAML.
specify() {
    local file=$1 device=$2; shift 2
    { printf 'cdiVersion: "0.8.0"\nkind: %s\ndevices:\n- name: "%s"\n  containerEdits:\n' "${device%=*}" "${device#*=}"; printf '    %s\n' "$@"; } >"$file"
}

# --- what a container gets -----------------------------------------------------------------------------------------------

echo library >library/lib.so
cat >first/vendor.yaml <<YAML
cdiVersion: "0.7.0"
kind: vendor.com/class
annotations: {tool: by-hand}
containerEdits:
  env: [FOR_ALL=yes, NAME=file]
devices:
- name: zero
  annotations: {what: zeroes}
  containerEdits:
    env: [NAME=zero]
    deviceNodes:
    - {path: /dev/vendor/zero, hostPath: /dev/zero, type: c, major: 1, minor: 5, permissions: rw}
    - path: /dev/fuse
    mounts:
    - {hostPath: $T/library/lib.so, containerPath: /usr/lib/vendor.so, options: [ro, nosuid, nodev, bind]}
    - {hostPath: $T/library, containerPath: /opt/library, options: [rw, rbind, rprivate]}
- name: group
  containerEdits: {additionalGids: [44, 0]}
YAML
printf '{\n\t"cdiVersion": "0.3.0",\n\t"kind": "vendor.com/json",\n\t"devices": [{"name": "one", "containerEdits": {"env": ["JSON=1"]}}]\n}\n' >first/other.json
[ -c /dev/fuse ] || skip_all "no /dev/fuse, a device that everybody may open"

z='--device vendor.com/class=zero'
is "a device node, under another name" 5 in_ "$z" 'head -c 5 /dev/vendor/zero | wc -c'
is "… and its own" yes in_ "$z" 'test -c /dev/fuse && echo yes'
is "variables, a device's after the file's" "yes zero" in_ "$z" 'echo $FOR_ALL $NAME'
is "… in place of the user's" zero in_ "-e NAME=mine $z" 'echo $NAME'
is "a file is mounted" library in_ "$z" 'cat /usr/lib/vendor.so'
fails "… read-only" 1 'Read-only' in_ "$z" ': >/usr/lib/vendor.so'
is "a directory is mounted" made eval 'in_ "$z" "echo made >/opt/library/new"; cat library/new'
has "… where nodes open nothing" nodev in_ "$z" 'grep /opt/library /proc/mounts'
is "JSON" 1 in_ '--device vendor.com/json=one' 'echo $JSON'
if root; then is "additional groups, root's never" "1000 44" in_ '-u 1000:1000 --device vendor.com/class=group' 'id -G'; fi
is "… of root" yes in_ '--device vendor.com/class=group' 'case " $(id -G) " in *" 44 "*) echo yes ;; esac'
is "two devices, and a plain one" "zero 1 5" in_ "$z --device vendor.com/json=one --device /dev/zero:/dev/z" 'echo $NAME $JSON $(head -c 5 /dev/z | wc -c)'
is "exec has the variables, too" "yes zero other" eval 'cdi run -d --name ce $z busybox sleep 100 >/dev/null; echo $(skiff exec ce sh -c "echo \$FOR_ALL \$NAME") $(skiff exec -e NAME=other ce sh -c "echo \$NAME"); skiff rm -f ce >/dev/null'
is "inspect: as Docker has it" '[{"Driver":"cdi","Count":0,"DeviceIDs":["vendor.com/class=zero","vendor.com/json=one"],"Capabilities":null,"Options":null}]' \
    eval 'cdi create --name ci $z --device vendor.com/json=one busybox >/dev/null; skiff inspect --format "{{json .HostConfig.DeviceRequests}}" ci'
has "the OCI document has it" '"FOR_ALL=yes"' eval 'skiff inspect --oci ci'
has "… with nodes and mounts" '/dev/vendor/zero' eval 'skiff inspect --oci ci'
skiff rm ci >/dev/null
specify second/change.yaml vendor.com/change=d "env: [V=first]"
is "a start reads the files" first eval 'cdi run --name again --device vendor.com/change=d busybox sh -c "echo \$V"'
specify second/change.yaml vendor.com/change=d "env: [V=second]"
is "… and the next one again" second eval 'skiff start -a again; skiff rm again >/dev/null'

# --- owners and permissions ------------------------------------------------------------------------------------------------

specify first/owner.yaml vendor.com/owner=d "deviceNodes: [{path: /dev/z, hostPath: /dev/zero, uid: 12, fileMode: 0600}]"
has "an owner that the node has not is told of" 'owner and mode of this machine' eval 'cdi run -d --name co --device vendor.com/owner=d busybox sleep 100 >/dev/null; skiff inspect --format "{{json .State.Less}}" co; skiff rm -f co >/dev/null'
fails "… and refused by --strict" 125 'strict: .*owner and mode' cdi --strict run --rm --device vendor.com/owner=d busybox true
specify first/number.yaml vendor.com/number=d "deviceNodes: [{path: /dev/z, hostPath: /dev/zero, type: c, major: 200, minor: 1}]"
refuses "another number than the machine's" '--device vendor.com/number=d' 'of this machine is 1:5, and the specification says 200:1'
specify first/kind.yaml vendor.com/kind=d "deviceNodes: [{path: /dev/z, hostPath: /dev/zero, type: b}]"
refuses "another kind" '--device vendor.com/kind=d' 'is not of the type b'
specify first/missing.yaml vendor.com/missing=d "deviceNodes: [{path: /dev/no-such}]"
refuses "a node that the machine has not" '--device vendor.com/missing=d' 'adding custom device "/dev/no-such": no such file' 127
specify first/fifo.yaml vendor.com/fifo=d "deviceNodes: [{path: /dev/f, type: p}]"
refuses "a FIFO" '--device vendor.com/fifo=d' 'is a FIFO'
specify first/rdt.yaml vendor.com/rdt=d "intelRdt: {closID: x}"
refuses "intelRdt is refused by name" '--device vendor.com/rdt=d' 'intelRdt'
specify first/net.yaml vendor.com/net=d "netDevices: [{hostInterfaceName: e, name: f}]"
refuses "netDevices are refused by name" '--device vendor.com/net=d' 'netDevices'
if root && in_ '--device /dev/fuse:/dev/z:r' '! (: >/dev/z) 2>/dev/null' >/dev/null 2>&1; then
    specify first/read.yaml vendor.com/read=d "deviceNodes: [{path: /dev/z, hostPath: /dev/fuse, permissions: r}]"
    fails "permissions are held by the device group" 1 'not permitted' in_ '--device vendor.com/read=d' ': >/dev/z'
fi

# --- which file counts -----------------------------------------------------------------------------------------------------

specify first/same.yaml vendor.com/same=d "env: [FROM=first]"
specify second/same.yaml vendor.com/same=d "env: [FROM=second]"
is "a later directory wins" second in_ '--device vendor.com/same=d' 'echo $FROM'
specify second/same2.yaml vendor.com/same=d "env: [FROM=third]"
refuses "twice in one directory" '--device vendor.com/same=d' "vendor.com/same=d is in '$T/second/same.yaml' and in '$T/second/same2.yaml'"
refuses "an unknown device: where it was looked for, and what there is" '--device vendor.com/class=none' \
    "unresolvable CDI devices vendor.com/class=none \\(looked in $T/first, $T/second; there are vendor.com/class=group, vendor.com/class=zero"
refuses "a name that is none" '--device vendor.com/class=' 'neither a path nor the name of a CDI device'
printf 'cdiVersion: 0.5.0\nkind: vendor.com/bad\ndevices:\n- name: d\n  containeredits: {}\n' >second/bad.yaml
refuses "a fault: file, line, and what was expected" '--device vendor.com/bad=d' "$T/second/bad.yaml:5:3: unknown key .containeredits. of a device; known are: name, annotations, containerEdits"
is "… that no other device suffers from" zero in_ "$z" 'echo $NAME'
if ! root; then
    mkdir -p "$HOME/.config/cdi"
    specify "$HOME/.config/cdi/own.yaml" vendor.com/own=d "env: [OWN=1]"
    is "a user's own directory" 1 eval "skiff run --rm --device vendor.com/own=d busybox sh -c 'echo \$OWN'"
    fails "the usual directories are named" 125 'looked in /etc/cdi, /var/run/cdi, .*/.config/cdi' skiff run --rm --device vendor.com/own=none busybox true
fi

# --- hooks -----------------------------------------------------------------------------------------------------------------

cat >hook <<'SH'
#!/bin/sh
# Notes at which point it was called, with what, and what it sees of the container.
state=$(cat)
field() { printf '%s' "$state" | tr ',{}' '\n\n\n' | sed -n "s/^ *\"$1\":\"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p"; }
bundle=$(field bundle)
{
    echo "$1 status=$(field status) arg=$2 variable=$VARIABLE"
    [ -s "$bundle/config.json" ] && echo "$1 has a bundle"
    [ -n "$(field pid)" ] && [ "$(readlink "/proc/$(field pid)/ns/mnt")" = "$(readlink /proc/self/ns/mnt)" ] && echo "$1 is inside"
    [ -x "$bundle/rootfs/bin/busybox" ] && echo "$1 sees the root"
    [ "$1" != createContainer ] || echo prepared >"$bundle/rootfs/etc/prepared"
} >>"${0%/*}/seen"
exit 0
SH
chmod 755 hook
hooks=()
for point in prestart createRuntime createContainer poststart poststop; do
    hooks+=("- {hookName: $point, path: $T/hook, args: [hook, $point, $point-arg], env: [VARIABLE=value, PATH=/usr/bin:/bin], timeout: 30}")
done
specify first/hooks.yaml vendor.com/hooks=d "hooks:" "${hooks[@]}"
is "what a createContainer hook makes is there" prepared in_ '--device vendor.com/hooks=d' 'cat /etc/prepared'
is "hooks run at their points, in order" "prestart createRuntime createContainer poststart poststop" eval "sed -n 's/ status=.*//p' seen | tr '\n' ' ' | sed 's/ $//'"
is "… with the state" "creating creating creating running stopped" eval "sed -n 's/.* status=\([a-z]*\) .*/\1/p' seen | tr '\n' ' ' | sed 's/ $//'"
is "… arguments and variables" 5 eval "grep -c 'arg=\(.*\)-arg variable=value' seen"
is "… and the bundle" 5 grep -c 'has a bundle' seen
is "createContainer runs in the container's namespaces" "createContainer is inside" grep inside seen
is "… where the root has a name" "createContainer sees the root" grep 'sees the root' seen
hasnt "the program does not see the host's tree" rootfs in_ '--device vendor.com/hooks=d' 'cat /proc/mounts'
has "the OCI document has the hooks" '"createContainer"' eval 'cdi create --name ch --device vendor.com/hooks=d busybox >/dev/null; skiff inspect --oci ch; skiff rm ch >/dev/null'
rm -f seen
is "at a restart again" 2 eval 'cdi run --name cr --device vendor.com/hooks=d busybox true; skiff start -a cr; skiff rm cr >/dev/null; grep -c "^createContainer status" seen'

printf '#!/bin/sh\necho to-stdout; echo the reason >&2; exit 3\n' >failing; chmod 755 failing
printf '#!/bin/sh\nexec sleep 1000\n' >slow; chmod 755 slow
for point in createRuntime createContainer; do
    specify first/fail.yaml vendor.com/fail=d "hooks: [{hookName: $point, path: $T/failing, args: [failing]}]"
    refuses "a $point hook that fails: its name, status and words" '--device vendor.com/fail=d' "the $point hook '$T/failing' failed with status 3: .*the reason"
    specify first/fail.yaml vendor.com/fail=d "hooks: [{hookName: $point, path: $T/no-such}]"
    refuses "… that is not there" '--device vendor.com/fail=d' "cannot execute the $point hook '$T/no-such'"
    specify first/fail.yaml vendor.com/fail=d "hooks: [{hookName: $point, path: $T/slow, args: [slow], env: [PATH=/usr/bin:/bin], timeout: 1}]"
    refuses "… that takes too long" '--device vendor.com/fail=d' "the $point hook '$T/slow' took longer than its 1 s"
done
specify first/fail.yaml vendor.com/fail=d "hooks: [{hookName: poststart, path: $T/failing}]"
has "a poststart hook that fails is told of, and the container goes on" 'failed with status 3' eval 'cdi run -d --name cp --device vendor.com/fail=d busybox sleep 100 >/dev/null; skiff inspect --format "{{.State.Running}} {{json .State.Less}}" cp; skiff rm -f cp >/dev/null'
specify first/fail.yaml vendor.com/fail=d "hooks: [{hookName: startContainer, path: /bin/true}]"
refuses "startContainer is refused by name" '--device vendor.com/fail=d' 'startContainer hook .*--runtime'
rm first/fail.yaml

# --- --gpus ----------------------------------------------------------------------------------------------------------------

refuses "no GPUs: which files are missed" '--gpus all' "could not select device driver .* with capabilities: \\[\\[gpu\\]\\]: no CDI specification in $T/first, $T/second is about nvidia.com/gpu or amd.com/gpu"
gpus() { # KIND FILE
    { printf 'cdiVersion: 0.5.0\nkind: %s\ndevices:\n' "$1"
        for n in 0 1 2 GPU-3a2b all; do printf -- '- {name: "%s", containerEdits: {env: ["GPU_%s=%s"]}}\n' "$n" "${n//-/_}" "$1"; done; } >"$2"
}
seen() { in_ "$1" 'env | grep ^GPU_ | sort | tr "\n" " "'; }
gpus amd.com/gpu first/amd.yaml
is "--gpus all: the vendor that there is" "GPU_all=amd.com/gpu" eval "seen '--gpus all' | sed 's/ \$//'"
gpus nvidia.com/gpu first/nvidia.yaml
is "… NVIDIA before AMD" "GPU_all=nvidia.com/gpu" eval "seen '--gpus all' | sed 's/ \$//'"
is "--gpus 2: the first two" "GPU_0=nvidia.com/gpu GPU_1=nvidia.com/gpu" eval "seen '--gpus 2' | sed 's/ \$//'"
is "… count=2" "GPU_0=nvidia.com/gpu GPU_1=nvidia.com/gpu" eval "seen '--gpus count=2' | sed 's/ \$//'"
is "device=: a number and a UUID" "GPU_2=nvidia.com/gpu GPU_GPU_3a2b=nvidia.com/gpu" eval "seen \"--gpus '\\\"device=2,GPU-3a2b\\\"'\" | sed 's/ \$//'"
is "driver=amd" "GPU_0=amd.com/gpu" eval "seen '--gpus driver=amd' | sed 's/ \$//'"
is "driver=cdi with a whole name" zero in_ '--gpus driver=cdi,device=vendor.com/class=zero' 'echo $NAME'
is "inspect" '[{"Driver":"nvidia","Count":0,"DeviceIDs":["0","1"],"Capabilities":[["compute","utility","gpu"]],"Options":{}}]' eval \
    "cdi create --name cg --gpus 'driver=nvidia,\"device=0,1\",\"capabilities=compute,utility\"' busybox >/dev/null; skiff inspect --format '{{json .HostConfig.DeviceRequests}}' cg; skiff rm cg >/dev/null"
refuses "more than there are" '--gpus 5' 'unresolvable CDI devices nvidia.com/gpu=3, nvidia.com/gpu=4'
refuses "bad: a word" '--gpus some' 'invalid argument "some" for "--gpus" flag: invalid count \(some\)'
refuses "bad: twice" '--gpus count=1,count=2' "gpu request key 'count' can be specified only once"
refuses "bad: a key" '--gpus colour=red' "unexpected key 'colour' in 'colour=red'"
refuses "bad: count and devices" '--gpus count=1,device=0' 'cannot set both Count and DeviceIDs'
refuses "bad: a driver" '--gpus driver=other' 'could not select device driver "other"'
refuses "bad: options" '--gpus all,options=a=b' 'take no options'
refuses "bad: no whole name for driver=cdi" '--gpus driver=cdi,device=0' 'driver=cdi wants device='

# --- another runtime ---------------------------------------------------------------------------------------------------------

for runtime in crun runc; do
    path=$(command -v $runtime) || continue
    cdi run --rm --runtime "$path" busybox true 2>/dev/null || { skip "$runtime" "it does not run containers here"; continue; }
    is "$runtime: variables, nodes and mounts" "zero 5 library" in_ "--runtime $path $z" 'echo $NAME $(head -c 5 /dev/vendor/zero | wc -c) $(cat /usr/lib/vendor.so)'
    is "$runtime: --device" 5 in_ "--runtime $path --device /dev/zero:/dev/z" 'head -c 5 /dev/z | wc -c'
    is "$runtime: hooks" prepared in_ "--runtime $path --device vendor.com/hooks=d" 'cat /etc/prepared'
done
finish
