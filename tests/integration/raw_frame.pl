#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# One UDP datagram in a frame made by hand for the gateway's hardware address, whatever the destination: ADDRESS PORT TEXT
use strict; use Socket qw(inet_aton inet_pton AF_INET6);
my ($to, $port, $text) = @ARGV;
my $gateway = pack('C6', 0x52, 0x55, 10, 0, 2, 2);
my $udp = pack('nnnn', 4000, $port, 8 + length $text, 0) . $text;
sub sum { my $s = 0; $s += $_ for unpack('n*', $_[0]); $s = ($s >> 16) + ($s & 0xffff) while $s >> 16; ~$s & 0xffff }
my $frame = $gateway . pack('C6', 2, 0x42, 10, 0, 2, 100);
if ($to =~ /:/) {
    my $from = inet_pton(AF_INET6, 'fd00::100'), my $address = inet_pton(AF_INET6, $to);
    my $pseudo = $from . $address . pack('NN', length $udp, 17);
    substr($udp, 6, 2) = pack('n', sum($pseudo . $udp . (length($udp) % 2 ? "\0" : '')));
    $frame .= pack('n', 0x86dd) . pack('NnCC', 6 << 28, length $udp, 17, 64) . $from . $address . $udp;
} else {
    my $ip = pack('CCnnnCCna4a4', 0x45, 0, 20 + length $udp, 1, 0, 64, 17, 0, inet_aton('10.0.2.100'), inet_aton($to));
    substr($ip, 10, 2) = pack('n', sum($ip));
    $frame .= pack('n', 0x0800) . $ip . $udp;
}
open my $f, '<', '/sys/class/net/eth0/ifindex' or die; my $index = <$f>;
socket(my $s, 17, 3, 0) or die "packet socket: $!";
send($s, $frame, 0, pack('SniSCCa8', 17, 0x0800, $index, 0, 0, 6, $gateway)) or die "send: $!";
