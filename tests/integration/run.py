#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one integration script as root or as a regular user, in an environment of its own, and looks what it left behind.

    run.py --as root|user --skiff PATH [--fixtures DIR] [--limit SECONDS] SCRIPT

The script gets a temporary directory with home, store and run directory, and nothing else of the caller's environment.
This process is a "child subreaper", so whatever the script or skiff lets run becomes its child sooner or later: processes
that stay are found without searching /proc, and their end is an event. Output is TAP; leaks are checks like others.

As root the user is $SKIFF_TEST_USER (see scripts/test-user); as somebody else it is the caller, and root is reached by
`sudo -n`, or skipped.
"""
import argparse
import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# How long clean-up that skiff does after the exit status is out may take on a busy machine.
GRACE = 10


class Tap:
    """Numbers results; the script's own lines pass through it so that ours can follow."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def line(self, text):
        """One line of the script: a result gets its number, the rest becomes a comment."""
        ok, rest = text.startswith("ok "), text.partition(" - ")[2]
        if ok or text.startswith("not ok "):
            self.result(ok, rest)
        elif text.startswith("#"):
            print(text, flush=True)
        elif text:
            print("# " + text, flush=True)

    def result(self, ok, name, details=()):
        self.count += 1
        self.failed += not ok
        print(f"{'ok' if ok else 'not ok'} {self.count} - {name}", flush=True)
        if not ok:
            for detail in details:
                print("# " + str(detail), flush=True)


def skip(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def pick_user(wanted):
    """(passwd entry of the user to run as, command prefix that gets there)."""
    me = pwd.getpwuid(os.getuid())
    if wanted == "root":
        if me.pw_uid == 0:
            return me, []
        if subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0:
            return pwd.getpwuid(0), ["sudo", "-n", "--"]
        skip("needs root (or sudo without a password)")
    if me.pw_uid != 0:
        return me, []
    name = os.environ.get("SKIFF_TEST_USER")
    if not name:
        skip("SKIFF_TEST_USER names no user: scripts/check makes one")
    user = pwd.getpwnam(name)
    return user, ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups", "--"]


def reachable(prefix, path, mode):
    return subprocess.run([*prefix, "test", mode, path], check=False).returncode == 0


def stage(prefix, top, *paths):
    """The same files where the user can reach them: a clone below /root is nobody else's to read."""
    result = []
    for path in paths:
        if not reachable(prefix, path, "-r"):
            copy = top / "stage" / path.name
            copy.parent.mkdir(exist_ok=True)
            shutil.copy2(path, copy)
            path = copy
        result.append(path)
    return result


def stream(command, environment, directory, limit, tap):
    """Runs the script; its exit status, or None when it had to be stopped at the limit."""
    child = subprocess.Popen(command, env=environment, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True, text=True, errors="replace")
    expired = []

    def stop(*_):
        expired.append(True)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        # A container that holds the pipe would keep us reading; closing it here would meet that read half-way.
        raise TimeoutError

    # Whoever ends us wants no less: what the script has made is reset and looked at all the same.
    for number in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, stop)
    signal.alarm(limit)
    try:
        for line in child.stdout:
            tap.line(line.rstrip("\n"))
            # The script's last word: what it left running may hold the pipe open for ever.
            if line.startswith("# end of script"):
                break
    except TimeoutError:
        pass  # from stop()
    status = child.wait()
    signal.alarm(0)
    return None if expired else status


