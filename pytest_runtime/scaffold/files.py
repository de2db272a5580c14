"""Files of a project that uses this package: what they say now, and what they are to say.

Nothing is written here: a change is a value that is shown first. What somebody wrote already stays as it is.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tomlkit
from tomlkit.exceptions import TOMLKitError

from .. import __version__
from ..config import FILE
from ..recorders.errors import ConfigurationError
from ..recorders.privacy.keys import KEY_VARIABLE
from .detect import Facts

REPOSITORY = "pytest-runtime/pytest-runtime"
"""Where this project lies on GitHub: it holds the action and the hooks."""

ACTION = f"{REPOSITORY}@v0"
"""The action that the workflow uses."""

WORKFLOW = Path(".github", "workflows", "runtime.yml")
HOOKS = Path(".pre-commit-config.yaml")
HOOK = "runtime-check"
"""Id of the hook that judges what is staged."""

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
SETUP_PYTHON = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0"
"""Actions of others, by commit: a tag can be moved."""


class Change(NamedTuple):
    """A file, before and after."""

    path: Path
    """Relative to the project's root."""
    before: str
    """Empty where there is none."""
    after: str

    @property
    def is_needed(self) -> bool:
        """Whether anything is to be written."""
        return self.before != self.after

    def diff(self) -> Iterator[str]:
        """Line by line, as `diff -u` has it."""
        old = f"a/{self.path.as_posix()}" if self.before else os.devnull
        lines = self.before.splitlines(), self.after.splitlines()
        return difflib.unified_diff(*lines, old, f"b/{self.path.as_posix()}", lineterm="")


class NoPlace(ConfigurationError):
    """A file cannot be added to without understanding more of it; the message says what to add."""


def changes_for(facts: Facts, baseline: str, store: str) -> tuple[list[Change], list[str]]:
    """What to write so that a project uses a baseline, and what somebody has to write by hand.

    Raises `ConfigurationError` for a project file that is no TOML.
    """
    changes, notes = [_configuration(facts, store), _workflow(facts, baseline, store)], []
    try:
        changes.append(_hooks(facts.root, baseline))
    except NoPlace as error:
        notes.append(str(error))
    return changes, notes


