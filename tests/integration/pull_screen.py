#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pull_screen.py CONDITION COMMAND…: the command on a terminal of 24 lines and 80 columns; Ctrl-C is typed when the shell finds
that CONDITION holds (never, where it is empty). Prints the screen as a person sees it at the end, then how the command ended.
"""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios

COLUMNS = 80
condition, command = sys.argv[1], sys.argv[2:]


class Screen:
    """What is needed of a terminal: new lines, the cursor up, a line erased. Anything else is an error."""

    def __init__(self):
        self.lines, self.row, self.column, self.rest = [""], 0, 0, b""

    def feed(self, data):
        data = self.rest + data
        while data:
            token = re.match(rb"\x1b\[(\d*)([AK])|\r|\n|[ -~]+|\^C", data)
            if not token:
                if data.startswith(b"\x1b") and len(data) < 8:
                    break  # the rest is on its way
                sys.exit(f"not expected on a screen: {data[:20]!r}")
            self.put(token)
            data = data[token.end():]
        self.rest = data

    def put(self, token):
        text = token.group().decode()
        if text == "\r":
            self.column = 0
        elif text == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        elif token.group(2) == b"A":
            self.row -= int(token.group(1) or 1)
            if self.row < 0:
                sys.exit("the cursor goes beyond the top")
        elif token.group(2) == b"K":
            self.lines[self.row] = ""
        else:
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + text + line[self.column + len(text):]
            self.column += len(text)
            if self.column >= COLUMNS:
                sys.exit(f"this line wraps: {self.lines[self.row]!r}")


ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
before = termios.tcgetattr(theirs)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
    for number in range(3):
        os.dup2(theirs, number)
    os.execvp(command[0], command)
child, screen, typed, status = os.pidfd_open(pid), Screen(), not condition, None
while status is None or select.select([ours], [], [], 0)[0]:
    ready = select.select([ours] + ([child] if status is None else []), [], [], 0.05)[0]
    if ours in ready:
        screen.feed(os.read(ours, 65536))
    elif child in ready:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    elif not typed and subprocess.run(["bash", "-c", condition], check=False).returncode == 0:
        os.write(ours, b"\x03")
        typed = True
print("\n".join(line.rstrip() for line in screen.lines if line.strip()))
print("ended", status, "modes", "restored" if termios.tcgetattr(theirs) == before else "changed")
