#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what README.md and CONTRIBUTING.md tell people to type: docs.py TOP SKIFF.

Files and folders they name exist, scripts are executable, each `skiff COMMAND` exists and has the options it is shown with.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

# Placeholders in capitals are somebody's to fill in.
PATH = re.compile(r"(?<![\w/.~$-])((?:scripts|src|tests|subprojects|man|\.ci)/[\w./-]*\w/?)")
SKIFF = re.compile(r"(?<!--skiff )(?<![\w/.~-])(?:build/)?skiff ((?:system |image |container )?[a-z]+)((?: [^`|\n]*)?)")


def problems(top, skiff, name):
    text = (top / name).read_text(encoding="utf-8")
    for path in sorted(set(PATH.findall(text))):
        if re.search(r"[A-Z]{3,}", path.removesuffix("README.md")):
            continue
        if not (top / path).exists() and not (top / (path + ".py")).exists():
            yield f"{name}: {path} does not exist"
        elif path.startswith("scripts/") and not os.access(top / path, os.X_OK):
            yield f"{name}: {path} is not executable"
    shown = [span for span in re.findall(r"`([^`\n]+)`", text)] + re.findall(r"^    (.*)$", text, re.MULTILINE)
    for command, rest in sorted({match.groups() for span in shown for match in SKIFF.finditer(span)}):
        if command == "help":
            continue
        done = subprocess.run([skiff, *command.split(), "--help"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            yield f"{name}: there is no 'skiff {command}'"
            continue
        # Options before the image or name are skiff's; those of the container's command follow a word without dash.
        for option in re.findall(r"(?<= )(--[a-z-]+)", rest.split(" -- ")[0]):
            if not re.search(re.escape(option) + r"\b", done.stdout):
                yield f"{name}: 'skiff {command}' has no option {option}"


if __name__ == "__main__":
    root, binary = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
    found = [problem for name in ("README.md", "CONTRIBUTING.md", "src/README.md") for problem in problems(root, binary, name)]
    print("\n".join(found) or "what the documents name is there")
    sys.exit(bool(found))
