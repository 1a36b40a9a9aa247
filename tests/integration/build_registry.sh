#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds from images that are still at a registry: all that stages take from is there before the first step runs.
. "${0%/*}/lib.sh"
. "${0%/*}/registry_lib.sh"
image busybox
cd "$T" || exit 1

port=$(free_port)
serve plain "$port" "http: {addr: '127.0.0.1:$port'}"
P=127.0.0.1:$port

for name in one two three; do
    printf 'FROM scratch\nCOPY <<f /f\n%s\nf\n' $name | skiff build -q -t "$P/$name:1" - >/dev/null
done
printf 'FROM busybox\nONBUILD COPY --from=%s/one:1 /f /one\nONBUILD RUN --mount=from=%s/two:1,target=/mnt cp /mnt/f /two\n' "$P" "$P" |
    skiff build -q -t "$P/base:1" - >/dev/null
for name in one two three base; do skiff push -q "$P/$name:1" >/dev/null; done
away() { skiff rmi -f "$P/one:1" "$P/two:1" "$P/three:1" "$P/base:1" t:1; skiff builder prune -af; }
away >/dev/null 2>&1

printf 'FROM %s/base:1\nARG where=three\nRUN --mount=from=%s/three:1,target=/${where} cp /three/f /3\n' "$P" "$P" >"df"
check "images of triggers, and of a mount whose target has a variable, are fetched" skiff build -t t:1 --progress plain -f df .
printf '%s\n' "$OUT" >seen
is "… before the first step runs" "" eval 'sed "1,/ \[2\/4\]/d" seen | grep "load metadata" || true'
is "… each of them once" 4 eval 'grep "load metadata" seen | sort -u | wc -l'
is "… and used" "one two three" eval 'skiff run --rm t:1 cat /one /two /3 | paste -sd " "'
away >/dev/null 2>&1

# A trigger names a stage of the file that it is not written in, which alone needs an image.
printf 'FROM busybox\nONBUILD COPY --from=assets /f /f\n' | skiff build -q -t trigger - >/dev/null
printf 'FROM %s/one:1 AS assets\nFROM busybox AS early\nRUN echo a-step-ran\nFROM trigger\nCOPY --from=early /etc/passwd /p\n' "$P" >"df"
check "a stage that only a trigger needs has its image fetched" skiff build -t t:1 --progress plain -f df .
printf '%s\n' "$OUT" >seen
is "… before the first step runs" "" eval 'sed "1,/ RUN /d" seen | grep "load metadata" || true'

printf 'FROM busybox\nONBUILD COPY --from=%s/absent:1 /f /f\n' "$P" | skiff build -q -t trigger - >/dev/null
printf 'FROM busybox AS early\nRUN echo a-step-ran\nFROM trigger\nCOPY --from=early /etc/passwd /p\n' >"df"
fails "an image of a trigger that cannot be had" 1 "ONBUILD trigger \"COPY --from=$P/absent:1 /f /f\" of trigger: " skiff build --no-cache --progress plain -f df .
printf '%s\n' "$OUT" >seen
is "… is known before any step runs" "" eval 'grep "^#.*a-step-ran" seen || true'
is "… and the FROM is shown" "   3 | >>> FROM trigger" eval 'grep ">>>" seen'

stop_registries
finish
