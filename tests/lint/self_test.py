#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that each lint fails where it must: small trees with one fault each, and one without."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import init_symbols
import layers
import raw_paths

README = """| folder | what | may use |
|---|---|---|
| `main.cc` | role | everything |
| `cli/` | face | `engine`, `base` |
| `engine/` | deeds | `base` |
| `base/` | ground | — |
"""


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.src = Path(folder.name)
        (self.src / "README.md").write_text(README, encoding="utf-8")

    def write(self, name, text):
        path = self.src / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path


class Layers(Tree):
    def found(self, name, text):
        self.write(name, text)
        return list(layers.violations(self.src))

    def test_downward_and_own_includes_pass(self):
        self.assertEqual(self.found("cli/a.cc", '#include "cli/a.h"\n#include "engine/b.h"\n#include "base/fd.h"\n'), [])

    def test_main_may_include_everything(self):
        self.assertEqual(self.found("main.cc", '#include "cli/a.h"\n'), [])

    def test_an_upward_include_fails(self):
        self.assertRegex(self.found("base/a.h", '#pragma once\n#include "engine/b.h"\n')[0], r"^base/a.h:2: base may not")

    def test_a_skipped_layer_that_is_not_listed_fails(self):
        self.assertRegex(self.found("engine/a.cc", '#  include   "cli/b.h"\n')[0], r"^engine/a.cc:1")

    def test_relative_includes_fail(self):
        self.assertRegex(self.found("cli/a.cc", '#include "a.h"\n')[0], "as a path from src/")

    def test_a_folder_without_a_row_fails(self):
        self.assertRegex(self.found("util/a.cc", "")[0], "no row")


class RawPaths(Tree):
    def found(self, text, allow="", name="engine/a.cc"):
        self.write(name, text)
        listed = self.write("allow", allow)
        return list(raw_paths.violations(self.src, listed))

    def test_raw_calls_fail(self):
        for line in ("int fd = open(path, 0);", "return ::open(path, 0);", "if (mkdirat(d, n, 0) < 0) throw 1;",
                     "syscall(SYS_openat2, d, p, &how, 0);", "std::rename(a, b);", "mount(a, b, c, 0, 0);",
                     "std::ifstream in(path);", "std::filesystem::remove_all(p);", "else unlink(p);", "(void)chown(p, 0, 0);",
                     "if (stat(p, &s) != 0) {}", "struct stat s; stat(p, &s);"):
            self.assertEqual(len(self.found(line)), 1, line)

    def test_methods_declarations_comments_and_texts_pass(self):
        for line in ("root.open(path, 0);", "root->open(path, 0);", "in_root::open(d, p, 0);", "Fd open(const std::string& p);",
                     "// open(path)", "/* mount(\n) */", 'f("open(x)");', "reopen(x);", "struct stat s{};", "fstat(fd, &s);",
                     "int open(int root, const char* path);", 'R"(mkdir(a))";',
                     'syscall(SYS_move_mount, tree, "", target, "", F);', 'syscall(SYS_open_tree, fd, "", F);',
                     'fchownat(fd, "", 0, 0, AT_EMPTY_PATH);'):
            self.assertEqual(self.found(line), [], line)

    def test_the_ground_layer_may(self):
        self.assertEqual(self.found("int fd = ::openat(d, n, 0);", name="base/file.cc"), [])
        self.assertEqual(len(self.found("int fd = ::openat(d, n, 0);", name="base/text.cc")), 1)

    def test_the_list_allows_one_call_in_one_file(self):
        self.assertEqual(self.found("mount(a, b, c, 0, 0);", "engine/a.cc  mount  # because\n"), [])
        self.assertEqual(len(self.found("mount(a);\nunlink(b);", "engine/a.cc  mount  # because\n")), 1)

    def test_a_stale_line_fails(self):
        self.assertRegex(self.found("int x;", "engine/a.cc  mount  # because\n")[0], "remove it")

    def test_a_line_without_reason_fails(self):
        with self.assertRaises(SystemExit):
            self.found("int x;", "engine/a.cc  mount\n")


class InitSymbols(Tree):
    def archive(self, code):
        source = self.write("a.cc", code)
        subprocess.run([CXX, "-c", source, "-o", self.src / "a.o"], check=True)
        subprocess.run(["ar", "rcs", self.src / "a.a", self.src / "a.o"], check=True)
        return self.src / "a.a"

    def test_an_allocation_is_found(self):
        archive = self.archive("int* f() { return new int; }")
        self.assertEqual(init_symbols.unexpected([archive], set())[0], ["_Znwm"])

    def test_listed_and_own_symbols_pass(self):
        archive = self.archive('extern "C" long write(int, const void*, unsigned long);\n'
                               "long g();\nlong f() { return write(1, 0, 0) + g(); }\nlong g() { return 1; }")
        self.assertEqual(init_symbols.unexpected([archive], {"write"}), ([], []))
        self.assertEqual(init_symbols.unexpected([archive], {"write", "read"}), ([], ["read"]))


if __name__ == "__main__":
    CXX = sys.argv.pop(1) if len(sys.argv) > 1 else "c++"
    unittest.main(verbosity=2)
