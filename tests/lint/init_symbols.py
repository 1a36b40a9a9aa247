#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what the given archives need from outside with init_symbols.allow.

Between clone and exec only system calls are safe: another thread of the parent may have held malloc's lock, and an
exception would unwind into frames of a process that no longer exists. The compiler cannot promise it; the symbol table can.
"""
import subprocess
import sys
from pathlib import Path


def symbols(archive, *options):
    output = subprocess.run(["nm", "--format=posix", *options, archive], check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in output.splitlines() if line and not line.endswith(":")}


def unexpected(archives, allowed):
    needed, defined = set(), set()
    for archive in archives:
        needed |= symbols(archive, "--undefined-only")
        defined |= symbols(archive, "--defined-only")
    return sorted(needed - defined - allowed), sorted(allowed - needed)


if __name__ == "__main__":
    list_path, archives = Path(sys.argv[1]), sys.argv[2:]
    lines = list_path.read_text(encoding="utf-8").splitlines()
    allowed = {name for line in lines for name in line.partition("#")[0].split()}
    extra, stale = unexpected(archives, allowed)
    for name in extra:
        print(f"'{name}' may not be called between clone and exec (not in {list_path.name})")
    for name in stale:
        print(f"note: '{name}' in {list_path.name} is not needed")
    if not extra:
        print(f"{len(archives)} archives need only what {list_path.name} lists")
    sys.exit(bool(extra))
