#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a container does that no kernel would do for it: frames made by hand, for addresses of the host itself.
. "${0%/*}/lib.sh"
image debian
here=$(cd "${0%/*}" && pwd)

server() { # DIRECTORY [ADDRESS…]: in the background until the script ends; not within `check`, which has a shell of its own
    mkdir -p "$1"
    : >"$1/log"
    mkfifo "$1/stdin"
    python3 "${0%/*}/net_server.py" "$@" <"$1/stdin" 2>"$1/errors" &
    # shellcheck disable=SC2034  # held open for the life of the script
    exec {held}>"$1/stdin"
    wait_line "$1/ready" ready
}
server "$T/own" ::1 127.0.0.1 || server "$T/own" 127.0.0.1 || skip_all "no server on loopback can be made"
server "$T/out" || skip_all "this machine has no address"
host=$(cat "$T/out/address")

own=$(cat "$T/own/127.0.0.1.udp") out=$(cat "$T/out/udp")
six=$(cat "$T/own/::1.udp" 2>/dev/null || echo 9)
send_all() {
    local to
    for to in 127.0.0.1 127.1.2.3 0.0.0.0 255.255.255.255 10.0.2.255 224.0.0.1 10.0.2.2 ::ffff:127.0.0.1; do
        echo "perl /frame.pl $to $own hostile || exit"
    done
    echo "perl /frame.pl ::1 $six hostile && perl /frame.pl fd00::2 $six hostile && perl /frame.pl fd00::9 $six hostile || exit"
    echo "perl /frame.pl $host $out last"
}
check "frames for the host itself are sent" skiff run --rm -v "$here/raw_frame.pl:/frame.pl:ro" debian sh -c "$(send_all); sleep 0.2"
check "a frame made by hand arrives where it may" wait_line "$T/out/log" '^udp .* last$'
is "none of the others arrived" '' cat "$T/own/log"

# libslirp has servers of its own at the gateway. Asked in fragments, too, they do not answer; the echo behind them has been answered.
cat >"$T/tftp.pl" <<'PERL'
use strict; use Socket qw(inet_aton pack_sockaddr_in);
socket(my $udp, 2, 2, 0) && socket(my $raw, 2, 3, 1) or die "socket: $!";
my $gateway = inet_aton('10.0.2.2');
for my $length (1, 1600) { send($udp, "\0\1" . 'a' x $length . "\0octet\0", 0, pack_sockaddr_in(69, $gateway)) or die "send: $!" }
my $echo = pack('CCnnn', 8, 0, 0, 7, 1);
my $sum = 0; $sum += $_ for unpack('n*', $echo); substr($echo, 2, 2) = pack('n', ~$sum & 0xffff);
send($raw, $echo, 0, pack_sockaddr_in(0, $gateway)) or die "echo: $!";
my $answer = ''; do { recv($raw, $answer, 1500, 0) // die "recv: $!" } until ord(substr $answer, 20, 1) == 0;
print recv($udp, my $text, 1500, 0x40) ? 'answered' : 'silent';
PERL
is "the gateway's TFTP server is closed, to fragments as well" silent skiff run --rm --network slirp:mtu=1500 -v "$T/tftp.pl:/tftp.pl:ro" debian timeout 20 perl /tftp.pl

# Whoever may listen on an abstract socket of the host is not there for a container.
python3 - "$T/abstract" <<'PYTHON' &
import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind("\0skiff-hostile-test"); s.listen(); s.settimeout(60)
open(sys.argv[1], "w").write("ready\n")
try:
    s.accept(); open(sys.argv[1], "a").write("somebody came\n")
except TimeoutError:
    pass
PYTHON
abstract=$!
wait_line "$T/abstract" ready
fails "no abstract socket of the host" 1 'refused' skiff run --rm debian perl -MSocket -e 'socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, pack("Sa*", AF_UNIX, "\0skiff-hostile-test")) or do { print "$!\n"; exit 1 }'
hasnt "nobody came" 'somebody' cat "$T/abstract"
kill $abstract 2>/dev/null

# A flood does not end the helper: what comes after it is served.
check "a thousand broken frames, then an ordinary connection" skiff run --rm debian bash -c "perl -e 'socket(my \$s, 17, 3, 0); open my \$f, \"<\", \"/sys/class/net/eth0/ifindex\"; my \$i = <\$f>; srand 1; for (1 .. 1000) { my \$l = 14 + int rand 200; my \$d = join \"\", map { chr int rand 256 } 1 .. \$l; substr(\$d, 12, 2) = pack(\"n\", (0x0800, 0x86dd, 0x0806, 0x88f8)[\$_ % 4]); send(\$s, \$d, 0, pack(\"SniSCCa8\", 17, 0x0800, \$i, 0, 0, 6, \"\")) }'; exec 3<>/dev/tcp/$host/$(cat "$T/out/tcp"); echo who >&3; head -n 1 <&3"
finish
