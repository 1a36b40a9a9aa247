#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# --network slirp:egress=…: what is listed is reached, all else is refused at once and noted, whatever the container does.
#
# As root in a network namespace of the script's own, which has addresses of every kind and a name server.
# shellcheck disable=SC2016,SC2034  # code for shells and perl of the container; what is held open for the life of the script
. "${0%/*}/lib.sh"
image busybox

fails "no rule" 125 'invalid egress rule ""' skiff run --rm --network slirp:egress= busybox true
fails "no port" 125 'invalid egress rule "a.test:0": a port is a number' skiff run --rm --network slirp:egress=a.test:0 busybox true
fails "no network" 125 'invalid egress rule "10.0.0.1/8": the network has host bits set' skiff run --rm --network slirp:egress=10.0.0.1/8 busybox true
fails "no name" 125 'invalid egress rule "a_b.\*.test"' skiff run --rm --network 'slirp:egress=a_b.*.test' busybox true
is "inspect shows the rules" '["*.a.test:443","192.0.2.0/24"]' eval 'skiff create --name listed --network "slirp:egress=*.a.test:443,egress=192.0.2.0/24" busybox true >/dev/null && skiff inspect -f "{{json .NetworkSettings.Egress.Rules}}" listed'
is "as does NetworkMode what was chosen" slirp skiff inspect -f '{{.HostConfig.NetworkMode}}' listed
has "no name, no address: none" 'NXDOMAIN' eval 'skiff run --rm --network slirp:egress=none busybox nslookup a.test 2>&1 || true'
has "the gateway answers still" '1 packets received' skiff run --rm --network slirp:egress=none busybox ping -c 1 -W 5 10.0.2.2
skiff rm listed >/dev/null
root || finish

if [ -z "${IN_OWN_NETWORK:-}" ]; then
    export IN_OWN_NETWORK=1
    exec unshare -n bash -c 'ip link set lo up && exec bash "$0"' "$0"
fi
[ -r "$FIXTURES/debian.tar" ] || { skip "what leaves" "no Debian root"; finish; }
image debian
here=$(cd "${0%/*}" && pwd)
public=198.51.100.7 private=192.168.77.7 metadata=169.254.169.254 six=2001:db8::7 dns=127.53.0.1 dns_private=127.53.0.2
addresses=("$private" "$metadata" "$public")
for address in "${addresses[@]}"; do ip addr add "$address/32" dev lo; done
ip route add default dev lo
if ip -6 addr add $six/128 dev lo nodad 2>/dev/null; then addresses=("$six" "${addresses[@]}"); else six=''; fi
start_server() { # DIRECTORY PROGRAM ARGUMENT…: in the background until the script ends
    local directory=$1 program=$2
    mkdir -p "$directory"
    : >"$directory/log"
    mkfifo "$directory/stdin"
    python3 "${0%/*}/$program" "$directory" "${@:3}" <"$directory/stdin" 2>"$directory/errors" &
    exec {held}>"$directory/stdin"
    wait_line "$directory/ready" ready
}
start_server "$T/world" net_server.py "${addresses[@]}" || skip_all "no servers in a namespace of our own"
start_server "$T/names" dns_server.py $dns=$public $dns_private=$private || skip_all "no name server in a namespace of our own"
tcp() { cat "$T/world/$1.tcp"; }
udp() { cat "$T/world/$1.udp"; }

cat >"$T/try.pl" <<'PERL'
use strict; use IO::Socket::IP; use Time::HiRes 'time'; use Socket ':all';
# tcp|udp HOST PORT: what the server says, or the error; "dns SERVER NAME": by TCP, the code and the first address.
my ($what, $host, $port) = @ARGV;
if ($what eq 'dns') {
    my $s = IO::Socket::IP->new(PeerHost => $host, PeerPort => 53, Timeout => 10) or do { print "$@\n"; exit };
    my $query = pack('nnnnnn', 7, 0x100, 1, 0, 0, 0) . join('', map { pack('C/a', $_) } split /\./, $port) . pack('Cnn', 0, 1, 1);
    syswrite $s, pack('n/a', $query);
    my ($head, $reply); sysread $s, $head, 2; sysread $s, $reply, unpack 'n', $head;
    my @numbers = unpack('n6', $reply);
    print join(' ', $numbers[1] & 15, $numbers[3] ? inet_ntoa(substr $reply, -4) : ()), "\n";
    exit;
}
my $s = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port, Proto => $what, Type => $what eq 'tcp' ? SOCK_STREAM : SOCK_DGRAM, Timeout => 10);
if (!$s) { print "$@\n"; exit }
$s->autoflush(1); $what eq 'tcp' ? print $s "who\n" : $s->send("hello\n");
local $SIG{ALRM} = sub { print "silence\n"; exit }; alarm 10;
my $n = sysread $s, my $answer, 100;
print defined $n ? $answer : "$!\n";
PERL
try() { # RULES WHAT ARGUMENT…
    skiff run --rm --network "slirp:egress=$1" --dns $dns -v "$T/try.pl:/try.pl:ro" debian perl /try.pl "${@:2}"
}