def _read(root: Path, path: Path) -> str:
    try:
        return (root / path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{root / path} cannot be read: {error}") from error


# --- the configuration -----------------------------------------------------------------------------------------------


def _configuration(facts: Facts, store: str) -> Change:
    """`[tool.pytest-runtime]` with what is missing there; all else of the file stays byte for byte."""
    path = Path(FILE)
    before = _read(facts.root, path)
    try:
        document = tomlkit.parse(before)
    except TOMLKitError as error:
        raise ConfigurationError(f"{facts.root / path} is not valid TOML: {error}") from error
    tool = document.setdefault("tool", tomlkit.table(is_super_table=True))
    is_new = "pytest-runtime" not in tool
    table = tomlkit.table() if is_new else tool["pytest-runtime"]
    wanted: dict[str, object] = {"include": list(facts.packages)} if facts.packages else {}
    wanted |= {"app": facts.app} if facts.app else {}
    wanted |= {"store": store} if store else {}
    missing = {key: value for key, value in wanted.items() if key not in table}
    if not missing:
        return Change(path, before, before)
    if is_new:  # at the end, whatever stands under [tool] already
        for key, value in missing.items():
            table.add(key, value)
        own = tomlkit.table(is_super_table=True).add("pytest-runtime", table)
        text = tomlkit.dumps(tomlkit.document().add("tool", own))
        return Change(path, before, before + _gap(before) + text)
    for key, value in missing.items():
        table.add(key, value)
    return Change(path, before, tomlkit.dumps(document))


def _gap(before: str) -> str:
    """What stands between the end of a file and a new table."""
    if not before:
        return ""
    return "\n" if before.endswith("\n") else "\n\n"


# --- the workflow ----------------------------------------------------------------------------------------------------


def _workflow(facts: Facts, baseline: str, store: str) -> Change:
    """The workflow; one that uses the action already is somebody's own, and stays."""
    before = _read(facts.root, WORKFLOW)
    if f"uses: {REPOSITORY}@" in before:
        return Change(WORKFLOW, before, before)
    return Change(WORKFLOW, before, workflow_text(facts, baseline, store))


def workflow_text(facts: Facts, baseline: str, store: str) -> str:
    """A workflow that judges pull requests; names are quoted as JSON, which YAML takes."""
    install = f"\n      - run: {facts.install}" if facts.install else ""
    remote = '\n      - run: pip install "pytest-runtime[remote]"' if store else ""
    return f"""\
# Replays recorded traffic on every pull request: https://github.com/{REPOSITORY}
name: runtime

on:
  pull_request:
    branches: [{_quoted(facts.branch)}]
  merge_group:

permissions:
  contents: read
  pull-requests: write  # for the comment; without it the summary says the same

jobs:
  runtime:
    runs-on: ubuntu-latest
    timeout-minutes: 20
    steps:
      - uses: {CHECKOUT}
      - uses: {SETUP_PYTHON}
        with:
          python-version: {_quoted(facts.python)}{install}{remote}
      - uses: {ACTION}
        with:
          baseline: {_quoted(baseline)}
        env:
          # A private key of `pytest-runtime key`, without which traces that compute with secrets are not judged.
          {KEY_VARIABLE}: ${{{{ secrets.{KEY_VARIABLE} }}}}
"""


def _quoted(text: str) -> str:
    """A text as a YAML scalar: JSON, of which GitHub expressions are taken away."""
    return json.dumps(text.replace("${{", "$ {{"))


# --- the hook --------------------------------------------------------------------------------------------------------


def hook_lines(baseline: str, indent: str) -> list[str]:
    """The entry of the hooks in a list of repositories."""
    lines = [
        f"- repo: https://github.com/{REPOSITORY}",
        f"  rev: v{__version__}",
        "  hooks:",
        f"    - id: {HOOK}",
        f"      args: [--baseline={baseline}]",
        "    - id: runtime-scan",
    ]
    return [indent + line for line in lines]


def _hooks(root: Path, baseline: str) -> Change:
    """The configuration of pre-commit with the hook at the end of its repositories.

    It is added as text, so that the file keeps its comments and its form. Raises `NoPlace` where there is no list that
    it can be added to.
    """
    before = _read(root, HOOKS)
    if re.search(rf"(?m)^\s*-?\s*id:\s*['\"]?{HOOK}['\"]?\s*(#.*)?$", before):
        return Change(HOOKS, before, before)
    if not before.strip():
        return Change(HOOKS, before, "\n".join(["repos:", *hook_lines(baseline, "  "), ""]))
    lines = before.splitlines()
    start = next((at for at, line in enumerate(lines) if re.fullmatch(r"repos:\s*(#.*)?", line)), None)
    first = next((line for line in lines[(start or 0) + 1 :] if re.match(r"\s*- ", line)), None)
    if start is None or first is None:
        shown = "\n".join(hook_lines(baseline, "  "))
        raise NoPlace(f"{root / HOOKS} has no list of repositories that can be added to. Add under repos:\n{shown}")
    indent = first[: len(first) - len(first.lstrip())]
    end = _end_of_block(lines, start + 1, indent)
    added = [*lines[:end], *hook_lines(baseline, indent), *lines[end:]]
    return Change(HOOKS, before, "\n".join(added) + "\n")


def _end_of_block(lines: list[str], start: int, indent: str) -> int:
    """The line behind the last one of a list whose items stand at an indent; comments after it are not its."""
    end = start
    for at in range(start, len(lines)):
        line = lines[at]
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        is_inside = line.startswith(f"{indent}- ") or line.startswith(f"{indent} ") or line == f"{indent}-"
        if not is_inside:
            break
        end = at + 1
    return end


# --- writing ---------------------------------------------------------------------------------------------------------


def write(root: Path, change: Change) -> None:
    """Write a file, whole or not at all; raises `ConfigurationError`."""
    path = root / change.path
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(change.after, encoding="utf-8")
        if path.exists():
            draft.chmod(path.stat().st_mode & 0o777)
        os.replace(draft, path)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
