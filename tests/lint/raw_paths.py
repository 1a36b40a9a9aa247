#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bans system calls on path strings below SRC, outside the modules that own them.

Container engines have been escaped from through the few call sites that did not use the safe helper. So one list names
the files that may make such a call, with a reason on each line: raw_paths.allow. A line that allows what no file does is
an error too, so the list only grows by argument. Calls on a descriptor with an empty path (AT_EMPTY_PATH) name nothing
and are free.
"""
import re
import sys
from pathlib import Path

from source import code_lines, sources

# base/ owns these calls: trusted paths in file and fd, untrusted ones in in_root and root_dir.
OWNERS = {f"base/{stem}{suffix}" for stem in ("file", "fd", "in_root", "root_dir") for suffix in (".cc", ".h")}

CALLS = """
open openat openat2 creat opendir fopen freopen mkostemp mkstemp mkdtemp
mkdir mkdirat mkfifo mkfifoat mknod mknodat symlink symlinkat link linkat
unlink unlinkat rmdir remove rename renameat renameat2 truncate
chown lchown fchownat chmod fchmodat utime utimes utimensat
stat lstat fstatat statx access faccessat readlink readlinkat realpath canonicalize_file_name
setxattr lsetxattr getxattr lgetxattr listxattr llistxattr removexattr lremovexattr
mount umount umount2 pivot_root chroot chdir open_tree move_mount mount_setattr fspick
name_to_handle_at nftw ftw fts_open glob scandir
""".split()

CALL = re.compile(
    # `.open(` and `x::open(` belong to somebody else's class or namespace; `::open(` and `std::rename(` are the real thing.
    r"(?<![\w.:])(?:(?<!->)(?P<type>\w+\s*[*&]*\s+[*&]*)?)(?:::|std::)?(?P<call>" + "|".join(CALLS) + r")\s*\(")
SYSCALL = re.compile(r"\b(?:SYS_|__NR_)(?P<call>" + "|".join(CALLS) + r")\b")
LIBRARY = re.compile(r"\b(?P<call>std::(?:filesystem|[io]?fstream)|archive_\w+_(?:open_filename|open_file|disk_\w+))\b")
# With "" for every path. move_mount has two.
NAMELESS = re.compile(r'move_mount\b[\s,(]+[^,]+,\s*"",\s*[^,]+,\s*""|(?!move_mount)\w+\b[\s,(]+[^,]+,\s*""')
# A word before the name makes it a declaration, except these.
STATEMENTS = {"return", "else", "do", "throw", "case", "co_return", "and", "or", "not"}


def calls(path):
    """(line, call) of each raw call in the file."""
    for number, line in code_lines(path):
        for pattern in (CALL, SYSCALL, LIBRARY):
            for match in pattern.finditer(line):
                if NAMELESS.match(line, match.start("call")):
                    continue
                before = (match.groupdict().get("type") or "").split()
                if before and before[0].strip("*&") not in STATEMENTS:
                    continue
                # The struct and the function share the name.
                if match.group("call") == "stat" and re.search(r"\bstruct\s+stat\b", line) and not before:
                    if "stat(" not in line.replace("fstat(", ""):
                        continue
                yield number, match.group("call")


def read_allowed(path):
    """{file: {call: line}} from lines of `file  call call …  # reason`."""
    allowed = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        names, _, reason = line.partition("#")
        file, *called = names.split()
        if not reason.strip() or not called:
            raise SystemExit(f"{path}:{number}: each line is 'file  call…  # reason'")
        for call in called:
            allowed.setdefault(file, {})[call] = number
    return allowed


def violations(src, list_path):
    allowed = read_allowed(list_path)
    used = set()
    for path, name in sources(src):
        if name in OWNERS:
            continue
        for number, call in calls(path):
            if call in allowed.get(name, {}):
                used.add((name, call))
            else:
                yield f"{name}:{number}: raw {call}: use base/root_dir.h (untrusted) or base/file.h (our own files)"
    for name, called in allowed.items():
        for call, number in called.items():
            if (name, call) not in used:
                yield f"{list_path.name}:{number}: {name} does not use {call} (any more): remove it"


if __name__ == "__main__":
    found = list(violations(Path(sys.argv[1]), Path(sys.argv[2])))
    print("\n".join(found) or "no raw path calls outside base/ and raw_paths.allow")
    sys.exit(bool(found))
