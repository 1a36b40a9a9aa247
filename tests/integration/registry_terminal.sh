#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A pull in front of a person: bars that fit on the screen, and Ctrl-C, which keeps what has arrived and leaves the terminal as it was.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

python3 "${0%/*}/registry_server.py" "$T" >"$T/server.log" 2>&1 &
server=$!
wait_until test -s "$T/port" || skip_all "the test's registry did not start: $(cat "$T/server.log")"
R=127.0.0.1:$(cat "$T/port")
export SKIFF_CONFIG=$T/config.yaml
printf 'registries:\n  %s:\n    timeout: 60\n' "$R" >"$SKIFF_CONFIG"
on_screen() { timeout 120 python3 "${0%/*}/pull_screen.py" "$@"; }

# The server sends 1,000,000 bytes of a layer, and no more.
# shellcheck disable=SC2016  # for the shell that asks
export arrived='[ "$(stat -c %s "$SKIFF_ROOT"/partial/* 2>/dev/null | sort -n | tail -n 1)" = 1000000 ] 2>/dev/null'
export SKIFF_ROOT
on_screen "$arrived" "$SKIFF" pull "$R/fault/stop" >"$T/screen"
has 'Ctrl-C ends a pull as it ends any program, and the terminal is as before' '^ended -2 modes restored$' cat "$T/screen"
is 'a line for each layer, the one that came and the one that did not' 2 grep -cE '^(\^C)?[0-9a-f]{12}: ' "$T/screen"
has 'the small one is done' '^[0-9a-f]{12}: Pull complete$' cat "$T/screen"
is 'there is no image' '' skiff images -q
is 'what arrived is kept' 1000000 eval 'stat -c %s "$SKIFF_ROOT"/partial/* | sort -n | tail -n 1'

touch "$T/go-on"
: >"$T/log"
on_screen '' "$SKIFF" pull "$R/fault/stop" >"$T/screen"
is 'the next attempt shows both layers and what Docker shows after them' "Using default tag: latest
latest: Pulling from fault/stop
LAYER: Pull complete
LAYER: Pull complete
Digest: DIGEST
Status: Downloaded newer image for $R/fault/stop:latest
$R/fault/stop:latest
ended 0 modes restored" sed -E 's/^[0-9a-f]{12}:/LAYER:/; s/sha256:[0-9a-f]{64}$/DIGEST/' "$T/screen"
has 'and goes on where it was' 'fault/stop/blobs/.* bytes=1000000-$' cat "$T/log"
is 'nothing is left to be resumed' 0 eval 'find "$SKIFF_ROOT/partial" -type f | wc -l'
hasnt 'in a pipe there are no bars' '[[=>]' eval "skiff rmi -f $R/fault/stop >/dev/null; skiff pull $R/fault/stop"

kill $server
wait $server 2>/dev/null
finish
