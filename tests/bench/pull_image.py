#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pull_image.py PORT DIR: an image of this machine's own files, some 500 MB in 6 layers, for the registry on localhost:PORT.

Once with gzip and once with zstd: bench/gzip:1 and bench/zstd:1. DIR is for the layers on their way.
"""
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import urllib.request

LAYERS, LAYER_SIZE, LARGEST = 6, 88_000_000, 1_000_000
port, work = sys.argv[1], sys.argv[2]


def digest_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return "sha256:" + digest.hexdigest()


def files():
    for top in ("/usr/lib", "/usr/share", "/usr/bin"):
        for folder, folders, names in os.walk(top):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                # Many small ones, as images have.
                if os.path.isfile(path) and not os.path.islink(path) and os.stat(path).st_mode & 0o004 and os.path.getsize(path) < LARGEST:
                    yield path


def make_layers():
    source, count = files(), 0
    for number in range(LAYERS):
        size, path = 0, f"{work}/{number}.tar"
        with tarfile.open(path, "w") as tar:
            while size < LAYER_SIZE and (file := next(source, None)):
                tar.add(file)
                size += os.path.getsize(file)
                count += 1
        yield path
    print(f"{count} files", file=sys.stderr)


def request(method, url, data=None, kind=None, size=None):
    headers = {"Content-Type": kind or "application/octet-stream"}
    if size is not None:
        headers["Content-Length"] = str(size)
    return urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers, method=method))


def upload(name, path):
    digest, size = digest_of(path), os.path.getsize(path)
    place = request("POST", f"http://localhost:{port}/v2/{name}/blobs/uploads/", b"").headers["Location"]
    with open(path, "rb") as file:
        request("PUT", f"{place}&digest={digest}", file, size=size)
    return {"digest": digest, "size": size}


def compress(path, kind):
    if kind == "zstd":
        subprocess.run(["zstd", "-q", "-3", "-f", path, "-o", path + ".zstd"], check=True)
    else:
        with open(path, "rb") as source, gzip.open(path + ".gzip", "wb", compresslevel=6) as to:
            shutil.copyfileobj(source, to, 1 << 20)
    return f"{path}.{kind}"


def publish(kind, layers):
    name = f"bench/{kind}"
    config = f"{work}/config"
    with open(config, "w", encoding="utf-8") as file:
        json.dump({"architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine), "os": "linux",
                   "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest_of(path) for path in layers]}}, file)
    image = "application/vnd.oci.image."
    manifest = {"schemaVersion": 2, "mediaType": image + "manifest.v1+json",
                "config": {"mediaType": image + "config.v1+json", **upload(name, config)}, "layers": []}
    for path in layers:
        blob = compress(path, kind)
        manifest["layers"].append({"mediaType": f"{image}layer.v1.tar+{kind}", **upload(name, blob)})
        os.unlink(blob)
    request("PUT", f"http://localhost:{port}/v2/{name}/manifests/1", json.dumps(manifest).encode(), manifest["mediaType"])
    total = sum(layer["size"] for layer in manifest["layers"])
    print(f"{kind}: {total / 1e6:.0f} MB of {sum(map(os.path.getsize, layers)) / 1e6:.0f}", file=sys.stderr)


os.makedirs(work, exist_ok=True)
tars = list(make_layers())
for compression in ("gzip", "zstd"):
    publish(compression, tars)
for tar_path in tars:
    os.unlink(tar_path)
