#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""chaos.py ROUNDS SEED: containers live while random processes of theirs are killed; after each kill, all must be consistent.

Killed are, by SIGKILL: monitors, programs, sessions of exec, and commands (run, exec, start, stop, rm, ps) at a random moment.
Prints what it did when something is wrong, with the seed that repeats the order of acts (moments differ).

This process is a "child subreaper": whatever skiff lets run is below it, so processes are found by walking that tree and not
all of /proc, and one that belongs to nothing any more is seen as such.
"""
import ctypes
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
SKIFF = os.environ["SKIFF"]
STORE = Path(os.environ["SKIFF_ROOT"])
PATIENCE = 30  # seconds until a kill must have had all its consequences

rounds, seed = int(sys.argv[1]), int(sys.argv[2])
dice = random.Random(seed)
history: list[str] = []
fronts: list[subprocess.Popen] = []
stopped_by_us: set[str] = set()


class Wrong(Exception):
    pass


def skiff(*words: str, expect: int | None = 0) -> str:
    done = subprocess.run([SKIFF, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
    if expect is not None and done.returncode != expect:
        raise Wrong(f"skiff {' '.join(words)}: status {done.returncode}: {done.stderr.strip()}")
    if expect == 0 and done.stderr:
        raise Wrong(f"skiff {' '.join(words)} said: {done.stderr.strip()}")
    return done.stdout.strip()


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def reap() -> None:
    """Takes what ended below us and was nobody's; a command in front is waited for by who started it."""
    known = {process.pid for process in fronts}
    for pid in children(os.getpid()):
        if pid not in known:
            os.waitpid(pid, os.WNOHANG)


def words_of(pid: int) -> list[str]:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().decode(errors="replace").split("\0")
    except OSError:
        return []


def ours(name: str) -> dict[int, str]:
    """Processes that skiff executed under `name`, and the container each says it belongs to."""
    found, known, waiting = {}, {process.pid for process in fronts}, [os.getpid()]
    while waiting:
        for pid in children(waiting.pop()):
            words = words_of(pid)
            if len(words) > 1 and words[0] == name and re.fullmatch(r"[0-9a-f]{64}", words[1]) and alive(pid):
                found[pid] = words[1]
            # Below a monitor are its container and its sessions; a monitor is below its command, or below us.
            if not words or os.path.basename(words[0]).startswith("skiff") or pid in known:
                waiting.append(pid)
    return found


def strays(containers: dict[str, dict]) -> list[str]:
    """Children of ours that are neither a command we wait for nor the monitor of a container that runs."""
    known = {process.pid for process in fronts}
    found = [(pid, words_of(pid)) for pid in children(os.getpid()) if pid not in known and alive(pid)]
    return [f"{pid}: {' '.join(words)}" for pid, words in found if words[:1] != ["skiff-monitor"] or words[1] not in containers]


def states() -> dict[str, dict]:
    listed = skiff("ps", "-aq", "--no-trunc").split()
    return {one["Id"]: one for one in json.loads(skiff("inspect", *listed))} if listed else {}


def inconsistency(containers: dict[str, dict]) -> str:
    """What is wrong now; empty: nothing."""
    on_disk = {name for name in os.listdir(STORE / "containers")}
    if on_disk != set(containers):
        return f"on disk {sorted(on_disk)}, listed {sorted(containers)}"
    links = {os.readlink(STORE / "names" / name) for name in os.listdir(STORE / "names") if not name.startswith(".")}
    if links != set(containers):
        return f"names lead to {sorted(links)}, listed {sorted(containers)}"
    if (STORE / "trash").exists() and os.listdir(STORE / "trash"):
        return "something is in the trash"
    monitors = ours("skiff-monitor")
    for identity, one in containers.items():
        state = one["State"]
        watchers = [pid for pid, container in monitors.items() if container == identity]
        if state["Running"] and not state["Restarting"]:
            if not alive(state["Pid"]) or len(watchers) != 1:
                return f"{one['Name']} is said to run: pid {state['Pid']}, monitors {watchers}"
        elif not state["Running"] and watchers:
            return f"{one['Name']} is {state['Status']} and has monitors {watchers}"
        elif not state["Running"] and one["HostConfig"]["RestartPolicy"]["Name"] == "always" and one["Id"] not in stopped_by_us:
            return f"{one['Name']} should be running"
    stray = {pid for pid, identity in ours("skiff-exec").items() if not containers.get(identity, {"State": {"Running": False}})["State"]["Running"]}
    if stray:
        return f"sessions without a container: {stray}"
    lost = strays(containers)
    return f"processes of nobody: {lost}" if lost else ""


