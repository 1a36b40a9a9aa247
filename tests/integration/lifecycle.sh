#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# create, start, stop, rm, ps, logs, inspect; and what becomes of a container when skiff itself is killed.
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1

field() { skiff inspect "$1" | python3 -c 'import json, sys; print(eval("json.load(sys.stdin)[0]" + sys.argv[1]))' "$2"; }
state() { field "$1" '["State"]["Status"]'; }
monitor_of() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["monitor_pid"])' "$SKIFF_ROOT/containers/$(field "$1" '["Id"]')/state.json"; }
# Runs until it is told to stop, which it does at once.
forever='trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done'

# --- the way of a container -------------------------------------------------------------------------------------------

has "create prints the id" '^[0-9a-f]{64}$' skiff create --name one busybox sh -c 'echo out; echo err >&2; exit 3'
is "it is created" created state one
hasnt "ps shows what runs" one skiff ps
has "ps -a shows all" '^[0-9a-f]{12} +busybox(:latest)? +"sh -c .*…" +.*ago +Created +one$' skiff ps -a
# A creator at work: its lock is held, its record is not there yet.
making=$(printf 'a%.0s' $(seq 64))
python3 -c 'import fcntl, os, sys
os.mkdir(sys.argv[1], 0o700); lock = open(sys.argv[1] + "/lock", "w"); fcntl.lockf(lock, fcntl.LOCK_EX)
print("held", flush=True); sys.stdin.read()' "$SKIFF_ROOT/containers/$making" < <(wait_until test -e "$T/seen") >"$T/making" & maker=$!
wait_line "$T/making" held
has "ps --external shows what is being made" '^aaaaaaaaaaaa +<none> +"storage" +.* ago +Storage *$' skiff ps --external
hasnt "ps -a does not" aaaaaaaaaaaa skiff ps -a
touch "$T/seen"; wait $maker
hasnt "what nobody makes any more is gone" aaaaaaaaaaaa skiff ps -a --external
is "ps -aq" "$(field one '["Id"][:12]')" skiff ps -aq
is "start prints what it was given" one skiff start one
check "it ends" wait_until eval '[ "$(state one)" = exited ]'
has "ps -a shows its exit status" 'Exited \(3\) .*one$' skiff ps -a
is "logs keep the streams apart" 'out' eval 'skiff logs one 2>err; grep -qx err err'
has "logs -t" '^20[0-9-]+T[0-9:.]+Z out$' skiff logs -t one
is "start -a: output and exit status" 'out err 3' eval 'echo $(skiff start -a one 2>&1; echo $?)'
is "logs has both runs; -n the last lines" '4 2' eval 'echo $(skiff logs one 2>&1 | wc -l) $(skiff logs -n 2 one 2>&1 | wc -l)'
fails "a name is taken once" 125 '[Tt]he container name "/one" is already in use by container "[0-9a-f]{64}"' skiff create --name one busybox true
is "rm prints what it was given" one skiff rm one
for cmd in start stop rm logs inspect; do fails "$cmd of what is not there" 1 '[Nn]o such (container|object): one' skiff $cmd one; done
is "rm -f of what is not there is no failure" 0 eval 'skiff rm -f one 2>/dev/null; echo $?'

# --- in the background ------------------------------------------------------------------------------------------------

