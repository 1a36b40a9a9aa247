#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Log drivers and their options, and `logs`: streams, times, tails, following, rotation.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
# shellcheck disable=SC2016  # pieces of shell for eval
image busybox

log_path() { skiff inspect -f '{{.LogPath}}' "$1"; }

# --- what is read -----------------------------------------------------------------------------------------------------

skiff run --name plain busybox sh -c 'echo out; echo err >&2; printf "\377\nno end"' >/dev/null 2>&1
is 'stdout goes to stdout' $'out\n\xef\xbf\xbd\nno end' eval 'skiff logs plain 2>/dev/null'
is 'stderr goes to stderr' 'err' eval 'skiff logs plain 2>&1 >/dev/null'
is 'the last line has no newline, nor has what is printed' 'no end' eval 'skiff logs -n 1 plain'
is 'nothing of it' '' skiff logs --tail 0 plain
has 'nonsense means all' '^out$' skiff logs --tail bogus plain
has 'times have nine digits' '^[0-9-]{10}T[0-9:]{8}\.[0-9]{9}Z out$' skiff logs -t plain
has '--details without any' '^ out$' skiff logs --details plain
is 'since the future' '' skiff logs --since 2100-01-01 plain
is 'until the past' '' skiff logs --until 1h plain
has 'for an hour' '^out$' skiff logs --since 1h30m plain
fails 'no time' 125 'invalid value for "since": failed to parse value as time or duration: "bogus"' skiff logs --since bogus plain
fails 'no container' 1 'No such container: nosuch' skiff logs nosuch
is 'following one that has ended' $'out\n\xef\xbf\xbd\nno end' eval 'skiff logs -f plain 2>/dev/null'
has 'the format is Docker'"'"'s' '^\{"log":"out\\n","stream":"stdout","time":"[^"]*Z"\}$' eval 'cat "$(log_path plain)"'
is 'inspect says the driver' 'json-file map[]' skiff inspect -f '{{.HostConfig.LogConfig.Type}} {{.HostConfig.LogConfig.Config}}' plain

skiff create --name idle busybox true >/dev/null
is 'one that was never started' '' skiff logs idle
is 'which cannot be followed either' '' skiff logs -f idle

# --- on a terminal ----------------------------------------------------------------------------------------------------

skiff run --name escapes busybox printf '\033[31mred\033[0m \033]0;title\007\n' >/dev/null
is 'a terminal gets colours and nothing else' $'\e[31mred\e[0m \\x1b]0;title\\x07' terminal "'$SKIFF' logs escapes"
is 'a pipe gets all' $'\e[31mred\e[0m \e]0;title\a' eval 'skiff logs escapes | cat'

# --- drivers ----------------------------------------------------------------------------------------------------------

skiff run --name bytes --log-driver local busybox sh -c 'printf "a\377\000b\n"; printf err >&2' >/dev/null 2>&1
check 'local keeps every byte' eval '[ "$(skiff logs bytes 2>/dev/null | od -An -tx1 | tr -d " \n")" = 61ff00620a ]'
has 'in a format that can be read' '^[^ ]*Z stderr P err$' eval 'cat "$(log_path bytes)"'

skiff run --name dumb --log-driver none busybox echo lost >/dev/null
fails 'none keeps nothing' 125 'configured logging driver does not support reading' skiff logs dumb
is 'and has no path' 'none ' skiff inspect -f '{{.HostConfig.LogConfig.Type}} {{.LogPath}}' dumb
is 'but runs in the foreground' 'here' skiff run --rm --log-driver none busybox echo here

skiff run --rm --log-driver passthrough busybox sh -c 'echo text; echo more >&2' >"$T/through" 2>&1
is 'passthrough: both streams to one file, in order' $'text\nmore' cat "$T/through"
is 'passthrough: input with -i' 'typed' eval 'echo typed | skiff run --rm -i --log-driver passthrough busybox cat | cat'
status 'passthrough: the exit status' 7 skiff run --rm --log-driver passthrough busybox sh -c 'exit 7'
skiff run --name through --log-driver passthrough busybox true
fails 'passthrough cannot be read' 125 'configured logging driver does not support reading' skiff logs through
has 'passthrough: not to a terminal' 'cannot be used on a TTY' terminal "'$SKIFF' run --rm --log-driver passthrough busybox true"
fails 'passthrough: not with -t' 125 'exclude each other' skiff run --rm -t --log-driver passthrough busybox true
skiff run -d --name behind --log-driver passthrough busybox sh -c 'echo begun; sleep 1000' >"$T/behind" 2>&1
check 'passthrough in the background' wait_line "$T/behind" '^begun$'
check 'it stops' skiff stop -t 0 behind

fails 'no such driver' 125 "logger: no log driver named 'bogus' is registered" skiff run --rm --log-driver bogus busybox true
fails 'a driver of Docker'"'"'s' 125 'log driver splunk is not supported' skiff run --rm --log-driver splunk busybox true
fails 'no such option' 125 "unknown log opt 'bogus' for json-file log driver" skiff run --rm --log-opt bogus=1 busybox true
fails 'an option where there is no log' 125 'invalid logging opts for driver none' skiff run --rm --log-driver none --log-opt max-size=1m busybox true
fails 'no size' 125 "invalid size: 'x'" skiff run --rm --log-opt max-size=x busybox true
fails 'no files' 125 'max-file cannot be less than 1' skiff run --rm --log-opt max-file=0 busybox true
fails 'compress is not there' 125 'compress=true is not supported' skiff create --log-opt compress=true busybox true

