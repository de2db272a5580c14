"""Releases of a package: its newest, whether that has a pure-Python wheel, and what the wheel says of itself."""

from __future__ import annotations

import email.parser
import re
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import msgspec

from strangers_bench.limited import run

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
SECONDS = 300.0
PURE = ("--platform", "any", "--abi", "none", "--implementation", "py", "--python-version", "312")
NO_PRODUCT = frozenset({"test", "tests", "testing", "doc", "docs", "example", "examples", "benchmark", "benchmarks"})
"""Top-level names in a wheel that are no part of what the package is for."""
TEST_FILE = re.compile(r"(^|/)(test_[^/]*|[^/]*_tests?|tests?)\.py$")
TEST_TOPICS = ("Framework :: Pytest", "Topic :: Software Development :: Testing")
TEST_WORDS = re.compile(r"\b(tests?|testing|tested|tester|mock|mocks|mocking|pytest|tox|nose)\b", re.IGNORECASE)


class PassedOver(Exception):
    """A package that is not measured; its text is the reason, which begins with one of the kinds in `KINDS`."""


KINDS = ("no pure wheel", "test tool", "no tests in sdist", "cannot be installed", "tests fail", "too slow")


class Wheel(msgspec.Struct, frozen=True):
    """What a pure-Python wheel says."""

    name: str
    version: str
    summary: str
    classifiers: tuple[str, ...]
    requires: tuple[str, ...]
    groups: tuple[str, ...]
    """Groups of its entry points."""
    packages: tuple[str, ...]
    """The packages and modules that an import finds, without those of tests and documentation."""


def newest(name: str) -> str:
    """The newest release for this interpreter; raises `PassedOver`."""
    done = run([*PIP, "index", "versions", name], folder=Path.cwd(), environ=_environ(), seconds=SECONDS)
    found = re.search(r"^Available versions: ([^,\s]+)", done.output, re.MULTILINE)
    if done.status != 0 or found is None:
        raise PassedOver(f"no pure wheel: no release for this Python ({_last(done.output)})")
    return found[1]


def fetch_wheel(name: str, version: str, folder: Path) -> Path:
    """The pure wheel of a release; raises `PassedOver`."""
    done = _download([f"{name}=={version}", "--only-binary=:all:", *PURE], folder)
    found = sorted(folder.glob("*-none-any.whl"))
    if not found:
        raise PassedOver(f"no pure wheel: {version} has none ({_last(done)})")
    return found[0]


def fetch_sdist(name: str, version: str, folder: Path) -> Path:
    """The source distribution of a release; raises `PassedOver`."""
    done = _download([f"{name}=={version}", f"--no-binary={name}"], folder)
    found = sorted([*folder.glob("*.tar.gz"), *folder.glob("*.zip")])
    if not found:
        raise PassedOver(f"no tests in sdist: {version} has no sdist that can be had ({_last(done)})")
    return found[0]


def _download(arguments: Sequence[str], folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    command = [*PIP, "download", "--quiet", "--no-deps", "--dest", str(folder), *arguments]
    return run(command, folder=folder, environ=_environ(), seconds=SECONDS).output


def read_wheel(path: Path) -> Wheel:
    """What is in a wheel; its layout is in the specification of binary distributions."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        info = next(name for name in names if name.endswith(".dist-info/METADATA"))
        about = email.parser.Parser().parsestr(archive.read(info).decode(errors="replace"))
        points = info.replace("METADATA", "entry_points.txt")
        text = archive.read(points).decode(errors="replace") if points in names else ""
    return Wheel(
        name=str(about["Name"]),
        version=str(about["Version"]),
        summary=str(about["Summary"] or ""),
        classifiers=tuple(about.get_all("Classifier", [])),
        requires=tuple(about.get_all("Requires-Dist", [])),
        groups=tuple(re.findall(r"^\[([^\]]+)\]", text, re.MULTILINE)),
        packages=packages_of(names),
    )


def packages_of(files: Sequence[str]) -> tuple[str, ...]:
    """The topmost packages and modules among files; of a namespace package, what lies in it."""
    found = set()
    modules = [PurePosixPath(file) for file in files if file.endswith(".py") and ".data/" not in file]
    regular = {path.parent for path in modules if path.name == "__init__.py"}
    for path in modules:
        top = next((folder for folder in reversed(path.parents) if folder in regular), path.with_suffix(""))
        found.add(".".join(top.parts))
    return tuple(sorted(name for name in found if name and name.partition(".")[0] not in NO_PRODUCT))


def why_test_tool(wheel: Wheel) -> str:
    """Why a package counts as a test tool, by what it says of itself; empty for one that does not."""
    topics = [one for one in wheel.classifiers if one.startswith(TEST_TOPICS)]
    if topics:
        return f"classifier {topics[0]}"
    if "pytest11" in wheel.groups:
        return "it is a plugin of pytest"
    word = TEST_WORDS.search(wheel.summary)
    return f"its summary says {word[0]!r}" if word else ""


def unpack(sdist: Path, folder: Path) -> None:
    """The content of the one folder in an sdist; raises `PassedOver` when no file of it looks like tests."""
    scratch = folder.with_name(f"{folder.name}.part")
    scratch.mkdir(parents=True)
    if sdist.suffix == ".zip":
        with zipfile.ZipFile(sdist) as archive:
            archive.extractall(scratch)
    else:
        with tarfile.open(sdist) as tar:
            tar.extractall(scratch, filter="data")
    [inner] = [one for one in scratch.iterdir() if one.is_dir()]
    inner.rename(folder)
    scratch.rmdir()
    if not any(TEST_FILE.search(file.relative_to(folder).as_posix()) for file in folder.rglob("*.py")):
        raise PassedOver("no tests in sdist: no file in it is named like a test")


def _environ() -> dict[str, str]:
    import os

    return dict(os.environ)


def _last(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip() and not line.startswith("WARNING")]
    return lines[-1][:160] if lines else "no word"
