#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the cases of cases/ and compares tree and configuration with what each expects. Prints TAP.

    run.py --as root|user --skiff PATH [CASE…]      with skiff, in a store of its own
    run.py --peer buildah|podman [CASE…]            the same expectations against another builder (root): whether they are true
    run.py --peer docker [CASE…]                    against BuildKit, in the daemon that DOCKER_HOST names (images localhost/… of it
                                                    are replaced and removed)
    run.py … --show CASE                            prints what was built, in the form of `expect`

A case is a directory: `Dockerfile`; `expect` (see expectation.py); and if need be `setup`, a shell script that fills the
context; `args`, the options of the build, one shell line (a context other than "." is its last word); `stdin`.
FROM scratch, localhost/base:1, localhost/parent:1 and localhost/onbuild:1 (image.py) need no network.
"""
import argparse
import concurrent.futures
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import expectation
import image

HERE = Path(__file__).resolve().parent
LIMIT = 120


def load_integration():
    spec = importlib.util.spec_from_file_location("integration", HERE.parent / "integration" / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(command, **options):
    return subprocess.run(command, timeout=LIMIT, capture_output=True, check=False, **options)


class Builder:
    """Commands of one builder in a store of its own."""

    def __init__(self, name, command, work, prefix):
        self.name, self.prefix, self.work = name, prefix, work
        store, state, home, temporary = (work / directory for directory in ("store", "state", "home", "tmp"))
        for directory in (store, state, home, temporary):
            directory.mkdir()
        # Caches of a peer lie in TMPDIR, and outlive its store.
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(state),
                            "TMPDIR": str(temporary)}
        self.command = [command, "--root", str(store), "--runroot", str(state)]
        if name == "docker":
            self.command = [command]
            self.environment |= {"DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"}
            if "DOCKER_HOST" in os.environ:
                self.environment["DOCKER_HOST"] = os.environ["DOCKER_HOST"]
        elif name != "skiff":
            self.command += ["--storage-driver", "vfs"]

    def call(self, *words, **options):
        return run([*self.prefix, *self.command, *words], env=self.environment, **options)

    def must(self, *words):
        result = self.call(*words)
        if result.returncode:
            raise RuntimeError(f"{self.name} {' '.join(words)}: {result.stderr.decode(errors='replace')[-2000:]}")

    def load(self, name, file):
        if self.name == "buildah":
            self.must("pull", "-q", f"docker-archive:{file}:{name}")
        else:
            self.must("load", "-q", "-i", str(file))

    def build(self, tag, arguments, **options):
        extra = {"skiff": [], "docker": ["--network", "none"]}.get(self.name, ["--isolation", "chroot", "--format", "docker", "--pull=never"])
        return self.call("build", *extra, "-t", tag, *arguments, **options)

    def save(self, tag, file):
        if self.name == "buildah":
            self.must("push", "-q", tag, f"docker-archive:{file}")
        else:
            self.must("save", "-o", str(file), tag)

    def remove(self):
        if self.name == "skiff":
            # The files of subordinate ids are the store's own to remove.
            self.call("system", "reset", "--force")
        elif self.name == "docker":
            tags = self.call("images", "-q", "--filter", "reference=localhost/*").stdout.decode().split()
            if tags:
                self.call("rmi", "-f", *tags)
            self.call("builder", "prune", "-af")


def prepare(case, work, prefix, environment):
    """The context of a case, filled by its `setup`; returns its directory."""
    top = work / case.name
    context = top / "context"
    context.mkdir(parents=True)
    shutil.copyfile(case / "Dockerfile", context / "Dockerfile")
    if prefix:
        subprocess.run(["chown", "-R", f"--reference={work}", str(top)], check=True)
    if (case / "setup").exists():
        done = run([*prefix, "sh", "-euc", "umask 022\n" + (case / "setup").read_text(encoding="utf-8")], cwd=context, env=environment)
        if done.returncode:
            raise RuntimeError("setup: " + done.stderr.decode(errors="replace"))
    return context


def differences(wanted, lines):
    return [f"expected {line}" for line in sorted(wanted - lines)] + [f"unexpected {line}" for line in sorted(lines - wanted)]


def try_case(case, builder, work, base, show=False):
    """What is wrong with the case: a list of lines."""
    wanted = expectation.read(case / "expect")
    context = prepare(case, work, builder.prefix, builder.environment)
    arguments = shlex.split((case / "args").read_text(encoding="utf-8"), comments=True) if (case / "args").exists() else []
    if not arguments or arguments[-1] not in (".", "-") and not arguments[-1].startswith("../"):
        arguments.append(".")
    tag = f"localhost/case-{case.name}:1"
    stdin = (case / "stdin").read_bytes() if (case / "stdin").exists() else b""
    if (context.parent / "stdin").exists():
        stdin = (context.parent / "stdin").read_bytes()
    result = builder.build(tag, arguments, cwd=context, input=stdin)
    output = (result.stdout + result.stderr).decode(errors="replace")
    if show:
        print(output, file=sys.stderr)
    problems = []
    if wanted.failure is not None:
        if result.returncode == 0:
            problems.append("it was built")
        elif builder.name == "skiff":
            if result.returncode != wanted.status:
                problems.append(f"exit status {result.returncode}, not {wanted.status}")
            if wanted.failure not in output:
                problems += [f"the error does not say: {wanted.failure}", *output.splitlines()[-12:]]
        return problems
    if result.returncode:
        return [f"exit status {result.returncode}", *output.splitlines()[-12:]]
    if builder.name == "skiff":
        problems += [f"it does not print: {text}" for text in wanted.prints if text not in output]
    archive = context.parent / "image.tar"
    builder.save(tag, archive)
    tree, config = image.read_archive(archive)
    archive.unlink()
    scratch = not any(path in tree for path in ("/bin/busybox", "/bin"))
    lines = expectation.observed_lines(tree, config, {} if scratch else base)
    if show:
        print("\n".join(sorted(lines)))
    return problems + differences(wanted.lines, lines)


def verdict(case, builder, work, base):
    """(ok, name, details)."""
    try:
        problems = try_case(case, builder, work, base)
    except (OSError, RuntimeError, ValueError, KeyError, subprocess.SubprocessError) as error:
        problems = [f"{type(error).__name__}: {error}"]
    reason = expectation.read(case / "expect").differs.get(builder.name)
    if reason is None:
        return not problems, case.name, problems
    if problems:
        return True, f"{case.name} # {builder.name} differs: {reason}", []
    return False, case.name, [f"{builder.name} no longer differs: {reason}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--as", dest="user", choices=("root", "user"), default="root")
    parser.add_argument("--skiff")
    parser.add_argument("--peer", choices=("buildah", "podman", "docker"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    integration = load_integration()
    busybox = shutil.which("busybox")
    if not busybox:
        integration.skip("busybox (busybox-static) is not installed")
    name = options.peer or "skiff"
    command = shutil.which(name) if options.peer else str(Path(options.skiff or "skiff").resolve())
    if not command:
        integration.skip(f"{name} is not installed")
    user, prefix = integration.pick_user(options.user)
    cases = sorted(path.parent for path in (HERE / "cases").glob("*/expect"))
    if options.cases:
        cases = [HERE / "cases" / Path(case).name for case in options.cases]
    work = Path(tempfile.mkdtemp(prefix="skiff-build-"))
    work.chmod(0o755)
    try:
        base = image.base_tree(busybox)
        files = image.write_base_images(work, base)
        builder = Builder(name, command, work, prefix)
        if prefix:
            subprocess.run(["chown", "-R", f"{user.pw_uid}:{user.pw_gid}", str(work)], check=True)
        for image_name, file in files.items():
            builder.load(image_name, file)
        if options.show:
            for case in cases:
                print("\n".join(try_case(case, builder, work, base, show=True)), file=sys.stderr)
            return 0
        print(f"1..{len(cases)}", flush=True)
        tap = integration.Tap()
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for ok, label, details in pool.map(lambda case: verdict(case, builder, work, base), cases):
                tap.result(ok, label, details)
        builder.remove()
        return 0
    finally:
        shutil.rmtree(work, ignore_errors=os.getuid() != 0)


if __name__ == "__main__":
    sys.exit(main())
