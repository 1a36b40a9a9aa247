#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Others read what skiff pushed, and skiff reads what they pushed: podman, skopeo, umoci, and docker where it needs no daemon. Each is
# skipped where it is not installed.
# shellcheck source=lib.sh
. "${0%/*}/lib.sh"
# shellcheck source=registry_lib.sh
. "${0%/*}/registry_lib.sh"
image busybox
LIMIT=120

authority ca
certificate ca server 'subjectAltName=IP:127.0.0.1'
plain=$(free_port); locked=$(free_port)
serve plain "$plain" "http: {addr: '127.0.0.1:$plain'}"
password_file "$T/passwords"
has_passwords=$(head -c 1 "$T/passwords" | tr -d '\n')
serve locked "$locked" "http: {addr: '127.0.0.1:$locked', tls: {certificate: $T/server.crt, key: $T/server.key}}
auth: {htpasswd: {realm: test, path: $T/passwords}}"
P=localhost:$plain L=127.0.0.1:$locked
# Where podman and skopeo look, too.
mkdir -p "$HOME/.config/containers/certs.d/$L"
cp "$T/ca.crt" "$HOME/.config/containers/certs.d/$L/"
export REGISTRY_AUTH_FILE=$T/auth.json
echo {} >"$REGISTRY_AUTH_FILE"   # podman wants it to be there
skiff tag busybox "$P/ours/app:1"
skiff push -q "$P/ours/app:1" >/dev/null
tar -C "$T" -cf "$T/small.tar" ca.crt
skiff import "$T/small.tar" "$P/ours/small:1" >/dev/null
skiff push -q "$P/ours/small:1" >/dev/null
digest=$(skiff images --digests --format '{{.Digest}}' "$P/ours/app")
pulled_digest() { skiff pull "$1" | sed -n 's/^Digest: //p'; } # NAME

# An index of two images that are at the registry already: amd64 and arm/v7, which is a copy of the other.
push_index() { # KIND REPOSITORY TAG
    python3 - "$P" "$@" <<'PYTHON'
import hashlib, json, sys, urllib.request
place, kind, repository, tag = sys.argv[1:]
base = {"oci": "application/vnd.oci.image.", "docker": "application/vnd.docker.distribution."}[kind]
manifest, index = base + "manifest." + ("v1+json" if kind == "oci" else "v2+json"), base + ("index.v1+json" if kind == "oci" else "manifest.list.v2+json")
def entry(name, **platform):
    url = f"http://{place}/v2/{repository}/manifests/{name}"
    text = urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": manifest})).read()
    return {"mediaType": manifest, "size": len(text), "digest": "sha256:" + hashlib.sha256(text).hexdigest(), "platform": platform}
text = json.dumps({"schemaVersion": 2, "mediaType": index, "manifests": [
    entry(tag + "-amd64", architecture="amd64", os="linux"), entry(tag + "-arm", architecture="arm", os="linux", variant="v7")]}).encode()
urllib.request.urlopen(urllib.request.Request(f"http://{place}/v2/{repository}/manifests/{tag}", data=text, method="PUT", headers={"Content-Type": index}))
print("sha256:" + hashlib.sha256(text).hexdigest())
PYTHON
}

