"""Shards of a run: together they judge what one run judges, and none of them decides on the whole."""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.cli.main import main

from ..project import ITEMS, RUN, Project, output

ONLY = (*RUN, "--runtime-only")


def report_of(project: Project, *args: str) -> tuple[dict[str, Any], pytest.RunResult]:
    """The JSON report of a run."""
    result = project.run(*ONLY, "--runtime-json=.runtime/report.json", *args)
    return json.loads((project.path / ".runtime" / "report.json").read_text(encoding="utf-8")), result


def traces_of(project: Project, *args: str) -> list[str]:
    """Node ids that a run collects."""
    lines = project.run(*ONLY, "--co", "-q", *args).stdout.lines
    return [line for line in lines if "::" in line]


def test_shards_divide_the_path_classes(project: Project) -> None:
    """Each class is in one shard, whole, whatever changed."""
    whole = traces_of(project)
    parts = [traces_of(project, f"--runtime-shard={index}/4") for index in range(1, 5)]
    assert sorted(node for part in parts for node in part) == sorted(whole)
    assert len(whole) == ITEMS
    assert [len(part) for part in parts] == [1, 2, 2, 1]  # the first has the class of two exemplars
    project.change("return 10", "return 11")
    assert traces_of(project, "--runtime-shard=2/4") == parts[1]


def test_shards_judge_together_what_one_run_judges(project: Project) -> None:
    """Verdicts and divergences, and each says which it is."""
    project.commit().moved_threshold()
    whole, _result = report_of(project, "--runtime-all")
    counts: dict[str, int] = dict.fromkeys(whole["counts"], 0)
    divergences = []
    for index in (1, 2):
        report, result = report_of(project, "--runtime-all", f"--runtime-shard={index}/2")
        assert f"compared with HEAD, shard {index} of 2 =" in output(result)
        divergences += report["divergences"]
        for verdict, count in report["counts"].items():
            counts[verdict] += count
    assert counts == whole["counts"]
    assert divergences == whole["divergences"]


def test_a_shard_without_a_class_passes(project: Project) -> None:
    """There may be more shards than classes; what such a shard lacks, others may have."""
    result = project.moved_threshold().run(*ONLY, "--runtime-shard=9/9")
    assert result.ret == 0
    assert "runtime: 0 traces replayed" in output(result)
    assert "runtime: shard 9 of 9 alone is no verdict: what no trace judges or reaches" in output(result)


def test_a_shard_leaves_what_needs_all_of_them_to_the_merge(project: Project) -> None:
    """An acceptance that matches nothing, changed code that its traces do not reach, and required reach."""
    project.commit().moved_threshold().run(*ONLY, "--runtime-accept=TICKET-7")
    project.change("LIMIT = 500", "LIMIT = 100").change(
        "return number", "if number > 5:\n        return 5\n    return number", "runshop/stock.py"
    )
    required = ("--runtime-require-reached=90", "--runtime-all")
    assert project.run(*ONLY, *required).ret == 1
    for index in (1, 2):
        result = project.run(*ONLY, *required, f"--runtime-shard={index}/2")
        assert result.ret == 0
        assert "not seen any more" not in output(result)
        assert "judged by no trace" not in output(result)
        assert "blind spots" not in output(result)


def test_a_shard_of_an_empty_baseline_is_no_pass(project: Project) -> None:
    """That is the same in all of them."""
    from pytest_runtime.recorders.store.open import open_writer
    from pytest_runtime.recorders.store.protocol import Revision

    writer = open_writer(str(project.path / ".runtime" / "empty.baseline"))
    writer.start(Revision("", "3.12", 0.0, {}, {}))
    writer.close()
    result = project.run("--runtime-baseline=empty", "--runtime-shard=1/2")
    assert result.ret == 1
    assert "baseline 'empty' holds no trace; this is not a pass" in output(result)


