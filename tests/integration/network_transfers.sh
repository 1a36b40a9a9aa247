#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every byte arrives, on every way that TCP takes: through the SYN gate, through libslirp, by published ports, IPv4 and IPv6, both
# directions, beside a reader that does not read. 20 MB each; 1 GB with check --long.
# shellcheck disable=SC2016,SC2034  # code for the container's shell; what is held open for the life of the script
. "${0%/*}/lib.sh"
image busybox
size=20000000
if [ -n "${SKIFF_LONG:-}" ]; then size=1000000000 LIMIT=600; fi

mkdir -p "$T/out"
: >"$T/out/log"
mkfifo "$T/out/stdin"
python3 "${0%/*}/net_server.py" "$T/out" <"$T/out/stdin" 2>"$T/out/errors" &
exec {held}>"$T/out/stdin"
wait_line "$T/out/ready" ready || skip_all "this machine has no address"
host=$(cat "$T/out/address") tcp=$(cat "$T/out/tcp")
zeros=$(head -c $size /dev/zero | sha256sum | cut -d' ' -f1)
pattern=$(python3 -c 'import hashlib, sys
p, left, sum = bytes(range(256)) * 256, int(sys.argv[1]), hashlib.sha256()
while left: sum.update(p[:left]); left -= len(p[:left])
print(sum.hexdigest())' $size)

for way in gate libslirp; do
    # A container that administers its network has no gate.
    more=()
    [ $way = gate ] || more=(--cap-add NET_ADMIN)
    is "out, $way" "$zeros" skiff run --rm "${more[@]}" busybox sh -c "(echo sum $size; head -c $size /dev/zero) | nc $host $tcp"
    is "in, $way" "$pattern" skiff run --rm "${more[@]}" busybox sh -c "echo give $size | nc $host $tcp | sha256sum | cut -d' ' -f1"
done

# In the container: 80 gives the pattern, 81 sums what comes until its end, 82 goes away with data unread.
cat >"$T/client.py" <<'PYTHON'
import hashlib, socket, sys
what, host, port, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
def connect(): return socket.create_connection((host, port), 60)
def read_all(s):
    sum = hashlib.sha256()
    while block := s.recv(1 << 18): sum.update(block)
    return sum.hexdigest()
if what == "give":
    print(read_all(connect()))
elif what == "slow":  # one that does not read, while another one has all of it
    lazy = connect()
    first = lazy.recv(1)
    other = read_all(connect())
    sum = hashlib.sha256(first)
    while block := lazy.recv(1 << 18): sum.update(block)
    print(other, sum.hexdigest())
elif what == "sum":
    s, left, block = connect(), size, bytes(1 << 18)
    while left: s.sendall(block[:left]); left -= len(block[:left])
    s.shutdown(socket.SHUT_WR)
    print(s.makefile().readline().split()[0])
elif what == "reset":
    s = connect()
    try:
        while True: s.sendall(bytes(1 << 16))
    except (ConnectionResetError, BrokenPipeError) as error:
        print("reset")
PYTHON
published=$((20000 + RANDOM % 12000))
serve='import hashlib, socket, sys, threading
size, pattern = int(sys.argv[1]), bytes(range(256)) * 256
def give(s):
    left = size
    while left: s.sendall(pattern[:left]); left -= len(pattern[:left])
def sum(s):
    sum = hashlib.sha256()
    while block := s.recv(1 << 18): sum.update(block)
    s.sendall(sum.hexdigest().encode() + b"\n")
def end(s): s.recv(1)
def act_and_close(act, s):
    with s:
        try: act(s)
        except OSError: pass
def accept(port, act):
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True) if socket.has_dualstack_ipv6() else socket.create_server(("", port))
    while True: threading.Thread(target=act_and_close, args=(act, listener.accept()[0])).start()
for port, act in (80, give), (81, sum), (82, end): threading.Thread(target=accept, args=(port, act)).start()
print("ready", flush=True)'
[ -x /usr/bin/python3 ] || { skip "published ports" "no /usr/bin/python3"; finish; }
check "servers" skiff run -d --name servers -p "$published-$((published + 2)):80-82" host /usr/bin/python3 -c "$serve" $size
check "they are ready" wait_until eval 'skiff logs servers | grep -q ready'
client() { timeout "$LIMIT" python3 "$T/client.py" "$1" "$2" "$3" $size; }
hosts=(127.0.0.1)
grep -q . /proc/net/if_inet6 2>/dev/null && hosts+=(::1)
for address in "${hosts[@]}"; do
    is "by a published port, out, $address" "$pattern" client give "$address" "$published"
    is "by a published port, in, $address" "$zeros" client sum "$address" $((published + 1))
done
is "beside a reader that does not read" "$pattern $pattern" client slow 127.0.0.1 "$published"
is "a server that goes away is a reset" reset client reset 127.0.0.1 $((published + 2))
skiff rm -f -t 0 servers >/dev/null
finish
