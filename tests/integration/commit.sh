#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# commit: what a container changed becomes a layer, what it runs with the configuration.
. "${0%/*}/lib.sh"
image busybox

check "a container that changes files" skiff run --name one -e K=v -w /tmp -l l=1 busybox sh -c 'echo new >/new; rm /etc/group; mkdir /var/x; chown 3:4 /var/x; ln -s /new /link'
has "commit prints the id" '^sha256:[0-9a-f]{64}$' skiff commit -m 'a message' -a 'somebody' -c 'CMD ["cat","/new"]' one kept:1
is "its command" new skiff run --rm kept:1
is "what was removed is gone, owners are kept" "no 3:4 /new" skiff run --rm kept:1 sh -c '[ -e /etc/group ] || echo no $(stat -c %u:%g /var/x) $(readlink /link)'
is "environment, directory, labels" '["K=v"] /tmp {"l":"1"}' skiff image inspect -f '{{json .Config.Env}} {{.Config.WorkingDir}} {{json .Config.Labels}}' kept:1
is "author and message" "somebody a message" skiff image inspect -f '{{.Author}} {{.Comment}}' kept:1
is "one layer more" 2 skiff image inspect -f '{{len .RootFS.Layers}}' kept:1
check "of a running one" eval 'skiff run -d --name run busybox sh -c "echo r >/r; exec sleep 1000" >/dev/null && skiff exec run sh -c "until [ -e /r ]; do :; done" && skiff commit run kept:2 >/dev/null'
is "it runs on" running skiff inspect -f '{{.State.Status}}' run
is "…" r skiff run --rm kept:2 cat /r
is "without a name" 0 eval 'skiff commit run >/dev/null; echo $?'
check "what was committed leaves the store" eval 'skiff save kept:1 -o "$T/k.tar" && skiff rmi -f kept:1 >/dev/null && skiff load -i "$T/k.tar" >/dev/null'
is "… and comes back" new skiff run --rm kept:1
skiff exec run truncate -s 16G /huge
interrupted "Ctrl-C ends it" '[ "$(skiff inspect -f "{{.State.Status}}" run)" = paused ]' "$SKIFF" commit run kept:3
is "… and the container runs on" running skiff inspect -f '{{.State.Status}}' run
is "… nothing was made" "" skiff images -q kept:3
fails "no such container" 1 'No such container: nosuch' skiff commit nosuch
fails "a bad instruction" 125 'is not a valid change command' skiff commit -c 'RUN x' one
fails "of the built-in image" 125 "what the built-in image 'host' shows is this machine's" eval 'skiff run --name two host true; skiff commit two'
check "away" skiff rm -f one run two
finish