def remaining_children(seconds):
    """Waits until every process the script left behind has ended; those that have not, as texts."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return []
        if pid == 0:
            if time.monotonic() > deadline:
                break
            # waitpid has no time limit of its own; SIGCHLD or the deadline ends this.
            signal.sigtimedwait([signal.SIGCHLD], max(0.0, min(1.0, deadline - time.monotonic())))
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, IndexError, ValueError):
            pid = int(entry.name)
            if (entry / "stat").read_text().rsplit(")", 1)[1].split()[1] == str(os.getpid()):
                found.append((pid, (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")))
    for pid, _ in found:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return [f"{pid}: {command}" for pid, command in found]


def mounts_below(top):
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(top) in line]


def files_below(top):
    return [str(path) for path in sorted(top.rglob("*"))] if top.exists() else []


def cgroups_of(identities):
    """Directories below /sys/fs/cgroup that carry the identity of a container of this test."""
    return [root + "/" + name for root, names, _ in os.walk("/sys/fs/cgroup") for name in names
            if any(identity in name for identity in identities)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--as", dest="user", choices=["root", "user"], required=True)
    parser.add_argument("--skiff", type=Path, required=True)
    parser.add_argument("--fixtures", type=Path)
    parser.add_argument("--limit", type=int, default=240)
    parser.add_argument("script", type=Path)
    options = parser.parse_args()
    fixtures = Path(os.environ.get("SKIFF_FIXTURES") or options.fixtures or "/nonexistent")

    user, prefix = pick_user(options.user)
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])

    # Short, since socket paths below it have 108 bytes.
    top = Path(tempfile.mkdtemp(prefix="skiff-it."))
    top.chmod(0o755)
    tap = Tap()
    try:
        for name in ("home", "tmp"):
            (top / name).mkdir()
            if os.getuid() == 0:
                os.chown(top / name, user.pw_uid, user.pw_gid)
        here = Path(__file__).resolve().parent
        skiff, script, _, *tars = stage(prefix, top, options.skiff.resolve(), options.script.resolve(), here / "lib.sh",
                                        *sorted(fixtures.glob("*.tar")))
        environment = {
            "PATH": PATH, "HOME": str(top / "home"), "USER": user.pw_name, "LOGNAME": user.pw_name, "LANG": "C.UTF-8",
            "TMPDIR": str(top / "tmp"), "SKIFF": str(skiff), "SKIFF_ROOT": str(top / "home/root"),
            "SKIFF_RUNROOT": str(top / "home/run"), "T": str(top / "home"),
            "FIXTURES": str(tars[0].parent if tars else fixtures),
        }
        # How much of what can be done more often (scripts/check --long).
        environment |= {key: os.environ[key] for key in ("LIMIT", "SKIFF_LONG", "SKIFF_OUTPUT_ROUNDS", "SKIFF_RACE_ROUNDS", "SKIFF_CHAOS_ROUNDS",
                                                         "SKIFF_CHAOS_SEED", "SKIFF_CHAOS_LIMIT") if key in os.environ}
        words = [f"{key}={value}" for key, value in environment.items()]
        entry = [*prefix, "env", "-i", *words]
        status = stream([*entry, "bash", str(script)], {"PATH": PATH}, top / "home", options.limit, tap)
        if status == 77:
            skip("the script says: see above")
        if status != 0 and not tap.failed:
            why = f"stopped (its time limit is {options.limit} s)" if status is None else f"exit status {status}"
            tap.result(False, "the script runs to its end", [why])

        listed = subprocess.run([*entry, skiff, "ps", "-a", "-q", "--no-trunc"], capture_output=True, text=True, check=False, timeout=60)
        reset = subprocess.run([*entry, skiff, "system", "reset", "-f"], capture_output=True, text=True, check=False, timeout=120,
                               stdin=subprocess.DEVNULL)
        tap.result(reset.returncode == 0, "system reset works on what the test left", (reset.stdout + reset.stderr).splitlines())
        for name, left in (
                ("processes", remaining_children(GRACE)),
                ("mounts", mounts_below(top)),
                ("cgroups", cgroups_of(listed.stdout.split())),
                ("files in the store", files_below(top / "home/root")),
                ("files in the run directory", files_below(top / "home/run")),
                ("temporary files", files_below(top / "tmp"))):
            tap.result(not left, f"no {name} left behind", left[:20])
    finally:
        for line in reversed(mounts_below(top)):
            subprocess.run(["umount", "-l", line.split()[4]], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(top, ignore_errors=True)
        if top.exists():
            subprocess.run([*prefix, "rm", "-rf", top], check=False, stderr=subprocess.DEVNULL)
    print(f"1..{tap.count}")
    sys.exit(0)


if __name__ == "__main__":
    main()
