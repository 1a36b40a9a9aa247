#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the fuzzer's seeds, tests/fuzz/corpus/gotemplate, from the table of cases: some of each group,
several templates to a file, so that the corpus stays small."""
import json
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
SMALL = '{"s":"hello","i":42,"d":3.5,"t":true,"z":7,"l":["a","b"],"m":{"a":"1","b":"2"},"n":null,' \
        '"mixed":[1,"x",null,{"k":[true]}],"nested":{"s":"deep"}}'
PER_FILE = 8


def main():
    table = json.loads((TESTS / "unit/gotemplate/cases.json").read_text(encoding="utf-8"))
    target = TESTS / "fuzz/corpus/gotemplate"
    groups = {}
    for case in table["cases"]:
        groups.setdefault((case["group"], "error" in case), []).append(case["template"])
    for (group, fails), templates in groups.items():
        documents = {"float": SMALL, "raw": table["container"], "typed": table["typed"]}
        document = documents.get(group, SMALL)
        # One that fails ends its file; the others can share one.
        size = 1 if fails else PER_FILE
        step = 6 if fails else size
        for start in range(0, len(templates), step):
            name = f"{group.replace(' ', '_')}_{'error' if fails else 'ok'}_{start:03}"
            text = "\n".join(templates[start:start + size]) + "\0" + document
            (target / name).write_bytes(text.encode())


if __name__ == "__main__":
    main()
