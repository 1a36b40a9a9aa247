#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Registries that no test can have otherwise: one that fails in every way, and Docker Hub.

    registry_server.py DIR [--certificate PEM]

Listens on a free port of 127.0.0.1 and writes it to DIR/port; writes one line per request to DIR/log: host, method, path,
the scheme of Authorization or "-", the Range or "-". Everything is one image with a few layers, or a variation of it:

plain HTTP, repository "fault/NAME"   the image with the fault NAME (see Registry.fault_…)
CONNECT to any host                   (it is an HTTPS proxy, too) TLS by PEM, then by the Host header:
    registry-1.docker.io  wants a bearer token of auth.docker.io and sends blobs' readers on to cdn.test
    auth.docker.io        gives tokens for two requests each; users see library/private, the password is "secret"
    index.docker.io       search version 1
    cdn.test              the blobs; a request with Authorization is refused
"""
import argparse
import base64
import gzip
import hashlib
import io
import json
import random
import ssl
import tarfile
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar_of(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mode = 0o644
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Image:
    """Blobs and manifest; layers are (plain tar, bytes as they are sent, media type suffix)."""

    def __init__(self, layers, architecture="amd64"):
        self.blobs = {}
        self.sizes = {}
        config = json.dumps({
            "os": "linux", "architecture": architecture, "config": {"Cmd": ["sh"]},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(plain) for plain, _, _ in layers]},
        }).encode()
        self.manifest = {
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, **self.add(config)},
            "layers": [{"mediaType": LAYER + suffix, **self.add(sent)} for _, sent, suffix in layers],
        }

    def add(self, data):
        self.blobs[digest_of(data)] = data
        return {"digest": digest_of(data), "size": len(data)}

    def text(self):
        return json.dumps(self.manifest).encode()


def compressed(plain):
    return gzip.compress(plain, mtime=0)


def layer(plain):
    return plain, compressed(plain), "+gzip"


NOISE = random.Random(7)
BIG = tar_of({"big": NOISE.randbytes(2_000_000)})
SMALL = tar_of({"small": b"hello\n", "second": b""})
GOOD = Image([layer(SMALL), layer(BIG), layer(SMALL)])


class Cut(Exception):
    """The connection is to be broken off."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "test"

    def log_message(self, *_):
        pass

    # --- words ---------------------------------------------------------------------------------------------------

    def note(self):
        scheme = (self.headers.get("Authorization") or "-").split(" ")[0]
        words = [self.host(), self.command, self.path, scheme, self.headers.get("Range") or "-"]
        with self.server.lock, open(self.server.dir / "log", "a", encoding="utf-8") as log:
            log.write(" ".join(words) + "\n")

    def host(self):
        return (self.headers.get("Host") or "").removesuffix(":443")

    def count(self, key):
        """How often it was asked for before."""
        with self.server.lock:
            self.server.counts[key] = self.server.counts.get(key, 0) + 1
            return self.server.counts[key] - 1

    def answer(self, status, body=b"", kind="application/octet-stream", **headers):
        self.send_response(status)
        if not any(name.lower() == "content_length" for name in headers):
            headers["Content_Length"] = len(body)
        headers["Content_Type"] = kind
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code, message, **headers):
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self.answer(status, body, "application/json", **headers)

    def json(self, value, **headers):
        self.answer(200, json.dumps(value).encode(), "application/json", **headers)

    # --- where to ------------------------------------------------------------------------------------------------

    def do_CONNECT(self):
        self.send_response(200)
        self.end_headers()
        try:
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        except (ssl.SSLError, OSError):
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)

    def handle_request(self):
        self.note()
        try:
            hosts = {"registry-1.docker.io": self.hub, "auth.docker.io": self.hub_token,
                     "index.docker.io": self.hub_search, "cdn.test": self.hub_cdn}
            hosts.get(self.host(), self.faulty)()
        except Cut:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = handle_request

    # --- an image ------------------------------------------------------------------------------------------------

    def send_blob(self, data):
        span = self.headers.get("Range")
        if not span:
            self.answer(200, data)
            return
        first = int(span.removeprefix("bytes=").split("-")[0])
        if first >= len(data):
            self.answer(416)
            return
        self.answer(206, data[first:], Content_Range=f"bytes {first}-{len(data) - 1}/{len(data)}")

    def send_image(self, image):
        kind, _, name = self.path.split("?")[0].rpartition("/")
        if kind.endswith("/manifests"):
            text = image.text()
            if name.startswith("sha256:") and name != digest_of(text):
                self.refuse(404, "MANIFEST_UNKNOWN", "manifest unknown")
            else:
                self.answer(200, text, MANIFEST, Docker_Content_Digest=digest_of(text))
        elif kind.endswith("/blobs") and name in image.blobs:
            self.send_blob(image.blobs[name])
        else:
            self.refuse(404, "BLOB_UNKNOWN", "blob unknown to registry")

    # --- faults --------------------------------------------------------------------------------------------------

    def faulty(self):
        name = self.path.split("/")[3] if self.path.startswith("/v2/fault/") else ""
        fault = getattr(self, "fault_" + name.replace("-", "_"), None)
        if fault is None:
            self.refuse(404, "NAME_UNKNOWN", "repository name not known to registry")
        else:
            fault()

    def is_blob(self):
        return "/blobs/" in self.path

    def is_big(self):
        """The big layer, which faults are about, so that the others arrive."""
        return self.is_blob() and len(GOOD.blobs.get(self.path.rpartition("/")[2], b"")) > 1_000_000

    def fault_none(self):
        self.send_image(GOOD)

    def fault_cut(self):
        """After each tenth."""
        if not self.is_big():
            self.send_image(GOOD)
            return
        data = GOOD.blobs[self.path.rpartition("/")[2]]
        first = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
        part = data[first:first + len(data) // 10]
        status = 206 if first else 200
        self.answer(status, part, Content_Length=len(data) - first,
                    Content_Range=f"bytes {first}-{len(data) - 1}/{len(data)}")
        if first + len(part) < len(data):
            raise Cut

    def fault_no_parts(self):
        """Cut once, and what comes then begins from the beginning."""
        if self.is_big() and self.count("no-parts") == 0:
            data = GOOD.blobs[self.path.rpartition("/")[2]]
            self.answer(200, data[:700_000], Content_Length=len(data))
            raise Cut
        del self.headers["Range"]
        self.send_image(GOOD)

    def fault_stop(self):
        """Half of it, and then never more in this test's life."""
        if self.is_big() and not (self.server.dir / "go-on").exists():
            data = GOOD.blobs[self.path.rpartition("/")[2]]
            self.answer(200, data[:1_000_000], Content_Length=len(data))
            self.server.stopped.wait()
        self.send_image(GOOD)

    def fault_stall(self):
        """Half of it, then silence; the second time all."""
        if self.is_big() and self.count("stall") == 0:
            data = GOOD.blobs[self.path.rpartition("/")[2]]
            self.answer(200, data[:1_000_000], Content_Length=len(data))
            self.server.stopped.wait(20)
            raise Cut
        self.send_image(GOOD)

    def fault_digest(self):
        if self.is_big():
            data = GOOD.blobs[self.path.rpartition("/")[2]]
            self.send_blob(data[:-1] + bytes([data[-1] ^ 1]))
        else:
            self.send_image(GOOD)

    def fault_size(self):
        if self.is_big():
            self.send_blob(GOOD.blobs[self.path.rpartition("/")[2]] + b"more")
        else:
            self.send_image(GOOD)

    def fault_endless(self):
        """No length is given, and more comes than should."""
        if not self.is_big():
            self.send_image(GOOD)
            return
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(GOOD.blobs[self.path.rpartition("/")[2]] + b"more" * 100_000)
        raise Cut

    def fault_gzip(self):
        """Digest and size are right, but the stream inside is cut."""
        self.send_image(Image([(BIG, compressed(BIG)[:1_500_000], "+gzip")]))

    def fault_diff(self):
        """The configuration names another content."""
        self.send_image(Image([(SMALL, compressed(BIG), "+gzip")]))

    def fault_bomb(self):
        """1.3 GiB of zeros in a megabyte: members of one gzip stream, all but the first the same."""
        head = tarfile.TarInfo("zeros")
        head.size = 1_300 << 20
        sent = compressed(head.tobuf()) + compressed(bytes(1 << 20)) * 1_300
        self.send_image(Image([(b"", sent, "+gzip")]))

    def fault_busy(self):
        if self.count("busy") < 2:
            self.refuse(429, "TOOMANYREQUESTS", "slow down", Retry_After=0)
        else:
            self.send_image(GOOD)

    def fault_limit(self):
        self.refuse(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.", Retry_After=3600)

    def fault_errors(self):
        """A broken server, for a while; blobs are reset, for a while."""
        if self.count("errors") < 2:
            self.answer(503, b"<html>overloaded</html>", "text/html")
        elif self.is_blob() and self.count("errors " + self.path) == 0:
            raise Cut
        else:
            self.send_image(GOOD)

    def fault_denied(self):
        """Wants to be asked again, for ever."""
        realm = f"http://{self.headers['Host']}/v2/fault/denied/token"
        if self.path.split("?")[0].endswith("/token"):
            self.json({"token": str(self.count("token"))})
            return
        self.refuse(401, "UNAUTHORIZED", "authentication required",
                    WWW_Authenticate=f'Bearer realm="{realm}",service="test",scope="x"')

    def fault_json(self):
        self.answer(200, b'{"schemaVersion": 2, "layers": [', MANIFEST)

    def fault_type(self):
        self.answer(200, GOOD.text(), INDEX)

    def fault_ambiguous(self):
        self.answer(200, json.dumps({**GOOD.manifest, "manifests": []}).encode(), MANIFEST)

    def fault_huge(self):
        self.answer(200, b" " * (5 << 20), MANIFEST)

    def fault_moved(self):
        """For ever."""
        self.answer(307, Location=self.path)

    def fault_missing(self):
        if self.is_big():
            self.refuse(404, "BLOB_UNKNOWN", "blob unknown to registry")
        else:
            self.send_image(GOOD)

    def fault_platforms(self):
        images = {"amd64": GOOD, "arm": Image([layer(SMALL)], "arm")}
        entries = [{"mediaType": MANIFEST, "digest": digest_of(image.text()), "size": len(image.text()),
                    "platform": {"os": "linux", "architecture": name, **({"variant": "v6"} if name == "arm" else {})}}
                   for name, image in images.items()]
        text = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
        if self.path.endswith("/manifests/latest"):
            self.answer(200, text, INDEX)
            return
        name = self.path.rpartition("/")[2]
        wanted = [image for image in images.values() if name in (digest_of(image.text()), *image.blobs)]
        self.send_image(wanted[0] if wanted else GOOD)

    # --- Docker Hub ----------------------------------------------------------------------------------------------

    def hub(self):
        """Two requests a token: it expires while one image is pulled."""
        scheme, _, token = (self.headers.get("Authorization") or "").partition(" ")
        known = self.server.tokens.get(token)
        repository = "/".join(self.path.split("/")[2:4])
        if scheme != "Bearer" or known is None or self.count("token " + token) >= 2:
            scope = f',scope="repository:{repository}:pull"' if self.path != "/v2/" else ""
            self.refuse(401, "UNAUTHORIZED", "authentication required", WWW_Authenticate=
                        'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"' + scope)
        elif self.path == "/v2/":
            self.json({})
        elif repository == "library/limited":
            self.refuse(429, "TOOMANYREQUESTS", "You have reached your pull rate limit. You may increase the limit by "
                        "authenticating and upgrading: https://www.docker.com/increase-rate-limit", Retry_After=3600)
        elif repository not in ("library/good", "library/private") or (repository == "library/private" and not known):
            self.refuse(401, "UNAUTHORIZED", "authentication required")
        elif self.is_blob():
            self.answer(307, Location="https://cdn.test" + self.path)
        else:
            self.send_image(GOOD)

    def hub_cdn(self):
        if self.headers.get("Authorization"):
            self.refuse(400, "DENIED", "Only one auth mechanism allowed")
        else:
            self.send_image(GOOD)

    def hub_token(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        user = ""
        if self.command == "POST":
            form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            if form.get("refresh_token") != ["refresh-me"] or form.get("grant_type") != ["refresh_token"]:
                self.refuse(401, "UNAUTHORIZED", "incorrect refresh token")
                return
            user = "by-token"
        elif self.headers.get("Authorization"):
            user, _, password = base64.b64decode(self.headers["Authorization"].split(" ")[1]).decode().partition(":")
            if password != "secret":
                self.answer(401, b'{"details":"incorrect username or password"}', "application/json")
                return
        if self.command == "GET" and query.get("service") != ["registry.docker.io"]:
            self.refuse(400, "DENIED", "no service")
            return
        token = f"token-{self.count('tokens')}"
        self.server.tokens[token] = user
        self.json({"token": token, "expires_in": 60})

    def hub_search(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        results = [
            {"name": "good", "description": "A good image\nwith two lines", "star_count": 20, "is_official": True},
            {"name": "someone/good", "description": "x" * 80, "star_count": 3, "is_official": False},
        ]
        term = query.get("q", [""])[0]
        results = [result for result in results if term in result["name"]][:int(query.get("n", ["25"])[0])]
        self.json({"num_results": len(results), "query": term, "results": results})


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, directory, certificate):
        super().__init__(("127.0.0.1", 0), Handler)
        self.dir = directory
        self.lock = threading.Lock()
        self.counts = {}
        self.tokens = {}
        self.stopped = threading.Event()
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificate)

    def handle_error(self, *_):
        pass  # a client that went away


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dir", type=Path)
    parser.add_argument("--certificate")
    options = parser.parse_args()
    server = Server(options.dir, options.certificate)
    (options.dir / "port.new").write_text(f"{server.server_address[1]}\n", encoding="ascii")
    (options.dir / "port.new").rename(options.dir / "port")
    server.serve_forever()


if __name__ == "__main__":
    main()
