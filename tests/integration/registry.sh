#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Pull, push, login and search against Docker's own registry: plain, with TLS of a private authority, and with passwords.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=registry_lib.sh
. "${0%/*}/registry_lib.sh"
image busybox

# --- certificates: an authority, a server of it

authority ca
certificate ca server 'subjectAltName=DNS:registry.test,IP:127.0.0.1'

plain=$(free_port); tls=$(free_port); locked=$(free_port)
serve plain "$plain" "http: {addr: '127.0.0.1:$plain'}"
serve tls "$tls" "http: {addr: '127.0.0.1:$tls', tls: {certificate: $T/server.crt, key: $T/server.key}}"
password_file "$T/passwords"
serve locked "$locked" "http: {addr: '127.0.0.1:$locked'}
auth: {htpasswd: {realm: test, path: $T/passwords}}"
P=localhost:$plain

# --- push, pull

skiff tag busybox "$P/team/app:1"
has 'push' '^1: digest: sha256:[0-9a-f]{64} size: [0-9]+$' skiff push "$P/team/app:1"
has 'again: nothing is sent' ': Layer already exists$' skiff push "$P/team/app:1"
is 'push -q prints the name' "$P/team/app:1" skiff push -q "$P/team/app:1"
digest=$(skiff images --digests --format '{{.Digest}}' "$P/team/app")
skiff tag busybox "$P/other/app:2"
has 'a blob of another repository is mounted' ': Mounted from team/app$' skiff push "$P/other/app:2"
skiff tag busybox "$P/team/app:3"
has 'push -a' '^3: digest: ' skiff push -a "$P/team/app"
skiff rmi "$P/team/app:1" "$P/team/app:3" "$P/other/app:2" busybox >/dev/null
is 'everything is gone' '' skiff images -q

is 'pull' "1: Pulling from team/app
LAYER: Pulling fs layer
LAYER: Verifying Checksum
LAYER: Download complete
LAYER: Pull complete
Digest: $digest
Status: Downloaded newer image for $P/team/app:1
$P/team/app:1" eval "skiff pull $P/team/app:1 | sed -E 's/^[0-9a-f]{12}:/LAYER:/'"
is 'again: it is up to date' "1: Pulling from team/app
Digest: $digest
Status: Image is up to date for $P/team/app:1
$P/team/app:1" skiff pull "$P/team/app:1"
is 'by digest, quietly' "$P/team/app@$digest" skiff pull -q "$P/team/app@$digest"
is 'it runs' 1 skiff run --rm "$P/team/app:1" echo 1
is 'its digest is known' "[$P/team/app@$digest]" skiff image inspect -f '{{.RepoDigests}}' "$P/team/app:1"
has 'pull -a' "^$P/team/app$" skiff pull -a "$P/team/app"
is 'has every tag' '1 3 ' eval "skiff images --format '{{.Tag}}' $P/team/app | sort | grep -v none | tr '\n' ' '"
is 'search by its catalog' 'other/app team/app ' eval "skiff search --format '{{.Name}}' $P/app | tr '\n' ' '"
fails 'an unknown tag' 1 "manifest for $P/team/app:9 not found: manifest unknown" skiff pull "$P/team/app:9"
fails 'a default tag is told of' 1 '^Using default tag: latest$' skiff pull "$P/team/app"
fails 'pushing what is not there' 1 "An image does not exist locally with the tag: $P/nosuch" skiff push "$P/nosuch"

# --- run

skiff rmi -f "$P/team/app:1" "$P/team/app:3" >/dev/null
has 'run pulls what is missing' "^Unable to find image '$P/team/app:1' locally$" skiff run --rm "$P/team/app:1" true
is 'the pull is no output of the program' out eval "skiff rmi $P/team/app:1 >/dev/null; skiff run --rm $P/team/app:1 echo out 2>/dev/null"
hasnt 'not when it is there' Pulling skiff run --rm "$P/team/app:1" true
has '--pull always asks' 'Image is up to date' skiff run --rm --pull always "$P/team/app:1" true
hasnt '--pull newer has nothing newer' Pulling skiff run --rm --pull newer "$P/team/app:1" true
fails '--pull never' 125 'No such image: busybox:nosuch' skiff run --rm --pull never busybox:nosuch true
is '-q' '' skiff run --rm -q --pull always "$P/team/app:1" true
old=$(skiff images -q "$P/team/app:1")
tar -C "$T" -cf "$T/new.tar" ca.crt
skiff import "$T/new.tar" "$P/team/app:1" >/dev/null
skiff push -q "$P/team/app:1" >/dev/null
skiff tag "$old" "$P/team/app:1"
has '--pull newer has something newer' 'Downloaded newer image' eval "skiff create --pull newer $P/team/app:1 true; skiff container prune -f >/dev/null"
skiff rmi -f "$P/team/app:1" >/dev/null
skiff image prune -f >/dev/null

# --- TLS

