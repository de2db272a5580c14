"""What a package's tests need, read from its sdist: extras, groups, and the files that are customary for it."""

from __future__ import annotations

import ast
import configparser
import email.parser
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

TESTS = frozenset({"test", "tests", "testing", "unittest", "unit", "pytest", "hatch-test", "test-requires"})
DEVELOPMENT = frozenset({"dev", "develop", "development", "devel"})
FILES = ("", "requirements", "tests", "test", "requirements-dev")


class Needs(msgspec.Struct, frozen=True):
    """Requirements for the tests, by where they were found."""

    extras: tuple[str, ...]
    """Extras of the package itself."""
    groups: Mapping[str, tuple[str, ...]]
    """Where they were found → requirements, or `-r FILE`."""


def needs_of(root: Path) -> Needs:
    """What names tests; where nothing does, what names development."""
    for names in (TESTS, DEVELOPMENT):
        groups = {where: tuple(found) for where, found in _groups(root, names) if found}
        found = Needs(tuple(sorted(extra for extra in _extras(root) if _plain(extra) in names)), groups)
        if found.extras or found.groups:
            return found
    return Needs((), {})


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _extras(root: Path) -> list[str]:
    about = root / "PKG-INFO"
    text = about.read_text(errors="replace") if about.is_file() else ""
    return [str(one) for one in email.parser.Parser().parsestr(text).get_all("Provides-Extra", [])]


def _groups(root: Path, names: frozenset[str]) -> Iterator[tuple[str, list[str]]]:
    project = _toml(root / "pyproject.toml")
    yield from _of_pyproject(project, names)
    if names is TESTS:
        yield "setup.cfg", _setup_cfg(root / "setup.cfg")
        yield "setup.py", _setup_py(root / "setup.py")
        yield "tox.ini", _tox(root / "tox.ini")
    yield "files", [f"-r{file}" for file in requirement_files(root, names)]


def _of_pyproject(project: Mapping[str, Any], names: frozenset[str]) -> Iterator[tuple[str, list[str]]]:
    groups: Mapping[str, Any] = project.get("dependency-groups", {})
    tool: Mapping[str, Any] = project.get("tool", {})
    for name in groups:
        if _plain(name) in names:
            yield f"dependency group {name}", flatten(groups, name)
    poetry = tool.get("poetry", {})
    for name, group in poetry.get("group", {}).items():
        if _plain(name) in names:
            yield f"poetry group {name}", _without_python(group.get("dependencies", {}))
    if names is DEVELOPMENT:
        yield "poetry", _without_python(poetry.get("dev-dependencies", {}))
        yield "uv", list(tool.get("uv", {}).get("dev-dependencies", []))
    for name, listed in tool.get("pdm", {}).get("dev-dependencies", {}).items():
        if _plain(name) in names:
            yield f"pdm group {name}", list(listed)
    for name, environment in tool.get("hatch", {}).get("envs", {}).items():
        if _plain(name) in names or (names is TESTS and name == "default"):
            yield f"hatch environment {name}", _of_hatch(environment)


def _of_hatch(environment: Mapping[str, Any]) -> list[str]:
    found = [*environment.get("dependencies", []), *environment.get("extra-dependencies", [])]
    return [one for one in found if "{" not in one]


def flatten(groups: Mapping[str, Any], name: str, within: tuple[str, ...] = ()) -> list[str]:
    """The requirements of a dependency group and of those that it includes (PEP 735)."""
    found: list[str] = []
    for one in groups.get(name, []):
        if isinstance(one, str):
            found.append(one)
        elif one.get("include-group") not in (None, name, *within):
            found += flatten(groups, one["include-group"], (*within, name))
    return found


def _without_python(dependencies: Mapping[str, Any]) -> list[str]:
    """Names alone: constraints of Poetry are in a form of its own."""
    return [name for name in dependencies if name.lower() != "python"]


def _setup_cfg(file: Path) -> list[str]:
    found = configparser.RawConfigParser(strict=False)
    found.read_string(file.read_text(errors="replace") if file.is_file() else "")
    return _lines(found.get("options", "tests_require", fallback=""))


def _tox(file: Path) -> list[str]:
    found = configparser.RawConfigParser(strict=False)
    found.read_string(file.read_text(errors="replace") if file.is_file() else "")
    lines = _lines(found.get("testenv", "deps", fallback=""))
    plain = [re.sub(r"^[\w,!{}.-]+:\s+", "", line) for line in lines if not re.match(r"^[\w,!.{}-]*py\d", line)]
    return [line.replace("{toxinidir}/", "") for line in plain if "{" not in line.replace("{toxinidir}", "")]


def _setup_py(file: Path) -> list[str]:
    """`tests_require` where it is written out in the call of `setup`."""
    if not file.is_file():
        return []
    try:
        tree = ast.parse(file.read_text(errors="replace"))
    except SyntaxError:
        return []  # the installation will say so
    keywords = [one for node in ast.walk(tree) if isinstance(node, ast.Call) for one in node.keywords]
    values = [one.value for one in keywords if one.arg == "tests_require"]
    constants = [part for value in values if isinstance(value, ast.List | ast.Tuple) for part in value.elts]
    return [one.value for one in constants if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def requirement_files(root: Path, names: frozenset[str]) -> list[str]:
    """Files of requirements whose names say what they are for, relative to the root."""
    words = "|".join(sorted(names))
    by_name = re.compile(rf"^(.*requirements?[-_.]?({words})|({words})[-_.]?requirements?).*\.(txt|in)$")
    in_folder = re.compile(rf"^({words})\.txt$")
    found = []
    for folder in FILES:
        for file in sorted((root / folder).glob("*.*")) if (root / folder).is_dir() else []:
            in_tests = folder in ("tests", "test") and file.name == "requirements.txt" and names is TESTS
            named = by_name.match(file.name) or (folder.startswith("requirements") and in_folder.match(file.name))
            if named or in_tests:
                found.append(file.relative_to(root).as_posix())
    with_text = [file for file in found if file.endswith(".txt")]
    return with_text or found


def _lines(text: str) -> list[str]:
    lines = (line.split(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _toml(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        return tomllib.loads(file.read_text(errors="replace"))
    except tomllib.TOMLDecodeError:
        return {}  # the installation will say so
