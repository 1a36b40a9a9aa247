# SPDX-License-Identifier: Apache-2.0
"""Images as the cases see them: the tree and configuration of a docker-archive, and the base images the cases build on."""
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
APPLETS = ("[ adduser addgroup basename cat chmod chown cmp cp cut date dd dirname echo env expr false find grep head hostname id "
           "install ln ls mkdir mkfifo mktemp mv nproc od printf pwd readlink rm rmdir sed seq sh sha256sum sleep sort stat "
           "tail tar tee test touch tr true tty umask uname uniq wc which whoami xargs").split()


@dataclass(frozen=True)
class Entry:
    """One path of a tree. `content` is the bytes of a file, the target of a link, or device numbers."""
    kind: str
    mode: int
    owner: str
    content: bytes = b""


def clean(name):
    return "/" + name.strip("/").removeprefix("./").strip("/")


def read_layer(tree, layer):
    """Puts a layer's tar over `tree`."""
    added = set()
    for member in layer:
        path = clean(member.name)
        if path in ("/", "/."):
            continue
        parent, _, name = path.rpartition("/")
        if name == ".wh..wh..opq":
            for other in [p for p in tree if p.startswith(parent + "/") and p not in added]:
                del tree[other]
            continue
        if name.startswith(".wh."):
            gone = f"{parent}/{name[4:]}"
            for other in [p for p in tree if p == gone or p.startswith(gone + "/")]:
                del tree[other]
            continue
        owner = f"{member.uid}:{member.gid}"
        if member.islnk():
            tree[path] = tree[clean(member.linkname)]
        elif member.issym():
            tree[path] = Entry("link", 0o777, owner, member.linkname.encode())
        elif member.isdir():
            tree[path] = Entry("dir", member.mode & 0o7777, owner)
        elif member.isreg():
            tree[path] = Entry("file", member.mode & 0o7777, owner, layer.extractfile(member).read())
        else:
            tree[path] = Entry("special", member.mode & 0o7777, owner, member.type)
        if path in tree and not member.isdir():
            # A file where a directory was takes what was in it away.
            for other in [p for p in tree if p.startswith(path + "/")]:
                del tree[other]
        added.add(path)


def read_archive(path):
    """(tree, config) of the only image of a docker-archive."""
    with tarfile.open(path) as archive:
        (image,) = json.load(archive.extractfile("manifest.json"))
        tree = {}
        for name in image["Layers"]:
            with tarfile.open(fileobj=io.BytesIO(archive.extractfile(name).read())) as layer:
                read_layer(tree, layer)
        document = json.load(archive.extractfile(image["Config"]))
    if len(document["rootfs"]["diff_ids"]) != len(image["Layers"]):
        raise ValueError("the archive's layers are not those of its configuration")
    config = {key: value for key, value in normal_config(document.get("config") or {}).items() if value}
    if document.get("author"):
        config["Author"] = document["author"]
    return tree, config


def normal_config(config):
    """What an image says, without what every builder adds of its own."""
    labels = {k: v for k, v in (config.get("Labels") or {}).items() if k != "io.buildah.version"}
    return {
        # The default PATH is there or not with FROM scratch; it says nothing.
        "Env": [entry for entry in config.get("Env") or [] if entry != DEFAULT_PATH],
        "Cmd": config.get("Cmd"),
        "Entrypoint": config.get("Entrypoint"),
        # BuildKit says "/" with FROM scratch; it says nothing.
        "WorkingDir": (config.get("WorkingDir") or "").removesuffix("/"),
        "User": config.get("User"),
        "Labels": labels,
        "ExposedPorts": sorted(config.get("ExposedPorts") or {}),
        "Volumes": sorted(config.get("Volumes") or {}),
        "StopSignal": config.get("StopSignal"),
        "Healthcheck": config.get("Healthcheck"),
        "OnBuild": config.get("OnBuild"),
        "Shell": config.get("Shell"),
    }


