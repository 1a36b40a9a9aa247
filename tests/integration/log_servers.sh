# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016
# Log drivers that send to a server: what arrives, what is refused, and a server that is slow or gone.
. "${0%/*}/lib.sh"
image busybox

SERVERS=()
serve() { # NAME KIND ADDRESS: its lines go to $T/NAME, its port to $T/NAME.port
    python3 "${0%/*}/log_server.py" "$2" "$3" "$T/$1" "$T/$1.port" >"$T/$1.err" 2>&1 &
    SERVERS+=($!)
    wait_line "$T/$1" '^ready$'
}
stop_servers() { kill "${SERVERS[@]}" 2>/dev/null; wait "${SERVERS[@]}" 2>/dev/null; SERVERS=(); }
at_end stop_servers
port() { cat "$T/$1.port"; }
arrives() { # NAME FILE REGEX
    local name=$1 file=$2 want=$3
    if wait_line "$T/$file" "$want"; then pass "$name"; else OUT=$(cat "$T/$file"); fail "$name" "no line like: $want"; fi
}

# --- syslog
serve sys udp 0
check "syslog over udp" skiff run --rm --name s1 --log-driver syslog --log-opt "syslog-address=udp://127.0.0.1:$(port sys)" \
    --log-opt 'tag={{.Name}}/{{upper .ImageName}}' busybox sh -c 'echo to out; echo to err >&2'
arrives "… stdout is info of daemon" sys '^<30>[A-Z][a-z]{2} [ 123][0-9] [0-9:]{8} s1/BUSYBOX\[[0-9]+\]: to out$'
arrives "… stderr is err" sys '^<27>.*: to err$'
check "… rfc3164, another facility" skiff run --rm --log-driver syslog --log-opt "syslog-address=udp://127.0.0.1:$(port sys)" \
    --log-opt syslog-format=rfc3164 --log-opt syslog-facility=local0 busybox echo third
arrives "… has the host's name" sys "^<134>[A-Z][a-z]{2} [ 123][0-9] [0-9:]{8} $(hostname) [0-9a-f]{12}\[[0-9]+\]: third\$"
serve systcp tcp 0
check "… rfc5424micro over tcp" skiff run --rm --log-driver syslog --log-opt "syslog-address=tcp://localhost:$(port systcp)" \
    --log-opt syslog-format=rfc5424micro --log-opt tag=t busybox echo fifth
arrives "… " systcp "^<30>1 [-0-9]{10}T[0-9:]{8}\.[0-9]{6}(Z|[+-][0-9:]{5}) $(hostname) t [0-9]+ t - fifth\$"
serve sysunix unix-datagram "$T/socket"
check "… over a socket" skiff run --rm --log-driver syslog --log-opt "syslog-address=unixgram://$T/socket" busybox echo sixth
arrives "… " sysunix ': sixth$'
fails "… an unknown format" 125 'Invalid syslog format' skiff run --rm --log-driver syslog --log-opt syslog-format=x busybox true
fails "… an unknown facility" 125 'invalid syslog facility' skiff run --rm --log-driver syslog --log-opt syslog-facility=x busybox true
fails "… an address without a form" 125 'syslog-address should be in form proto://address, got 127.0.0.1' skiff run --rm --log-driver syslog --log-opt syslog-address=127.0.0.1 busybox true
fails "… an unknown option" 125 "unknown log opt 'x' for syslog log driver" skiff run --rm --log-driver syslog --log-opt x=y busybox true
fails "a server that is not there" 125 'failed to initialize logging driver: syslog: tcp 127.0.0.1:1: Connection refused' \
    skiff run --rm --log-driver syslog --log-opt syslog-address=tcp://127.0.0.1:1 busybox true

# --- gelf
serve gelf gelf-udp 0
G=(--log-driver gelf --log-opt "gelf-address=udp://127.0.0.1:$(port gelf)")
check "gelf over udp" skiff run --rm --name g1 "${G[@]}" --label tier=db --label other=1 -e A=1 -e BB=2 \
    --log-opt labels=tier --log-opt env-regex='^B+$' busybox echo gel
