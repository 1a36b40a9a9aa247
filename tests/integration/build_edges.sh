#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Corners of build that were wrong once: each line is a bug that a reader of the code, or a user, has found.
. "${0%/*}/lib.sh"
image busybox
mkdir -p "$T/c/s1" "$T/c/s2" "$T/c/s3"
cd "$T/c" || exit 1

echo linked >s1/a; ln s1/a s3/b; echo other >s2/a
printf 'FROM busybox\nCOPY s1 s2 s3 /dst/\n' >"df"
is "a hard link to what another source has replaced" "other linked" eval 'skiff build -q -f df -t links . >/dev/null; skiff run --rm links sh -c "echo \$(cat /dst/a /dst/b)"'

mkdir x1 x2; echo x >x1/f; echo x >x2/f; touch -d @1 x1/f x2/f x1 x2
if python3 -c 'import os; os.setxattr("x2/f", "user.v", b"2")' 2>/dev/null; then
    tar --xattrs -cf x2.tar x2/f; tar -cf x1.tar x1/f
    check "an attribute alone makes another copy" eval 'skiff import x1.tar base:1 >/dev/null; skiff import x2.tar base:2 >/dev/null;
        for n in 1 2; do printf "FROM base:$n AS s\nFROM busybox\nCOPY --from=s /x$n/f /f\n" | skiff build -q - ; done >ids; [ "$(sort -u ids | wc -l)" = 2 ]'
else
    skip "an attribute alone makes another copy" "no user attributes on this file system"
fi

printf 'FROM busybox\nONBUILD COPY --from=assets /etc/passwd /assets\n' | skiff build -q -t trigger - >/dev/null
printf 'FROM busybox AS assets\nFROM trigger\n' >"df"
check "a stage that only a trigger needs" skiff build -q -f df -t late .
printf 'FROM busybox\nRUN --mount=type=cache,id=a,sharing=locked,target=/one --mount=type=cache,id=a,target=/two touch /one/x && ls /two/x\n' >"df"
check "one cache at two places" skiff build -q -f df .
printf 'FROM busybox\nUSER 1000:1000\nWORKDIR /home/w\nRUN id -u >id\n' >"df"
is "WORKDIR makes a directory of the user" 1000:1000 eval 'skiff build -q -f df -t wd . >/dev/null; skiff run --rm wd stat -c %u:%g .'
printf 'FROM busybox\nRUN echo old >/target && ln -s /target /link\nCOPY s2/a /link\n' >"df"
is "COPY onto a link writes what it names" other eval 'skiff build -q -f df -t onto . >/dev/null; skiff run --rm onto cat /target'
printf 'FROM busybox\nRUN --network=host true\n' >"df"
fails "the host's network is not the Dockerfile's to take" 1 "only with --network host" skiff build -f df .
check "… but the user's to give" skiff build -q --network host -f df .
printf 'FROM busybox\nRUN env | grep -q ^http_proxy\n' >"df"
check "a proxy reaches RUN" skiff build -q --build-arg http_proxy=http://user:pw@proxy.invalid -f df -t proxy .
hasnt "… and not the history" proxy.invalid skiff history --no-trunc proxy
check "an old --iidfile does not survive a failure" eval 'echo old >"$T/iid"; ! printf "FROM busybox\nRUN false\n" | skiff build -q --iidfile "$T/iid" - 2>/dev/null && [ ! -e "$T/iid" ]'
ln -s s2/a lnk; echo lnk >.dockerignore
printf 'FROM busybox\nCOPY lnk /k\n' >"df"
fails "a link that is ignored is not there" 1 '"/lnk": not found' skiff build -f df .
rm .dockerignore
printf 'FROM nosuch.invalid/x:1\n' >"df"
fails "a base that cannot be had: where it stands" 1 '^ +1 \| >>> FROM nosuch.invalid/x:1' skiff build -f df .
printf 'FROM busybox\nRUN --mount=source=nosuch*,target=/m true\n' >"df"
fails "a mount's source is no pattern" 1 '"/nosuch\*": not found' skiff build -f df .
printf 'FROM busybox AS a\nFROM --platform=linux/arm64 busybox\nRUN true\n' >"df"
fails "a base for another platform is not this one" 1 'busybox' eval 'timeout 50 "$SKIFF" build -f df .'
printf 'FROM busybox\nRUN printf "\\033]0;title\\007"; false\n' >"df"
hasnt "a step does not reach the terminal's title" $'\033]0' eval 'terminal "$SKIFF build --no-cache -q -f df . >/dev/null"'
has "… where lines of an error are lines" '^ +2 \| >>> RUN' eval 'terminal "$SKIFF build -q -f df ."'