is "what is listed is reached" $public try "$public" tcp $public "$(tcp $public)"
is "with its port" $public try "$public:$(tcp $public)" tcp $public "$(tcp $public)"
has "another port is refused" refused try "$public:1-2" tcp $public "$(tcp $public)"
has "another address is refused" refused try "198.51.100.8" tcp $public "$(tcp $public)"
has "one that nobody has is refused at once, too" refused try none tcp 203.0.113.1 80
is "UDP" hello try "$public:$(udp $public)" udp $public "$(udp $public)"
is "UDP alone" hello try "$public:1-65535/udp" udp $public "$(udp $public)"
has "then no TCP" refused try "$public:1-65535/udp" tcp $public "$(tcp $public)"
has "UDP is refused at once" 'No route|refused|denied' try "$public:1-65535/tcp" udp $public "$(udp $public)"
is "everything public" $public try '*' tcp $public "$(tcp $public)"
for rule in '*' 0.0.0.0/0 192.0.0.0/8; do has "$rule opens no private network" refused try "$rule" tcp $private "$(tcp $private)"; done
is "that one has to be listed" $private try 192.168.0.0/16 tcp $private "$(tcp $private)"
has "the network around a metadata service does not open it" refused try 169.254.0.0/16 tcp $metadata "$(tcp $metadata)"
is "it has to be listed alone" $metadata try $metadata tcp $metadata "$(tcp $metadata)"
if [ -n "$six" ]; then
    is "IPv6" $six try "[$six/128]:$(tcp $six)+none" tcp $six "$(tcp $six)"
    has "IPv6 is refused" 'refused|denied' try "0.0.0.0/0" tcp $six "$(tcp $six)"
    has "UDP by IPv6 is refused" 'denied|refused|No route' try none udp $six "$(udp $six)"
fi
has "a ping is refused" '100% packet loss' eval 'skiff run --rm --network slirp:egress=none busybox ping -c 1 -W 5 $public || true'

is "a name opens its address" $public try "one.example:$(tcp $public)" tcp one.example "$(tcp $public)"
has "without it having been asked for, it is closed" refused try "one.example" tcp $public "$(tcp $public)"
has "for its port alone" refused try "one.example:1" tcp one.example "$(tcp $public)"
is "names below one" $public try '*.one.example' tcp a.b.one.example "$(tcp $public)"
has "another name does not exist" 'known|resolve|resolution' try '*.one.example' tcp one.example "$(tcp $public)"
is "no server hears of it" '' eval 'try none tcp secret.example 80 >/dev/null; grep secret "$T/names/log" || true'
has "a name's private address stays closed" refused skiff run --rm --network "slirp:egress=one.example" --dns $dns_private -v "$T/try.pl:/try.pl:ro" debian perl /try.pl tcp one.example "$(tcp $private)"
is "a name of --add-host is its address" $private skiff run --rm --add-host db:$private --network "slirp:egress=db:$(tcp $private)" -v "$T/try.pl:/try.pl:ro" debian perl /try.pl tcp db "$(tcp $private)"
is "DNS by TCP, too" "0 $public" try one.example dns 10.0.2.3 one.example
is "another name does not exist there, either" 3 try one.example dns 10.0.2.3 two.example
is "DNS by TCP at the IPv6 address" "0 $public" try one.example dns fd00::3 one.example
has "another name server is not reached" refused try one.example dns $public one.example

has "a container that administers its network is held as well" refused skiff run --rm --privileged --network slirp:egress=none -v "$T/try.pl:/try.pl:ro" debian perl /try.pl tcp $public "$(tcp $public)"
hasnt "no frame made by hand gets out" hostile eval 'skiff run --rm --network "slirp:egress=$public:1" -v "$here/raw_frame.pl:/frame.pl:ro" debian perl /frame.pl $public "$(udp $public)" hostile; skiff run --rm --network "slirp:egress=$public" -v "${0%/*}/raw_frame.pl:/frame.pl:ro" debian perl /frame.pl $public "$(udp $public)" last; wait_line "$T/world/log" "^udp .* last$"; cat "$T/world/log"'

skiff run -d --name noted --network slirp:egress=one.example --dns $dns debian sleep 1000 >/dev/null
log=$(skiff inspect -f '{{.NetworkSettings.Egress.LogPath}}' noted)
skiff exec noted bash -c 'exec 3<>/dev/tcp/203.0.113.9/443; exec 3<>/dev/udp/203.0.113.9/53 && echo x >&3; getent ahosts two.example' >/dev/null 2>&1
check "the log says what" wait_line "$log" 'Z tcp 203\.0\.113\.9:443$'
check "UDP, too" wait_line "$log" 'Z udp 203\.0\.113\.9:53$'
check "and names" wait_line "$log" 'Z name two\.example$'
skiff exec noted perl -MIO::Socket::IP -e 'IO::Socket::IP->new(PeerHost => "203.0.113.9", PeerPort => $_, Timeout => 5) for 1 .. 2000' >/dev/null 2>&1
check "who tries very much does not fill it" eval '[ "$(wc -l <"$log")" -lt 1000 ]'
skiff rm -f -t 0 noted >/dev/null
finish
