#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# import: every compression by content, a configuration by --change, and what is refused leaves the store as it was.
. "${0%/*}/lib.sh"

# What the store holds: files with their sizes, names only of directories and links.
store_state() { (cd "$SKIFF_ROOT" 2>/dev/null && find . -type f -printf '%p %s\n' -o -printf '%p\n' | grep -v '^\./idmap' | sort); }

mkdir -p "$T/r/bin" "$T/r/etc"
echo content >"$T/r/etc/file"
ln -s ../etc/file "$T/r/bin/link"
tar -C "$T/r" -cf "$T/a.tar" .
diff_id="sha256:$(sha256sum <"$T/a.tar" | cut -d' ' -f1)"
gzip -k "$T/a.tar"
printed() { skiff image inspect "$1" | tr -d ' \n'; }

check "a plain tar" skiff import "$T/a.tar" t:plain
check "gzip" skiff import "$T/a.tar.gz" t:gzip
kinds='plain gzip'
for tool in zstd xz; do
    if command -v $tool >/dev/null; then
        $tool -qk "$T/a.tar"
        mv "$T"/a.tar.[zx]?* "$T/by-content-not-by-name"
        check "$tool" skiff import "$T/by-content-not-by-name" t:$tool
        rm "$T/by-content-not-by-name"
        kinds+=" $tool"
    else
        skip "$tool" "$tool is not installed"
    fi
done
for kind in $kinds; do
    has "the layer of $kind is the plain tar" "\"Layers\":\[\"$diff_id\"\]" printed "t:$kind"
done
check "standard input" eval 'skiff import - t:stdin <"$T/a.tar.gz"'
is "equal layers are kept once" 1 eval 'ls "$SKIFF_ROOT/layers" | wc -l'
is "nothing is left in the staging directory" 0 eval 'ls "$SKIFF_ROOT/staging" "$SKIFF_ROOT/leases" | grep -c "^[0-9a-f]" || true'

check "changes" skiff import -c 'CMD ["sh", "-l"]' -c 'ENV A=1 B="x y"' -c 'ENV C=$A' -c 'EXPOSE 80' -c 'USER www' \
    -m 'a message' "$T/a.tar" t:changed
for want in '"Cmd":\["sh","-l"\]' '"Env":\["A=1","B=xy","C=1"\]' '"80/tcp":\{\}' '"User":"www"' '"Comment":"amessage"'; do
    has "changed: $want" "$want" printed t:changed
done
has "the history tells of the message" 'a message' skiff history t:changed

store_state >"$T/before"
same() { store_state | diff "$T/before" -; }
head -c 4000 "$T/a.tar" >"$T/cut.tar"
fails "a cut archive is refused, naming the entry" 125 'cut at entry|is cut' skiff import "$T/cut.tar" t:bad
check "… and the store is as before" same
head -c 150 "$T/a.tar.gz" >"$T/cut.gz"
fails "a cut gzip stream is refused" 125 'cut' skiff import "$T/cut.gz" t:bad
python3 - "$T/evil.tar" <<'PYTHON'
import io, sys, tarfile
with tarfile.open(sys.argv[1], "w") as tar:
    link = tarfile.TarInfo("d"); link.type = tarfile.SYMTYPE; link.linkname = "/tmp"; tar.addfile(link)
    inside = tarfile.TarInfo("d/skiff-was-here"); inside.size = 1; tar.addfile(inside, io.BytesIO(b"x"))
PYTHON
fails "a member below a link is refused" 125 '"d" .*symbolic link' skiff import "$T/evil.tar" t:bad
check "… and is not made on the host" test ! -e /tmp/skiff-was-here
fails "a malformed reference" 125 'repository name \(Name\) must be lowercase' skiff import "$T/a.tar" Bad/Name
fails "an unknown change" 125 '"RUN" is not a valid change command' skiff import -c 'RUN x' "$T/a.tar" t:bad
fails "a URL is refused by name" 125 'URL is not supported' skiff import http://example.invalid/x.tar t:bad
check "the store is as before all that" same

fails "a platform that there is not" 125 'invalid platform "bogus": unknown operating system or architecture' skiff import --platform bogus "$T/a.tar" bogus

finish
