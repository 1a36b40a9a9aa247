#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A server as people run one: nginx, installed by apt-get with the default network, on a published port.
# Only with check --long: everything else of the check stays on this machine.
# shellcheck disable=SC2016  # code for the container's shell
. "${0%/*}/lib.sh"
need_mirror
image debian
address=$(ip -4 -o route get 192.0.2.254 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
get() { curl -sS --noproxy '*' --max-time 20 "$@"; }
port=$((20000 + RANDOM % 12000))

options='-qq -o Acquire::Retries=2 -o Acquire::http::Timeout=20 -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root'
check "nginx in the background" skiff run -d --name web --stop-signal QUIT -p "$port:80" debian sh -c "
    echo 'deb [trusted=yes] $mirror bookworm main' >/etc/apt/sources.list && rm -f /etc/apt/sources.list.d/*
    export DEBIAN_FRONTEND=noninteractive
    { apt-get $options update && apt-get $options install -y --no-install-recommends nginx-light; } >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }
    echo hello >/var/www/html/index.html
    ln -sf /dev/stdout /var/log/nginx/access.log
    exec nginx -g 'daemon off;'"
wait_until eval '! skiff ps -q --filter name=web | grep -q . || get "http://127.0.0.1:$port/" >/dev/null 2>&1'
is "it answers" hello get "http://127.0.0.1:$port/"
if [ -n "$address" ] && [ "$address" != 127.0.0.1 ]; then
    is "by this machine's address" hello get "http://$address:$port/"
    check "its access log has the client's own address" wait_until eval 'skiff logs web | grep -q "^$address - - .*GET / HTTP"'
else
    skip "its access log has the client's own address" "this machine has no address but the loopback's"
fi
is "100 connections" 100 eval 'for i in $(seq 100); do get "http://127.0.0.1:$port/"; done | grep -c hello'
check "it stops by itself when asked (SIGQUIT)" skiff stop -t 60 web
is "with status 0" 0 skiff inspect -f '{{.State.ExitCode}}' web
check "the port is free at once" skiff run --rm -p "$port:80" debian true
check "it starts again" skiff start web
skiff rm -f -t 0 web >/dev/null
finish