# The one image of a layout, its layers compressed by zstd.
push_zstd() { # LAYOUT REPOSITORY TAG
    python3 - "$P" "$@" <<'PYTHON'
import gzip, hashlib, json, subprocess, sys, urllib.request
place, layout, repository, tag = sys.argv[1:]
def blob(digest):
    return open(f"{layout}/blobs/sha256/{digest.partition(':')[2]}", "rb").read()
def send(method, url, data, kind="application/octet-stream"):
    return urllib.request.urlopen(urllib.request.Request(url, data=data, method=method, headers={"Content-Type": kind}))
def upload(data):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    at = send("POST", f"http://{place}/v2/{repository}/blobs/uploads/", b"").headers["Location"]
    send("PUT", f"{at}&digest={digest}", data)
    return {"digest": digest, "size": len(data)}
manifest = json.loads(blob(json.load(open(layout + "/index.json"))["manifests"][0]["digest"]))
manifest["config"] |= upload(blob(manifest["config"]["digest"]))
for layer in manifest["layers"]:
    plain = gzip.decompress(blob(layer["digest"]))
    layer |= upload(subprocess.run(["zstd", "-q", "-c"], input=plain, stdout=subprocess.PIPE, check=True).stdout)
    layer["mediaType"] = "application/vnd.oci.image.layer.v1.tar+zstd"
send("PUT", f"http://{place}/v2/{repository}/manifests/{tag}", json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json")
PYTHON
}

# --- skopeo

if command -v skopeo >/dev/null; then
    skopeo() { command skopeo --insecure-policy "$@"; }
    at_skopeo() { skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$1"; } # NAME
    check 'skopeo reads what skiff pushed' skopeo copy --src-tls-verify=false "docker://$P/ours/app:1" "oci:$T/layout:1"
    is 'with the same digest' "$digest" at_skopeo "$P/ours/app:1"
    for form in v2s2 oci; do
        check "skopeo writes $form" skopeo copy --dest-tls-verify=false -f $form "oci:$T/layout:1" "docker://$P/skopeo/app:$form"
        is 'skiff reads it' "$(at_skopeo "$P/skopeo/app:$form")" pulled_digest "$P/skopeo/app:$form"
        skiff tag "$P/skopeo/app:$form" "$P/back/app:$form"
        is 'and sends it on as it was' "$(at_skopeo "$P/skopeo/app:$form")" \
            eval "skiff push $P/back/app:$form | sed -n 's/.* digest: \([^ ]*\) .*/\1/p'"
    done
    if command -v zstd >/dev/null; then
        # skopeo would not do: it takes the gzip form that it has seen at this registry.
        check 'an image with zstd' push_zstd "$T/layout" zstd/app 1
        check 'skopeo understands it' skopeo copy --src-tls-verify=false "docker://$P/zstd/app:1" "oci:$T/layout:zstd"
        skiff rmi -f "$P/skopeo/app:oci" "$P/skopeo/app:v2s2" "$P/back/app:oci" "$P/back/app:v2s2" "$P/ours/app:1" busybox >/dev/null
        is 'skiff too' 1 skiff run --rm -q "$P/zstd/app:1" echo 1
    else
        skip 'zstd' 'zstd is not installed'
    fi

    # Several platforms: the second one is gzip in the list, zstd in the index.
    skopeo copy -q --dest-tls-verify=false -f v2s2 "oci:$T/layout:1" "docker://$P/multi/app:list-amd64"
    skopeo copy -q --dest-tls-verify=false -f v2s2 "oci:$T/layout:1" "docker://$P/multi/app:list-arm"
    skopeo copy -q --dest-tls-verify=false "oci:$T/layout:1" "docker://$P/multi/app:index-amd64"
    { command -v zstd >/dev/null && push_zstd "$T/layout" multi/app index-arm; } ||
        skopeo copy -q --dest-tls-verify=false "oci:$T/layout:1" "docker://$P/multi/app:index-arm"
    for kind in docker:list oci:index; do
        tag=${kind#*:} whole=$(push_index "${kind%:*}" multi/app "${kind#*:}")
        is "the digest of a $kind is that of the whole" "$whole" pulled_digest "$P/multi/app:$tag"
        has 'which the image has, too' "$P/multi/app@$whole" skiff image inspect -f '{{.RepoDigests}}' "$P/multi/app:$tag"
        check 'and the other on demand' skiff pull -q --platform linux/arm/v7 "$P/multi/app:$tag"
        fails 'what is not in it is told' 1 'no matching manifest for linux/s390x in the manifest list entries' \
            skiff pull -q --platform linux/s390x "$P/multi/app:$tag"
        is 'skopeo sees the same' "$whole" at_skopeo "$P/multi/app:$tag"
    done
    if command -v docker >/dev/null; then
        for tag in index list index-amd64 list-amd64; do
            is "manifest inspect -v of $tag is docker's" \
                "$(DOCKER_CONFIG=$T/docker docker manifest inspect --insecure -v "$P/multi/app:$tag")" skiff manifest inspect -v "$P/multi/app:$tag"
        done
        fails 'as is what is not there' 1 "$(docker manifest inspect --insecure "$P/multi/app:no" 2>&1)" skiff manifest inspect "$P/multi/app:no"
    else
        skip "manifest inspect -v is docker's" 'docker is not installed'
    fi
    has 'manifest inspect -v names all' "^		\"Ref\": \"$P/multi/app:index@sha256:[0-9a-f]{64}\",$" skiff manifest inspect -v "$P/multi/app:index"

    # Over TLS, with a password.
    if [ -n "$has_passwords" ]; then
        fails 'skopeo gets nothing without a password' 1 'unauthorized|authentication required' \
            skopeo copy "oci:$T/layout:1" "docker://$L/locked/app:1"
        check 'skopeo logs in' eval "echo secret | command skopeo login -u someone --password-stdin $L"
        has 'skiff uses its file' 'Login Succeeded' skiff login "$L"
        check 'skopeo writes there' skopeo copy "oci:$T/layout:1" "docker://$L/locked/app:1"
        is 'skiff reads it' "$(skopeo inspect --format '{{.Digest}}' "docker://$L/locked/app:1")" pulled_digest "$L/locked/app:1"
        skiff tag "$L/locked/app:1" "$L/locked/back:1"
        check 'skiff writes there' skiff push -q "$L/locked/back:1"
        check 'skopeo reads it' skopeo copy "docker://$L/locked/back:1" "oci:$T/layout:back"
        has 'skiff logs out' 'Removing login credentials' skiff logout "$L"
        fails 'which skopeo sees' 1 'unauthorized|authentication required' skopeo inspect "docker://$L/locked/back:1"
    else
        skip 'skopeo with a password' 'python has no bcrypt'
    fi

    if command -v umoci >/dev/null; then
        check 'umoci unpacks what skiff pushed' umoci unpack --rootless --image "$T/layout:1" "$T/bundle"
        check 'and it is whole' cmp "$T/bundle/rootfs/bin/busybox" "$(command -v busybox)"
        echo by umoci >"$T/bundle/rootfs/new"
        check 'umoci adds a layer' umoci repack --image "$T/layout:more" "$T/bundle"
        skopeo copy -q --dest-tls-verify=false "oci:$T/layout:more" "docker://$P/umoci/app:1"
        is 'skiff runs it' 'by umoci' skiff run --rm -q "$P/umoci/app:1" cat /new
    else
        skip 'umoci' 'umoci is not installed'
    fi
else
    skip 'skopeo reads and writes' 'skopeo is not installed'
fi

# --- podman

if command -v podman >/dev/null; then
    # Its process that holds the namespaces would stay.
    end_podman() {
        podman rmi -af >/dev/null 2>&1
        root || podman unshare rm -rf "$T/podman" "$T/podman-run" >/dev/null 2>&1
        local holder
        if holder=$(cat "$T/run/libpod/tmp/pause.pid" 2>/dev/null); then
            kill "$holder"
            wait_until gone "$holder"
        fi
        rm -rf "$T/run"
    }
    mkdir -p "$T/run"
    podman() {
        XDG_RUNTIME_DIR=$T/run CONTAINERS_CONF=$T/containers.conf \
            command podman --root "$T/podman" --runroot "$T/podman-run" --storage-driver vfs --runtime runc "$@"
    }
    printf '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n' \
        >"$T/containers.conf"
    if podman info >"$T/podman.log" 2>&1; then
        at_podman() { podman image inspect -f '{{.Digest}}' "$1"; } # NAME
        podman_digest() { podman pull -q --tls-verify=false "$1" >/dev/null && at_podman "$1"; }
        is 'podman reads what skiff pushed' "$digest" podman_digest "$P/ours/app:1"
        check 'and it is whole' eval "podman save -q --format docker-archive -o '$T/podman.tar' $P/ours/app:1 && [ \"\$(skiff load -q -i '$T/podman.tar' | wc -l)\" = 1 ]"
        for format in oci v2s2; do
            podman tag "$P/ours/app:1" "$P/podman/app:$format"
            check "podman writes $format" podman push -q --tls-verify=false --format $format --digestfile "$T/digest" "$P/podman/app:$format"
            is 'skiff reads it' "$(cat "$T/digest")" pulled_digest "$P/podman/app:$format"
            is 'and runs it' 1 skiff run --rm "$P/podman/app:$format" echo 1
        done
        check 'podman makes an index' eval "podman manifest create $P/podman/multi:1 && podman manifest add --tls-verify=false --arch amd64 $P/podman/multi:1 docker://$P/podman/app:oci &&
            podman manifest add --tls-verify=false --arch arm64 --variant v8 $P/podman/multi:1 docker://$P/ours/small:1 && podman manifest push -q --all --tls-verify=false $P/podman/multi:1 docker://$P/podman/multi:1"
        skiff rmi -f "$P/podman/app:oci" "$P/podman/app:v2s2" "$P/ours/small:1" >/dev/null
        check 'skiff reads one of it' skiff pull -q --platform linux/amd64 "$P/podman/multi:1"
        check 'and the other' skiff pull -q --platform linux/arm64 "$P/podman/multi:1"
        if [ -n "$has_passwords" ]; then
            check 'skiff logs in' eval "echo secret | skiff login -u someone --password-stdin $L"
            podman tag "$P/ours/app:1" "$L/podman/app:1"
            check "podman uses skiff's password, and writes" podman push -q --digestfile "$T/digest" "$L/podman/app:1"
            is 'skiff reads it' "$(cat "$T/digest")" pulled_digest "$L/podman/app:1"
        fi
    else
        skip 'podman reads and writes' "podman does not work here: $(tail -n 1 "$T/podman.log")"
    fi
    end_podman
else
    skip 'podman reads and writes' 'podman is not installed'
fi

stop_registries
finish
