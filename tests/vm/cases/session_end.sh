# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# as: system
# A container in the background, and the end of its user's last login: it goes on when the user lingers; when not, skiff says
# so before, and afterwards the truth. Here are two ways to be where logging out matters: the session itself, and a scope of the
# user's own systemd, where desktops start terminals.
. /src/lib.sh

login() { env XDG_SESSION_TYPE=tty XDG_SESSION_CLASS=user runuser -l tester -c "$1"; }   # COMMAND
manager_is_gone() { ! systemctl is-active --quiet user@1000.service; }
no_session() { [ -z "$(loginctl list-sessions --no-legend)" ]; }
in_scope='systemd-run --user --scope --quiet --slice=app.slice'
loop='while :; do sleep 1; done'

login "skiff import --change 'CMD [\"sh\"]' /src/fixtures/busybox.tar busybox >/dev/null"

# --- lingering (as the machine was booted) ----------------------------------------------------------------------------

has "lingering: run -d says nothing about it" '^[0-9a-f]{64}$' login "$in_scope skiff run -d --name stays busybox sh -c '$loop' 2>&1"
check "the session ends" wait_until no_session
has "the container goes on" ' Up .* stays$' login 'skiff ps'
is "… reached from another session" 'inside' login 'skiff exec stays echo inside'
is "… and ended there" stays login 'skiff rm -f stays'

# --- not lingering ----------------------------------------------------------------------------------------------------

loginctl disable-linger tester
check "without lingering the user's systemd ends with the last session" wait_until manager_is_gone
has "run -d says that it ends, and the remedy" 'ends when tester has logged out .*loginctl enable-linger tester' \
    login "$in_scope skiff run -d --name ends busybox sh -c '$loop' 2>&1"
check "the session ends, and the user's systemd" wait_until manager_is_gone
has "ps tells the truth" 'Exited \(137\) .* ends$' login 'skiff ps -a'
check "… and the user's systemd ends again" wait_until manager_is_gone
is "it starts again" 'ends running' eval 'echo $(login "$in_scope skiff start ends 2>/dev/null; skiff inspect -f {{.State.Status}} ends")'
check "… and ends again" wait_until manager_is_gone
is "rm" ends login 'skiff rm ends'

loginctl enable-linger tester
check "lingering again" wait_until systemctl is-active --quiet user@1000.service

finish
