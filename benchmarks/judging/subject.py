"""Subjects: code that is changed, with the traffic that it is recorded under.

A subject lies in a folder: the package, `pyproject.toml`, and for a library `traffic.py`, whose `run(do)` makes every
call through `do`. Libraries come from the package index at a pinned version; nothing of them is in this repository.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent.parent
ROOT = BENCHMARKS.parent
EXAMPLE = ROOT / "examples" / "trading"
TRAFFIC = BENCHMARKS / "subjects"

CONFIGURATION = """\
[tool.pytest-runtime]
include = ["{package}"]
sample = "all"
{settings}
# Makes this folder pytest's root wherever it lies.
[tool.pytest.ini_options]
minversion = "8.3"
"""


class SubjectFailed(Exception):
    """A subject cannot be fetched, recorded or run; the message says at which step."""


@dataclass(frozen=True)
class Subject:
    """Code under change; without a `requirement` it is the example of this repository."""

    package: str
    requirement: str = ""
    settings: str = ""
    """Further lines of its configuration."""

    @property
    def name(self) -> str:
        return self.requirement or self.package

    @property
    def is_service(self) -> bool:
        return not self.requirement


TRADING = Subject("trading")
# The word `token` means a secret elsewhere; to a parser it is a word of the language.
SQLPARSE = Subject("sqlparse", "sqlparse==0.5.3", '[tool.pytest-runtime.redact]\nkeep = ["token", "tokens"]\n')
INFLECT = Subject("inflect", "inflect==5.6.2")
TABULATE = Subject("tabulate", "tabulate==0.9.0")
SUBJECTS = (TRADING, SQLPARSE, INFLECT, TABULATE)


@dataclass(frozen=True)
class Place:
    """Where a subject lies for one run of the benchmark."""

    subject: Subject
    folder: Path

    @property
    def package(self) -> Path:
        return self.folder / self.subject.package

    def sources(self) -> dict[str, bytes]:
        """The package's modules, by path relative to the folder."""
        files = sorted(self.package.rglob("*.py"))
        return {file.relative_to(self.folder).as_posix(): file.read_bytes() for file in files}


def lay_out(subject: Subject, folder: Path) -> Place:
    """Write a subject into `folder`, which must not be there."""
    folder.mkdir(parents=True)
    if subject.is_service:
        for name in ("fraud_service.py", "traffic.py", "pyproject.toml"):
            shutil.copy(EXAMPLE / name, folder / name)
        copy_package(EXAMPLE / subject.package, folder / subject.package)
        return Place(subject, folder)
    release = fetched(subject.requirement, folder.parent / "fetched")
    copy_package(release / subject.package, folder / subject.package)
    for metadata in release.glob("*.dist-info"):
        copy_package(metadata, folder / metadata.name)
    shutil.copy(TRAFFIC / f"{subject.package}_traffic.py", folder / "traffic.py")
    text = CONFIGURATION.format(package=subject.package, settings=subject.settings)
    (folder / "pyproject.toml").write_text(text)
    return Place(subject, folder)


def copy_package(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def fetched(requirement: str, store: Path) -> Path:
    """A folder with one release, without what it depends on."""
    folder = store / requirement
    if not folder.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        done = subprocess.run(
            [*command, "--no-compile", "--target", str(folder), requirement],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SubjectFailed(f"{requirement} cannot be fetched: {done.stderr.strip()[-2000:]}")
    return folder


def copy_place(place: Place, folder: Path) -> Place:
    """A copy of a subject with everything in its folder, baselines included."""
    shutil.copytree(place.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return Place(place.subject, folder)
