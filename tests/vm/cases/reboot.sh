# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016
# as: system
# long
# What `system boot enable` is for: the machine goes down and comes up again, over the same disk, and the containers that shall run
# do, root's and those of a user who lingers. The script runs twice: before and after.
. /src/lib.sh

login() { env XDG_SESSION_TYPE=tty XDG_SESSION_CLASS=user runuser -l "$1" -c "$2"; }   # USER COMMAND
states() { login "$1" 'skiff ps -a --format "{{.Names}} {{.State}}" | sort'; }
unit_of() { if [ "$1" = root ]; then echo /etc/systemd/system/skiff-boot.service; else echo /home/tester/.config/systemd/user/skiff-boot.service; fi; }
before=/var/tmp/before-the-reboot
# Says its last word where the next boot finds it.
polite='trap "echo asked; exit 0" TERM; while :; do sleep 0.1; done'

if [ ! -e $before ]; then
    # The one of /src is not mounted by itself.
    rm /usr/local/bin/skiff
    cp /src/skiff /usr/local/bin/skiff
    for user in root tester; do
        login $user "skiff import --change 'CMD [\"sh\"]' /src/fixtures/busybox.tar busybox >/dev/null"
        check "$user: containers" login $user "set -e
            skiff run -d --restart always --name a-always busybox sh -c '$polite'
            skiff run -d --restart unless-stopped --name b-unless busybox sleep 100000
            skiff run -d --restart unless-stopped --name c-stopped busybox sleep 100000
            skiff run -d --restart always --name d-always-stopped busybox sleep 100000
            skiff stop -t 0 c-stopped d-always-stopped
            skiff run -d --restart on-failure --name e-failing busybox sleep 100000
            skiff run -d --restart on-failure --name f-done busybox true
            skiff run -d --name g-plain busybox sleep 100000
            skiff run -d --rm --name h-gone busybox sleep 100000"
        fails "… status" 1 '^disabled$' login $user 'skiff system boot status'
        is "… enable names the unit" "$(unit_of $user)" login $user 'skiff system boot enable'
        has "… status" '^enabled$' login $user 'skiff system boot status 2>&1'
        check "… systemd understands it" eval 'test -z "$(systemd-analyze verify --man=no $([ $user = root ] || echo --user) "$(unit_of $user)" 2>&1 | tee /dev/stderr)"'
    done
    loginctl disable-linger tester
    has "without lingering enable says what is missing" 'begin when tester logs in, not at boot .*loginctl enable-linger tester' login tester 'skiff system boot enable 2>&1'
    loginctl enable-linger tester
    # As if this boot had seen them start: so that their end is what is looked at.
    systemctl daemon-reload
    systemctl start skiff-boot.service
    touch $before
    echo root >/var/lib/skiff-vm.order
    systemctl reboot
    exec sleep infinity
fi

for user in root tester; do
    is "$user: after the reboot those run that shall, and nobody has asked for it" \
        $'a-always running\nb-unless running\nc-stopped exited\nd-always-stopped running\ne-failing running\nf-done exited\ng-plain exited' \
        eval 'wait_until eval "[ \$(pgrep -u $user -xc skiff-monitor) = 4 ]"; states $user'
    has "… it was asked to end, not killed" '^asked$' login $user 'skiff logs a-always'
    is "… the unit has ended well" 'success active' eval 'echo $(if [ $user = root ]; then systemctl show -P ActiveState -P Result skiff-boot; else login tester "systemctl --user show -P ActiveState -P Result skiff-boot"; fi)'
    is "… what runs is of this boot" 'again' login $user 'skiff exec b-unless echo again'
    check "… disable" login $user 'skiff system boot disable'
    fails "… status" 1 '^disabled$' login $user 'skiff system boot status'
    is "… undoes it wholly" none eval 'find /etc/systemd /home/tester/.config -name "skiff-boot*" 2>/dev/null | grep "^$(dirname "$(unit_of $user)")" || echo none'
    login $user 'skiff rm -f -t 0 $(skiff ps -aq) >/dev/null'
done
check "the user's folders for units are gone with it" test ! -e /home/tester/.config/systemd
# The units are loaded still, and ended: their groups go when they are stopped.
systemctl stop skiff-boot
login tester 'systemctl --user stop skiff-boot'

finish
