"""The environment of one package: its virtual environment, its project folder, and how commands are run in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from strangers_bench.limited import Done, isolated, run
from strangers_bench.releases import PassedOver
from strangers_bench.requirements import Needs

ROOT = Path(__file__).resolve().parents[2]
"""The checkout that this benchmark belongs to: the product that is measured."""
PLUGIN = Path(__file__).with_name("outcomes_plugin.py")
INSTALL_SECONDS = 600.0
CONFIGURATION = """
[tool.pytest-runtime]
include = [{include}]
sample = "all"
"""


class Environment:
    """A project folder with a virtual environment beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.venv = folder / "venv"
        self.python = self.venv / "bin" / "python"

    def run(self, command: Sequence[str], seconds: float) -> Done:
        """Run a command of the environment in the project, without a network."""
        scratch = self.folder / "tmp"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        full = [str(self.venv / "bin" / command[0]), *command[1:]]
        return run(isolated(self.python, full), folder=self.project, environ=self._environ(scratch), seconds=seconds)

    def _environ(self, scratch: Path) -> dict[str, str]:
        """Nothing of the machine but its PATH: a home and a temporary folder that nobody else has."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return {
            "PATH": f"{self.venv / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "TMPDIR": str(scratch),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "VIRTUAL_ENV": str(self.venv),
        }

    def create(self) -> None:
        """Make the virtual environment."""
        uv = shutil.which("uv")
        made = [uv, "venv", "--quiet", "--seed"] if uv else [sys.executable, "-m", "venv"]
        interpreter = ["--python", sys.executable] if uv else []
        shutil.rmtree(self.venv, ignore_errors=True)
        subprocess.run([*made, *interpreter, str(self.venv)], check=True, capture_output=True)

    def install(self, arguments: Sequence[str]) -> Done:
        """Install into it; uv and pip both share what they fetched and built with all other environments."""
        uv = shutil.which("uv")
        if uv:
            # An sdist may name sources for its own developers, in folders that it does not hold.
            command = [uv, "pip", "install", "--quiet", "--no-sources", "--python", str(self.python), *arguments]
        else:
            command = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
        return run(command, folder=self.project, environ=os.environ, seconds=INSTALL_SECONDS)

    def install_all(self, needs: Needs) -> list[str]:
        """The product, the package from its tree, and what its tests need; returns what could not be had.

        Raises `PassedOver` when the package itself cannot be installed. What tests need is tried at once, then by
        where it was found, then one by one.
        """
        product, package = ["--editable", str(ROOT)], ["--editable", "."]
        done = self.install([*product, *package, "pytest"])
        if done.status != 0:
            raise PassedOver(f"cannot be installed: {said(done)}")
        extras = ["--editable", f".[{','.join(needs.extras)}]"] if needs.extras else []
        groups = [extras, *(list(found) for found in needs.groups.values())]
        failed = self._install_groups([*product, *package], [group for group in groups if group])
        shutil.copy(PLUGIN, self._site_packages() / "strangers_outcomes.py")
        return failed

    def _install_groups(self, always: list[str], groups: list[list[str]]) -> list[str]:
        if not groups or self.install([*always, *(one for group in groups for one in group)]).status == 0:
            return []
        failed: list[str] = []
        for group in groups:
            if self.install([*always, *group]).status != 0:
                singles = [group] if group[0] == "--editable" else [[one] for one in group]
                failed += [" ".join(one) for one in singles if self.install([*always, *one]).status != 0]
        return failed

    def _site_packages(self) -> Path:
        return next((self.venv / "lib").glob("python3*")) / "site-packages"

    def measures_this_checkout(self) -> None:
        """See to it that the product in the environment is that of this checkout."""
        command = [str(self.python), "-c", "import pytest_runtime; print(pytest_runtime.__file__)"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder)
        if not Path(done.stdout.strip()).is_relative_to(ROOT):
            self.install(["--editable", str(ROOT)])
        shutil.copy(PLUGIN, self._site_packages() / "strangers_outcomes.py")

    # --- the project ---

    def configure(self, packages: Sequence[str]) -> None:
        """Say in the project what is included."""
        include = ", ".join(f'"{name}"' for name in packages)
        file = self.project / "pyproject.toml"
        before = file.read_text() if file.is_file() else ""
        file.write_text(before + CONFIGURATION.format(include=include))

    def commit(self, files: Sequence[str]) -> None:
        """One commit of the files that the sdist has; what else is there (made by the installation) is ignored."""
        self._git("init", "--quiet", "--initial-branch=main")
        self._git("config", "user.name", "strangers")
        self._git("config", "user.email", "strangers@localhost")
        listing = self.folder / "files.txt"
        listing.write_text("\n".join(files))
        self._git("--literal-pathspecs", "add", "--force", f"--pathspec-from-file={listing}")
        self._git("commit", "--quiet", "--message", "The sdist")
        others = self._git("ls-files", "--others", "--exclude-standard").splitlines()
        made = ["__pycache__/", ".runtime/", ".pytest_cache/", "*.egg-info/", *(f"/{one}" for one in others)]
        (self.project / ".git" / "info" / "exclude").write_text("\n".join(made) + "\n")

    def clean(self) -> None:
        """Put back what a run of the tests changed or left."""
        self._git("checkout", "--quiet", "--force", "HEAD", "--", ".")
        self._git("clean", "--quiet", "--force", "-d")

    def remove_compiled(self, kept: Sequence[str]) -> None:
        """Remove the extension modules that the installation made of Python modules (mypyc, Cython).

        They would be imported in the place of what a pure wheel holds, and no change of the source would be seen.
        """
        for file in set(self.files()) - set(kept):
            path = self.project / file
            stem = next((path.name.removesuffix(end) for end in EXTENSION_SUFFIXES if path.name.endswith(end)), "")
            if stem and path.with_name(f"{stem}.py").is_file():
                path.unlink()

    def files(self) -> list[str]:
        """Every file of the project, relative to it."""
        found = (path for path in self.project.rglob("*") if path.is_file() or path.is_symlink())
        return sorted(path.relative_to(self.project).as_posix() for path in found)

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.project, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PassedOver(f"cannot be installed: git {arguments[0]}: {done.stderr.strip()[-300:]}")
        return done.stdout


def said(done: Done, length: int = 300) -> str:
    """The end of what a command said, in one line."""
    if done.status is None:
        return f"no end in {done.seconds:.0f} s"
    lines = [line.strip() for line in done.output.splitlines() if line.strip()]
    return " | ".join(lines[-4:])[-length:] or f"exit status {done.status}"
