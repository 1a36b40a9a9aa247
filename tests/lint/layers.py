#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks each #include "x/…" below SRC against the table in SRC/README.md: who may use whom.

Linking says the same of functions; this says it of types, inline functions and constants too.
"""
import re
import sys
from pathlib import Path

from source import sources

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
ROW = re.compile(r"^\|\s*`([^`]+)`\s*\|.*\|([^|]*)\|\s*$")


def read_table(readme):
    """{folder or file: folders it may use, or None for all of them}."""
    table = {}
    for line in readme.read_text(encoding="utf-8").splitlines():
        if row := ROW.match(line):
            name, uses = row.group(1).rstrip("/"), row.group(2)
            table[name] = None if uses.strip() == "everything" else set(re.findall(r"`([^`]+)`", uses))
    return table


def violations(src):
    table = read_table(src / "README.md")
    if len(table) < 2:
        yield f"{src}/README.md: the table of folders was not found"
        return
    for path, name in sources(src):
        owner = name.split("/")[0]
        if owner not in table:
            yield f"{name}: '{owner}' has no row in src/README.md"
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not (include := INCLUDE.match(line)):
                continue
            target = include.group(1)
            folder = target.split("/")[0]
            if "/" not in target or folder in (".", ".."):
                yield f'{name}:{number}: write "{target}" as a path from src/'
            elif folder == owner or table[owner] is None:
                continue
            elif folder not in table[owner]:
                allowed = ", ".join(sorted(table[owner])) or "nothing"
                yield f'{name}:{number}: {owner} may not include "{target}" (it may use {allowed})'


if __name__ == "__main__":
    found = list(violations(Path(sys.argv[1])))
    print("\n".join(found) or "every #include agrees with src/README.md")
    sys.exit(bool(found))