def settle() -> dict[str, dict]:
    """The containers, once all is right. A kill needs a moment; there is no event for "everything has noticed"."""
    end, wrong, pause = time.monotonic() + PATIENCE, "nothing was asked", 0.005
    while time.monotonic() < end:
        reap()
        try:
            containers = states()
            wrong = inconsistency(containers)
        except (Wrong, FileNotFoundError) as error:
            wrong = str(error)
        if not wrong:
            return containers
        time.sleep(pause)
        pause = min(2 * pause, 0.1)
    raise Wrong(wrong)


def new_container() -> None:
    name = f"c{dice.randrange(10**9)}"
    words = ["run", "-d", "--name", name]
    words += dice.choice([[], [], ["--restart", "always"], ["--rm"], ["--init"], ["-it"]])
    program = dice.choice(["sleep 1000", "while :; do echo line; sleep 0.01; done", "sleep 1000 & sleep 1000 & wait"])
    history.append(" ".join(words))
    skiff(*words, "busybox", "sh", "-c", program)


def front(*words: str) -> subprocess.Popen:
    history.append("in front: " + " ".join(words))
    process = subprocess.Popen([SKIFF, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    fronts.append(process)
    return process


def kill(pid: int, what: str) -> None:
    history.append(f"kill -9 {what} ({pid})")
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def kill_command(*words: str) -> None:
    process = front(*words)
    time.sleep(dice.random() * 0.02)  # the moment is the point
    kill(process.pid, "the command")
    process.wait()


def act(containers: dict[str, dict]) -> None:
    running = [one for one in containers.values() if one["State"]["Running"] and not one["State"]["Restarting"]]
    stopped = [one for one in containers.values() if not one["State"]["Running"]]
    if len(containers) < 4:
        new_container()
        return
    one = dice.choice(running) if running else None
    choices = ["run"]
    if one:
        choices += ["monitor", "monitor", "program", "program", "session", "exec", "stop", "rm", "front"]
    if stopped:
        choices += ["start", "start", "start killed", "rm stopped"]
    choice = dice.choice(choices)
    if choice == "monitor" and one:
        for pid, identity in ours("skiff-monitor").items():
            if identity == one["Id"]:
                kill(pid, "monitor of " + one["Name"])
    elif choice == "program" and one:
        kill(one["State"]["Pid"], "program of " + one["Name"])
    elif choice == "session" and one:
        front("exec", one["Id"], "sleep", "1000")
        time.sleep(dice.random() * 0.05)
        sessions = [pid for pid, identity in ours("skiff-exec").items() if identity == one["Id"]]
        if sessions:
            kill(dice.choice(sessions), "a session of " + one["Name"])
    elif choice == "exec" and one:
        kill_command("exec", one["Id"], "sleep", "0.1")
    elif choice == "stop" and one:
        stopped_by_us.add(one["Id"])
        kill_command("stop", "-t", "0", one["Id"])
    elif choice == "rm" and one:
        stopped_by_us.add(one["Id"])  # it may die before it is removed
        kill_command("rm", "-f", one["Id"])
    elif choice == "front":
        kill_command("run", "--rm", "busybox", "sleep", "0.05")
    elif choice == "run":
        kill_command("run", *dice.choice([[], ["--rm"], ["-d"]]), "busybox", "sleep", "0.05")
    elif choice == "start":
        history.append("start " + stopped[0]["Name"])
        skiff("start", dice.choice(stopped)["Id"])
    elif choice == "start killed":
        kill_command("start", dice.choice(stopped)["Id"])
    elif choice == "rm stopped":
        kill_command("rm", dice.choice(stopped)["Id"])
    if len(containers) > 8:
        for extra in list(containers)[8:]:
            skiff("rm", "-f", extra, expect=None)


def main() -> int:
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    number = 0
    try:
        containers = settle()
        for number in range(rounds):
            act(containers)
            containers = settle()
            for process in [p for p in fronts if p.poll() is not None]:
                fronts.remove(process)
        for identity in containers:
            skiff("rm", "-f", identity)
        settle()
        print(f"{rounds} rounds, seed {seed}")
        return 0
    except (Wrong, subprocess.TimeoutExpired) as error:
        print(f"seed {seed}, round {number}: {error}", *history[-12:], sep="\n")
        return 1
    finally:
        for process in fronts:
            process.kill()
            process.wait()


sys.exit(main())
