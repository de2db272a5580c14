"""The pytest plugin: items behave like tests, and a run that proves nothing does not pass."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import pytest_runtime.pytest_run  # noqa: F401  # kept loaded between the sessions that run in this process
from pytest_runtime.recorders.model.trace import FORMAT
from pytest_runtime.recorders.store.open import open_reader, open_writer
from pytest_runtime.recorders.store.protocol import Revision

from ..project import ITEMS, RUN, SECRET, Project, failed_ids, output

# --- collection and selection -------------------------------------------------------------------------------------


def test_items_join_a_normal_session(project: Project) -> None:
    """Tests and replays are counted together, once each."""
    result = project.run(*RUN)
    result.assert_outcomes(passed=ITEMS + 2)
    assert result.ret == 0
    assert f"collected {ITEMS + 2} items" in output(result)
    assert "runtime: 7 traces replayed (6 of 6 path classes): 7 same, 0 diverged, 0 not judged, 0 error" in output(
        result
    )
    assert "runtime: baseline staging, recorded " in output(result)


def test_only_the_replays_run(project: Project) -> None:
    """With --runtime-only."""
    project.run(*RUN, "--runtime-only").assert_outcomes(passed=ITEMS)


def test_replays_run_beside_an_argument(project: Project) -> None:
    """Naming a test file still replays the baseline."""
    project.run(*RUN, "test_own.py").assert_outcomes(passed=ITEMS + 2)


def test_items_are_selected_by_keyword_and_marker(project: Project) -> None:
    """With -k and -m, like tests."""
    project.run(*RUN, "-k", "left").assert_outcomes(passed=2, deselected=ITEMS)
    project.run(*RUN, "-m", "runtime", "--strict-markers").assert_outcomes(passed=ITEMS, deselected=2)
    project.run(*RUN, "-m", "not runtime").assert_outcomes(passed=2, deselected=ITEMS)


def test_items_are_listed_without_running(project: Project) -> None:
    """--co -q prints node ids in safe letters, and nothing of a summary."""
    result = project.run(*RUN, "--runtime-only", "--co", "-q")
    ids = [line for line in result.stdout.lines if "::" in line]
    assert len(ids) == len(set(ids)) == ITEMS
    assert all(re.fullmatch(r"\.runtime/staging/[\w.]+\.rt::[\w.:-]+", node) for node in ids)
    assert result.ret == 0
    assert "replayed" not in output(result)


def test_a_failure_is_rerun_alone(project: Project) -> None:
    """--lf runs exactly the item that failed, and passes once it is mended."""
    first = project.moved_threshold().run(*RUN)
    first.assert_outcomes(passed=ITEMS + 1, failed=1)
    assert first.ret == 1
    again = project.run(*RUN, "--lf")
    again.assert_outcomes(failed=1)
    assert failed_ids(again) == failed_ids(first)
    project.change("LIMIT = 500", "LIMIT = 100")
    project.run(*RUN, "--lf").assert_outcomes(passed=1)


def test_the_run_stops_at_the_first_failure(project: Project) -> None:
    """-x."""
    result = project.moved_threshold().change("hello", "bye").run(*RUN, "-x", "--runtime-only")
    result.assert_outcomes(failed=1, passed=result.parseoutcomes().get("passed", 0))


def test_a_node_id_of_the_summary_runs_that_item(project: Project) -> None:
    """Copied as it stands, and nothing else; also beside --runtime-only."""
    [node] = failed_ids(project.moved_threshold().run(*RUN))
    for extra in ((), ("--runtime-only",)):
        result = project.run(*RUN, node, *extra)
        assert failed_ids(result) == [node]
        result.assert_outcomes(failed=1)
    project.run(*RUN, node.partition("::")[0]).assert_outcomes(failed=1, passed=3)


def test_the_plugin_can_be_switched_off(project: Project) -> None:
    """-p no:runtime leaves its options unknown and the tests as they are."""
    project.run("-p", "no:runtime").assert_outcomes(passed=2)
    assert project.run("-p", "no:runtime", *RUN).ret == 4


def test_without_the_option_nothing_happens(project: Project) -> None:
    """Only options and hooks are there, and nothing is collected, not even from an earlier run's folder of items."""
    project.run(*RUN)
    assert (project.path / ".runtime" / "staging" / "runshop.pricing.rt").exists()
    code = (
        "import pytest, sys\n"
        "assert pytest.main(['-q', '-p', 'no:cacheprovider']) == 0\n"
        "ours = ('pytest_runtime', 'deepdiff', 'sqlglot', 'msgspec')\n"
        "names = [name for name in sys.modules if name.startswith(ours)]\n"
        "assert names == ['pytest_runtime', 'pytest_runtime.plugin', 'pytest_runtime.hooks'], names\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=project.path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "2 passed" in done.stdout
    project.run(".runtime").assert_outcomes()


def test_the_ini_file_names_a_default(project: Project) -> None:
    """`runtime_baseline`; the option on the command line wins."""
    project.change('addopts = ""', 'runtime_baseline = "staging"', "pyproject.toml")
    project.run().assert_outcomes(passed=ITEMS + 2)
    assert project.run("--runtime-baseline=other").ret == 4


def test_a_conftest_may_import_the_code_under_test(project: Project) -> None:
    """The plugin starts before any conftest is loaded, so the modules are known."""
    (project.path / "conftest.py").write_text("import runshop.pricing\nfrom runshop.stock import left\n")
    result = project.moved_threshold().run(*RUN)
    result.assert_outcomes(passed=ITEMS + 1, failed=1)
    assert "runshop/pricing.py:5  if total > LIMIT:" in output(result)


# --- reports ------------------------------------------------------------------------------------------------------


def test_a_failure_says_what_where_and_how_to_replay_it(project: Project) -> None:
    """For a person who reads a CI log."""
    result = project.moved_threshold().run(*RUN)
    text = output(result)
    assert "runshop/pricing.py:5  if total > LIMIT:" in text
    assert re.search(r"^    base       .*\bis true +2 of 2$", text, re.M)
    assert re.search(r"^    candidate  150 > 500 is false +2 of 2$", text, re.M)
    assert re.search(r"return +10 → 0", text)
    [name] = set(re.findall(r"--runtime-trace (\w+) --pdb", text))
    result = project.run(*RUN, "--runtime-trace", name)
    result.assert_outcomes(failed=1)
    assert "1 of 1" in output(result)


def test_a_trace_id_that_matches_nothing_is_no_pass(project: Project) -> None:
    """A typo does not look like success."""
    result = project.run(*RUN, "--runtime-trace", "zzzz")
    assert result.ret == 1
    assert "no kept trace has an id that begins with 'zzzz'; this is not a pass" in output(result)


def test_the_junit_report_holds_the_items(project: Project) -> None:
    """With the divergence as the message."""
    project.moved_threshold().run(*RUN, "--junitxml=junit.xml")
    text = (project.path / "junit.xml").read_text(encoding="utf-8")
    assert text.count("<testcase") == ITEMS + 2
    assert text.count("<failure") == 1
    assert "runshop/pricing.py:5" in text


def test_an_item_of_the_junit_report_says_what_it_is_about(project: Project) -> None:
    """Entry, path class, place and traces, for whoever reads it by machine."""
    project.moved_threshold().run(*RUN, "--junitxml=junit.xml", "-k", "fee")
    cases = ElementTree.parse(project.path / "junit.xml").findall(".//testcase")
    [properties] = [
        {found.attrib["name"]: found.attrib["value"] for found in case.findall(".//property")}
        for case in cases
        if case.find("failure") is not None
    ]
    with closing(open_reader(str(project.store))) as reader:
        stored = {found.path: found for found in reader.classes()}[properties["runtime_path"]]
    assert properties == {
        "runtime_entry": "runshop.pricing:fee",
        "runtime_path": stored.path,
        "runtime_conditions": "total > LIMIT is true",
        "runtime_place": "runshop/pricing.py:5",
        "runtime_traces": " ".join(stored.kept.values()),
    }


def report_of(project: Project, *args: str) -> dict[str, Any]:
    """The JSON report of a run."""
    project.run(*RUN, "--runtime-json", "out/report.json", *args)
    found: dict[str, Any] = json.loads((project.path / "out" / "report.json").read_text(encoding="utf-8"))
    return found


def test_the_json_report_says_the_same(project: Project) -> None:
    """Counts, one row per field pattern with its traces and place, causes, blind spots."""
    project.moved_threshold().change("return number", "return number\n\ndef fresh():\n    return 1", "runshop/stock.py")
    report = report_of(project)
    assert (report["counts"]["same"], report["counts"]["diverged"], report["passed"]) == (5, 2, False)
    [row] = report["divergences"]
    assert (row["entry"], row["kind"], row["field"]) == ("runshop.pricing:fee", "return", "return")
    assert (row["example"]["base"], row["example"]["candidate"]) == (10, 0)
    assert len(row["trace_ids"]) == 2
    [cause] = report["causes"]
    assert (cause["location"]["file"], cause["location"]["line"]) == ("runshop/pricing.py", 5)
    assert (cause["traces"], [one["entry"] for one in cause["classes"]]) == (2, ["runshop.pricing:fee"])
    assert report["blind_spots"] == [{"file": "runshop/stock.py", "line": 8, "source": "return 1", "arm": ""}]
    assert report["changed_lines"] == {"reached": 0, "all": 1, "required_percent": None}
    assert report["oracle"]["kind"] == "recording"
    assert report["selection"] == {"classes": 6, "selected": 6, "trace": ""}


def keys_of(value: Any) -> set[str]:
    """All keys in a report but those that are data."""
    if isinstance(value, list):
        return {key for one in value for key in keys_of(one)}
    if not isinstance(value, dict):
        return set()
    return {key for key in value if key.isidentifier()} | {key for one in value.values() for key in keys_of(one)}


def test_the_documentation_names_every_key_of_the_json_report(project: Project) -> None:
    """`docs/report.md` is the format's description."""
    page = Path(__file__).resolve().parents[2] / "docs" / "report.md"
    if not page.exists():
        pytest.skip("the documentation is not part of this tree")
    text = page.read_text(encoding="utf-8")
    report = report_of(project.moved_threshold())
    del report["result"]  # no contract
    assert [key for key in keys_of(report) if f"`{key}`" not in text] == []


def test_no_secret_is_printed(project: Project) -> None:
    """What was redacted when it was recorded appears in no report, also where it is all that differs."""
    project.change('"password": password', '"password": password + "!"')
    names = ["report.json", "report.html", "report.md", "report.sarif"]
    reports = [f"--runtime-report={name}" for name in names]
    result = project.run(*RUN, "--junitxml=junit.xml", *reports, "-vv")
    result.assert_outcomes(passed=ITEMS + 1, failed=1)
    files = [(project.path / name).read_text(encoding="utf-8") for name in ("junit.xml", *names)]
    texts = [output(result), *files, *(path.read_text() for path in (project.path / ".runtime").rglob("*.rt"))]
    assert not any(SECRET in text for text in texts)
    assert SECRET.encode() not in project.store.read_bytes()


# --- no pass without proof ----------------------------------------------------------------------------------------


def test_an_empty_baseline_is_no_pass(project: Project) -> None:
    """Zero traces fail the run, with the reason, although every test passes."""
    writer = open_writer(str(project.path / ".runtime" / "empty.baseline"))
    writer.start(Revision("", "3.12", 0.0, {}, {}))
    writer.close()
    for args in ((), ("--runtime-only",)):
        result = project.run("--runtime-baseline=empty", *args)
        assert result.ret == 1
        assert "baseline 'empty' holds no trace; this is not a pass" in output(result)


def test_a_run_in_which_nothing_could_be_judged_is_no_pass(project: Project) -> None:
    """Skipped items alone prove nothing."""
    project.change("def fee(total):\n", "def fee(total):\n    open('planted', 'w')\n")
    result = project.run(*RUN, "--runtime-only", "-k", "fee")
    result.assert_outcomes(skipped=2, deselected=ITEMS - 2)
    assert result.ret == 1
    assert "none of the 3 traces could be judged; this is not a pass. Most often: it writes planted" in output(result)


def test_some_that_could_not_be_judged_are_skipped_with_the_reason(project: Project) -> None:
    """They are counted; where what changed was run by them alone, the run is no pass."""
    project.change("def left(number):\n", "def left(number):\n    open('planted', 'w')\n", "runshop/stock.py")
    result = project.run(*RUN, "-rs")
    result.assert_outcomes(passed=ITEMS, skipped=2)
    assert result.ret == 1
    assert "not judged: it writes planted, and without base nobody knows what was written before" in output(result)
    assert "changed and judged by no trace: runshop.stock:left, run by 2 recorded traces" in output(result)


def test_one_corrupt_trace_costs_one_trace(project: Project) -> None:
    """It is not judged, with the reason; the rest goes on."""
    connection = sqlite3.connect(project.store)
    with connection:
        connection.execute("UPDATE trace SET data = zeroblob(9) WHERE entry LIKE '%label'")
    connection.close()
    result = project.run(*RUN)
    result.assert_outcomes(passed=ITEMS + 1, skipped=1)
    assert "it is corrupt" in output(result)
    assert result.ret == 0


# --- usage errors -------------------------------------------------------------------------------------------------


def damaged(project: Project, how: str) -> None:
    """Spoil the baseline."""
    if how == "not a baseline":
        project.store.write_text("hello " * 1000)
    elif how == "another database":
        project.store.unlink()
        connection = sqlite3.connect(project.store)
        connection.execute("CREATE TABLE a (b)")
        connection.close()
    elif how == "empty":
        project.store.write_bytes(b"")
    elif how == "truncated":
        project.store.write_bytes(project.store.read_bytes()[:6000])
    else:
        connection = sqlite3.connect(project.store)
        connection.execute(f"PRAGMA user_version={FORMAT + 1}")
        connection.close()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("not a baseline", "is not a readable baseline"),
        ("another database", "it is an SQLite database of something else"),
        ("empty", "it is empty"),
        ("truncated", "is not a readable baseline"),
        ("newer", f"has format {FORMAT + 1}; this version"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_usage_error(project: Project, how: str, said: str) -> None:
    """Exit status 4 with what is wrong and what to do, no traceback."""
    damaged(project, how)
    result = project.run(*RUN)
    assert result.ret == 4
    assert said in output(result)
    assert "Traceback" not in output(result)


def test_an_unknown_baseline_lists_those_that_there_are(project: Project) -> None:
    """Exit status 4, and how to record one."""
    result = project.run("--runtime-baseline=stagin")
    assert result.ret == 4
    assert "no baseline 'stagin'" in output(result)
    assert "there are: staging" in output(result)
    assert "pytest-runtime record --baseline stagin" in output(result)


@pytest.mark.parametrize("name", ["../staging", "a b", "x/y"])
def test_a_name_that_is_none_is_a_usage_error(project: Project, name: str) -> None:
    """It would lead out of the folder."""
    result = project.run(f"--runtime-baseline={name}")
    assert result.ret == 4
    assert "is no name of a baseline" in output(result)


def test_a_base_that_cannot_be_had_is_a_usage_error(project: Project) -> None:
    """Without git there is no revision; with it, one that is unknown is reported with the nearest name."""
    result = project.run(*RUN, "--runtime-base=HEAD")
    assert result.ret == 4
    assert "lies in no git repository" in output(result)
    assert "--runtime-base DIR" in output(result)
    result = project.commit().run(*RUN, "--runtime-base=mian")
    assert result.ret == 4
    assert "main" in output(result).replace("mian", "")


def test_nothing_under_validation_is_a_usage_error(project: Project) -> None:
    """The message shows the line to write."""
    project.change('include = ["runshop"]', "", "pyproject.toml")
    result = project.run(*RUN)
    assert result.ret == 4
    assert 'set include = ["PKG"] under [tool.pytest-runtime]' in output(result)


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_package_that_cannot_be_imported_is_a_usage_error(project: Project, workers: tuple[str, ...]) -> None:
    """Exit status 4 with the package, the fault and the way out; on workers the run fails too."""
    (project.path / "runshop" / "__init__.py").write_text("import not_installed_here\n")
    result = project.run(*RUN, *workers)
    assert "cannot import the included package 'runshop': ModuleNotFoundError" in output(result)
    assert "(at runshop/__init__.py:1). Install 'not_installed_here' in this environment" in output(result)
    assert result.ret == 4 if not workers else result.ret != 0


def test_a_module_that_cannot_be_imported_costs_its_entries(project: Project) -> None:
    """The others are judged; the fault is reported."""
    project.change("def left", "import not_installed_here\n\ndef left", "runshop/stock.py")
    result = project.run(*RUN)
    assert result.ret == 1
    assert "cannot be imported: runshop.stock: ModuleNotFoundError" in output(result)
    result.assert_outcomes(passed=ITEMS, failed=2)


def test_the_session_leaves_the_baseline_as_it_was(project: Project) -> None:
    """Replaying writes nothing into it."""
    before = project.store.read_bytes()
    project.moved_threshold().run(*RUN)
    assert project.store.read_bytes() == before
    reader = open_reader(str(project.store))
    assert len(list(reader.traces())) == 7
    reader.close()
