#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# HEALTHCHECK and --health-*: checks run where there is no systemd, and what they find is told.
. "${0%/*}/lib.sh"
image busybox

await() { # SECONDS COMMAND…: until it succeeds; no event tells of a state
    local end=$((SECONDS + $1)); shift
    until "$@" >/dev/null 2>&1; do [ $SECONDS -lt "$end" ] || return 1; sleep 0.05; done
}
health() { skiff inspect -f "{{$2}}" "$1"; }
equals() { [ "$(health "$1" "$2")" = "$3" ]; }

fails "--no-healthcheck excludes the others" 125 'conflicts with --health-\* options' skiff run --no-healthcheck --health-cmd true busybox true
fails "negative times" 125 'health-interval cannot be negative' skiff run --health-cmd true --health-interval=-1s busybox true
fails "too short ones" 125 'less than 1ms' skiff run --health-cmd true --health-timeout 1us busybox true

skiff run -d --name web --health-cmd 'test -e /ok && echo fine || { echo missing; exit 4; }' --health-interval 100ms --health-retries 2 \
    --health-start-period 2s --health-start-interval 50ms busybox sleep 1000 >/dev/null
is "it begins as starting" starting health web .State.Health.Status
has "… which ps says" '^Up .* \(health: starting\)$' skiff ps --filter name=web --format '{{.Status}}'
check "failures in the start period do not count" await 10 equals web 'len .State.Health.Log' 5
is "…" "starting 0" health web '.State.Health.Status}} {{.State.Health.FailingStreak'
skiff exec web touch /ok
check "one success is health" await 10 equals web .State.Health.Status healthy
has "… which ps says, too" '^Up .* \(healthy\)$' skiff ps --filter health=healthy --format '{{.Status}}'
has "the log has output and status" '^0 fine$' health web '(index .State.Health.Log 4).ExitCode}} {{(index .State.Health.Log 4).Output'
skiff exec web rm /ok
check "failures in a row are not" await 20 equals web .State.Health.Status unhealthy
has "… with the reason" '^4 missing$' health web '(index .State.Health.Log 4).ExitCode}} {{(index .State.Health.Log 4).Output'
has "the configuration is shown" '\[CMD-SHELL test -e /ok .*\] 100ms 2' health web '.Config.Healthcheck.Test}} {{.Config.Healthcheck.Interval}} {{.Config.Healthcheck.Retries'
skiff stop -t 0 web >/dev/null

skiff run -d --name slow --health-cmd 'echo begun; sleep 1000' --health-interval 100ms --health-timeout 200ms --health-retries 1 busybox sleep 1000 >/dev/null
check "a check that takes too long fails" await 20 equals slow .State.Health.Status unhealthy
has "… and says so" '^-1 Health check exceeded timeout \(200ms\): begun$' health slow '(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output'
quiet() { [ "$(skiff exec slow ps | grep -c '[s]leep 1000')" -le 2 ]; }   # the program's, and at most one check's
check "… and leaves no process" await 10 quiet
skiff rm -f slow >/dev/null

# From the image; a program that is not there; and --no-healthcheck.
root=$T/root.tar
cp "$FIXTURES/busybox.tar" "$root"
skiff import --change 'HEALTHCHECK --interval=100ms --retries=1 CMD ["/nosuch"]' "$root" checked >/dev/null
skiff run -d --name image checked sleep 1000 >/dev/null
check "the image's check runs" await 20 equals image .State.Health.Status unhealthy
has "… and its program is missed" '^127 ' health image '(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output'
skiff run -d --name unchecked --no-healthcheck checked sleep 1000 >/dev/null
is "--no-healthcheck turns it off" "[NONE]" health unchecked .Config.Healthcheck.Test
has "… and nothing is said" '^Up [^(]*$' skiff ps --filter name=unchecked --format '{{.Status}}'
skiff run -d --name other --health-cmd true checked sleep 1000 >/dev/null
check "an option replaces what it names" await 20 equals other .State.Health.Status healthy

# The image's SHELL runs the shell form, of its own check and of --health-cmd.
mkdir "$T/archive" && cp "$FIXTURES/busybox.tar" "$T/archive/layer.tar"
cat >"$T/archive/config.json" <<END
{"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ["sha256:$(sha256sum <"$root" | cut -d ' ' -f 1)"]},
 "config": {"Shell": ["/bin/sh", "-xc"], "Healthcheck": {"Test": ["CMD-SHELL", "true shell"], "Interval": 100000000}}}
END
echo '[{"Config": "config.json", "RepoTags": ["shelled:latest"], "Layers": ["layer.tar"]}]' >"$T/archive/manifest.json"
tar -C "$T/archive" -cf - . | skiff load >/dev/null
skiff run -d --name shelled shelled sleep 1000 >/dev/null
skiff run -d --name shelled2 --health-cmd 'true option' --health-interval 100ms shelled sleep 1000 >/dev/null
check "the image's SHELL is used" await 20 equals shelled .State.Health.Status healthy
has "… with its options" '^\+ true shell$' health shelled '(index .State.Health.Log 0).Output'
check "… and for a check of the command line" await 20 equals shelled2 .State.Health.Status healthy
has "… likewise" '^\+ true option$' health shelled2 '(index .State.Health.Log 0).Output'
is "inspect shows it" '[/bin/sh -xc]' health shelled .Config.Shell
skiff rm -f shelled shelled2 image unchecked other web >/dev/null

finish
