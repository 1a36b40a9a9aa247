#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small rules of form for the whole tree: SPDX line, #pragma once, shellcheck, clang-format, codespell.

A tool that is not installed is named and leaves the test skipped (77) when nothing else failed.
"""
import os
import shutil
import subprocess
import sys
from pathlib import Path

SPDX = "SPDX-License-Identifier: Apache-2.0"


def tracked(top):
    """Files of the project; without git (a source archive) everything below the usual folders."""
    git = subprocess.run(["git", "-C", top, "-c", f"safe.directory={top}", "ls-files", "-z"],
                         capture_output=True, check=False)
    if git.returncode == 0:
        names = [top / name for name in git.stdout.decode().split("\0") if name]
    else:
        names = [p for folder in ("src", "tests", "scripts", ".ci") for p in (top / folder).rglob("*")]
    return [p for p in names if p.is_file() and not p.is_symlink()]


def is_shell(path):
    if path.suffix == ".sh":
        return True
    with path.open("rb") as file:
        first = file.readline(64)
    return first.startswith(b"#!") and (b"bash" in first or b"/sh" in first)


def has_spdx(path):
    with path.open(encoding="utf-8", errors="replace") as file:
        return any(SPDX in line for _, line in zip(range(3), file))


def run(tool, arguments, files, missing):
    """Problems as lines; remembers a missing tool."""
    if not files:
        return []
    if not shutil.which(tool):
        missing.append(tool)
        return []
    done = subprocess.run([tool, *arguments, *files], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).splitlines() or [f"{tool} failed"] if done.returncode else []


def main():
    top = Path(sys.argv[1]).resolve()
    os.chdir(top)
    files = [p for p in tracked(top) if not p.is_relative_to(top / "tests/fuzz/corpus")]
    cpp = [p for p in files if p.suffix in (".cc", ".h")]
    shell = [p for p in files if p.suffix not in (".cc", ".h", ".md", ".py") and is_shell(p)]
    problems, missing = [], []
    for path in [*cpp, *shell, *(p for p in files if p.suffix == ".py")]:
        if not has_spdx(path):
            problems.append(f"{path.relative_to(top)}: no '{SPDX}' in its first lines")
    for path in cpp:
        if path.suffix == ".h" and "#pragma once" not in path.read_text(encoding="utf-8"):
            problems.append(f"{path.relative_to(top)}: no #pragma once")
    problems += run("shellcheck", ["--external-sources", "--source-path=SCRIPTDIR", "--severity=warning"], shell, missing)
    # Only the names: `clang-format-19 -i` tells the rest.
    format_errors = run("clang-format-19", ["--dry-run", "--Werror"], cpp, missing)
    problems += sorted({line.split(":")[0] + ": not as clang-format-19 leaves it" for line in format_errors if "error:" in line})
    words = [p for p in files if p.suffix in (".cc", ".h", ".md", ".py", ".sh", ".build") or p in shell]
    problems += run("codespell", ["--ignore-words", top / "tests/lint/words"], words, missing)
    print("\n".join(problems) or f"{len(files)} files in good form")
    if missing:
        print("not installed, so not asked:", ", ".join(missing))
    return 1 if problems else 77 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