# --- details ----------------------------------------------------------------------------------------------------------

skiff run --name shop --label tier=front --label 'odd=a b,c' -e MODE=test --log-opt labels=tier,odd,none --log-opt env=MODE \
    --log-opt tag='{{.Name}}/{{.ImageName}}' busybox echo sold >/dev/null
is 'details in order' 'MODE=test,odd=a+b%2Cc,tag=shop%2Fbusybox,tier=front sold' skiff logs --details shop
has 'and in the file' '"attrs":\{"MODE":"test","odd":"a b,c","tag":"shop/busybox","tier":"front"\},"time"' eval 'cat "$(log_path shop)"'

# --- rotation ---------------------------------------------------------------------------------------------------------

skiff run --name turns --log-opt max-size=10k --log-opt max-file=4 busybox seq 1 2000 >/dev/null
is 'as many files as allowed' 4 eval 'ls "$(dirname "$(log_path turns)")" | grep -c "^json.log"'
check 'none larger than allowed' eval '[ "$(find "$(dirname "$(log_path turns)")" -name "json.log*" -size +10000c | wc -l)" = 0 ]'
check 'what is kept has no gap' eval 'first=$(skiff logs turns | head -n 1); [ "$(skiff logs turns)" = "$(seq "$first" 2000)" ]'
is 'a tail across files' "$(seq 1701 2000)" skiff logs -n 300 turns
skiff run --name whole --log-opt max-size=-1 busybox seq 1 500000 >/dev/null
is 'without a limit all is kept' "$(seq 1 500000 | cksum)" eval 'skiff logs whole | cksum'
is 'bounded by default' 'yes' eval 'skiff run --name much busybox sh -c "yes 0123456789012345678901234567890123456789 | head -n 500000" >/dev/null
    size=$(cat "$(log_path much)"* | wc -c); [ "$size" -le 33554432 ] && [ "$size" -gt 16777216 ] && echo yes'

# --- following --------------------------------------------------------------------------------------------------------

mkfifo "$T/go"
skiff run -d --name live --log-opt max-size=4k --log-opt max-file=100 -v "$T/go:/go" busybox \
    sh -c 'echo begun; read x </go; seq 1 3000; echo ended' >/dev/null
skiff logs -f live >"$T/live" &
follower=$!
check 'what is there comes at once' wait_line "$T/live" '^begun$'
echo >"$T/go"
if wait $follower; then pass 'it ends with the container'; else fail 'it ends with the container' "exit status $?"; fi
is 'every line of every file, once' "$(echo begun; seq 1 3000; echo ended)" cat "$T/live"

skiff run -d --name killed busybox sh -c 'echo begun; sleep 1000' >/dev/null
skiff logs -f killed >"$T/killed" &
follower=$!
wait_line "$T/killed" begun
check 'a container is killed' skiff stop -t 0 killed
if wait $follower; then pass 'and its follower ends'; else fail 'and its follower ends' "exit status $?"; fi
skiff start killed >/dev/null
skiff logs -f -n 1 killed >"$T/again" &
follower=$!
wait_line "$T/again" begun
is 'a reader that goes away ends following' 'begun' eval 'skiff logs -f killed | head -n 1'
check 'following until a time ends' skiff logs -f --until "$(date -u -d '+1 second' +%Y-%m-%dT%H:%M:%SZ)" killed
skiff stop -t 0 killed >/dev/null
wait $follower
is 'logs of both runs' $'begun\nbegun' skiff logs killed

# Blocks that are reserved ahead of a talkative container are given back.
unused() { # NAME: bytes of the log's blocks that are behind its end
    local size blocks
    read -r size blocks <<<"$(stat -c '%s %b' "$(log_path "$1")")"
    echo $((blocks * 512 - size))
}
little() { [ "$(unused "$1")" -lt 65536 ]; }
skiff run --name talk busybox seq 1 1000000 >/dev/null
check 'a log has no blocks behind its end' little talk
skiff run -d --name emptied -v "$T:/host" busybox sh -c 'seq 1 100000; echo done; while [ ! -e /host/emptied ]; do sleep 0.05; done; echo after' >/dev/null
wait_until eval 'skiff logs -n 1 emptied | grep -q done'
: >"$(log_path emptied)"
touch "$T/emptied"
skiff wait emptied >/dev/null
is 'a log that somebody emptied is not filled up again' after eval 'skiff logs emptied; [ "$(stat -c %s "$(log_path emptied)")" -lt 1000 ]'
skiff run -d --name chat -v "$T:/host" busybox sh -c '[ -e /host/again ] || seq 1 1000000; touch /host/again; echo done; exec sleep 1000' >/dev/null
check 'one says much' wait_until eval 'skiff logs -n 1 chat | grep -q done'
kill -KILL "$(awk '/^PPid:/ {print $2}' "/proc/$(skiff inspect -f '{{.State.Pid}}' chat)/status")"
check 'what a killed monitor reserved is given back by the next' eval 'wait_until eval "! skiff ps -q | grep -q ." && skiff start chat >/dev/null && little chat'
skiff rm -f chat >/dev/null

skiff ps -aq | xargs "$SKIFF" rm >/dev/null
finish
