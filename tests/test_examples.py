"""The examples with changes: each change applies to the service as it stands, and says what it is."""

from __future__ import annotations

import ast
import importlib.util
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
FOLDERS = ("fastapi_orders", "django_library")
DIFFS = [diff for folder in FOLDERS for diff in sorted((EXAMPLES / folder / "changes").glob("*.diff"))]


@pytest.fixture(scope="module")
def demonstration() -> Any:
    """What the demos share; it is no package."""
    spec = importlib.util.spec_from_file_location("examples_demonstration", EXAMPLES / "demonstration.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def names_of(file: Path) -> set[str]:
    """Functions and classes of a module, methods with their class, each as the report names it."""
    found: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = [part for part in node.body if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))]
            found |= {f"{node.name}.{part.name}" for part in inner} | {part.name for part in inner}
    return found


@pytest.mark.parametrize("diff", DIFFS, ids=lambda diff: f"{diff.parts[-3]}-{diff.stem}")
def test_a_change_applies_and_says_what_it_is(diff: Path, demonstration: Any, tmp_path: Path) -> None:
    """To the files of today; a breaking one names the function or class that causes it, others none."""
    change = demonstration.read_change(diff)
    assert change.expected == demonstration.VERDICT_EXPECTED[diff.stem.split("-")[0]]
    assert change.intent
    example = diff.parent.parent
    for file in example.rglob("*.py"):
        (tmp_path / file.relative_to(example)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, tmp_path / file.relative_to(example))
    demonstration.git(tmp_path, "apply", "-p1", str(diff))
    changed = {
        file.relative_to(tmp_path).as_posix()
        for file in tmp_path.rglob("*.py")
        if file.read_text() != (example / file.relative_to(tmp_path)).read_text()
    }
    for name in changed:
        compile((tmp_path / name).read_text(), name, "exec")
    assert changed
    assert (change.cause is None) == (change.expected == demonstration.SAME)
    if change.cause is not None:
        assert change.cause.file in changed
        assert change.cause.function in names_of(tmp_path / change.cause.file)


@pytest.mark.parametrize("folder", FOLDERS)
def test_there_are_enough_changes(folder: str, demonstration: Any) -> None:
    """At least six of each kind, beside the unchanged code."""
    changes = demonstration.read_changes(EXAMPLES / folder, [])
    assert changes[0] is demonstration.UNCHANGED
    assert sum(change.expected == demonstration.DIVERGED for change in changes) >= 6
    assert sum(change.expected == demonstration.SAME for change in changes[1:]) >= 6


@pytest.mark.parametrize(("faithful", "verdict"), [(100, "same"), (95, "same"), (94, "not judged")])
def test_unfaithful_traces_prove_nothing(demonstration: Any, tmp_path: Path, faithful: int, verdict: str) -> None:
    """On the unchanged code nearly all traces replay as they were recorded, or the demo fails."""
    report = tmp_path / "report.json"
    report.write_text(f'{{"fidelity": {{"GET /": {{"traces": 100, "faithful": {faithful}}}}}}}')
    assert demonstration.check_faithful(demonstration.Result("same"), report).verdict == verdict
