#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The default network: private, with a way out, and nothing of the host's own in it.
. "${0%/*}/lib.sh"
image busybox

server() { # DIRECTORY [ADDRESS…]: in the background until the script ends; not within `check`, which has a shell of its own
    mkdir -p "$1"
    : >"$1/log"
    mkfifo "$1/stdin"
    python3 "${0%/*}/net_server.py" "$@" <"$1/stdin" 2>"$1/errors" &
    # shellcheck disable=SC2034  # held open for the life of the script
    exec {held}>"$1/stdin"
    wait_line "$1/ready" ready
}
bb() { skiff run --rm busybox "$@"; }
value() { cat "$T/$1"; }

# --- what is there ----------------------------------------------------------------------------------------------------

is "an interface eth0, besides loopback" 'eth0 lo' bb sh -c 'echo $(ls /sys/class/net | grep -v "^skiff0$")'
is "its addresses" '10.0.2.100/24 fd00::100/64' bb sh -c "echo \$(ip -o addr show dev eth0 scope global | awk '{ print \$4 }')"
is "its MTU and hardware address" '65520 02:42:0a:00:02:64' bb sh -c 'cd /sys/class/net/eth0 && echo $(cat mtu address)'
is "no control of congestion where there is no wire" 'reno' bb cat /proc/sys/net/ipv4/tcp_congestion_control
is "but the machine's where a tunnel may be" "$(cat /proc/sys/net/ipv4/tcp_congestion_control)" skiff run --rm --cap-add NET_ADMIN busybox cat /proc/sys/net/ipv4/tcp_congestion_control
has "a default route" '^default via 10.0.2.2 dev eth0' bb ip route
has "and one for IPv6" '^default via fd00::2 dev eth0' bb ip -6 route
has "a name server" '^nameserver 10.0.2.3$' bb cat /etc/resolv.conf
has "its name is its address" '^10.0.2.100.there' skiff run --rm -h there busybox cat /etc/hosts
has "the host has a name" 'host.docker.internal host.containers.internal$' bb cat /etc/hosts
is "a name that the user gave away stays given" '1.2.3.4' skiff run --rm --add-host host.docker.internal:1.2.3.4 busybox sh -c "awk '\$2 == \"host.docker.internal\" { print \$1 }' /etc/hosts"
is "host-gateway" same skiff run --rm --add-host me:host-gateway busybox sh -c 'grep -q "^$(awk "/host.docker/ { print \$1 }" /etc/hosts).me$" /etc/hosts && echo same'
for mode in bridge private slirp default slirp4netns; do has "--network $mode is the same" 10.0.2.100 skiff run --rm --network $mode busybox ip addr; done
is "other numbers" '172.30.5.14/28 1400' skiff run --rm --network slirp:cidr=172.30.5.0/28,mtu=1400 busybox sh -c "echo \$(ip -o -4 addr show dev eth0 | awk '{ print \$4 }') \$(cat /sys/class/net/eth0/mtu)"
fails "a network that cannot be" 125 'invalid network "10.0.2.1/24"' skiff run --rm --network slirp:cidr=10.0.2.1/24 busybox true
fails "a packet size that cannot be" 125 'from 1280 to 65521' skiff run --rm --network slirp:mtu=70000 busybox true
fails "an option that does not exist" 125 "unknown option 'speed'" skiff run --rm --network slirp:speed=9 busybox true
is "whoever is not root may serve port 80, and ping" '0 0' bb sh -c "echo \$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start) \$(cut -f1 /proc/sys/net/ipv4/ping_group_range)"
fails "without network namespaces: what to change" 125 'sysctl -w user.max_net_namespaces' unshare -Ur sh -c "echo 0 >/proc/sys/user/max_net_namespaces && SKIFF_ROOT=$T/none SKIFF_RUNROOT=$T/none-run '$SKIFF' run --rm hello-world"
is "no network: nothing of it" 'lo' skiff run --rm --network none busybox ls /sys/class/net

# --- out and back -----------------------------------------------------------------------------------------------------

if ! server "$T/out"; then
    skip "connections to this machine" "it has no address"
