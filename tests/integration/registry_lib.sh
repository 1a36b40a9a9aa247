# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Docker's own registry and certificates, for the scripts that source this after lib.sh. End with stop_registries.

registry=$FIXTURES/docker-registry
[ -x "$registry" ] || skip_all "no $registry: see tests/integration/fixtures"
command -v openssl >/dev/null || skip_all 'no openssl to make certificates with'
unset http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY
servers=()

free_port() { # [ADDRESS]
    python3 -c 'import socket, sys; s = socket.socket(); s.bind((sys.argv[1], 0)); print(s.getsockname()[1])' "${1:-127.0.0.1}"
}
serve() { # NAME PORT SETTINGS [ADDRESS]: a registry with a store of its own
    mkdir -p "$T/$1"
    printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %s}}\n%s\n' \
        "$T/$1" "$3" >"$T/$1.yml"
    "$registry" serve "$T/$1.yml" >"$T/$1.log" 2>&1 &
    servers+=($!)
    wait_until bash -c "exec 3<>/dev/tcp/${4:-127.0.0.1}/$2" || fail "the registry $1 starts" "$(cat "$T/$1.log")"
}
stop_registries() {
    kill "${servers[@]}"
    wait "${servers[@]}" 2>/dev/null
}

authority() { # NAME: $T/NAME.crt and .key
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$T/$1.key" -out "$T/$1.crt" 2>/dev/null
}
certificate() { # AUTHORITY NAME EXTENSION
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$T/$2.key" -out "$T/$2.csr" 2>/dev/null
    openssl x509 -req -in "$T/$2.csr" -CA "$T/$1.crt" -CAkey "$T/$1.key" -CAcreateserial -days 2 -extfile <(echo "$3") -out "$T/$2.crt" 2>/dev/null
}
# For htpasswd: someone, secret. There is no htpasswd(1) on most machines, and not every python has bcrypt: then it is empty.
password_file() { # FILE
    python3 - "$1" <<'PYTHON'
import sys, warnings
warnings.simplefilter("ignore")
try:
    import crypt
    line = "someone:" + crypt.crypt("secret", crypt.mksalt(crypt.METHOD_BLOWFISH)).replace("$2b$", "$2y$")
except (ImportError, TypeError, AttributeError):
    line = ""
open(sys.argv[1], "w").write(line + "\n")
PYTHON
}
