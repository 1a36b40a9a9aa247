#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A container that opens more than it should: its helper's memory and descriptors stay bounded, others notice nothing, and it has
# its network again when it stops.
# shellcheck disable=SC2016,SC2034  # code for perl in the container; what is held open for the life of the script
. "${0%/*}/lib.sh"
[ -r "$FIXTURES/debian.tar" ] || skip_all "no Debian root"
image debian
image busybox

mkdir -p "$T/out"
: >"$T/out/log"
mkfifo "$T/out/stdin"
python3 "${0%/*}/net_server.py" "$T/out" <"$T/out/stdin" 2>"$T/out/errors" &
exec {held}>"$T/out/stdin"
wait_line "$T/out/ready" ready || skip_all "this machine has no address"
host=$(cat "$T/out/address") tcp=$(cat "$T/out/tcp") udp=$(cat "$T/out/udp")

# The helpers' limit of descriptors is that of whoever starts them.
ulimit -n 2048
start() { skiff run -d --name "$1" "${@:2}" debian sleep 1000 >/dev/null; }
helper_of() { # NAME
    local pid monitor
    monitor=$(awk '/^PPid:/ { print $2 }' "/proc/$(skiff inspect -f '{{.State.Pid}}' "$1")/status")
    for pid in $(pgrep -x skiff-net); do [ "$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")" = "$monitor" ] && echo "$pid"; done
    return 0
}
memory() { awk '/^VmHWM:/ { print $2 }' "/proc/$1/status"; }   # KiB, at its most
reaches() { skiff exec "$1" bash -c "exec 3<>/dev/tcp/$host/$tcp; echo who >&3; timeout 20 head -n 1 <&3 | grep -q ."; }
bounded() { # PID
    local kib
    kib=$(memory "$1")
    [ "$kib" -lt $((96 << 10)) ] || { echo "it had $kib KiB"; return 1; }
}
descriptors() { # PID MOST
    local count
    count=$(find "/proc/$1/fd" -mindepth 1 | wc -l)
    [ "$count" -le "$2" ] || { echo "it has $count descriptors"; return 1; }
}
start flood
start other
helper=$(helper_of flood)
check "there is a helper" test -n "$helper"

cat >"$T/datagrams.pl" <<'PERL'
use strict; use Socket;
my ($host, $port, $count) = @ARGV;
for (1 .. $count) {
    socket(my $s, PF_INET, SOCK_DGRAM, 0) or die "socket: $!"; # another port each
    send($s, 'x' x 1000, 0, pack_sockaddr_in($port, inet_aton($host))) or die "send: $!";
    close $s;
}
PERL
cat >"$T/pings.pl" <<'PERL'
use strict; use Socket;
my ($host, $count) = @ARGV;
socket(my $s, PF_INET, SOCK_RAW, 1) or die "socket: $!";
for my $id (1 .. $count) {
    my $sum = 0x0800 + $id; $sum = ($sum & 0xffff) + ($sum >> 16);
    send($s, pack('CCnnn', 8, 0, ~$sum & 0xffff, $id, 0), 0, pack_sockaddr_in(0, inet_aton($host))) or die "send: $!";
}
PERL
cat >"$T/connections.pl" <<'PERL'
use strict; use Socket; use Fcntl;
my ($host, $port, $count) = @ARGV;
my @open;
for (1 .. $count) {
    socket(my $s, PF_INET, SOCK_STREAM | 0x800, 0) or die "socket: $!";
    connect($s, pack_sockaddr_in($port, inet_aton($host))); # on its way
    push @open, $s;
}
print "open\n"; $| = 1; print ''; sleep 1000;
PERL
flood() { skiff exec -i flood perl - "${@:2}" <"$T/$1.pl"; }

check "3000 flows of datagrams" flood datagrams "$host" "$udp" 3000
check "their memory is bounded" bounded "$helper"
check "the container's own network goes on" reaches flood
if root; then check "so are their descriptors" descriptors "$helper" 1100; fi
check "2000 pings, each of another program" flood pings "$host" 2000
check "their memory is bounded, too" bounded "$helper"
if root; then check "and their descriptors" descriptors "$helper" 1600; fi
check "5000 questions at a time" flood datagrams 10.0.2.3 53 5000
check "the container's own network goes on after them" reaches flood

mkfifo "$T/connected"
"$SKIFF" exec -i flood bash -c 'ulimit -n 1900; exec perl - "$@"' sh "$host" "$tcp" 1800 <"$T/connections.pl" >"$T/connected" 2>"$T/connections.errors" &
client=$!
read -r -t 60 line <"$T/connected"
is "1800 connections are begun" open echo "${line:-$(cat "$T/connections.errors")}"
check "more than it may have wait, with bounded memory" bounded "$helper"
if root; then check "and bounded descriptors" descriptors "$helper" 2048; fi
check "others notice nothing" reaches other
skiff exec flood bash -c 'for p in /proc/[0-9]*; do [ "$(<$p/comm)" != perl ] || kill -KILL ${p#/proc/}; done'
wait $client 2>/dev/null
check "when they end, there is room again" wait_until reaches flood
skiff rm -f -t 0 flood other >/dev/null
finish