arrives "… what it says" gelf '^\{"version":"1\.1","host":"[^"]*","_container_id":"[0-9a-f]{64}","_container_name":"g1","_image_id":"sha256:[0-9a-f]{64}","_image_name":"busybox","_command":"echo gel","_tag":"[0-9a-f]{12}","_created":"[^"]*","_BB":"2","_tier":"db","short_message":"gel","timestamp":[0-9]+\.[0-9]{3},"level":6\}$'
check "… none, and chunks" skiff run --rm "${G[@]}" --log-opt gelf-compression-type=none busybox sh -c 'head -c 5000 /dev/zero | tr "\0" x; echo'
arrives "… of a long line" gelf '^chunks 4$'
arrives "… as a whole" gelf '"short_message":"x{5000}"'
check "… zlib" skiff run --rm "${G[@]}" --log-opt gelf-compression-type=zlib --log-opt gelf-compression-level=9 busybox echo zed
arrives "… " gelf '"short_message":"zed"'
serve geltcp gelf-tcp 0
check "… over tcp" skiff run --rm --log-driver gelf --log-opt "gelf-address=tcp://127.0.0.1:$(port geltcp)" busybox echo tee
arrives "… " geltcp '"short_message":"tee"'
fails "… without an address" 125 'gelf-address is a required parameter' skiff run --rm --log-driver gelf busybox true
fails "… of another kind" 125 'endpoint needs to be TCP or UDP' skiff run --rm --log-driver gelf --log-opt gelf-address=http://h:1 busybox true
fails "… compression over tcp" 125 'compression is only supported on UDP' skiff run --rm --log-driver gelf --log-opt gelf-address=tcp://h:1 --log-opt gelf-compression-type=gzip busybox true
fails "… an unknown compression" 125 'unknown value "x" for log opt "gelf-compression-type"' skiff run --rm "${G[@]}" --log-opt gelf-compression-type=x busybox true

# --- fluentd
serve flu fluentd 0
F=(--log-driver fluentd --log-opt "fluentd-address=127.0.0.1:$(port flu)")
check "fluentd" skiff run --rm --name f1 "${F[@]}" --log-opt 'tag=a.{{.Name}}' --log-opt labels=l --label l=v busybox sh -c 'echo one; echo two >&2'
arrives "… stdout" flu '^\["a.f1", [0-9]{10}, \{"container_id": "[0-9a-f]{64}", "container_name": "/f1", "l": "v", "log": "one", "source": "stdout"\}\]$'
arrives "… stderr" flu '"log": "two", "source": "stderr"'
check "… parts of a long line" skiff run --rm "${F[@]}" --log-opt fluentd-sub-second-precision=true busybox sh -c 'head -c 20000 /dev/zero | tr "\0" y; echo'
arrives "… the first" flu '[0-9]{10}\.[0-9]+, .*"partial_last": "false", "partial_message": "true", "partial_ordinal": "1"'
arrives "… the last" flu '"log": "y{3616}", "partial_id": "[0-9a-f]{64}", "partial_last": "true", "partial_message": "true", "partial_ordinal": "2"'
fails "… a wrong switch" 125 'invalid value for fluentd-async' skiff run --rm "${F[@]}" --log-opt fluentd-async=x busybox true
check "… asynchronous without a server" skiff run --rm --log-driver fluentd --log-opt fluentd-address=127.0.0.1:1 --log-opt fluentd-async=true busybox true

