#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Registries that are not on the loopback, where no exception helps: private authorities, certificates of clients, plain HTTP.
# As root in a network namespace of its own, else on this machine's address.
if [ "$(id -u)" = 0 ] && [ -z "${SKIFF_TEST_INSIDE:-}" ]; then
    exec unshare --net env SKIFF_TEST_INSIDE=1 "$BASH" "$0"
fi
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=registry_lib.sh
. "${0%/*}/registry_lib.sh"

if root; then
    address=192.0.2.7
    ip link set lo up && ip address add $address/32 dev lo || skip_all 'the loopback takes no address'
else
    # No packet is sent: the kernel only says which address it would send from.
    address=$(python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("192.0.2.1", 9)); print(s.getsockname()[0])' 2>/dev/null)
    case $address in '' | 127.*) skip_all 'this machine has no address but the loopback' ;; esac
fi

authority ca; authority other
certificate ca server "subjectAltName=IP:$address"
certificate ca elsewhere 'subjectAltName=DNS:elsewhere.test'
certificate ca client 'extendedKeyUsage=clientAuth'
certificate other stranger 'extendedKeyUsage=clientAuth'
places=()
begin() { # NAME SETTINGS: sets NAME to its ADDRESS:PORT
    local port
    port=$(free_port "$address")
    printf -v "$1" '%s' "$address:$port"
    places+=("$address:$port")
    serve "$1" "$port" "http: {addr: '$address:$port', $2}" "$address"
}
begin tls "tls: {certificate: $T/server.crt, key: $T/server.key}"
begin mutual "tls: {certificate: $T/server.crt, key: $T/server.key, clientcas: [$T/ca.crt]}"
begin wrong "tls: {certificate: $T/elsewhere.crt, key: $T/elsewhere.key}"
begin plain 'headers: {X-Test: [x]}'
# shellcheck disable=SC2154  # set by begin
true "$tls" "$mutual" "$wrong" "$plain"

certificates=$HOME/.config/docker/certs.d
for place in "${places[@]}"; do mkdir -p "$certificates/$place"; done
image busybox
for place in "${places[@]}"; do skiff tag busybox "$place/app"; done

# --- who they are

fails 'an unknown authority' 125 'tls: failed to verify certificate: x509: certificate signed by unknown authority' skiff push "$tls/app"
fails 'the place for its certificate is told' 125 "belongs into /etc/docker/certs.d/$tls/ca.crt" skiff push "$tls/app"
fails 'login says so, too' 125 'certificate signed by unknown authority' eval "echo x | skiff login -u x --password-stdin $tls"
cp "$T/other.crt" "$certificates/$tls/ca.crt"
fails 'another authority is named' 125 "signed by unknown authority .*not signed by that of $certificates/$tls/ca.crt" skiff push "$tls/app"
echo nonsense >"$certificates/$tls/ca.crt"
fails 'a file that is no certificate' 125 "'$certificates/$tls/ca.crt' holds no certificate in PEM form" skiff push "$tls/app"
printf -- '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' >"$certificates/$tls/ca.crt"
fails 'a damaged certificate' 125 "from $certificates/$tls/ca.crt" skiff push "$tls/app"
cp "$T/ca.crt" "$certificates/$tls/ca.crt"
is 'the right one: push' "$tls/app:latest" skiff push -q "$tls/app"
is 'pull' "$tls/app:latest" skiff pull -q "$tls/app"
mkdir -p "$HOME/.config/containers/certs.d"
mv "$certificates/$tls" "$HOME/.config/containers/certs.d/"
is "podman's directory does as well" "$tls/app:latest" skiff pull -q "$tls/app"
rm -r "$HOME/.config/containers/certs.d/$tls"
printf 'registries:\n  %s:\n    ca: %s\n' "$tls" "$T/ca.crt" >"$T/config.yaml"
SKIFF_CONFIG=$T/config.yaml is 'config.yaml names one' "$tls/app:latest" skiff pull -q "$tls/app"
SSL_CERT_DIR='' SSL_CERT_FILE=$T/ca.crt is "the system's bundle" "$tls/app:latest" skiff pull -q "$tls/app"
mkdir -p "$certificates/$tls"
cp "$T/other.crt" "$certificates/$tls/ca.crt"
SSL_CERT_FILE=$T/ca.crt is 'counts besides a private one' "$tls/app:latest" skiff pull -q "$tls/app"
cp "$T/ca.crt" "$certificates/$wrong/ca.crt"
fails 'a certificate for another name' 125 "x509: certificate is not valid for $wrong" skiff push "$wrong/app"
printf 'registries:\n  %s:\n    insecure: true\n' "$wrong" >"$T/config.yaml"
SKIFF_CONFIG=$T/config.yaml is 'unless the registry is called insecure' "$wrong/app:latest" skiff push -q "$wrong/app"
has 'as manifest inspect may call it' '"schemaVersion": 2' skiff manifest inspect --insecure "$wrong/app"