is "\$(run -d) does not hang, and prints the id" 65 eval 'id=$(skiff run -d --name bg busybox sh -c "$forever"); echo "$id" | wc -c'
has "ps" '^[0-9a-f]{12} +busybox(:latest)? +"sh -c .*" +.* +Up .* +bg$' skiff ps
fails "rm of a running one" 2 'cannot remove.*running container [0-9a-f]{64}' skiff rm bg
is "by the start of the id" running eval 'state "$(skiff ps -q | cut -c 1-5)"'
is "stop" bg skiff stop bg
is "… the program ended by itself" 0 field bg '["State"]["ExitCode"]'
is "stop of a stopped one" bg skiff stop bg
is "it starts again, and rm -f ends it" 'bg bg' eval 'echo $(skiff start bg) $(skiff rm -f bg)'
skiff run -d --name deaf --stop-timeout 0 busybox sh -c 'trap "" TERM; while :; do sleep 0.05; done' >/dev/null
is "stop kills what does not end in time" '137' eval 'skiff stop deaf >/dev/null; field deaf "[\"State\"][\"ExitCode\"]"'
skiff run -d --name usr --stop-signal USR1 busybox sh -c 'trap "exit 4" USR1; echo ready; while :; do sleep 0.05; done' >/dev/null
is "stop sends the container's --stop-signal" 4 eval 'wait_until eval "skiff logs usr | grep -q ready"; skiff stop usr >/dev/null; field usr "[\"State\"][\"ExitCode\"]"'
is "start of several: each is tried" 'deaf 1' eval 'echo $(skiff start deaf nosuch 2>/dev/null; echo $?)'
is "stop of several" 'deaf usr' eval 'echo $(skiff stop -t 0 deaf usr)'
# The first ends only when the second has been told.
mkdir "$T/shared"
talk() { skiff run -d --name "$1" -v "$T/shared:/s" busybox sh -c "trap '$2; exit 0' TERM; touch /s/$1; while :; do sleep 0.05; done" >/dev/null; wait_until test -e "$T/shared/$1"; }
talk first 'while [ ! -e /s/told ]; do sleep 0.05; done'
talk second 'touch /s/told'
is "… who are all told before one is waited for" 'first second 0 0' eval 'echo $(skiff stop -t 30 first second) $(skiff inspect -f "{{.State.ExitCode}}" first second)'
fails "… one is not there, one is named twice" 1 'No such container: nosuch' skiff stop first nosuch second first
skiff rm first second >/dev/null
is "rm of several" 'deaf usr' eval 'echo $(skiff rm deaf usr)'
skiff run -d --name talk -v "$T:/t" busybox sh -c 'echo one; mkfifo /t/go; read -r x </t/go; echo two' >/dev/null
is "logs -f goes on to the end" 'one two' eval 'wait_until test -p go; skiff logs -f talk >follow & pid=$!; wait_line follow one; echo >go; wait $pid; echo $(cat follow)'
is "a program that cannot be run: the record says so" '127 created nosuch' eval 'skiff run --name bad busybox nosuch 2>/dev/null; echo $? $(state bad) $(field bad "[\"Config\"][\"Cmd\"][0]")'
is "inspect of a running one: process and address of nothing" 'True True False' eval 'skiff run -d --name in busybox sh -c "$forever" >/dev/null
    echo $(field in "[\"State\"][\"Running\"]") $(field in "[\"State\"][\"Pid\"] > 1") $(field in "[\"State\"][\"Paused\"]")'
skiff rm -f talk bad in >/dev/null

# --- inspect --oci ----------------------------------------------------------------------------------------------------

