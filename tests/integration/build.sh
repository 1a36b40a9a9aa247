#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build: the article's multi-stage Dockerfile in small, progress, names, ids, errors, contexts from everywhere.
. "${0%/*}/lib.sh"
image busybox

mkdir -p "$T/c/d"
cd "$T/c" || exit 1
echo x >d/x; echo y >d/y.log; echo keep >keep.log; echo a >a.txt
printf '*.log\n**/*.log\n!keep.log\n' >.dockerignore
cat >Dockerfile <<'D'
FROM busybox AS builder
ARG VERSION=1.0
ENV V=$VERSION
WORKDIR /app
COPY . .
RUN echo building $V && ls -R >listing

FROM busybox
LABEL org.example.v="1" multi="a b"
COPY --from=builder --chown=1000:1000 /app/listing /listing
EXPOSE 8080/tcp
VOLUME ["/data"]
USER 1000
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --timeout=1s CMD true
ENTRYPOINT ["cat"]
CMD ["/listing"]
D

has "progress names the steps" '^#[0-9]+ \[builder 2/4\] WORKDIR /app$' skiff build -t app:1 .
is "on standard error alone" "" eval 'skiff build --no-cache -t app:1 . 2>/dev/null'
has "what runs, with its time" '^#[0-9]+ [0-9]+\.[0-9]{3} building 1\.0$' skiff build --no-cache -t app:1 .
first=$(skiff build -q -t app:1 .)
is "again: the same image" "$first" skiff build -q -t app:1 .
is "… by its id" "$first" skiff image inspect -f '{{.Id}}' app:1
is "… every step from the cache" 4 eval 'skiff build -t app:1 . 2>&1 | grep -A1 -E "\] (WORKDIR|COPY|RUN)" | grep -c CACHED'
is "what is ignored is not there" ".:
Dockerfile
a.txt
d
keep.log
listing

./d:
x" skiff run --rm app:1
is "the configuration" '["cat"] ["/listing"] 1000 SIGINT {"8080/tcp":{}} {"/data":{}} {"multi":"a b","org.example.v":"1"}' \
    skiff image inspect -f '{{json .Config.Entrypoint}} {{json .Config.Cmd}} {{.Config.User}} {{.Config.StopSignal}} {{json .Config.ExposedPorts}} {{json .Config.Volumes}} {{json .Config.Labels}}' app:1
is "the health check" '{"Test":["CMD-SHELL","true"],"Interval":5000000000,"Timeout":1000000000}' \
    eval 'skiff image inspect -f "{{json .Config.Healthcheck}}" app:1 | sed "s/^{\"Interval\":5000000000,\"Test\":\[\"CMD-SHELL\",\"true\"\],\"Timeout\":1000000000}$/{\"Test\":[\"CMD-SHELL\",\"true\"],\"Interval\":5000000000,\"Timeout\":1000000000}/"'
is "history" 'CMD ["/listing"]
ENTRYPOINT ["cat"]
HEALTHCHECK &{["CMD-SHELL" "true"] "5s" "1s" "0s" "0s" '"'\\x00'"'}
STOPSIGNAL SIGINT
USER 1000
VOLUME [/data]
EXPOSE map[8080/tcp:{}]
COPY /app/listing /listing # buildkit
LABEL org.example.v=1 multi=a b' eval 'skiff history --no-trunc --format "{{.CreatedBy}}" app:1 | sed "\$d"'

is "--build-arg and --target" 2 eval 'skiff build -q --build-arg VERSION=2 --target builder -t app:b . >/dev/null && skiff run --rm app:b sh -c "echo \$V"'
has "a build-arg that nothing takes is told" 'build-args \[NOPE\] were not consumed' skiff build --build-arg NOPE=1 .
check "--iidfile" eval 'skiff build -q --iidfile "$T/iid" . >/dev/null && [ "$(cat "$T/iid")" = "'"$first"'" ]'
is "--label" v eval 'skiff build -q --label k=v -t l:1 . >/dev/null && skiff image inspect -f "{{.Config.Labels.k}}" l:1'
check "two names" eval 'skiff build -q -t n:1 -t n:2 . >/dev/null && skiff image exists n:1 && skiff image exists n:2'

fails "an unknown instruction, where, and what was meant" 1 'dockerfile parse error on line 2: unknown instruction: RUM \(did you mean RUN\?\)' eval 'printf "FROM busybox\nRUM true\n" | skiff build -'
fails "its line is shown" 1 '^ +2 \| >>> RUM true' eval 'printf "FROM busybox\nRUM true\n" | skiff build -'
fails "a RUN that fails" 1 'process "/bin/sh -c echo out; exit 3" did not complete successfully: exit code: 3' eval 'printf "FROM busybox\nRUN echo out; exit 3\n" | skiff build -'
fails "… quietly: its output all the same" 1 '^out$' eval 'printf "FROM busybox\nRUN echo out; exit 3\n" | skiff build -q -'
fails "a source that is missing" 1 '"/nosuch": not found' eval 'printf "FROM busybox\nCOPY nosuch /\n" >"$T/df"; skiff build -f "$T/df" .'
fails "one that is ignored: by what" 1 '"/d/y.log": not found \(.dockerignore excludes it\)' eval 'printf "FROM busybox\nCOPY d/y.log /\n" >"$T/df"; skiff build -f "$T/df" .'
fails "outside of the context" 1 '"/keep": not found' eval 'touch "$T/keep"; printf "FROM busybox\nCOPY ../keep /\n" >"$T/df"; skiff build -f "$T/df" .'
fails "no Dockerfile" 1 'failed to read dockerfile: open Dockerfile: no such file' eval 'mkdir -p "$T/e"; skiff build "$T/e"'
fails "no context" 1 'requires (exactly )?1 argument' skiff build
fails "a target that is none" 1 'target stage "nosuch" could not be found' skiff build --target nosuch .
fails "a bad name" 125 'must be lowercase' skiff build -t Bad:Name .
fails "no stage" 1 'no build stage' eval 'printf "RUN true\n" | skiff build -'
fails "a program that is not there" 1 'nosuch' eval 'printf "FROM busybox\nRUN [\"/nosuch\"]\n" | skiff build -'
fails "containers of steps cannot be kept" 125 '--rm=false' skiff build --rm=false .
fails "a flag that is to come" 125 'squash is not supported by this version of skiff' skiff build --squash .

