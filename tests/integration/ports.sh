#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Published ports: who reaches the container, as whom, and what is shown, refused and free again.
# shellcheck disable=SC2034,SC2154,SC2016  # variables of checks that eval runs
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1

# A port of this machine that nobody has now; others of these tests run at the same time and choose, too.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        [ -e "$T/.port.$port" ] && continue
        : >"$T/.port.$port"
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo $port; return; }
    done
}
get() { curl -sS --noproxy '*' --max-time 20 "$@"; }
# A web server that answers with the client's address, and begins when it is told that it may.
serve='mkdir -p /w/cgi-bin; echo hello >/w/index.html
printf "#!/bin/sh\necho; echo \$REMOTE_ADDR\n" >/w/cgi-bin/who; chmod +x /w/cgi-bin/who; exec httpd -f -p 80 -h /w'
web() { # NAME RUN-OPTION…
    local name=$1; shift
    skiff run -d --name "$name" "$@" busybox sh -c "$serve" >/dev/null || return
    wait_until skiff exec "$name" wget -qO/dev/null http://127.0.0.1/
}
own_address() { ip -4 -o route get 192.0.2.254 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p'; }

# --- reaching it -----------------------------------------------------------------------------------------------------

port=$(free_port)
check "a web server in the background" web web -p "$port:80"
is "by IPv4" hello get "http://127.0.0.1:$port/"
is "by IPv6, though it may have IPv4 only" hello get -g "http://[::1]:$port/"
is "by name" hello get "http://localhost:$port/"
# busybox listens on [::], where IPv4 clients have the mapped form.
has "a client on this machine's loopback is the gateway" '(^|:)10\.0\.2\.2\]?$' get "http://127.0.0.1:$port/cgi-bin/who"
address=$(own_address)
if [ -n "$address" ] && [ "$address" != 127.0.0.1 ]; then
    has "a client with another address is itself" "(^|:)$address\]?\$" get "http://$address:$port/cgi-bin/who"
else
    skip "a client with another address is itself" "this machine has no address but the loopback's"
fi
is "an answer of the whole length" 300000 eval 'skiff exec web sh -c "head -c 300000 /dev/zero >/w/large"; get "http://127.0.0.1:$port/large" | wc -c'

# --- what is shown ---------------------------------------------------------------------------------------------------

has "ps" " 0\\.0\\.0\\.0:$port->80/tcp(, \\[::\\]:$port->80/tcp)? +web\$" skiff ps
is "ps --filter publish" web skiff ps --filter publish=80 --format '{{.Names}}'
is "ps --filter publish: the host's port" web skiff ps --filter "publish=$port" --format '{{.Names}}'
is "ps --filter publish: another port" '' skiff ps --filter publish=81 --format '{{.Names}}'
has "port" "^80/tcp -> 0\\.0\\.0\\.0:$port\$" skiff port web
is "port of one" "0.0.0.0:$port" eval 'skiff port web 80 | head -n 1'
is "port of one, with its protocol" "0.0.0.0:$port" eval 'skiff port web 80/tcp | head -n 1'
fails "port: not published" 1 "No public port '80/udp' published for web" skiff port web 80/udp
fails "port: no port" 1 'invalid port \(x\)' skiff port web x
fails "port: no such container" 1 'No such container: nosuch' skiff port nosuch
is "inspect: what was asked" "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"$port\"}]}" skiff inspect -f '{{json .HostConfig.PortBindings}}' web
has "inspect: where it is" "^\\{\"80/tcp\":\\[\\{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"$port\"\\}" skiff inspect -f '{{json .NetworkSettings.Ports}}' web
is "inspect: exposed by it" '{"80/tcp":{}}' skiff inspect -f '{{json .Config.ExposedPorts}}' web

# --- taken, and free again ---------------------------------------------------------------------------------------------

fails "taken: by whom" 125 "Bind for 0\\.0\\.0\\.0:$port failed: port is already allocated.*container web" skiff run --rm -p "$port:80" busybox true
is "it leaves nothing behind" web skiff ps -a --format '{{.Names}}'
check "restart" skiff restart -t 0 web
wait_until skiff exec web wget -qO/dev/null http://127.0.0.1/
is "it answers at the same port" hello get "http://127.0.0.1:$port/"
check "stop" skiff stop -t 0 web
fails "its port is closed" 7 'onnect' get "http://127.0.0.1:$port/"
is "ps shows no port of it" '' skiff ps -a --filter name=web --format '{{.Ports}}'
is "neither does port" '' skiff port web
is "inspect: none" '{}' skiff inspect -f '{{json .NetworkSettings.Ports}}' web
check "another one can have it" skiff run --rm -p "$port:80" busybox true
check "start" skiff start web
wait_until skiff exec web wget -qO/dev/null http://127.0.0.1/
is "it has it again" hello get "http://127.0.0.1:$port/"
helper_of() { # NAME
    local pid monitor
    monitor=$(awk '/^PPid:/ { print $2 }' "/proc/$(skiff inspect -f '{{.State.Pid}}' "$1")/status")
    for pid in $(pgrep -x skiff-net); do [ "$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")" = "$monitor" ] && echo "$pid"; done
    return 0
}
kill -KILL "$(helper_of web)"
check "a killed helper is told" wait_until eval "skiff inspect -f '{{.State.Error}}' web | grep -q 'network helper was killed'"
fails "the port is closed then" 7 'onnect' get "http://127.0.0.1:$port/"
is "the container goes on" hello skiff exec web wget -qO- http://127.0.0.1/
check "the next start repairs it" skiff restart -t 0 web
wait_until skiff exec web wget -qO/dev/null http://127.0.0.1/
is "the port answers again" hello get "http://127.0.0.1:$port/"
is "nothing is the matter any more" '' skiff inspect -f '{{.State.Error}}' web
check "rm -f" skiff rm -f web
check "free at once, run after run" eval 'for i in 1 2 3 4 5; do skiff run --rm -p "$port:80" busybox true || exit 1; done'
coproc OTHER { exec python3 -c 'import socket,sys; s=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1); s.bind(("127.0.0.1",int(sys.argv[1]))); s.listen(); print("ready",flush=True); sys.stdin.read()' "$port"; }
read -r -u "${OTHER[0]}" _
fails "taken by another process: by which" 125 "Bind for 127\\.0\\.0\\.1:$port failed: port is already allocated.*process $OTHER_PID \\(python3" skiff run --rm -p "127.0.0.1:$port:80" busybox true
kill "$OTHER_PID"
wait 2>/dev/null

# --- the forms of -p -------------------------------------------------------------------------------------------------

low=$(free_port)
is "one address, any port, UDP, exposed only" ok eval '
    skiff run -d --name forms -p 127.0.0.1::80 -p "127.0.0.1:$low:53/udp" --expose 8000-8001 busybox sleep 1000 >/dev/null
    p=$(skiff port forms 80); p=${p#127.0.0.1:}
    [ "$(skiff ps --format {{.Ports}})" = "8000-8001/tcp, 127.0.0.1:$low->53/udp, 127.0.0.1:$p->80/tcp" ] && echo ok || skiff ps --format {{.Ports}}'
skiff rm -f -t 0 forms >/dev/null
is "ranges" ok eval '
    skiff run -d --name forms -p "127.0.0.1:$low-$((low + 1)):80-81" busybox sleep 1000 >/dev/null
    [ "$(skiff port forms 81)" = "127.0.0.1:$((low + 1))" ] && echo ok'
is "the first free port of a range" "127.0.0.1:$((low + 2))" eval '
    skiff run -d --name next -p "127.0.0.1:$low-$((low + 9)):80" busybox sleep 1000 >/dev/null; skiff port next 80'
fails "a range without a free port" 125 'port is already allocated' skiff run --rm -p "127.0.0.1:$low-$((low + 1)):80" busybox true
skiff rm -f -t 0 forms next >/dev/null
is "-P publishes what is exposed" ok eval '
    skiff run -d --name forms -P --expose 80 --expose 53/udp busybox sleep 1000 >/dev/null
    [ "$(skiff port forms | grep -c " -> 0.0.0.0:")" = 2 ] && echo ok'
skiff rm -f -t 0 forms >/dev/null
is "the long form" "127.0.0.1:$low" eval '
    skiff create --name forms -p "target=80,published=$low" busybox true >/dev/null
    echo "127.0.0.1:$(skiff inspect -f "{{(index (index .HostConfig.PortBindings \"80/tcp\") 0).HostPort}}" forms)"'
skiff rm -f forms >/dev/null
for wrong in '70000:80|invalid hostPort: 70000' '80:abc|invalid containerPort: abc' 'x:80:80|invalid IP address: x' '80/icmp|invalid proto: icmp' \
    '1-2:80-83|invalid ranges specified for container and host Ports: 80-83 and 1-2' '80/sctp|SCTP ports cannot be published' '8080:|no port specified: 8080:<empty>'; do
    fails "refused: -p ${wrong%%|*}" 125 "${wrong#*|}" skiff run --rm -p "${wrong%%|*}" busybox true
done
fails "an address that this machine has not" 125 'cannot publish 198\.51\.100\.7:[0-9]*: this machine has no such address' skiff run --rm -p "198.51.100.7:$low:80" busybox true
start=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
if root || [ "$start" -lt 100 ]; then
    skip "a port that only root may have" "this user may have it"
else
    fails "a port that only root may have" 125 "ports below $start need CAP_NET_BIND_SERVICE.*sysctl -w net.ipv4.ip_unprivileged_port_start=81" skiff run --rm -p 127.0.0.1:81:80 busybox true
fi
has "--network host: a warning" 'Warning: Published ports are discarded when using host network mode' skiff run --rm --network host -p "$low:80" busybox true

# --- a listener from systemd -------------------------------------------------------------------------------------------

listen='import os, socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); os.dup2(s.fileno(), 3); os.set_inheritable(3, True)
print(s.getsockname()[1], flush=True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[1], sys.argv[1:])'
if [ -x /usr/bin/python3 ]; then
    out=$(/usr/bin/python3 -c "$listen" "$SKIFF" run -d --name socket -p fd:3:80 busybox sh -c "$serve")
    port=${out%%$'\n'*}
    is "ps shows where it is" "127.0.0.1:$port->80/tcp" skiff ps --filter name=socket --format '{{.Ports}}'
    wait_until skiff exec socket wget -qO/dev/null http://127.0.0.1/
    is "its clients reach the container" hello get "http://127.0.0.1:$port/"
    check "restart keeps it" skiff restart -t 0 socket
    wait_until skiff exec socket wget -qO/dev/null http://127.0.0.1/
    is "its clients reach the container again" hello get "http://127.0.0.1:$port/"
    skiff stop -t 0 socket >/dev/null
    fails "start without it" 125 'descriptor 3 is no TCP socket that listens' skiff start socket
    skiff rm -f -t 0 socket >/dev/null
else
    skip "a listener from systemd" "no /usr/bin/python3"
fi

# --- UDP ---------------------------------------------------------------------------------------------------------------

# busybox has no server for it, the machine's own python has.
echo_udp='import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", 53))
while True: data, client = s.recvfrom(65536); s.sendto(client[0].encode() + b"\n", client)'
ask() { # ADDRESS
    local answer=
    exec 5<>"/dev/udp/$1/$low"
    echo question >&5
    answer=$(timeout 1 head -n 1 <&5)  # in one piece: what is left of a datagram is lost
    exec 5>&-
    echo "$answer"
    [ -n "$answer" ]
}
if [ -x /usr/bin/python3 ]; then
    check "a UDP server" eval 'skiff run -d --name udp -p "$low:53/udp" host /usr/bin/python3 -c "$echo_udp" >/dev/null'
    check "it answers" wait_until ask 127.0.0.1
    is "a client on this machine's loopback is the gateway" 10.0.2.2 ask 127.0.0.1
    is "by IPv6, though it has IPv4 only" 10.0.2.2 ask ::1
    if [ -n "$address" ]; then is "a client with another address is itself" "$address" ask "$address"; fi
    skiff rm -f -t 0 udp >/dev/null
else
    skip "UDP" "no /usr/bin/python3"
fi
finish
