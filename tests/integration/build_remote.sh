#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build: what comes from elsewhere (ADD from URLs and repositories, contexts by URL), and where it goes (--output), export.
. "${0%/*}/lib.sh"
image busybox
mkdir -p "$T/www" "$T/c" "$T/empty"
cd "$T/c" || exit 1

# --- a server of this machine: says what it was asked for ---------------------------------------------------------------
cat >"$T/serve.py" <<'P'
import hashlib, http.server, os, sys
top = sys.argv[1]
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words):
        pass
    def do_HEAD(self):
        self.answer()
    def do_GET(self):
        self.answer()
    def answer(self):
        with open(top + "/log", "a") as log:
            log.write(f"{self.command} {self.path}\n")
        path = self.path.partition("?")[0]
        if path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/sub/a%20b.txt")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if path == "/away":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        try:
            body = open(top + "/www" + path.replace("%20", " "), "rb").read()
        except OSError:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + (5 if path == "/short" else 0)))
        self.send_header("Last-Modified", "Tue, 02 Jan 2024 03:04:05 GMT")
        if not path.startswith("/untagged"):
            self.send_header("ETag", '"' + hashlib.md5(body).hexdigest() + '"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(top + "/port.part", "w") as file:
    file.write(str(server.server_port))
os.rename(top + "/port.part", top + "/port")
server.serve_forever()
P
unset http_proxy HTTP_PROXY https_proxy HTTPS_PROXY
python3 "$T/serve.py" "$T" & server=$!
daemon=
stop_servers() { kill "$server" ${daemon:+"$daemon"} 2>/dev/null; }
at_end stop_servers
wait_until test -s "$T/port" || { fail "a server" "it does not start"; finish; }
url=http://127.0.0.1:$(cat "$T/port")
mkdir -p "$T/www/sub"
echo one >"$T/www/one.txt"; echo blank >"$T/www/sub/a b.txt"; echo root >"$T/www/index"; echo cut >"$T/www/short"; echo un >"$T/www/untagged"
asked() { grep -c "^$1\$" "$T/log" 2>/dev/null; }

# --- ADD URL ---------------------------------------------------------------------------------------------------------------
printf 'FROM busybox\nADD %s/one.txt /d/\n' "$url" >Dockerfile
check "ADD from a URL" skiff build -q -t url .
is "… is root's, with mode 600 and the server's time" "600 0:0 1704164645 one" skiff run --rm url sh -c 'echo "$(stat -c "%a %u:%g %Y" /d/one.txt) $(cat /d/one.txt)"'
before=$(asked "GET /one.txt")
has "again: cached" '^#[0-9]+ CACHED' skiff build -t url .
is "… by its entity tag, without fetching it" "$before" asked "GET /one.txt"
echo two >"$T/www/one.txt"
check "another content" skiff build -q -t url .
is "… is fetched" two skiff run --rm url cat /d/one.txt
printf 'FROM busybox\nADD %s/untagged /u\n' "$url" >"df"
first=$(skiff build -q -f df .)
is "without a tag it is the bytes that count" "$first" skiff build -q -f df .
printf 'FROM busybox\nADD --chown=3:4 --chmod=640 %s/moved?x=1 /e/\n' "$url" >"df"
check "a redirect, from anywhere" eval 'skiff build -q -f df -t moved - <df'
is "… the name is that of the URL in the file" "640 3:4 blank" skiff run --rm moved sh -c 'echo "$(stat -c "%a %u:%g" /e/moved) $(cat /e/moved)"'
echo local >l
printf 'FROM busybox\nADD %s/sub/a%%20b.txt l %s/one.txt /m/\n' "$url" "$url" >"df"
is "files and URLs together, names decoded" "a b.txt l one.txt" eval 'skiff build -q -f df -t mixed . >/dev/null; echo $(skiff run --rm mixed ls /m)'
sum=$(sha256sum <"$T/www/one.txt" | cut -d ' ' -f 1)
printf 'FROM busybox\nADD --checksum=sha256:%s %s/one.txt /s\n' "$sum" "$url" >"df"
check "--checksum" skiff build -q -f df .
before=$(grep -c . "$T/log")
check "… of what is there" skiff build -q -f df .
is "… asks nobody" "$before" grep -c . "$T/log"
printf 'FROM busybox\nADD --checksum=sha256:%064d %s/one.txt /s\n' 0 "$url" >"df"
fails "another checksum" 1 "digest mismatch: .*one.txt is sha256:$sum" skiff build -f df .
printf 'FROM busybox\nADD %s/none /s\n' "$url" >"df"
fails "not there: with the line" 1 "invalid response status 404" skiff build -f df .
fails "… and where it stands" 1 '^ *2 \| >>> ADD ' skiff build -f df .
printf 'FROM busybox\nADD %s/away /s\n' "$url" >"df"
fails "a redirect to a file of this machine" 1 "away" skiff build -f df .
printf 'FROM busybox\nADD %s/short /s\n' "$url" >"df"
fails "less than was said" 1 "failed to fetch" skiff build -f df .
tar -C "$T/c" -cf "$T/www/t.tar" l
printf 'FROM busybox\nADD %s/t.tar /t/\nADD --unpack %s/t.tar /v/\n' "$url" "$url" >"df"
is "an archive from a URL is unpacked when that is said" "t.tar l" eval 'skiff build -q -f df -t tar . >/dev/null; echo $(skiff run --rm tar ls /t /v | grep -v :)'
printf 'FROM busybox\nRUN touch /never\nADD git@127.0.0.1:a /a\n' >"df"
fails "a repository that needs keys" 1 "df:3:5" skiff build -f df .
hasnt "… is refused before anything runs" "[0-9]+/[0-9]+\] RUN" eval 'skiff build -f df . 2>&1; true'

# --- contexts ------------------------------------------------------------------------------------------------------------------
mkdir -p ctx/sub; echo in >ctx/in; printf 'FROM busybox\nCOPY in /in\n' >ctx/Dockerfile; printf 'FROM busybox\nCOPY in /other\n' >ctx/sub/df2; echo '*.no' >ctx/.dockerignore
tar -C ctx -czf "$T/www/ctx.tgz" .
cp ctx/Dockerfile "$T/www/lone"; printf 'FROM busybox\nRUN echo lone >/lone\n' >"$T/www/lone"
check "a context from a URL" skiff build -q -t ctx "$url/ctx.tgz"
is "… its files" in skiff run --rm ctx cat /in
is "… and -f of it" in eval 'skiff build -q -t ctx2 -f sub/df2 "$url/ctx.tgz" >/dev/null; skiff run --rm ctx2 cat /other'
is "a lone Dockerfile from a URL" lone eval 'skiff build -q -t lone "$url/lone" >/dev/null; skiff run --rm lone cat /lone'
fails "no context" 1 "invalid response status 404" skiff build "$url/none.tgz"

# --- repositories -----------------------------------------------------------------------------------------------------------------
if command -v git >/dev/null && [ -x "$(git --exec-path)/git-daemon" ]; then
    export GIT_CONFIG_GLOBAL=/dev/null
    mkdir -p "$T/repos/r/docs"
    (cd "$T/repos/r" && git init -q -b main . && cp -r ../../c/ctx/. . && echo doc >docs/d && ln -s /etc/passwd docs/out && git add . &&
        git -c user.name=t -c user.email=t@t commit -qm one && git tag v1 && echo later >in && git -c user.name=t -c user.email=t@t commit -qam two)
    # It takes no port from the kernel and tells it: one that is free now.
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$(git --exec-path)/git-daemon" --reuseaddr --export-all --base-path="$T/repos" --listen=127.0.0.1 --port="$port" & daemon=$!
    repo=git://127.0.0.1:$port/r
    wait_until git ls-remote "$repo" || fail "git daemon" "it does not start"
    is "a repository as context" later eval 'skiff build -q -t git "$repo" >/dev/null; skiff run --rm git cat /in'
    is "… at a tag" in eval 'skiff build -q -t git "$repo#v1" >/dev/null; skiff run --rm git cat /in'
    fails "… a directory of it that is none" 1 'has no directory "none"' skiff build "$repo#main:none"
    fails "… whose link leads out" 1 "has no directory|no such file" skiff build "$repo#main:docs/out"
    fails "… a branch that is none" 1 "failed to fetch git://.*: git fetch: .*none" skiff build "$repo#none"
    fails "… nor an option" 1 "is no name of a branch" skiff build "$repo#--upload-pack=x"
    printf 'FROM busybox\nADD %s#main:docs /docs/\nADD --keep-git-dir %s /all\n' "$repo" "$repo" >"df"
    is "ADD from a repository" "d out doc later git" eval 'skiff build -q -f df -t gitadd - <df >/dev/null; skiff run --rm gitadd sh -c "echo \$(ls /docs) \$(cat /docs/d /all/in) \$([ -d /all/.git ] && echo git)"'
    status "… without .git" 1 eval 'printf "FROM busybox\nADD %s /all\n" "$repo" | skiff build -q -t gitadd - >/dev/null; skiff run --rm gitadd ls -d /all/.git 2>/dev/null'
else
    skip "repositories" "git or git-daemon is not installed"
fi
fails "ADD of a repository without git" 1 "program git, which is not in PATH" eval 'printf "FROM busybox\nADD git://127.0.0.1/r /r\n" | PATH=$T/empty "$SKIFF" build -'

# --- outputs -------------------------------------------------------------------------------------------------------------------------
printf 'FROM busybox AS b\nRUN echo made >/m && chmod 4755 /m && mkdir -m 700 /d && echo d >/d/d && ln -s /etc /d/l && chown 5:6 /d\nFROM scratch\nCOPY --from=b /m /\nCOPY --from=b /d /d\n' >"df"
check "-o DIR" skiff build -o out -f df .
is "… the files, as the caller's, without set-id bits" "755 made $(id -u)" eval 'echo "$(stat -c %a out/m) $(cat out/m) $(stat -c %u out/m)"'
is "… directories and links" "d 700 $(id -u) /etc" eval 'echo "$(cat out/d/d) $(stat -c "%a %u" out/d) $(readlink out/d/l)"'
mkdir -p over "$T/outside"; ln -s "$T/outside" over/d
status "links in DIR lead nowhere" 1 skiff build --output type=local,dest=over -f df .
is "… nothing came out" "" ls "$T/outside"
is "type=tar" "d/ d/d d/l" eval 'skiff build -o type=tar,dest=out.tar -f df . 2>/dev/null; echo $(tar tf out.tar | grep "^d/")'
is "… with owners" "5/6" eval 'tar tvf out.tar --numeric-owner d/ | head -n 1 | awk "{print \$2}"'
is "… on standard output" "d/ d/d d/l" eval 'echo $(skiff build -o - -f df . 2>/dev/null | tar t | grep "^d/")'
is "no image is made of it" "" eval 'skiff build -q -o type=tar,dest=out.tar -t no-image -f df . ; skiff images -q no-image'
is "-o A/B where there is no A" "d m" eval 'skiff build -q -o new/in -f df . && echo $(ls new/in)'
fails "… an archive's directory is not made" 1 'invalid output path: directory "absent/" does not exist' skiff build -o type=tar,dest=absent/out.tar -f df .
fails "an archive of an image is save's" 125 "skiff save -o x.tar NAME" skiff build -o type=docker,dest=x.tar .
check "flags of scripts" skiff buildx build -q --load --provenance=false --sbom=false --output type=docker -t scripts .
check "builder build" skiff builder build -q -t scripts .
fails "… no attestation" 125 "attestations are not made" skiff build --provenance=true .

# --- export ------------------------------------------------------------------------------------------------------------------------
skiff run -d --name box -v "$T/www:/mounted" busybox sh -c 'echo new >/new; rm /etc/group; chown 7:8 /new; sleep 1000' >/dev/null
wait_until skiff exec box test ! -e /etc/group
is "export: what was changed, of a running container" "new 7/8" eval 'skiff export box >box.tar; echo "$(tar xOf box.tar new) $(tar tvf box.tar --numeric-owner new | awk "{print \$2}")"'
status "… what was removed is gone, what is mounted is not there" 1 eval 'tar tf box.tar | grep -E "^(etc/group|mounted/.)"'
check "… into a file" skiff export -o file.tar box
check "… that import takes" eval 'skiff import file.tar flat >/dev/null && skiff run --rm flat test -e /new'
skiff create --name fresh busybox >/dev/null
check "of one that never ran" eval 'skiff export fresh | tar t | grep -q "^bin/busybox$"'
fails "of none" 1 "[Nn]o such container" skiff export none
fails "into a directory that is not there" 1 'invalid output path: directory "absent/" does not exist' skiff export -o absent/x fresh
is "what was exported is the caller's alone" 600 stat -c %a file.tar
skiff exec box truncate -s 16G /huge
mkdir half
interrupted "export: Ctrl-C ends it" '[ "$(stat -c %s half/.skiff-*)" -gt 1000000 ]' "$SKIFF" export -o half/huge.tar box
is "… and leaves nothing" "" ls -A half
mkfifo fifo
exec 9<>fifo
interrupted "… also while nobody reads" 'head -c 1 <&9' "$SKIFF" export -o fifo box
printf 'FROM busybox\n' >"df"
interrupted "build -o: Ctrl-C ends it" 'head -c 1 <&9' "$SKIFF" build -o type=tar,dest=fifo -f df .
interrupted "save: Ctrl-C ends it" 'head -c 1 <&9' "$SKIFF" save -o fifo busybox
check "… no process, either" wait_until eval '! pgrep -f "^$SKIFF (build|export|save)"'
skiff rm -f box fresh >/dev/null
finish
