# SPDX-License-Identifier: Apache-2.0
"""Reading C++ as the lints need it: the code without its comments and literals, line by line."""
import re
from pathlib import Path

_TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^()\s\\]{0,16})\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|'
    # Not the digit separator of 10'000.
    r"(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL)


def blank(match):
    text = match.group()
    lines = "\n" * text.count("\n")
    if not text.endswith('"'):
        return " " + lines
    return ('""' if text == '""' else '"…"') + lines


def code_lines(path):
    """(number, text) of each line; literals are \"…\" (or \"\" when empty), comments are gone, line numbers stay."""
    text = _TOKENS.sub(blank, path.read_text(encoding="utf-8"))
    return enumerate(text.split("\n"), 1)


def sources(src):
    """Every C++ file below `src`, as (path, name relative to src)."""
    for path in sorted(Path(src).rglob("*")):
        if path.suffix in (".cc", ".h", ".inc"):
            yield path, path.relative_to(src).as_posix()