X=127.0.0.1:$tls
skiff pull -q "$P/team/app:3" >/dev/null
skiff tag "$P/team/app:3" "registry.test:$tls/app"
skiff tag "$P/team/app:3" "$X/app"
check 'on the loopback no certificate is asked for' skiff push -q "$X/app"
# The name resolves nowhere, so the proxy of the other script's server is not needed to see the refusal.
mkdir -p "$HOME/.config/containers/certs.d/$X"
cp "$T/ca.crt" "$HOME/.config/containers/certs.d/$X/"
check 'a private authority' skiff pull -q "$X/app"

# --- passwords

L=localhost:$locked
if [ -n "$(head -c 1 "$T/passwords" | tr -d '\n')" ]; then
    skiff tag "$P/team/app:3" "$L/app:1"
    fails 'who is unknown gets nothing' 125 'unauthorized: authentication required|no basic auth credentials|denied' skiff push "$L/app:1"
    fails 'a wrong password' 125 'unauthorized' eval "echo wrong | skiff login -u someone --password-stdin $L"
    has 'login' '^Login Succeeded$' eval "echo secret | skiff login -u someone --password-stdin $L"
    is 'its file is private' 600 stat -c %a "$HOME/.docker/config.json"
    is 'and as docker writes it' "$(printf someone:secret | base64)" python3 -c "import json, sys
print(json.load(open(sys.argv[1]))['auths'][sys.argv[2]]['auth'])" "$HOME/.docker/config.json" "$L"
    check 'then push works' skiff push -q "$L/app:1"
    check 'and pull' skiff pull -q "$L/app:1"
    has 'login asks the terminal, without an echo' 'Login Succeeded' eval \
        "printf 'someone\nsecret\n' | terminal '\"$SKIFF\" logout $L; \"$SKIFF\" login $L'"
    has 'logout' "^Removing login credentials for $L$" skiff logout "$L"
    has 'twice' "^Not logged in to $L$" skiff logout "$L"
    fails 'then nothing works' 125 'denied|unauthorized|no basic auth' skiff push "$L/app:1"
    DOCKER_AUTH_CONFIG="{\"auths\": {\"$L\": {\"auth\": \"$(printf someone:secret | base64)\"}}}" \
        check 'the variable of CI systems' skiff pull -q "$L/app:1"
    mkdir -p "$T/bin"
    cat >"$T/bin/docker-credential-test" <<HELPER
#!/bin/sh
cat >>"$T/helper-\$1"
[ "\$1" != get ] || { [ -s "$T/helper-store" ] && echo '{"Username": "someone", "Secret": "secret"}' || { echo 'credentials not found in native keychain'; exit 1; }; }
HELPER
    chmod +x "$T/bin/docker-credential-test"
    echo '{"credsStore": "test", "HttpHeaders": {"X-Meta-Test": "1"}, "other": [1]}' >"$HOME/.docker/config.json"
    PATH=$T/bin:$PATH
    has 'login by a helper' '^Login Succeeded$' eval "echo secret | skiff login -u someone --password-stdin $L"
    has 'which has the password' '"Secret":"secret"' cat "$T/helper-store"
    hasnt 'and the file has not' 'c29tZW9uZTpzZWNyZXQ=|secret' cat "$HOME/.docker/config.json"
    has 'what else was in it stays' '"other"' cat "$HOME/.docker/config.json"
    check 'pull asks the helper' skiff pull -q "$L/app:1"
    rm "$HOME/.docker/config.json"
else
    skip 'login' 'python has no bcrypt'
fi
fails 'a password on a pipe wants a name' 125 'Must provide --username with --password-stdin' eval "echo x | skiff login --password-stdin $L"
fails 'without a terminal' 125 'Cannot perform an interactive login from a non TTY device' skiff login "$L"

# --- settings

export SKIFF_CONFIG=$T/config.yaml
printf 'registries:\n  example.test/mirrored:\n    mirrors:\n      - localhost:1/nobody\n      - location: %s/team\n' "$P" >"$SKIFF_CONFIG"
is 'mirrors, the first of which is not there' example.test/mirrored/app:3 skiff pull -q example.test/mirrored/app:3
printf 'registries:\n  example.test:\n    location: %s\n' "$P" >"$SKIFF_CONFIG"
is 'another location' example.test/team/app:3 skiff pull -q example.test/team/app:3
printf 'registries:\n  example.test:\n    locaton: %s\n' "$P" >"$SKIFF_CONFIG"
fails 'a fault in the file' 125 "$T/config.yaml:3:5: unknown key \"locaton\" of a registry" skiff pull example.test/x
unset SKIFF_CONFIG
printf '[[registry]]\nprefix = "example.test"\nlocation = "%s" # here\n[[registry]]\nprefix = "bad.test"\nblocked = true\n' "$P" >"$T/registries.conf"
export CONTAINERS_REGISTRIES_CONF=$T/registries.conf
is 'registries.conf' example.test/team/app:3 skiff pull -q example.test/team/app:3
fails 'blocks' 125 'registry bad.test is blocked' skiff pull bad.test/x
printf '[[registry]]\nprefix = 5\n' >"$T/registries.conf"
fails 'a fault in it' 125 "$T/registries.conf:2: 'prefix' must be a string" skiff pull bad.test/x
unset CONTAINERS_REGISTRIES_CONF

stop_registries
finish
