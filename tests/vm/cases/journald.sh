# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016
# as: system
# The log driver journald, with systemd's own journal at the other end: what root finds in it of a container of root's, and of one
# of a user's, who may write there and not read.
. /src/lib.sh

login() { env XDG_SESSION_TYPE=tty XDG_SESSION_CLASS=user runuser -l "$1" -c "$2"; }   # USER COMMAND
# The values of a field, a line each, in the order of the journal.
field() { journalctl --sync; journalctl -q --no-pager -o cat --output-fields="$2" "CONTAINER_NAME=$1"; }   # CONTAINER FIELD

for user in root tester; do
    container=log-$user
    login $user "skiff import --change 'CMD [\"sh\"]' /src/fixtures/busybox.tar busybox >/dev/null"
    check "$user: a container that logs to the journal" login $user "skiff run --name $container --log-driver journald --label tier=db --label other=1 \
        -e A=1 -e BB=2 -e C=3 --log-opt labels=tier --log-opt env=A --log-opt env-regex='^B+\$' --log-opt tag='{{.Name}}/{{.ImageName}}' \
        busybox sh -c 'echo to out; head -c 40000 /dev/zero | tr \"\\0\" y; echo; printf end'"
    check "… and one with errors" login $user "skiff run --rm --name $container-err --log-driver journald busybox sh -c 'echo to err >&2'"
    id=$(login $user "skiff inspect -f '{{.Id}}' $container")
    is "… MESSAGE: a line, a long one in parts, and one without an end" $'to out\nyyyyyy 40000\nend' \
        eval 'field $container MESSAGE | tr -d "\n" | sed -E "s/^to out(y*)end$/\1/" | { read -r text; echo "to out"; echo "${text:0:6} ${#text}"; echo end; }'
    is "… the parts" $'1\n2\n3' field "$container" CONTAINER_PARTIAL_ORDINAL
    is "… which is the last" $'false\nfalse\ntrue' field "$container" CONTAINER_PARTIAL_LAST
    is "… CONTAINER_PARTIAL_MESSAGE of those that go on" $'true\ntrue' field "$container" CONTAINER_PARTIAL_MESSAGE
    is "… one id for all of a line" 1 eval 'field $container CONTAINER_PARTIAL_ID | sort -u | wc -l'
    is "… PRIORITY of output" 6 eval 'field $container PRIORITY | sort -u'
    is "… and of errors" 3 field "$container-err" PRIORITY
    is "… CONTAINER_ID_FULL" "$id" eval 'field $container CONTAINER_ID_FULL | sort -u'
    is "… CONTAINER_ID" "${id:0:12}" eval 'field $container CONTAINER_ID | sort -u'
    is "… CONTAINER_TAG and SYSLOG_IDENTIFIER" "$container/busybox $container/busybox" eval 'echo $(field $container CONTAINER_TAG | sort -u) $(field $container SYSLOG_IDENTIFIER | sort -u)'
    is "… without a tag the short id" 12 eval 'field $container-err CONTAINER_TAG | tr -d "\n" | wc -c'
    is "… IMAGE_NAME" busybox eval 'field $container IMAGE_NAME | sort -u'
    is "… the labels and variables that were asked for, and no other" 'db 1 2 .' eval 'echo $(for f in TIER A BB OTHER C; do field $container $f | sort -u; done) .'
    is "… who wrote it, by the kernel" "$(id -u $user)" eval 'field $container _UID | sort -u'
    is "logs has it, too" $'to out\n40000\nend' eval 'login $user "skiff logs $container" | awk "/^y/ {print length(\$0); next} {print}"'
    login $user "skiff rm $container >/dev/null"
done

login root "skiff run -d --name goes-on --log-driver journald busybox sh -c 'echo before; while [ ! -e /go ]; do sleep 0.1; done; echo after; sleep 1000' >/dev/null"
check "journald is restarted under a container" systemctl restart systemd-journald
login root 'skiff exec goes-on touch /go'
check "… which goes on to log" wait_until eval 'field goes-on MESSAGE | grep -qx after'
login root 'skiff rm -f goes-on >/dev/null'

finish
