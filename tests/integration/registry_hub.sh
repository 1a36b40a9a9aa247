#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Docker Hub, which no test may ask: its names, tokens that expire, blobs on another host. Reached through an HTTPS proxy that
# answers for all hosts itself (registry_server.py), so that nothing is remapped.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"

command -v openssl >/dev/null || skip_all 'no openssl to make certificates with'
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test-authority -keyout "$T/ca.key" -out "$T/ca.crt" 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=hub -keyout "$T/hub.key" -out "$T/hub.csr" 2>/dev/null
openssl x509 -req -in "$T/hub.csr" -CA "$T/ca.crt" -CAkey "$T/ca.key" -CAcreateserial -days 2 \
    -extfile <(echo subjectAltName=DNS:registry-1.docker.io,DNS:auth.docker.io,DNS:index.docker.io,DNS:cdn.test) \
    -out "$T/hub.crt" 2>/dev/null
cat "$T/hub.crt" "$T/hub.key" >"$T/hub.pem"
python3 "${0%/*}/registry_server.py" "$T" --certificate "$T/hub.pem" >"$T/server.log" 2>&1 &
server=$!
wait_until test -s "$T/port" || skip_all "the test's registry did not start: $(cat "$T/server.log")"
port=$(cat "$T/port")
export https_proxy=http://127.0.0.1:$port

fails 'an unknown authority' 125 'failed to verify certificate' skiff pull good
# The system's authorities are a directory of hashed names, as Debian, Fedora and Alpine have it.
mkdir "$T/certs"
cp "$T/ca.crt" "$T/certs/$(openssl x509 -hash -noout -in "$T/ca.crt").0"
export SSL_CERT_DIR=$T/certs
: >"$T/log"
is 'a short name' docker.io/library/good:latest skiff pull -q good
has 'is asked for with a token' '^registry-1.docker.io GET /v2/library/good/manifests/latest Bearer' cat "$T/log"
has 'for this repository' '^auth.docker.io GET /token.*scope=repository:library/good:pull' cat "$T/log"
has 'blobs come from another host' '^cdn.test GET /v2/library/good/blobs/' cat "$T/log"
hasnt 'which sees no token' '^cdn.test .* Bearer' cat "$T/log"
has 'a token that expires on the way is replaced' '^2$' eval "grep -c '^auth.docker.io' '$T/log' | sed 's/[2-9]/2/'"
fails 'the limit is told' 125 'toomanyrequests: You have reached your pull rate limit' skiff pull limited
fails 'a private image' 125 'pull access denied for private, repository does not exist or may require' skiff pull private
fails 'a wrong password' 125 'incorrect username or password' eval 'echo wrong | skiff login -u someone --password-stdin'
has 'login' '^Login Succeeded$' eval 'echo secret | skiff login -u someone --password-stdin'
has 'under the name that docker uses' '"https://index.docker.io/v1/"' cat "$HOME/.docker/config.json"
is 'then the private image comes' docker.io/library/private:latest skiff pull -q private
has 'logout' '^Removing login credentials for https://index.docker.io/v1/$' skiff logout
echo '{"auths": {"https://index.docker.io/v1/": {"auth": "PHRva2VuPjo=", "identitytoken": "refresh-me"}}}' >"$HOME/.docker/config.json"
skiff rmi -f private good >/dev/null
: >"$T/log"
is 'an identity token does as well' docker.io/library/private:latest skiff pull -q private
has 'it is traded for one' '^auth.docker.io POST /token' cat "$T/log"

mkdir -p "$HOME/.config/containers"
rm "$HOME/.docker/config.json"
printf '{"auths": {"docker.io": {"auth": "%s"}}}' "$(printf someone:secret | base64)" >"$HOME/.config/containers/auth.json"
skiff rmi -f private >/dev/null
is "podman's file is read, too" docker.io/library/private:latest skiff pull -q private
echo '{"auths": {"docker.io": {"auth": "!"}}}' >"$HOME/.config/containers/auth.json"
fails 'a damaged one is named' 125 "auth.json'.*'auth' of \"docker.io\" is not user:password" skiff pull private
rm "$HOME/.config/containers/auth.json"

is 'search' 'NAME           DESCRIPTION                                     STARS     OFFICIAL
good           A good image with two lines                     20        [OK]
someone/good   xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…   3         ' skiff search good
is 'its filters' good skiff search --filter is-official=true --filter stars=5 --format '{{.Name}}' good
is 'its limit' good skiff search --limit 1 --format '{{.Name}}' good
fails 'a limit of 0' 125 'outside the range of \[1, 100\]' skiff search --limit 0 good
has 'manifest inspect' '^	"mediaType": "application/vnd.oci.image.manifest.v1\+json",$' skiff manifest inspect good

no_proxy=registry-1.docker.io fails 'no_proxy is honoured' 125 'dial tcp|no such host' skiff pull good
export https_proxy=http://127.0.0.1:1
fails 'a proxy that is not there' 125 'connection refused|127.0.0.1' skiff pull good

kill $server
wait $server 2>/dev/null
finish
