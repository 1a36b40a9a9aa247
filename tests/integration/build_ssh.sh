#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016  # code for the shell of a step
# RUN --mount=type=ssh: a step asks an agent of the caller's, and cannot change it.
. "${0%/*}/lib.sh"
command -v ssh-agent >/dev/null || skip_all "ssh-agent is not installed"
image debian
mkdir -p "$T/c"
cd "$T/c" || exit 1

ssh-keygen -q -t ed25519 -N '' -C of-the-test -f "$T/key"
eval "$(ssh-agent -a "$T/agent" -s)" >/dev/null
at_end 'kill "$SSH_AGENT_PID"'
ssh-add -q "$T/key"

# Says how many keys there are, then what the agent answers to a request of the given type (17: add a key, 13: sign).
cat >ask.pl <<'P'
use Socket;
my ($path, $type) = @ARGV;
socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die "$!";
connect($s, sockaddr_un($path)) or die "cannot reach the agent: $!\n";
sub ask { my $text = shift; syswrite($s, pack("N", length $text) . $text); sysread($s, my $head, 4) == 4 or die "the agent is gone\n";
          my $answer = ""; my $size = unpack "N", $head; while (length $answer < $size) { sysread($s, $answer, $size - length $answer, length $answer) or die } $answer }
my ($kind, $count) = unpack "CN", ask(pack "C", 11);
print "keys $count";
if ($type) { print " answer ", unpack "C", ask(pack("C", $type) . "x" x 20) }
print "\n";
P
build() { skiff build -q -t ssh:1 "$@" -f df .; }
step() { printf 'FROM debian\nCOPY ask.pl /\nRUN --mount=type=ssh%s %s\n' "$1" "$2" >"df"; }
result() { build "$@" >/dev/null && skiff run --rm ssh:1 cat /out; }

step '' 'perl /ask.pl $SSH_AUTH_SOCK >/out; echo $SSH_AUTH_SOCK $(stat -c "%a %u:%g" $SSH_AUTH_SOCK) >>/out'
is "a step sees the agent's keys" "keys 1
/run/buildkit/ssh_agent.0 600 0:0" result --ssh default
is "… by the path of its socket, under any id" "keys 1" eval 'step ,id=git "perl /ask.pl \$SSH_AUTH_SOCK >/out"; SSH_AUTH_SOCK= result --ssh "git=$T/agent"'
step '' 'perl /ask.pl $SSH_AUTH_SOCK 17 >/out'
is "… and adds none" "keys 1 answer 5" result --ssh default
is "… the agent has what it had" 1 eval 'ssh-add -l | wc -l'
step '' 'perl /ask.pl $SSH_AUTH_SOCK 25 >/out'
is "… and does not add any another way" "keys 1 answer 5" result --ssh default
step ',target=/s/a,uid=1000,gid=1001,mode=0640' 'chmod 755 /s; perl -e "\$) = \$( = 1001; \$> = \$< = 1000; exec qw(perl /ask.pl /s/a)" >/out; stat -c "%a %u:%g" /s/a >>/out; echo $SSH_AUTH_SOCK >>/out'
is "for another user, at a place of its own" "keys 1
640 1000:1001
/s/a" result --ssh default
step '' 'for i in $(seq 60); do perl /ask.pl $SSH_AUTH_SOCK >>/all & done; wait; sort /all | uniq -c | tr -s " " >/out'
is "many at once" " 60 keys 1" result --ssh default
step '' 'perl -MSocket -e "for (1..60) { socket(\$s[\$_], PF_UNIX, SOCK_STREAM, 0); connect(\$s[\$_], sockaddr_un(\$ENV{SSH_AUTH_SOCK})) } syswrite \$s[1], \"\\0\\0\"; exit" ; perl /ask.pl $SSH_AUTH_SOCK >/out'
is "what is opened and never used keeps nobody out afterwards" "keys 1" result --ssh default

step '' 'test ! -e $SSH_AUTH_SOCK && echo none >/out'
is "without --ssh there is none" none result --no-cache
step ',required' 'true'
fails "… which a step can insist on" 1 'no SSH key "default" forwarded from the client \(give an agent with --ssh default\)' build
fails "a key is none" 1 "keys themselves are not given to builds: start ssh-agent, 'ssh-add $T/key'" build --ssh "default=$T/key"
fails "several are none" 125 'several paths are keys' build --ssh "default=$T/key,$T/key"
fails "no agent" 1 'make sure SSH_AUTH_SOCK is set' env -u SSH_AUTH_SOCK "$SKIFF" build --ssh default -f df .
fails "a socket that is not there" 1 'the socket of an SSH agent "/nosuch": No such file' build --ssh default=/nosuch

step '' 'perl /ask.pl $SSH_AUTH_SOCK >/out'
check "the step is found again" eval 'build --ssh default; skiff build --ssh default --progress plain -f df . 2>&1 | grep -q CACHED'
is "nothing of it is in the image" "" eval 'skiff image inspect ssh:1 | grep SSH_AUTH; skiff save ssh:1 | tar x -O --wildcards "blobs/*" | grep -a "run/buildkit/ssh_agent.0"; true'
step '' 'sleep 1000 & perl -e "print qq(there\\n); sleep 1000"'
"$SKIFF" build --ssh default -f df . >log 2>&1 &
victim=$!
wait_line log there
kill -KILL $victim
wait $victim 2>/dev/null
check "the forward ends with the build" wait_until eval '! pgrep -f "^$SKIFF build"'
finish
