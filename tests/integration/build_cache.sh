#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The build cache: by content, for this boot before it is on disk, through kills and prunes.
. "${0%/*}/lib.sh"
image busybox

mkdir -p "$T/c/src"
cd "$T/c" || exit 1
echo 1 >src/a; echo 1 >other
printf 'FROM busybox\nRUN echo deps >/deps\nCOPY src /src\nRUN cat /src/a >/out\nLABEL a=1\nRUN true\nCMD ["cat","/out"]\n' >Dockerfile
cached() { skiff build "$@" 2>&1 | grep -A1 -E '\] (RUN|COPY|WORKDIR)' | grep -c CACHED || true; }   # steps

check "first" skiff build -q -t a:1 .
is "all" 4 cached .
touch -d '+1 hour' src/a
is "a time is nothing" 4 cached .
echo x >>other
is "a file that no step takes is nothing" 4 cached .
chmod 600 src/a
is "a mode is something" 1 cached .
chmod 644 src/a
is "and back: all again" 4 cached .
sed -i 's/a=1/a=2/' Dockerfile
is "a label makes no RUN a new one" 4 cached .
echo 2 >src/a
is "new content: what stands on it is done again" 1 cached .
is "… rightly" 2 eval 'skiff build -q -t a:1 . >/dev/null; skiff run --rm a:1'
is "--no-cache" 0 cached --no-cache .
has "--explain: a hit" 'explain: the same as on 20' skiff build --explain .
echo 3 >src/a
has "--explain: a miss" 'explain: done again: what it copies changed' skiff build --explain .
sed -i 's/deps >/depends >/' Dockerfile
has "… of an instruction" 'explain: done again: the instruction changed from "RUN .*deps' skiff build --explain .
echo 4 >src/a
has "… of what stands on it" 'explain: done again: what it stands on changed' skiff build --explain .

printf 'FROM busybox\nARG A=1\nRUN echo $A >/a\n' >args
check "an argument" skiff build -q -f args .
is "another value of it" 0 cached -f args --build-arg A=2 .
is "the first one" 1 cached -f args .
is "a proxy is no part of a step" 1 cached -f args --build-arg http_proxy=http://proxy.invalid .

# A stage that was built again and gives the same file.
printf 'FROM busybox AS b\nARG N\nRUN echo $N >/n; echo same >/same; touch -d @1 /same\nFROM busybox\nCOPY --from=b /same /same\nRUN cat /same\n' >stages
check "stages" skiff build -q -f stages --build-arg N=1 .
is "by content: only the stage is done again" 2 cached -f stages --build-arg N=2 .

# Killed in the middle of a step.
printf 'FROM busybox\nRUN echo first >/first\nRUN touch /started; sleep 1000\n' >slow
"$SKIFF" build -f slow . >"$T/slow.log" 2>&1 &
victim=$!
check "a build comes to its second step" wait_line "$T/slow.log" '\[3/3\] RUN touch'
check "its container is there" wait_until eval 'ls "$SKIFF_ROOT/containers" | grep -q .'
is "… in no list" "" skiff ps -aq
kill -KILL $victim; wait $victim 2>/dev/null
check "killed: the container ends and goes" wait_until eval '[ -z "$(skiff ps -aq)$(ls "$SKIFF_ROOT/containers")" ]'
sed -i 's/sleep 1000/true/' slow
is "the next build goes on at the last finished step" 1 cached -f slow .
check "what it left is gone with the next collection" eval 'skiff image prune -f >/dev/null && [ -z "$(ls "$SKIFF_ROOT/staging" "$SKIFF_ROOT/leases" | grep -v -e : -e "^$")" ]'

# Interrupted.
sed -i 's/true$/sleep 1000/' slow
"$SKIFF" build -f slow . >"$T/slow.log" 2>&1 &
victim=$!
check "again in its second step" wait_line "$T/slow.log" '\[3/3\] RUN touch'
kill -TERM $victim; wait $victim; code=$?
is "a signal ends it as a signal" 143 echo $code
check "and nothing is left" wait_until eval '[ -z "$(ls "$SKIFF_ROOT/containers" "$SKIFF_ROOT/staging" "$SKIFF_ROOT/leases" | grep -v -e : -e "^$")" ]'

# A layer that never reached the disk before the power went.
rm -rf "${T:?}/r" && mkdir "$T/r"
check "one finished step, one that fails" eval '! printf "FROM busybox\nRUN echo boot >/boot\nRUN false\n" | skiff build - 2>/dev/null'
check "its layer knows its boot" eval 'grep -l "\"boot\":\"" "$SKIFF_ROOT"/layers/*/meta.json'
for meta in $(grep -l '"boot":"' "$SKIFF_ROOT"/layers/*/meta.json); do sed -i 's/"boot":"[^"]*"/"boot":"another"/' "$meta"; done
is "in another boot it counts for nothing" 0 eval 'printf "FROM busybox\nRUN echo boot >/boot\n" | skiff build -t boot - 2>&1 | grep -A1 RUN | grep -c CACHED; true'
is "… and is made anew" boot skiff run --rm boot cat /boot
is "what an image has is on disk for good" "" eval 'for l in $(skiff image inspect -f "{{join .RootFS.Layers \" \"}}" boot); do grep -l "$l.*\"boot\"\|\"boot\".*$l" "$SKIFF_ROOT"/layers/*/meta.json; done; true'

# Two builds of one thing at once.
printf 'FROM busybox\nRUN sleep 0.3; echo once >/once\n' >twice
"$SKIFF" build -q -f twice -t w:1 . >"$T/w1" 2>&1 &
one=$!
"$SKIFF" build -q -f twice -t w:2 . >"$T/w2" 2>&1 &
two=$!
wait $one; one=$?; wait $two; two=$?
is "two builds at once" "0 0" echo $one $two
is "both images are whole" "once once" eval 'echo $(skiff run --rm w:1 cat /once) $(skiff run --rm w:2 cat /once)'

# One cache mount that only one step may have at a time.
printf 'FROM busybox\nARG N\nRUN --mount=type=cache,target=/c,sharing=locked cp /c/n /c/m 2>/dev/null; echo $N >>/c/n; sleep 0.2; wc -l </c/n\n' >locked
for n in 1 2 3; do "$SKIFF" build -q -f locked --build-arg N=$n . >/dev/null 2>&1 & done
wait
is "locked: one after the other, none lost" 4 eval 'skiff build --no-cache -f locked --build-arg N=4 . 2>&1 | sed -n "s/^#[0-9]* [0-9.]* \([0-9]*\)\$/\1/p"'

has "builder prune" '^Total reclaimed space: ' skiff builder prune -f
is "… keeps what images are made of" once skiff run --rm w:1 cat /once
check "builder prune -a" skiff builder prune -af
is "… then nothing is cached" 0 cached -f twice .
is "… and images run as before" once skiff run --rm w:1 cat /once
check "all images away" eval 'skiff rmi -f $(skiff images -q | sort -u) >/dev/null && skiff builder prune -af >/dev/null'
is "then the store is empty" "" eval 'cd "$SKIFF_ROOT" && ls layers l images/blobs/sha256 images/packed images/refs images/records leases staging trash build/steps | grep -v -e : -e "^$"; true'
finish
