"""The hooks in the real pre-commit: installed from a checkout without links, in a scratch repository, and timed.

    python benchmarks/precommit.py [--rounds 3]

A service is recorded, its hooks are installed from a clone of this repository that git made without support for links,
and commits are tried: one that callers would see, one that they would not, one of a page that no traffic reads, and a
baseline with a secret in it. Exits with 1 where one is not treated as it should be. Times are of whole
`pre-commit run`s, with the seal at hand, and of the hook's command alone; medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

SHOP = """
def fee(total):
    if total > 100:
        return 10
    return 0

def remember(note, password):
    return len(note)
"""
TRAFFIC = "import shop\nfor total in range(0, 400, 20):\n    shop.fee(total)\n"
LEAKY = 'import shop\nshop.remember("card 4111 1111 1111 1111", "x")\n'


def run(folder: Path, *command: str, environ: Mapping[str, str] | None = None, fails: bool = False) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if (done.returncode != 0) != fails:
        raise SystemExit(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def git(folder: Path, *arguments: str) -> str:
    return run(folder, "git", "-c", "user.name=B", "-c", "user.email=b@example.com", *arguments)


def make_service(folder: Path, hooks: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    (folder / "shop.py").write_text(SHOP)
    (folder / "traffic.py").write_text(TRAFFIC)
    (folder / "README.md").write_text("A shop.\n")
    (folder / ".gitignore").write_text(".runtime/\n")
    (folder / "pyproject.toml").write_text('[tool.pytest-runtime]\ninclude = ["shop"]\n')
    revision = git(hooks, "rev-parse", "HEAD").strip()
    (folder / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hooks.as_uri()}\n  rev: {revision}\n  hooks:\n  - id: runtime-check\n  - id: runtime-scan\n"
    )
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "all")
    run(
        folder,
        sys.executable,
        "-m",
        "pytest_runtime",
        "record",
        "--baseline",
        "staging",
        "--",
        sys.executable,
        "traffic.py",
    )


def scan_hook(folder: Path, environ: Mapping[str, str]) -> None:
    """Commit a baseline without a secret in it, then one that has a value that looks like one."""
    scan = (sys.executable, "-m", "pre_commit", "run", "runtime-scan")
    git(folder, "add", "-f", ".runtime/staging.baseline")
    run(folder, *scan, environ=environ)
    (folder / "leak.py").write_text(LEAKY)
    # With this setting a recording holds the card number in clear.
    keep = '[tool.pytest-runtime]\ninclude = ["shop"]\n\n[tool.pytest-runtime.redact]\nkeep = ["note"]\n'
    (folder / "pyproject.toml").write_text(keep)
    record = ("record", "--baseline", "leaky", "--", sys.executable, "leak.py")
    run(folder, sys.executable, "-m", "pytest_runtime", *record)
    git(folder, "add", "-f", ".runtime/leaky.baseline")
    said = run(folder, *scan, environ=environ, fails=True)
    if "by its form" not in said or "4111" in said:
        raise SystemExit(f"the secret is not named, or it is printed:\n{said}")


def median(work: Callable[[], object], rounds: int) -> float:
    found = []
    for _round in range(rounds):
        before = time.perf_counter()
        work()
        found.append(time.perf_counter() - before)
    return statistics.median(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        without_links = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.symlinks", "GIT_CONFIG_VALUE_0": "false"}
        environ = {**without_links, "PRE_COMMIT_HOME": str(scratch / "pre-commit")}
        hooks, folder = scratch / "hooks", scratch / "service"
        run(scratch, "git", "clone", "-q", str(ROOT), str(hooks), environ=without_links)
        if (hooks / "pytest_runtime" / "replay").is_symlink():
            raise SystemExit("git made a link although it was told not to")
        folder.mkdir()
        make_service(folder, hooks)
        hook = (sys.executable, "-m", "pre_commit", "run", "runtime-check")
        before = time.perf_counter()
        run(folder, sys.executable, "-m", "pre_commit", "install-hooks", environ=environ)
        print(f"install the hooks                  {time.perf_counter() - before:6.2f} s")

        def commit(old: str, new: str) -> None:
            (folder / "shop.py").write_text(SHOP.replace(old, new))
            git(folder, "add", "-A")

        commit("total > 100", "total > 200")
        said = run(folder, *hook, environ=environ, fails=True)
        if "shop.py:" not in said or "diverged" not in said:
            raise SystemExit(f"the divergence is not shown:\n{said}")
        timed = median(lambda: run(folder, *hook, environ=environ, fails=True), rounds)
        print(f"a change that callers see: refused {timed:6.2f} s")
        commit("return 0", "return 0 * 1")
        timed = median(lambda: run(folder, *hook, environ=environ), rounds)
        print(f"one that they do not see: passed   {timed:6.2f} s")
        command = [str(path) for path in (scratch / "pre-commit").glob("repo*/py_env-*/bin/pytest-runtime")]
        timed = median(lambda: run(folder, *command, "staged"), rounds)
        print(f"    the command alone              {timed:6.2f} s")
        git(folder, "reset", "-q", "--hard")
        (folder / "README.md").write_text("A better shop.\n")
        git(folder, "add", "-A")
        timed = median(lambda: run(folder, *hook, environ=environ), rounds)
        print(f"a page that no traffic reads       {timed:6.2f} s")
        timed = median(lambda: run(folder, *command, "staged"), rounds)
        print(f"    the command alone              {timed:6.2f} s")
        if run(folder, *command, "staged"):
            raise SystemExit("the command is not quiet")
        scan_hook(folder, environ)
        print("a baseline with a secret in it: refused, one without: passed")


if __name__ == "__main__":
    main()
