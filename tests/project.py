"""The project that tests of the plugin share: recorded once, copied for each test, changed there."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pytest_runtime import record

SECRET = "xk7-Planted-Secret-Q9"
PRICING = """
    LIMIT = 100

    def fee(total):
        if total > LIMIT:
            return 10
        return 0

    def label(name):
        return f"hello {name}"

    def login(user, password):
        return {"user": user, "password": password, "size": len(password)}
    """
STOCK = """
    def left(number):
        if number < 0:
            raise ValueError(f"no {number}")
        return number
    """
PROJECT = """
    [tool.pytest.ini_options]
    addopts = ""

    [tool.pytest-runtime]
    include = ["runshop"]
    sample = "all"
    """
OWN = """
    def test_own():
        pass

    def test_other():
        pass
    """
ITEMS = 6
RUN = ("--runtime-baseline=staging",)
OTHER_PLUGINS = ("pytest_cov", "randomly", "rerunfailures", "sugar", "timeout")
"""Plug-ins of others, by the names of their entry points."""


def without_plugins(*wanted: str) -> str:
    """Options of pytest that leave out all other plug-ins but the wanted ones: they take time, and print otherwise."""
    return " ".join(f"-p no:{name}" for name in OTHER_PLUGINS if name not in wanted)


def record_project(folder: Path) -> None:
    """Write the project into a folder and record its baseline of six path classes."""
    files = {
        "runshop/__init__.py": "",
        "runshop/pricing.py": PRICING,
        "runshop/stock.py": STOCK,
        "pyproject.toml": PROJECT,
    }
    for name, text in {**files, "test_own.py": OWN}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        with record("staging", root=folder):
            import runshop.pricing as pricing  # type: ignore[import-not-found]  # of the project
            import runshop.stock as stock  # type: ignore[import-not-found]  # of the project

            for total in (50, 150, 160):
                pricing.fee(total)
            pricing.label("x")
            pricing.login("bob", SECRET)
            stock.left(1)
            with pytest.raises(ValueError, match="no -1"):
                stock.left(-1)
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == "runshop"]:
            del sys.modules[name]


class Project:
    """A copy of the project, and pytest runs on it in this process."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.path = pytester.path
        self.store = self.path / ".runtime" / "staging.baseline"

    def run(self, *args: str) -> pytest.RunResult:
        """One pytest run; hypothesis's plugin would load all of hypothesis anew in each."""
        return self.pytester.runpytest_inprocess("-p", "no:hypothesispytest", *args)

    def change(self, old: str, new: str, file: str = "runshop/pricing.py") -> Project:
        """Replace a text."""
        path = self.path / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
        return self

    def write(self, name: str, text: str) -> Project:
        """Write a file."""
        (self.path / name).write_text(textwrap.dedent(text), encoding="utf-8")
        return self

    def configure(self, text: str) -> Project:
        """Add to the project file."""
        path = self.path / "pyproject.toml"
        path.write_text(path.read_text(encoding="utf-8") + textwrap.dedent(text), encoding="utf-8")
        return self

    def git(self, *arguments: str) -> Project:
        """Run git here."""
        author = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *author, *arguments], cwd=self.path, check=True, capture_output=True)
        return self

    def commit(self) -> Project:
        """Commit everything, in a repository of its own."""
        if not (self.path / ".git").exists():
            self.git("init", "--quiet", "--initial-branch=main")
        return self.git("add", "--all").git("commit", "--quiet", "--message", "as it is")

    def moved_threshold(self) -> Project:
        """One class of six diverges."""
        return self.change("LIMIT = 100", "LIMIT = 500")


def output(result: pytest.RunResult) -> str:
    """Everything that was printed."""
    return result.stdout.str() + result.stderr.str()


def failed_ids(result: pytest.RunResult) -> list[str]:
    """Node ids in the short summary."""
    return re.findall(r"^FAILED (\S+)", result.stdout.str(), re.M)