else
    host=$(value out/address) tcp=$(value out/tcp) udp=$(value out/udp)
    has "TCP out: 20 MB arrive" "$(python3 -c 'import hashlib; print(hashlib.sha256(bytes(20000000)).hexdigest())')" bb sh -c "(echo sum 20000000; head -c 20000000 /dev/zero) | nc $host $tcp"
    is "TCP in: 20 MB arrive" "$(python3 -c 'import hashlib; p = bytes(range(256)) * 256; print(hashlib.sha256((p * 306)[:20000000]).hexdigest())')" bb sh -c "echo give 20000000 | nc $host $tcp | sha256sum | cut -d' ' -f1"
    is "at a small packet size, too" "$(python3 -c 'import hashlib; p = bytes(range(256)) * 256; print(hashlib.sha256((p * 306)[:2000000]).hexdigest())')" skiff run --rm --network slirp:mtu=1500 busybox sh -c "echo give 2000000 | nc $host $tcp | sha256sum | cut -d' ' -f1"
    is "the end of the input comes through alone" 'half, there and back end' bb sh -c "(echo half; printf 'half, there and back') | nc $host $tcp"
    if [ -r "$FIXTURES/debian.tar" ]; then
        image debian
        is "UDP" 'hello' skiff run --rm debian bash -c "exec 3<>/dev/udp/$host/$udp; echo hello >&3; timeout 10 head -n 1 <&3"
        is "a datagram of 60 kB" '60000' skiff run --rm debian perl -MIO::Socket::INET -e "\$s = IO::Socket::INET->new(Proto => 'udp', PeerAddr => '$host:$udp'); \$s->send('x' x 60000); \$s->recv(\$back, 65536); print length \$back"
    else
        skip "UDP" "no Debian root"
    fi
    has "a closed port is refused" 'refused' bb sh -c "nc -w 5 $host 1 2>&1 || true"
    is "a thousand connections" '1000' bb sh -c "i=0; while [ \$i -lt 1000 ]; do echo who | nc $host $tcp || break; i=\$((i + 1)); done | wc -l"
    is "a container that was restarted has it, too" 'again' eval "skiff run -d --name net -p 127.0.0.1::80 busybox sh -c 'echo who | nc $host $tcp >/dev/null && echo again; exec sleep 1000' >/dev/null; wait_until eval 'skiff logs net | grep -q again' && skiff restart -t 0 net >/dev/null && wait_until eval '[ \$(skiff logs net | grep -c again) = 2 ]' && skiff logs net | tail -n 1"
    has "exec is in the same network" 10.0.2.100 skiff exec net ip addr
    has "inspect knows the address" '^10.0.2.100 10.0.2.2 24 02:42:0a:00:02:64$' skiff inspect -f '{{.NetworkSettings.IPAddress}} {{.NetworkSettings.Networks.bridge.Gateway}} {{.NetworkSettings.IPPrefixLen}} {{.NetworkSettings.MacAddress}}' net

    # --- the helper is killed: nothing else is, and it is told ---
    helper() { local pid; for pid in $(pgrep -x skiff-net); do [ "$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")" = "$1" ] && echo "$pid"; done; }
    monitor=$(awk '/^PPid:/ { print $2 }' "/proc/$(skiff inspect -f '{{.State.Pid}}' net)/status")
    main=$(helper "$monitor")
    check "the helper is there" test -n "$main"
    has "nobody can be what it is: no capability, a filter, no new privileges" '^CapBnd:0000000000000000 CapEff:0000000000000000 NoNewPrivs:1 Seccomp:2$' eval "echo \$(awk '/^(CapEff|CapBnd|Seccomp|NoNewPrivs):/ { print \$1 \$2 }' /proc/$main/status | sort)"
    if root; then is "its root is empty" '' ls -A "/proc/$main/root"; fi
    kill -KILL "$main"
    check "its death is told" wait_until eval "skiff inspect -f '{{.State.Error}}' net | grep -q 'network helper was killed'"
    is "the container goes on" 'running yes' eval "echo \$(skiff inspect -f '{{.State.Status}}' net) \$(skiff exec net echo yes)"
    is "it has no address any more" '' skiff inspect -f '{{.NetworkSettings.IPAddress}}' net
    is "its ports are no longer told" '' skiff port net
    has "start says what helps" "^Warning: .*'skiff restart net'" skiff start net
    check "the next start repairs it" eval "skiff restart -t 0 net >/dev/null && skiff exec net sh -c 'echo who | nc $host $tcp' && [ -z \"\$(skiff inspect -f '{{.State.Error}}' net)\" ]"
    skiff rm -f -t 0 net >/dev/null
    check "nothing of it is left" wait_until eval '[ -z "$(helper '"$monitor"')" ]'
fi

# --- what is the host's own -------------------------------------------------------------------------------------------

loopback=(127.0.0.1)
grep -q . /proc/net/if_inet6 2>/dev/null && loopback=(::1 127.0.0.1)
server "$T/own" "${loopback[@]}" || skip_all "no server on loopback can be made"
port=$(value own/127.0.0.1.tcp)
for address in 127.0.0.1 10.0.2.2 0.0.0.0; do
    fails "closed: the host's loopback by $address" 1 'refused|unreachable|timed out' bb nc -w 2 $address "$port"
done
is "nobody came" '' cat "$T/own/log"
is "host-loopback opens it" '127.0.0.1' skiff run --rm --network slirp:host-loopback busybox sh -c "echo who | nc 10.0.2.2 $port"
is "by its name, too" '127.0.0.1' skiff run --rm --network slirp:host-loopback busybox sh -c "echo who | nc host.docker.internal $port"
[ ${#loopback[@]} = 1 ] || is "and for IPv6" '::1' skiff run --rm --network slirp:host-loopback busybox sh -c "echo who | nc fd00::2 $(value own/::1.tcp)"
finish
