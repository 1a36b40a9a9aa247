#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""on_terminal.py SCRIPT COMMAND…: the command on a terminal of ours; prints the screen, then how it ended.

SCRIPT is a list of pairs: wait until this is on the screen, then type this (or set the size: "size ROWS COLUMNS").
"""
import fcntl, os, pty, select, signal, struct, sys, termios
script, command = eval(sys.argv[1]), sys.argv[2:]
ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
before = termios.tcgetattr(theirs)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
    for number in range(3): os.dup2(theirs, number)
    os.execvp(command[0], command)
child, screen, seen, status = os.pidfd_open(pid), b"", 0, None
while status is None or select.select([ours], [], [], 0)[0]:
    ready = select.select([ours] + ([child] if status is None else []), [], [], 40)[0]
    if not ready: sys.exit("nothing more came: %r" % screen[-300:])
    if ours in ready: screen += os.read(ours, 65536)
    elif child in ready: status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    while script and script[0][0].encode() in screen[seen:]:
        seen = screen.index(script[0][0].encode(), seen) + len(script[0][0])
        keys = script.pop(0)[1]
        if keys.startswith("size "):
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *map(int, keys.split()[1:]), 0, 0))
        else: os.write(ours, keys.encode())
restored = termios.tcgetattr(theirs) == before
screen = screen.replace(b"\r", b"")
if len(screen) > 100000: screen = b"%d bytes\n" % len(screen)
sys.stdout.buffer.write(screen)
print("exit", status, "modes", "restored" if restored else "changed", *(["not seen: %r" % script] if script else []))