# --- who we are

cp "$T/ca.crt" "$certificates/$mutual/ca.crt"
fails 'a certificate is wanted: where it belongs' 125 "remote error: tls: .*certs.d/$mutual/ as client.cert and client.key" skiff push "$mutual/app"
cp "$T/client.crt" "$certificates/$mutual/client.cert"
fails 'without its key' 125 "missing key $certificates/$mutual/client.key for client certificate" skiff push "$mutual/app"
cp "$T/stranger.key" "$certificates/$mutual/client.key"
fails "somebody else's key" 125 "private key file: '$certificates/$mutual/client.key'" skiff push "$mutual/app"
cp "$T/stranger.crt" "$certificates/$mutual/client.cert"
fails 'a stranger is named' 125 "remote error: tls: .*it was shown $certificates/$mutual/client.cert" skiff push "$mutual/app"
cp "$T/client.crt" "$certificates/$mutual/client.cert"
cp "$T/client.key" "$certificates/$mutual/client.key"
is 'who is known may push' "$mutual/app:latest" skiff push -q "$mutual/app"
is 'and pull' "$mutual/app:latest" skiff pull -q "$mutual/app"

# --- without TLS

fails 'plain HTTP is not fallen back to' 125 'http: server gave HTTP response to HTTPS client' skiff push "$plain/app"
printf 'registries:\n  %s:\n    insecure: true\n' "$plain" >"$T/config.yaml"
SKIFF_CONFIG=$T/config.yaml is 'unless it is asked for' "$plain/app:latest" skiff push -q "$plain/app"
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$plain" >"$T/registries.conf"
CONTAINERS_REGISTRIES_CONF=$T/registries.conf is 'or in registries.conf' "$plain/app:latest" skiff pull -q "$plain/app"

# --- proxies: one that is not there, so that nothing arrives but what goes round it

cp "$T/ca.crt" "$certificates/$tls/ca.crt"
export HTTP_PROXY=http://127.0.0.1:1 HTTPS_PROXY=http://user:hidden@127.0.0.1:1
fails 'a proxy that is not there is named' 125 'proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused' skiff pull "$tls/app"
is 'without its password' 0 eval "skiff pull $tls/app 2>&1 | grep -c hidden || true"
port=${tls#*:}
for exception in "$address" "$tls" "other.test, $address" "${address%.*}.0/24" '*'; do
    NO_PROXY=$exception is "no_proxy=$exception" "$tls/app:latest" skiff pull -q "$tls/app"
done
for other in "$address:1$port" "${address%.*}.0/32" "${address%.*}" other.test; do
    NO_PROXY=$other fails "no_proxy=$other is about something else" 125 'proxyconnect tcp' skiff pull -q "$tls/app"
done
printf 'registries:\n  %s:\n    proxy: ""\n' "$tls" >"$T/config.yaml"
SKIFF_CONFIG=$T/config.yaml is 'config.yaml goes before' "$tls/app:latest" skiff pull -q "$tls/app"
loopback=$(free_port)
serve loopback "$loopback" "http: {addr: '127.0.0.1:$loopback'}"
skiff tag busybox "localhost:$loopback/app"
is 'nobody asks a proxy for localhost' "localhost:$loopback/app:latest" skiff push -q "localhost:$loopback/app"

stop_registries
finish