def test_exploring_is_divided_too(project: Project, recorded: Path) -> None:
    """Each target is explored by one shard."""
    project.moved_threshold().change("hello", "bye")
    options = (f"--runtime-base={recorded}", "--runtime-explore=5")
    whole = [node for node in traces_of(project, *options) if "explore." in node]
    parts = [traces_of(project, *options, f"--runtime-shard={index}/2") for index in (1, 2)]
    assert sorted(node for part in parts for node in part if "explore." in node) == sorted(whole)
    assert [sum("explore." in node for node in part) for part in parts] == [1, 1]


@pytest.mark.parametrize("said", ["0/8", "9/8", "a/b", "2", "", "1/0", "-1/2", "1/2/3", "1/100000", "²/8"])
def test_no_shard_is_a_usage_error(project: Project, said: str) -> None:
    """It says what is allowed."""
    result = project.run(*RUN, f"--runtime-shard={said}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"--runtime-shard: {said!r} is no shard. Write INDEX/COUNT, with an INDEX from 1 to COUNT" in output(result)


# --- merging ------------------------------------------------------------------------------------------------------


def merged(project: Project, monkeypatch: pytest.MonkeyPatch, *paths: str) -> tuple[int, str]:
    """(status, output) of merging reports."""
    monkeypatch.chdir(project.path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    out, err = StringIO(), StringIO()
    status = main(["report", "merge", *paths, "-o", ".runtime/merged.json"], out, err)
    return status, out.getvalue() + err.getvalue()


def shards_of(project: Project, of: int, *args: str) -> list[str]:
    """The reports of all shards."""
    names = []
    for index in range(1, of + 1):
        name = f".runtime/shard-{index}.json"
        project.run(*ONLY, f"--runtime-json={name}", f"--runtime-shard={index}/{of}", *args)
        names.append(name)
    return names


@pytest.mark.parametrize("case", ["diverged", "unjudged", "unmatched"])
def test_merged_shards_give_the_report_of_one_run(project: Project, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """The same bytes, whatever the order; and what needs all of them is decided."""
    project.commit()
    options: tuple[str, ...] = ("--runtime-all", "--runtime-require-reached=90")
    if case == "unmatched":
        project.moved_threshold().run(*ONLY, "--runtime-accept=TICKET-7")
        project.change("LIMIT = 500", "LIMIT = 100")
    if case != "diverged":
        project.change("return number", "if number > 5:\n        return 5\n    return number", "runshop/stock.py")
    else:
        project.moved_threshold()
        options = ("--runtime-all",)
    whole, _result = report_of(project, *options)
    names = shards_of(project, 3, *options)
    status, said = merged(project, monkeypatch, *reversed(names))
    assert status == (0 if whole["passed"] else 1), said
    assert not whole["passed"]
    assert (project.path / ".runtime" / "merged.json").read_bytes() == (
        project.path / ".runtime" / "report.json"
    ).read_bytes()


def test_reports_that_are_no_parts_of_one_run_are_not_merged(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is missing, is there twice, is of a whole run, of another change, or is merged in another checkout."""
    project.commit().moved_threshold()
    first, second = shards_of(project, 2)
    report_of(project)
    for names, words in (
        ([first], "shard 2 of 2 is missing"),
        ([first, second, second], "shard 2 of 2 is there more than once"),
        ([first, ".runtime/report.json"], "report.json is the report of a whole run"),
    ):
        status, said = merged(project, monkeypatch, *names)
        assert status not in (0, 1)
        assert words in said
    project.change("LIMIT = 500", "LIMIT = 600")
    project.run(*ONLY, "--runtime-json=.runtime/other.json", "--runtime-shard=2/2")
    status, said = merged(project, monkeypatch, first, ".runtime/other.json")
    assert "these are parts of different runs" in said
    status, said = merged(project, monkeypatch, first, second)
    assert "merge them in a checkout of the same change" in said
    assert status not in (0, 1)
    assert not (project.path / ".runtime" / "merged.json").exists()
