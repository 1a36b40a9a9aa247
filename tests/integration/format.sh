#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What scripts read of what runs: ps, images, inspect and logs by --format and --filter; sizes; and that a terminal is not harmed.
# What needs no running container is in tests/golden/format.
. "${0%/*}/lib.sh"
image busybox
cd "$T" || exit 1
forever='trap "exit 0" TERM; while :; do sleep 0.05; done'

skiff run -d --name web -l tier=front -v "$T:/data" -e A=1 busybox sh -c "printf 123 >/new; ln /new /again; ln -s new /link; $forever" >/dev/null
skiff run --name ended busybox sh -c 'echo out; echo err >&2; exit 3' >/dev/null 2>&1
skiff create --name made busybox true >/dev/null

# --- the words of the transcript --------------------------------------------------------------------------------------

is "ps --format table" 'NAMES     STATE     LABELS
ended     exited    
web       running   tier=front' eval "skiff ps -a -f name=web -f name=ended --format 'table {{.Names}}\t{{.State}}\t{{.Labels}}'"
is "ps by status and name" ended skiff ps -a --filter status=exited --filter name=nded --format '{{.Names}}'
is "… by exit status" ended skiff ps -a --filter exited=3 --format '{{.Names}}'
is "… status looks at all" 'made ended' eval "echo \$(skiff ps --filter status=exited --filter status=created --format '{{.Names}}')"
is "… exited does not" '' skiff ps --filter exited=3 --format '{{.Names}}'
has "ps --format json" '^\{"Command":"\\"sh -c .*…\\"","CreatedAt":"20[0-9-]+ [0-9:]+ [+-][0-9]{4} [A-Z0-9+-]+","ID":"[0-9a-f]{12}","Image":"busybox","Labels":"tier=front","LocalVolumes":"0","Mounts":".*","Names":"web","Networks":"bridge","Platform":null,"Ports":"","RunningFor":".* ago","Size":"0B","State":"running","Status":"Up .*"\}$' skiff ps --format json
is "inspect: state" 'exited 3 0' skiff inspect --format '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}' ended
is "inspect: a condition, a process, a root" 'true yes yes' eval "skiff inspect --format '{{.State.Running}} {{if and .State.Running (gt .State.Pid 1)}}yes{{end}} {{if eq (index .GraphDriver.Data \"MergedDir\") (printf \"/proc/%d/root\" .State.Pid)}}yes{{end}}' web"
is "inspect: the address" 10.0.2.100 skiff inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' web
is "inspect: environment" 'A=1;PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin;' skiff inspect --format '{{range .Config.Env}}{{.}};{{end}}' web
fails "inspect: what is not there" 125 'template parsing error: template: :1:2: executing "" at <.Nope>: map has no entry for key "Nope"' skiff inspect --format '{{.Nope}}' web
is "inspect of several, one missing" 'web made 1' eval "echo \$(skiff inspect -f '{{slice .Name 1}}' web nosuch made 2>/dev/null; echo \$?)"

# --- sizes ------------------------------------------------------------------------------------------------------------

check "it has written its files" wait_until eval '[ "$(skiff inspect -s --format "{{.SizeRw}}" web)" = 6 ]'
is "two names of a file count once, a link by its text" 6 skiff inspect -s --format '{{.SizeRw}}' web
is "the image's bytes are added" 6 eval "skiff inspect -s --format '{{.SizeRw}} {{.SizeRootFs}}' web made | { read -r own whole; read -r _ image; echo \$((own + whole - image - own)); }"
has "ps -s" '^web 6B \(virtual [0-9.]+MB\)$' skiff ps -s --format '{{.Names}} {{.Size}}'

# --- images -----------------------------------------------------------------------------------------------------------

skiff tag busybox old:1
skiff create --name of-old old:1 true >/dev/null
skiff import -c 'LABEL new=1' "$FIXTURES/busybox.tar" old:1 >/dev/null
is "ps names the image by its id once the name is another's" "$(skiff images -q busybox) busybox" eval "echo \$(skiff ps -a --filter name=of-old --filter name=made --format '{{.Image}}')"
is "ancestor goes by the image, not by its name" 'of-old made ended web' eval "echo \$(skiff ps -a --filter ancestor=busybox --format '{{.Names}}')"
is "… that of the new name has none" '' skiff ps -a --filter ancestor=old:1 --format '{{.Names}}'
is "images by label" old:1 skiff images --filter label=new --format '{{.Repository}}:{{.Tag}}'
is "images older than another" busybox:latest skiff images --filter before=old:1 --format '{{.Repository}}:{{.Tag}}'
skiff rm of-old >/dev/null

# --- logs -------------------------------------------------------------------------------------------------------------

is "logs --since long ago" 'out err' eval 'echo $(skiff logs --since 1h ended 2>&1)'
is "… since the future, and until long ago" '' eval 'skiff logs --since 2100-01-01 ended; skiff logs --until 1h ended'
fails "… since nonsense" 125 'invalid value for "since": failed to parse value as time or duration: "bogus"' skiff logs --since bogus ended

# --- a terminal -------------------------------------------------------------------------------------------------------

title=$'\e]0;owned\a'
skiff create --name evil -l "$title=$title" busybox sh -c "$title" >/dev/null
raw() { tr -dc '\033\007' | wc -c; }
is "a pipe gets the bytes as they are" 4 eval "skiff ps -a --filter name=evil --format '{{.Labels}}' | raw"
is "a terminal gets none of them from ps" 0 eval "terminal '\$SKIFF ps -a --no-trunc --format \"{{.Labels}} {{.Command}} {{json .Labels}}\"' | raw"
has "… but sees what was there" '\\x1b\]0;owned\\x07=' eval "terminal '\$SKIFF ps -a --format \"{{.Labels}}\"'"
is "… and none from inspect" 0 eval "terminal '\$SKIFF inspect evil; \$SKIFF inspect -f \"{{.Config.Labels}}\" evil' | raw"

skiff stop web >/dev/null
skiff rm web ended made evil >/dev/null
skiff rmi busybox old:1 >/dev/null
finish
