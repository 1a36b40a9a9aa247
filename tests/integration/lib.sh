# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Shared words of the integration scripts. A script begins with:   . "${0%/*}/lib.sh"   and ends with:   finish
#
# From run.py: $SKIFF the binary; $T an empty directory (also $HOME) for the script's files; SKIFF_ROOT and SKIFF_RUNROOT
# inside it; $FIXTURES the root file systems. Whatever stays (containers, images, files) is removed and checked by run.py.
#
#   V=1 tests/integration/run.py --as root --skiff build/skiff tests/integration/static.sh     one script, by hand

set -u
LC_ALL=C
LIMIT=${LIMIT:-60}      # seconds that one check, or one wait, may take
OUT='' RC=0             # what the last check printed (stdout and stderr), and its exit status

skiff() { "$SKIFF" "$@"; }
root() { [ "$(id -u)" = 0 ]; }

# Runs COMMAND when the script ends, and not when a subshell does: one that is ended before it has forgotten this trap (as
# the watchdogs below are) would run it, and take a server from under the script.
at_end() { # COMMAND
    # shellcheck disable=SC2064  # both are known now
    trap "[ \$BASHPID != $$ ] || { $1; }" EXIT
}

# --- verdicts: one TAP line each; a failure says what was wanted and what came --------------------------------------

pass() { printf 'ok 0 - %s\n' "$1"; }
fail() { # NAME WHY
    printf 'not ok 0 - %s\n' "$1"
    printf '# %s\n' "$2"
    printf '%s\n' "$OUT" | head -n 30 | cut -c 1-300 | sed 's/^/# | /'
}
skip() { printf 'ok 0 - %s # SKIP %s\n' "$1" "$2"; }      # NAME WHY
skip_all() { printf '# skipped: %s\n' "$1"; exit 77; }   # WHY: nothing in this script can be tried here

# Runs a command or function under the limit, stdin empty; sets OUT and RC.
# The function form needs this shell, so the limit is a sleep beside it rather than timeout(1).
go() {
    local file=$T/.out.$BASHPID pid watchdog first
    "$@" >"$file" 2>&1 </dev/null &
    pid=$!
    sleep "$LIMIT" >/dev/null 2>&1 &
    watchdog=$!
    wait -n -p first $pid $watchdog 2>/dev/null
    RC=$?
    if [ "$first" = "$watchdog" ]; then
        kill -KILL $pid 2>/dev/null
        wait $pid 2>/dev/null
        RC=$?
    else
        kill $watchdog 2>/dev/null
        wait $watchdog 2>/dev/null
    fi
    OUT=$(tr -d '\r\000' <"$file")
    rm -f "$file"
}