skiff run --name oci --read-only --cap-drop ALL --cap-add chown -e A=1 -u 33 -w /tmp -h h busybox echo hi >/dev/null
is "inspect --oci is a runtime spec that says what was asked" ok eval 'skiff inspect --oci oci | python3 -c "
import json, sys
spec = json.load(sys.stdin)
assert spec[\"ociVersion\"].startswith(\"1.\"), spec[\"ociVersion\"]
process = spec[\"process\"]
assert process[\"args\"] == [\"echo\", \"hi\"] and process[\"cwd\"] == \"/tmp\" and \"A=1\" in process[\"env\"]
assert (process[\"user\"][\"uid\"], process[\"user\"][\"gid\"]) == (33, 33)
assert process[\"capabilities\"][\"bounding\"] == [\"CAP_CHOWN\"], process[\"capabilities\"]
assert not process[\"capabilities\"].get(\"inheritable\") and not process[\"capabilities\"].get(\"ambient\")
assert spec[\"root\"][\"readonly\"] is True and spec[\"hostname\"] == \"h\"
assert {space[\"type\"] for space in spec[\"linux\"][\"namespaces\"]} >= {\"pid\", \"mount\", \"ipc\", \"uts\", \"network\", \"cgroup\"}
assert spec[\"linux\"][\"seccomp\"][\"defaultAction\"] == \"SCMP_ACT_ERRNO\"
assert {\"/proc\", \"/dev\", \"/dev/pts\", \"/sys\"} <= {mount[\"destination\"] for mount in spec[\"mounts\"]}
assert \"/proc/kcore\" in spec[\"linux\"][\"maskedPaths\"] and \"/proc/sys\" in spec[\"linux\"][\"readonlyPaths\"]
print(\"ok\")"'
skiff rm oci >/dev/null

# --- what survives, and what does not ---------------------------------------------------------------------------------

is "a name is free as soon as run --rm is back" '' eval 'for _ in $(seq 20); do skiff run --rm --name again busybox true; done 2>&1'
is "the container's files live until rm" 'kept' eval 'skiff run --name keep busybox sh -c "[ -e /f ] && cat /f || echo kept >/f"; skiff start -a keep; skiff rm keep >/dev/null'

skiff run -d --name mon busybox sh -c "$forever" >/dev/null
pid=$(field mon '["State"]["Pid"]') monitor=$(monitor_of mon)
kill -KILL "$monitor"
check "kill -9 of the monitor: the program dies with it" wait_until gone "$pid"
has "… ps says exited, and about when" 'Exited \(137\) (Less than a second|About|[0-9]+) .*ago .*mon$' skiff ps -a
hasnt "… inspect, too" '^0001-' skiff inspect -f '{{.State.FinishedAt}}' mon
is "… and it starts again" running eval 'skiff start mon >/dev/null; state mon'
is "… and stops" mon skiff stop mon
skiff rm -f mon >/dev/null

skiff run -d --rm --name gone busybox sh -c "$forever" >/dev/null
kill -KILL "$(monitor_of gone)"
is "kill -9 of the monitor of a --rm container: the name can be used" 'again' eval 'skiff rm -f gone >/dev/null 2>&1; skiff run --rm --name gone busybox echo again'

"$SKIFF" run --name cli busybox sh -c "$forever" >cli.out &
cli=$!
wait_line cli.out ready
kill -KILL $cli
wait $cli 2>/dev/null
is "kill -9 of the command line: the container goes on" running state cli
is "… and can be stopped" cli skiff stop cli
skiff rm cli >/dev/null

for delay in 0 0.002 0.004 0.008 0.012 0.016 0.02; do
    "$SKIFF" run --rm --name early busybox true >/dev/null 2>&1 &
    cli=$!
    sleep $delay
    kill -KILL $cli 2>/dev/null
    wait $cli 2>/dev/null
    skiff rm -f early >/dev/null 2>&1
    is "kill -9 of run after $delay s: the name can be used" ok skiff run --rm --name early busybox echo ok
done

many() {
    local n pids=()
    for n in $(seq 16); do "$SKIFF" run --rm busybox sh -c "echo $n; exit $n" & pids+=($!); done
    for n in $(seq 16); do wait "${pids[n - 1]}"; [ $? = "$n" ] || echo "wrong status of $n"; done
}
is "16 runs at once: output and exit status of each" "$(seq 16)" eval 'many | sort -n'
is "… and of 16 of one name one runs" 1 eval 'for n in $(seq 16); do skiff run -d --name same busybox sh -c "$forever" 2>/dev/null & done >ids; wait; wc -l <ids; skiff rm -f same >/dev/null'

# --- a lock that was deleted, a user who is not known yet --------------------------------------------------------------

skiff run -d --name lost busybox sh -c "$forever" >/dev/null
lost=$SKIFF_ROOT/containers/$(field lost '["Id"]')
was=$(field lost '["State"]["Pid"]')
for how in 'rm "$lost/lock"' 'rm "$lost/lock"; : >"$lost/lock"'; do
    eval "$how"
    is "$how: it still counts as running" running state lost
    has "… in ps too" 'Up .* lost$' skiff ps
    is "… start starts no second one" "lost $was" eval 'echo $(skiff start lost) $(field lost "[\"State\"][\"Pid\"]")'
    fails "… rm refuses" 2 'cannot remove.*running container' skiff rm lost
done
is "… it is stopped and starts again" 'lost lost running' eval 'echo $(skiff stop lost) $(skiff start lost) $(state lost)'
rm "$lost/lock"
is "… rm -f ends it" 'lost 1' eval 'echo $(skiff rm -f lost) $(skiff inspect lost >/dev/null 2>&1; echo $?)'
skiff run -d --rm --name lost busybox sh -c "$forever" >/dev/null
rm "$SKIFF_ROOT/containers/$(field lost '["Id"]')/lock"
is "with --rm: ps does not take it for a leftover" running eval 'skiff ps >/dev/null; state lost'
is "… and it goes at its end" 'lost 1' eval 'echo $(skiff stop lost) $(skiff inspect lost >/dev/null 2>&1; echo $?)'

skiff create --name never -u www busybox true >/dev/null
is "inspect --oci of one that never ran: the user as the image has it" "{'additionalGids': [33, 29], 'gid': 33, 'uid': 33}" eval 'skiff inspect --oci never | python3 -c "import json, sys; print(json.load(sys.stdin)[\"process\"][\"user\"])"'
skiff rm never >/dev/null
skiff create --name never -u nosuch busybox true >/dev/null
fails "… or why there is none" 1 'unable to find user nosuch' skiff inspect --oci never
skiff rm never >/dev/null

# --- less than asked --------------------------------------------------------------------------------------------------

if [ $((0x$(awk '/^CapEff/ { print $2 }' /proc/self/status) >> 24 & 1)) = 1 ]; then
    skip "a limit that cannot be given" "CAP_SYS_RESOURCE gives any"
else
    fails "--strict: a limit that cannot be given" 125 '^Error: --strict: the limit RLIMIT_NOFILE is [0-9]+ instead of 99999999: ' skiff --strict run --rm --ulimit nofile=99999999:99999999 busybox true
    has "otherwise a warning" '^Warning: the limit RLIMIT_NOFILE is [0-9]+ instead of 99999999: .* takes CAP_SYS_RESOURCE$' skiff run --name less --ulimit nofile=99999999:99999999 busybox true
    has "… that inspect repeats" 'the limit RLIMIT_NOFILE is [0-9]+ instead of 99999999: ' skiff inspect -f '{{.State.Less}}' less
    has "… and without a bound" 'Warning: the limit RLIMIT_NOFILE is [0-9]+ instead of unlimited: ' skiff run --rm --ulimit nofile=-1 busybox true
    has "… in a build, too" 'Warning: the limit RLIMIT_NOFILE is [0-9]+ instead of 99999999: ' eval 'printf "FROM busybox\nRUN true\n" | skiff build --no-cache --progress plain --ulimit nofile=99999999:99999999 - 2>&1'
    skiff rm less >/dev/null
fi
fails "a bind whose source cannot be made" 125 "the source of the bind mount '/proc/nosuch:/y' does not exist and cannot be made .*: .*'/proc/nosuch'" skiff run --rm -v /proc/nosuch:/y busybox true
mkdir -p "$T/d" && : >"$T/f"
for target in /sys /dev; do
    fails "a file on $target" 125 'one is a directory and the other is not' skiff run --rm -v "$T/f:$target" busybox true
done
fails "a directory without null on /dev" 125 'the container has no /dev/null for its standard input' skiff run --rm -v "$T/d:/dev" busybox true

# --- callers with little ----------------------------------------------------------------------------------------------

is "env -i, with the folders given by flags" hello eval 'env -i "$SKIFF" --root "$SKIFF_ROOT" --runroot "$SKIFF_RUNROOT" run --rm busybox echo hello'
status "closed stdin, stdout and stderr" 3 eval 'skiff run --rm busybox sh -c "echo x; echo y >&2; exit 3" <&- >&- 2>&-'
is "closed stdin alone" hello eval 'skiff run --rm busybox echo hello <&-'
is "closed stdin and -i" 0 eval 'skiff run --rm -i busybox wc -c <&-'
is "-d with all closed" running eval 'skiff run -d --name closed busybox sh -c "$forever" <&- >&- 2>&-; state closed; skiff rm -f closed >/dev/null'
check "ps with little" eval 'skiff ps -q <&- 2>&- >&-'
check "nothing is left" eval '[ -z "$(skiff ps -aq)" ]'

finish