def base_tree(busybox):
    """A root file system with busybox, a user `app` and the directories that builders mount over."""
    tree = {"/tmp": Entry("dir", 0o1777, "0:0"), "/var/tmp": Entry("dir", 0o1777, "0:0"), "/root": Entry("dir", 0o700, "0:0"),
            "/home/app": Entry("dir", 0o755, "1000:1000")}
    for name in ("bin", "dev", "etc", "home", "proc", "run", "srv", "sys", "usr", "usr/bin", "var"):
        tree["/" + name] = Entry("dir", 0o755, "0:0")
    for name in ("hosts", "hostname", "resolv.conf"):
        tree["/etc/" + name] = Entry("file", 0o644, "0:0")
    tree["/etc/passwd"] = Entry("file", 0o644, "0:0", b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n"
                                b"web:x:33:44::/:/bin/sh\n")
    tree["/etc/group"] = Entry("file", 0o644, "0:0", b"root:x:0:\napp:x:1000:\nstaff:x:50:app\nweb:x:44:\n")
    tree["/bin/busybox"] = Entry("file", 0o755, "0:0", Path(busybox).read_bytes())
    for applet in APPLETS:
        tree["/bin/" + applet] = Entry("link", 0o777, "0:0", b"busybox")
    return tree


def write_layer(tree):
    raw = io.BytesIO()
    types = {"dir": tarfile.DIRTYPE, "file": tarfile.REGTYPE, "link": tarfile.SYMTYPE}
    with tarfile.open(fileobj=raw, mode="w") as layer:
        for path in sorted(tree):
            entry = tree[path]
            member = tarfile.TarInfo(path[1:])
            member.type, member.mode = types[entry.kind], entry.mode
            member.uid, member.gid = map(int, entry.owner.split(":"))
            if entry.kind == "link":
                member.linkname = entry.content.decode()
            elif entry.kind == "file":
                member.size = len(entry.content)
            layer.addfile(member, io.BytesIO(entry.content))
    return raw.getvalue()


def write_base_images(directory, tree):
    """One docker-archive per base image in `directory`; returns {name: file}."""
    layer = write_layer(tree)
    images = {
        "localhost/base:1": {"Env": [DEFAULT_PATH], "Cmd": ["sh"]},
        "localhost/parent:1": {
            "Env": [DEFAULT_PATH, "GREETING=hello", "TARGET=/opt"], "Entrypoint": ["/bin/env"], "Cmd": ["default"],
            "WorkingDir": "/srv", "User": "app", "Labels": {"from": "parent", "kept": "yes"}, "StopSignal": "SIGQUIT",
            "ExposedPorts": {"1000/tcp": {}}, "Volumes": {"/parent-data": {}},
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 5_000_000_000}},
        "localhost/onbuild:1": {
            "Env": [DEFAULT_PATH], "Cmd": ["sh"],
            "OnBuild": ["ENV TRIGGERED=yes", "COPY seed /seed", "RUN cat /seed >/grown"]},
    }
    files = {}
    for name, config in images.items():
        document = json.dumps({"architecture": "amd64", "os": "linux", "config": config, "created": "2020-01-01T00:00:00Z",
                               "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
                               "history": [{"created": "2020-01-01T00:00:00Z", "created_by": "base"}]}).encode()
        config_name = hashlib.sha256(document).hexdigest() + ".json"
        manifest = json.dumps([{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()
        files[name] = Path(directory) / (name.split("/")[1].replace(":", "-") + ".tar")
        with tarfile.open(files[name], "w") as archive:
            for member_name, content in (("manifest.json", manifest), (config_name, document), ("layer.tar", layer)):
                member = tarfile.TarInfo(member_name)
                member.size, member.mode = len(content), 0o644
                archive.addfile(member, io.BytesIO(content))
        files[name].chmod(0o644)
    return files