# --- what is kept here
check "a copy stays" skiff run --name copy "${F[@]}" busybox echo kept
is "… for logs" kept skiff logs copy
is "… inspect names the driver" fluentd skiff inspect --format '{{.HostConfig.LogConfig.Type}}' copy
check "none with cache-disabled" skiff run --name bare "${F[@]}" --log-opt cache-disabled=true busybox echo gone
fails "… logs" 125 'does not support reading' skiff logs bare
fails "a tag that is no template" 125 'unclosed action' skiff run --rm "${F[@]}" --log-opt 'tag={{.Name' busybox true
fails "… of a field that is none" 125 'no entry for key "Nope"' skiff run --rm "${F[@]}" --log-opt 'tag={{.Nope}}' busybox true
fails "a driver that nobody has" 125 "no log driver named 'nope' is registered" skiff run --rm --log-driver nope busybox true
fails "one that skiff has not" 125 'log driver splunk is not supported' skiff run --rm --log-driver splunk busybox true

# --- journald
if [ -S /run/systemd/journal/socket ]; then
    skip "journald without a journal" "this machine has one: see tests/vm"
else
    fails "journald without a journal" 125 'failed to initialize logging driver: journald' skiff run --rm --log-driver journald busybox true
fi

# --- a server that is slow: the program waits, nothing is lost
SLOW=1 serve slow tcp 0
check "a slow server gets all" skiff run --rm --log-driver syslog --log-opt "syslog-address=tcp://127.0.0.1:$(port slow)" --log-opt cache-disabled=true \
    busybox sh -c 'i=0; while [ $i -lt 20000 ]; do echo "line $i of many, long enough to fill what lies between"; i=$((i+1)); done' </dev/null
arrives "… to the last" slow 'line 19999 of many'
is "… each once" 20000 eval 'grep -c "line [0-9]* of many" "$T/slow"'
# One that reads nothing does not hold a program that need not wait; what it lost is counted.
SLOW=1000 serve dead tcp 0
check "mode=non-blocking" skiff run --name nb --log-driver syslog --log-opt "syslog-address=tcp://127.0.0.1:$(port dead)" --log-opt mode=non-blocking \
    --log-opt max-buffer-size=64k busybox sh -c 'i=0; while [ $i -lt 60000 ]; do echo "line $i of many, long enough to fill what lies between"; i=$((i+1)); done; echo done >/ok'
has "… says what was lost" '[0-9]+ messages were not delivered' skiff inspect --format '{{json .State.Less}}' nb
has "… and has it here" 'line 59999 of many' skiff logs -n 1 nb
fails "max-buffer-size alone" 125 "only supported with 'mode=non-blocking'" skiff run --rm "${F[@]}" --log-opt max-buffer-size=1m busybox true

# --- a server that goes away and comes back
serve first tcp 0
again=$(port first)
check "a server" skiff run -d --name back --log-driver syslog --log-opt "syslog-address=tcp://127.0.0.1:$again" busybox sleep 1000
say() { skiff exec back sh -c "echo $1 >/proc/1/fd/1"; }
check "… that is there" say before
arrives "… hears of it" first ': before$'
stop_servers
check "… that is gone" say meanwhile
serve second tcp "$again"
arrives "… hears of it when it is back" second ': meanwhile$'
check "… and goes on" say after
arrives "… hearing" second ': after$'
check "clean up" skiff rm -f back nb copy bare

