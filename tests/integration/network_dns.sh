#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Names: the host's name servers, in their order and as they are at the moment.
#
# The script's own view of /etc/resolv.conf and its own servers on port 53 need root; what a user can show is the options.
. "${0%/*}/lib.sh"
image busybox

is "--dns replaces the servers" 'nameserver 192.0.2.1 nameserver 2001:db8::1' skiff run --rm --dns 192.0.2.1 --dns 2001:db8::1 busybox sh -c 'echo $(grep ^nameserver /etc/resolv.conf)'
is "--dns-search and --dns-option, too" 'search a.test b.test options ndots:3 timeout:1' skiff run --rm --dns-search a.test --dns-search b.test --dns-option ndots:3 --dns-opt timeout:1 busybox sh -c 'echo $(grep -v ^nameserver /etc/resolv.conf)'
is "a single dot: no search" '' skiff run --rm --dns-search . busybox sh -c 'grep ^search /etc/resolv.conf || true'
fails "no option of a resolver" 125 'no option of resolv.conf' skiff run --rm --dns-option 'a b' busybox true
fails "no domain" 125 'not a valid domain' skiff run --rm --dns-search 'a b' busybox true
root || { finish; }

# In a mount namespace with an /etc of its own, and on loopback addresses that no other test has.
if [ -z "${IN_OWN_ETC:-}" ]; then
    mkdir -p "$T/etc" "$T/work"
    export IN_OWN_ETC=1
    exec unshare -m --propagation slave bash -c 'mount -t overlay overlay -o "lowerdir=/etc,upperdir=$T/etc,workdir=$T/work" /etc && exec bash "$0"' "$0"
fi
n=$((BASHPID % 250 + 1))
first=127.53.$n.1 second=127.53.$n.2 failing=127.53.$n.3 silent=127.53.$n.4 nobody=127.53.$n.5
mkdir -p "$T/dns"
: >"$T/dns/log"
mkfifo "$T/dns/stdin"
python3 "${0%/*}/dns_server.py" "$T/dns" $first=10.1.1.1 $second=10.2.2.2 $failing=failing $silent=silent <"$T/dns/stdin" 2>"$T/dns/errors" &
# shellcheck disable=SC2034  # held open for the life of the script
exec {held}>"$T/dns/stdin"
wait_line "$T/dns/ready" ready || skip_all "no name server on port 53 of $first can be made here"
servers() { rm -f /etc/resolv.conf; printf 'nameserver %s\n' "$@" >/etc/resolv.conf; }
address_of() { nslookup_in "skiff run --rm busybox" "$1"; }
nslookup_in() { $1 nslookup -type=a "$2" | awk '/^Name:/ { found = 1 } found && /^Address/ { print $NF; exit }'; }

servers $first
is "a server on the host's loopback answers" '10.1.1.1' address_of one.test
servers $silent $second
is "the next one, when the first is silent" '10.2.2.2' address_of two.test
has "the first was asked" "^$silent udp two.test" cat "$T/dns/log"
servers $nobody $second
is "the next one, when nobody is there" '10.2.2.2' address_of three.test
servers $failing $second
is "the next one, when the first fails" '10.2.2.2' address_of four.test
servers $failing
has "when all fail, that is the answer" 'SERVFAIL' eval 'skiff run --rm busybox nslookup -type=a five.test 2>&1 || true'
printf 'search one.example two.example\noptions ndots:2\nnameserver %s\n' $first >/etc/resolv.conf
is "search and options of the host are kept" 'nameserver 10.0.2.3 search one.example two.example options ndots:2' skiff run --rm busybox sh -c 'echo $(cat /etc/resolv.conf)'

