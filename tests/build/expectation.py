# SPDX-License-Identifier: Apache-2.0
"""What a case expects, as people write it and as it is compared.

    # a comment
    config Env ["A=b"]                          every field that is not empty, and no other
    dir 0755 0:0 /app                           every entry that the base image has not, or has otherwise
    file 0644 1000:1000 /app/a "text\\n"         content as a JSON string; its size and digest follow from it
    file 0755 0:0 /big size=5000 sha256=…
    link 0:0 /l -> target
    gone /etc/motd                              what the base image has and this has not
    fails 1 no such stage                       exit status, and a text on standard error; then nothing else is expected
    prints some text                            on standard output or standard error of the build
    differs buildah its reason                  that peer is known to give something else: checked as well
"""
import hashlib
import json
import re
from dataclasses import dataclass, field

from image import Entry

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\S+')


def tokens(text):
    return [json.loads(word) if word.startswith('"') else word for word in TOKEN.findall(text)]


def digest(content):
    return hashlib.sha256(content).hexdigest()


def quoted(path):
    return json.dumps(path) if re.search(r'[\s"]', path) else path


def describe(path, entry):
    """The line of an expectation that an entry makes."""
    if entry.kind == "link":
        return f"link {entry.owner} {quoted(path)} -> {quoted(entry.content.decode())}"
    line = f"{entry.kind} {entry.mode:04o} {entry.owner} {quoted(path)}"
    if entry.kind == "dir":
        return line
    if entry.kind == "special":
        return line + " type=" + entry.content.decode()
    try:
        text = entry.content.decode()
    except UnicodeDecodeError:
        text = None
    if text is None or len(text) > 400:
        return line + f" size={len(entry.content)} sha256={digest(entry.content)}"
    return line + " " + json.dumps(text)


def normal_line(line):
    """A line of the file in the form that describe() gives."""
    words = tokens(line)
    if words[0] == "file" and len(words) == 5 and not words[4].startswith("size="):
        return describe(words[3], Entry("file", int(words[1], 8), words[2], words[4].encode()))
    if words[0] == "config":
        _, name, value = line.split(None, 2)
        return config_line(name, json.loads(value))
    return line


def config_line(name, value):
    return f"config {name} {json.dumps(value, sort_keys=True)}"


@dataclass
class Expectation:
    lines: set = field(default_factory=set)
    failure: str | None = None
    status: int = 0
    prints: list = field(default_factory=list)
    differs: dict = field(default_factory=dict)


def read(path):
    wanted = Expectation()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "fails":
            status, _, wanted.failure = rest.partition(" ")
            wanted.status = int(status)
        elif word == "prints":
            wanted.prints.append(rest)
        elif word == "differs":
            peer, _, reason = rest.partition(" ")
            if not reason:
                raise ValueError(f"{path}:{number}: no reason")
            wanted.differs[peer] = reason
        elif word in ("config", "dir", "file", "link", "gone", "special"):
            wanted.lines.add(normal_line(line))
        else:
            raise ValueError(f"{path}:{number}: {line}")
    return wanted


def observed_lines(tree, config, base):
    """What an image is, as lines: its difference to `base`, and its configuration."""
    lines = {describe(path, entry) for path, entry in tree.items() if base.get(path) != entry}
    lines |= {"gone " + quoted(path) for path in base if path not in tree
              and path.rpartition("/")[0] in [*tree, ""]}
    return lines | {config_line(name, value) for name, value in config.items()}