is "context by tar" a eval 'tar c . | skiff build -q -t tar:1 - >/dev/null; skiff run --rm --entrypoint cat -u 0 tar:1 /listing | grep -c "^a.txt" >/dev/null && echo a'
is "… compressed, with a Dockerfile in it" hi eval 'printf "FROM busybox\nRUN echo hi >/hi\n" >d/Second; tar cz . | skiff build -q -f d/Second -t tar:2 - >/dev/null; skiff run --rm tar:2 cat /hi; rm d/Second'
is "the Dockerfile on stdin, the context here" a eval 'printf "FROM busybox\nCOPY a.txt /\n" | skiff build -q -f - -t in:1 . >/dev/null; skiff run --rm in:1 cat /a.txt'

# Heredocs and mounts without a syntax line.
cat >here <<'D'
FROM busybox
RUN <<EOF
echo one
echo two >/two
EOF
COPY <<EOF /etc/conf
a=$V
EOF
RUN cat /etc/conf /two
RUN --mount=type=cache,target=/c sh -c 'echo c >>/c/f; wc -l </c/f'
RUN --mount=type=tmpfs,target=/t sh -c 'touch /t/x; ls /t'
RUN --mount=type=bind,source=a.txt,target=/a.txt cat /a.txt
RUN --mount=type=bind,target=/ctx ls /ctx && ! touch /ctx/new
RUN --mount=type=bind,target=/ctx,rw touch /ctx/new && ls /ctx/new
RUN --mount=type=secret,id=s,required=true cat /run/secrets/s >/dev/null
RUN --mount=type=secret,id=s,env=TOKEN [ "$TOKEN" = s3cret ]
RUN --mount=type=bind,from=busybox,source=/bin,target=/mnt/bin test -x /mnt/bin/busybox
D
printf s3cret >"$T/secret"
check "heredocs, mounts, secrets" skiff build -q -f here --secret id=s,src="$T/secret" -t here .
is "of the mounts nothing is left" "bin dev etc home proc root sbin sys tmp two usr var" eval 'skiff run --rm here sh -c "echo \$(ls /)"'
check "the bound context is as it was" [ ! -e "$T/c/new" ]
is "the secret is in no layer" 0 eval 'skiff save here -o "$T/here.tar"; mkdir "$T/x"; tar x -C "$T/x" -f "$T/here.tar"; for b in "$T"/x/blobs/sha256/*; do tar tf "$b" >/dev/null 2>&1 && tar xOf "$b"; done | grep -c s3cret; true'
fails "a required secret that is missing" 1 'secret t: not found' eval 'printf "FROM busybox\nRUN --mount=type=secret,id=t,required=true true\n" | skiff build -'

# Triggers, and stages that use each other by number.
printf 'FROM busybox\nONBUILD COPY a.txt /trigger\nONBUILD RUN echo ran >>/trigger\n' >on
check "ONBUILD is kept" skiff build -q -f on -t on:1 .
is "… and runs" "a
ran" eval 'printf "FROM on:1\n" >on2; skiff build -q -f on2 -t on:2 . >/dev/null; skiff run --rm on:2 cat /trigger'
is "… once" '[]' eval 'skiff image inspect -f "{{json .Config.OnBuild}}" on:2 | sed "s/null/[]/"'
is "--from by number" one eval 'printf "FROM busybox\nRUN echo one >/f\nFROM busybox\nCOPY --from=0 /f /g\n" | skiff build -q -t num - >/dev/null; skiff run --rm num cat /g'

is "no container, lease or scratch file is left" "" eval 'ls "$SKIFF_ROOT/containers" "$SKIFF_ROOT/leases" "$SKIFF_ROOT/staging" | grep -v -e : -e "^$"; true'

mkdir -p "$T/times" && printf 'FROM busybox\nLABEL a=b\nRUN echo x >/x\n' >"$T/times/Dockerfile"
is "a label before the first layer has its time, and what is below a build no id" 'same <missing>' eval 'skiff build -q --isolation default -t times "$T/times" >/dev/null 2>&1
    skiff history --format "{{.CreatedAt}}|{{.ID}}" times | awk -F "|" "{ t[NR] = \$1; i[NR] = \$2 } END { print (t[1] == t[2] ? \"same\" : \"differ\"), i[3] }"'
finish