check() { # NAME CMD…: succeeds
    local name=$1; shift
    go "$@"
    if [ $RC -eq 0 ]; then pass "$name"; else fail "$name" "exit status $RC of: $*"; fi
}
is() { # NAME TEXT CMD…: succeeds and prints exactly TEXT
    local name=$1 want=$2; shift 2
    go "$@"
    if [ $RC -eq 0 ] && [ "$OUT" = "$want" ]; then pass "$name"; else fail "$name" "exit status $RC, wanted: $want; of: $*"; fi
}
has() { # NAME REGEX CMD…: succeeds, a line matches
    local name=$1 want=$2; shift 2
    go "$@"
    if [ $RC -eq 0 ] && grep -Eq -- "$want" <<<"$OUT"; then pass "$name"; else fail "$name" "exit status $RC, wanted a line like: $want; of: $*"; fi
}
hasnt() { # NAME REGEX CMD…: succeeds, no line matches
    local name=$1 want=$2; shift 2
    go "$@"
    if [ $RC -eq 0 ] && ! grep -Eq -- "$want" <<<"$OUT"; then pass "$name"; else fail "$name" "exit status $RC, unwanted line like: $want; of: $*"; fi
}
fails() { # NAME CODE REGEX CMD…: exits with CODE and says a line like REGEX
    local name=$1 code=$2 want=$3; shift 3
    go "$@"
    if [ $RC -eq "$code" ] && grep -Eq -- "$want" <<<"$OUT"; then pass "$name"; else fail "$name" "exit status $RC, wanted $code and a line like: $want; of: $*"; fi
}
status() { # NAME CODE CMD…: exits with CODE
    local name=$1 want=$2; shift 2
    go "$@"
    if [ $RC -eq "$want" ]; then pass "$name"; else fail "$name" "exit status $RC, wanted $want; of: $*"; fi
}
# Ctrl-C, once READY (a piece of shell) succeeds: CMD (a program) ends by that signal. What a shell without job control starts in
# the background would ignore it.
interrupted() { # NAME READY CMD…
    local name=$1 ready=$2 victim; shift 2
    set -m
    "$@" >"$T/.interrupted" 2>&1 </dev/null &
    victim=$!
    set +m
    wait_until eval "$ready" || fail "$name" "it never came to: $ready"
    kill -INT $victim
    wait_until gone $victim || kill -KILL $victim
    wait $victim 2>/dev/null
    RC=$?
    OUT=$(cat "$T/.interrupted")
    rm "$T/.interrupted"
    if [ $RC -eq 130 ]; then pass "$name"; else fail "$name" "exit status $RC, wanted 130; of: $*"; fi
}
# For a check that is a piece of shell:   check "…" eval 'skiff ps | grep -q x'

# --- waiting ---------------------------------------------------------------------------------------------------------

# Until a line of FILE, which may yet have to appear, matches REGEX. tail sleeps on inotify.
wait_line() { # FILE REGEX
    timeout "$LIMIT" grep -Eqm1 -- "$2" <(timeout "$LIMIT" tail -s 0.05 -n +1 -F "$1" 2>/dev/null)
}
# Until CMD succeeds, for what gives no event to a shell (a process table, a state file replaced by rename).
wait_until() { # CMD…
    local end=$((SECONDS + LIMIT))
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.02
    done
}
gone() { ! kill -0 "$1" 2>/dev/null; }   # PID

# --- a terminal ------------------------------------------------------------------------------------------------------

# Runs a command line on a terminal of its own, typing what comes on stdin; prints what the screen got.
terminal() { # COMMAND-LINE
    TERM=xterm timeout "$LIMIT" script -qefc "$1" /dev/null | tr -d '\r'
}

# --- images ----------------------------------------------------------------------------------------------------------

# Imports a base root file system as NAME:latest: busybox (1 MB, always there) or debian (minbase; skips the script
# where it could not be made).
image() { # NAME
    local tar=$FIXTURES/$1.tar shell=sh
    [ -r "$tar" ] || skip_all "no $tar: see tests/integration/fixtures"
    [ "$1" = debian ] && shell=bash
    skiff import --change "CMD [\"$shell\"]" "$tar" "$1:latest" >/dev/null || { printf 'Bail out! cannot import %s\n' "$tar"; exit 1; }
}

# What tests of check --long fetch packages from: $mirror, the Debian mirror of this machine; skips the script without one.
need_mirror() {
    [ -n "${SKIFF_LONG:-}" ] || skip_all "it asks the mirror: scripts/check --long"
    LIMIT=${LIMIT_APT:-240}
    # shellcheck disable=SC2016  # apt's own variables
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(ORIGIN)' 'Created-By: Packages' 2>/dev/null | awk '$3 == "Debian" && $2 == "bookworm" { print $1; exit }')
    [ -n "$mirror" ] || skip_all "this machine has no Debian mirror"
    python3 -c 'import sys, urllib.request
urllib.request.urlopen(sys.argv[1].rstrip("/") + "/dists/bookworm/InRelease", timeout=20).read(1)' "$mirror" || skip_all "the mirror $mirror is not reachable from here"
}

finish() {
    echo '# end of script'
    exit 0
}