# --- TLS
if ! command -v openssl >/dev/null; then skip "TLS" "no openssl to make certificates with"; finish; fi
cd "$T" || exit
authority() { openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$1.key" -out "$1.crt" 2>/dev/null; }
signed() { # BY NAME EXTENSION
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$2.key" -out "$2.csr" 2>/dev/null
    openssl x509 -req -in "$2.csr" -CA "$1.crt" -CAkey "$1.key" -CAcreateserial -days 2 -extfile <(echo "$3") -out "$2.crt" 2>/dev/null
}
authority ca; authority other
signed ca server 'subjectAltName=DNS:localhost,IP:127.0.0.1'; signed ca client 'keyUsage=digitalSignature'
serve sec tls 0
tls() { # HOST OPTION… -- COMMAND…
    local host=$1 options=(); shift
    while [ "$1" != -- ]; do options+=(--log-opt "$1"); shift; done
    skiff run --rm --log-driver syslog --log-opt "syslog-address=tcp+tls://$host:$(port sec)" "${options[@]}" busybox "${@:2}"
}
check "syslog over TLS" tls localhost "syslog-tls-ca-cert=$T/ca.crt" -- echo private
arrives "… " sec ': private$'
check "… by address; many lines, all of them" tls 127.0.0.1 "syslog-tls-ca-cert=$T/ca.crt" -- sh -c 'i=0; while [ $i -lt 3000 ]; do echo line-$((i += 1)); done'
arrives "… " sec ': line-3000$'
is "… each once" 3000 grep -c ': line-' sec
fails "… signed by somebody else" 125 'failed to initialize logging driver: syslog: .*certificate verify failed \(unable to get local issuer certificate\)' tls localhost "syslog-tls-ca-cert=$T/other.crt" -- true
fails "… by nobody whom the system trusts" 125 'certificate verify failed' tls localhost -- true
mkdir elsewhere; signed ca elsewhere 'subjectAltName=DNS:elsewhere.example,IP:192.0.2.1'
cp elsewhere.crt elsewhere/server.crt; cp elsewhere.key elsewhere/server.key
cd elsewhere && serve false tls 0; cd "$T" || exit
for host in localhost:'hostname mismatch' 127.0.0.1:'IP address mismatch'; do
    fails "… of another one: ${host#*:}" 125 "certificate verify failed \\(${host#*:}\\)" \
        skiff run --rm --log-driver syslog --log-opt "syslog-address=tcp+tls://${host%%:*}:$(port false)" --log-opt "syslog-tls-ca-cert=$T/ca.crt" busybox true
done
check "… looked at by nobody" tls localhost syslog-tls-skip-verify=true -- echo unseen
arrives "… " sec ': unseen$'
fails "… skip-verify=false is no yes" 125 'certificate verify failed' tls localhost syslog-tls-skip-verify=false -- true
fails "… a file that is not there" 125 "failed to initialize logging driver: syslog: cannot use the CA certificate '/nosuch'" tls localhost syslog-tls-ca-cert=/nosuch -- true
fails "… a server without TLS" 125 'failed to initialize logging driver: syslog: ' skiff run --rm --log-driver syslog --log-opt "syslog-address=tcp+tls://127.0.0.1:$(port systcp)" --log-opt syslog-tls-skip-verify=true busybox true
export CLIENTS=$T/ca.crt
serve mutual tls 0
unset CLIENTS
check "… with a certificate of our own" skiff run --rm --log-driver syslog --log-opt "syslog-address=tcp+tls://localhost:$(port mutual)" --log-opt "syslog-tls-ca-cert=$T/ca.crt" \
    --log-opt "syslog-tls-cert=$T/client.crt" --log-opt "syslog-tls-key=$T/client.key" busybox echo known
arrives "… " mutual ': known$'
fails "… a key that is another one's" 125 "cannot use the key '.*other.key'" tls localhost "syslog-tls-ca-cert=$T/ca.crt" "syslog-tls-cert=$T/client.crt" "syslog-tls-key=$T/other.key" -- true
serve flutls fluentd-tls 0
fails "fluentd over TLS, which takes those whom the system trusts" 125 'failed to initialize logging driver: fluentd: .*certificate verify failed' \
    skiff run --rm --log-driver fluentd --log-opt "fluentd-address=tls://localhost:$(port flutls)" busybox true
if root; then
    mkdir certs; cp ca.crt certs/ca-certificates.crt
    check "… with one of them" unshare -m sh -c 'mount --bind "$1/certs" /etc/ssl/certs && exec "$2" run --rm --log-driver fluentd --log-opt "fluentd-address=tls://localhost:$3" busybox echo fluent' - "$T" "$SKIFF" "$(port flutls)"
    arrives "… " flutls '"log": "fluent"'
fi
finish
