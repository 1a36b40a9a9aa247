#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The images inside the binary: the first container of a new machine, and a view of the machine that gives nothing away.
# shellcheck source=tests/integration/lib.sh
. "${0%/*}/lib.sh"

has "hello-world greets" '^Hello from skiff!' "$SKIFF" run --rm hello-world
is "nothing but the greeting: no word on stderr" '' bash -c '"$1" run --rm hello-world 2>&1 >/dev/null' _ "$SKIFF"
is "a command runs with the machine's own tools" 'tools' "$SKIFF" run --rm host sh -c 'command -v tar >/dev/null && echo tools'
is "root of the container is root there" '0' "$SKIFF" run --rm host id -u
fails "/usr is read-only" 1 'Read-only|Permission denied' "$SKIFF" run --rm host touch /usr/skiff-test
is "/etc is a private copy" 'kept' "$SKIFF" run --rm host sh -c 'echo x >/etc/skiff-test && echo kept'
check "and the host does not see it" test ! -e /etc/skiff-test
is "people of this machine are no accounts there" '0' "$SKIFF" run --rm host sh -c \
    'awk -F: "\$3 >= 1000 && \$3 != 65534" /etc/passwd | wc -l'
is "homes are empty" '' "$SKIFF" run --rm host sh -c 'ls -A /home /mnt /srv | grep -v : || true'
is "no password hash is there" '0' "$SKIFF" run --rm host sh -c 'grep -c "[$]" /etc/shadow || true'

# Whatever on the host not everybody may read: not one of them can be opened inside, as root of the container.
find /usr /opt /etc -xdev -type f ! -perm -004 2>/dev/null >"$T/closed"
is "nothing that is not world-readable can be read" '' bash -c \
    '"$1" run --rm -i host sh -c "while read -r f; do case \$f in /etc/shadow) continue;; esac; head -c 1 \"\$f\" >/dev/null 2>&1 && echo \"\$f\"; done; true" <"$2"' \
    _ "$SKIFF" "$T/closed"
if [ "$(id -u)" = 0 ]; then
    umask 077
    mkdir -p /opt/skiff-test-$$ && echo secret >/opt/skiff-test-$$/file
    fails "a directory of root that is closed stays closed" 1 'Permission denied' "$SKIFF" run --rm host cat "/opt/skiff-test-$$/file"
    rm -r "/opt/skiff-test-$$"
fi
has "they are listed on demand only" 'hello-world' "$SKIFF" images --all
hasnt "and not otherwise" 'hello-world' "$SKIFF" images
finish