printf 'FROM busybox\nRUN yes\n' >"df"
"$SKIFF" build -q -f df . >/dev/null 2>&1 &
victim=$!
check "a step that writes without end runs" wait_until eval 'ls "$SKIFF_ROOT/containers" | grep -q .'
kill -INT $victim 2>/dev/null || true
kill -TERM $victim
check "… and can be interrupted" wait_until gone $victim
wait $victim 2>/dev/null
check "… leaving nothing" wait_until eval '[ -z "$(ls "$SKIFF_ROOT/containers" "$SKIFF_ROOT/staging" "$SKIFF_ROOT/leases" | grep -v -e : -e "^$")" ]'

printf 's3cret-of-a-build' >"$T/secret"
printf 'FROM busybox\nRUN --mount=type=secret,id=s --mount=type=secret,id=s,env=TOKEN [ "$TOKEN" = "$(cat /run/secrets/s)" ] && touch /there && sleep 1000\n' >"df"
"$SKIFF" build -q --secret id=s,src="$T/secret" -f df . >/dev/null 2>&1 &
victim=$!
check "a step that has a secret" wait_until eval 'ls "$SKIFF_ROOT"/containers/*/upper/there'
is "… which no document and no scratch file holds" "" eval 'grep -ls s3cret-of-a-build "$SKIFF_ROOT"/containers/*/*.json; grep -rls s3cret-of-a-build "$SKIFF_ROOT/staging"; true'
kill -TERM $victim; wait $victim 2>/dev/null
check "… and nothing is left of it" wait_until eval '[ -z "$(ls "$SKIFF_ROOT/containers")" ]'

printf 'FROM busybox AS deps\nRUN echo deps >/deps\nFROM busybox\nCOPY --from=deps /deps /d\n' >"df"
check "stages" skiff build -q -f df .
is "layers of all stages are on disk for good" "" eval 'grep -l "\"boot\"" "$SKIFF_ROOT"/layers/*/meta.json; true'

# Holes stay holes, also at the beginning and the end.
mkdir "$T/holes"
(cd "$T/holes" && truncate -s 64M file && printf x | dd of=file bs=1 seek=20000000 conv=notrunc status=none && truncate -s 3M empty)
printf 'FROM busybox\nCOPY file empty /h/\nCOPY --from=0 /h/file /h/again\n' >"$T/holes/Dockerfile"
sed -i '1s/$/ AS a/; $d' "$T/holes/Dockerfile"
printf 'FROM a\nCOPY --from=a /h/file /h/again\n' >>"$T/holes/Dockerfile"
check "a sparse file" skiff build -q -t holes "$T/holes"
is "… is the same" "$(cd "$T/holes" && cat file empty file | sha256sum)" skiff run --rm holes sh -c 'cat /h/file /h/empty /h/again | sha256sum'
is "… and takes as little room" yes eval '[ "$(skiff run --rm holes du -k /h/file /h/empty /h/again | awk "{n += \$1} END {print n}")" -lt 200 ] && echo yes'

# A cache that is being made when its build dies.
printf 'FROM busybox\nRUN --mount=type=cache,target=/c,from=busybox,source=/bin true\n' >"$T/holes/Dockerfile"
check "a cache with a beginning" skiff build -q "$T/holes"
is "… is whole from its first moment: nothing else lies there" "" eval 'ls "$SKIFF_ROOT/build/caches" | grep -v -E "^[0-9a-f]{64}(\.lock)?$"; true'
finish