# --- the host's servers change while a container runs ---
servers $first
skiff run -d --name names busybox sleep 1000 >/dev/null
now() { nslookup_in "skiff exec names" "$1"; }
becomes() { wait_until eval "[ \"\$(now again.test)\" = $1 ]"; }
is "before" '10.1.1.1' now before.test
echo "nameserver $second" >/etc/resolv.conf
check "written" becomes 10.2.2.2
echo "nameserver $first" >/etc/resolv.conf.new
mv /etc/resolv.conf.new /etc/resolv.conf
check "replaced" becomes 10.1.1.1
mkdir -p "$T/elsewhere"
echo "nameserver $second" >"$T/elsewhere/resolv.conf"
ln -sf "$T/elsewhere/resolv.conf" /etc/resolv.conf
check "a link" becomes 10.2.2.2
echo "nameserver $first" >"$T/elsewhere/new"
mv "$T/elsewhere/new" "$T/elsewhere/resolv.conf"
check "the target of the link replaced" becomes 10.1.1.1
# What the container's own resolver does by itself is in its file.
shows() { [ "$(skiff exec "$1" sh -c 'echo $(cat /etc/resolv.conf)')" = "$2" ]; }
printf 'search one.test two.test\noptions ndots:3 timeout:2\nnameserver %s\n' $first >"$T/elsewhere/resolv.conf"
check "search domains and options are followed" wait_until shows names 'nameserver 10.0.2.3 search one.test two.test options ndots:3 timeout:2'
printf 'search one.test\nnameserver %s\n' $second >"$T/elsewhere/resolv.conf"
check "to a shorter file, too" wait_until shows names 'nameserver 10.0.2.3 search one.test'
is "and nothing is left of the longer one" '2' skiff exec names sh -c 'wc -l </etc/resolv.conf'
skiff run -d --name own --dns 192.0.2.9 --dns-search mine.test busybox sleep 1000 >/dev/null
printf 'options edns0\nnameserver %s\n' $first >"$T/elsewhere/resolv.conf"
check "what was asked for stays, the rest follows" wait_until shows own 'nameserver 192.0.2.9 search mine.test options edns0'
check "in each container" wait_until shows names 'nameserver 10.0.2.3 options edns0'
skiff rm -f -t 0 own >/dev/null
skiff exec names sh -c 'echo "options attempts:9" >>/etc/resolv.conf'
printf 'search late.test\nnameserver %s\n' $second >"$T/elsewhere/resolv.conf"
check "the servers are still followed" becomes 10.2.2.2
check "a file that the container has changed is its own" shows names 'nameserver 10.0.2.3 options edns0 options attempts:9'
skiff rm -f -t 0 names >/dev/null

# --- long answers, by glibc's resolver ---
if [ -r "$FIXTURES/debian.tar" ]; then
    image debian
    servers $first
    is "an answer that no datagram holds comes by TCP" '60' skiff run --rm debian sh -c 'getent ahostsv4 many.test | awk "{ print \$1 }" | sort -u | wc -l'
    has "so the server was asked" "^$first tcp many.test" cat "$T/dns/log"
    # With CAP_NET_ADMIN libslirp carries TCP; else the SYN gate.
    for rights in '' --cap-add=NET_ADMIN; do
        for server in 10.0.2.3 fd00::3; do
            : >"$T/dns/log"
            is "all by TCP, at $server${rights:+, with $rights}" '10.1.1.1' skiff run --rm ${rights:+"$rights"} --dns $server --dns-option use-vc debian sh -c 'getent ahostsv4 stream.test | sed -n "1s/ .*//p"'
            is "and only so" "$first tcp stream.test" eval "sort -u '$T/dns/log' | grep -v '^.* stream.test.' "
        done
    done
    is "long answers by IPv6 without the gate" 60 skiff run --rm --cap-add NET_ADMIN --dns fd00::3 --dns-option use-vc debian sh -c 'for i in 1 2 3 4 5 6 7 8; do getent ahostsv4 many.test >/dev/null || exit; done; getent ahostsv4 many.test | awk "{ print \$1 }" | sort -u | wc -l'
fi
finish
