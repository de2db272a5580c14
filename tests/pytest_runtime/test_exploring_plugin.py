"""Exploring in a run of pytest: items, order, exit status, reports, acceptances, tests to keep."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import pytest_runtime.pytest_run
import pytest_runtime.replay.explore.explorer  # noqa: F401  # both kept loaded between the sessions in this process
from pytest_runtime import record
from pytest_runtime.accept.acceptance_file import write_acceptances
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.replay.judge.acceptance import Acceptance

from ..project import OWN, Project, output, without_plugins

SECRET = "xk7-Planted-Secret-Q9"
PLANTED = "Planted Plain Q7"
COUNTS = ("same", "rejected", "precondition_violations", "not_propagated", "inconclusive")
PRICING = """
    LIMIT = 100

    def fee(total):
        if total > LIMIT:
            return 10
        return 0

    def label(name):
        return name.lower()

    def login(user, password):
        return {"user": user, "password": password, "long": len(password) > 300}

    def numbers(count):
        yield from range(count)

    def first(count):
        return next(numbers(count), 0)
    """
PROJECT = """
    [tool.pytest-runtime]
    include = ["runshop"]
    sample = "all"
    """
LOUD = """
    from pathlib import Path
    from hypothesis import Verbosity, settings

    settings.register_profile("loud", verbosity=Verbosity.debug, max_examples=3, deadline=1, print_blob=True)
    settings.load_profile("loud")

    def pytest_sessionfinish():
        found = settings.default
        Path("profile.txt").write_text(f"{found.verbosity.name} {found.max_examples} {found.deadline}")
    """
REPLAYS = 6
RUN = ("--runtime-baseline=staging", "--runtime-base=../base")
FEE, LABEL, LOGIN, NUMBERS, FIRST = (
    f".runtime/staging/exploration.rt::explore.runshop.pricing.{name}"
    for name in ("fee", "label", "login", "numbers", "first")
)


def write(folder: Path, files: dict[str, str]) -> None:
    """Files of a project."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a baseline, changed since: one function near its traffic, three far from it or not at all."""
    home = tmp_path_factory.mktemp("exploring")
    base = home / "base"
    files = {"runshop/__init__.py": "", "runshop/pricing.py": PRICING, "pyproject.toml": PROJECT}
    write(base, {**files, "test_own.py": OWN})
    sys.path.insert(0, str(base))
    try:
        with record("staging", root=base):
            import runshop.pricing as pricing  # type: ignore[import-not-found]  # of the project

            for total in (50, 150, 160):
                pricing.fee(total)
            for name in ("ann", "bob"):
                pricing.label(name)
            pricing.login(PLANTED, SECRET)
            pricing.first(3)
    finally:
        sys.path.remove(str(base))
        for name in [name for name in sys.modules if name.partition(".")[0] == "runshop"]:
            del sys.modules[name]
    shutil.copytree(base, home / "work")
    changed = textwrap.dedent(PRICING)
    for old, new in (
        ("total > LIMIT", "total >= LIMIT"),
        ("name.lower()", "name.casefold()"),
        ("len(password) > 300", "300 < len(password)"),
        ("range(count)", "range(0, count)"),
    ):
        assert changed.count(old) == 1
        changed = changed.replace(old, new)
    write(home / "work", {"runshop/pricing.py": changed})
    return home


@pytest.fixture
def project(recorded: Path, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A fresh copy, beside base."""
    monkeypatch.setenv("PYTEST_ADDOPTS", without_plugins())
    home = pytester.path / "home"
    shutil.copytree(recorded / "work", home)
    shutil.copytree(recorded / "base", pytester.path / "base")
    monkeypatch.chdir(home)
    project = Project(pytester)
    project.path, project.store = home, home / ".runtime" / "staging.baseline"
    return project


class Whole(NamedTuple):
    """One run with everything that it left."""

    folder: Path
    status: int
    output: str

    def file(self, name: str) -> str:
        """What it wrote."""
        return (self.folder / name).read_text(encoding="utf-8")

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report."""
        found: dict[str, Any] = json.loads(self.file("report.json"))
        return found


@pytest.fixture(scope="module")
def whole(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """In a process of its own, with everything that can talk set to talk: what leaves the process is looked at."""
    home = tmp_path_factory.mktemp("whole")
    shutil.copytree(recorded / "base", home / "base")
    folder = home / "work"
    shutil.copytree(recorded / "work", folder)
    write(folder, {"conftest.py": LOUD})
    asked = ("--runtime-explore=40", "--runtime-json=report.json", "--runtime-write-tests=kept/test_base.py")
    noise = ("-v", "--junitxml=junit.xml", "-W", "always", "-o", "log_cli=true", "-o", "log_cli_level=DEBUG")
    environ = {**os.environ, "PYTEST_ADDOPTS": without_plugins(), "COLUMNS": "200"}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *RUN, *asked, *noise],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    return Whole(folder, ran.returncode, ran.stdout + ran.stderr)


# --- one run ------------------------------------------------------------------------------------------------------


def test_items_join_the_run_after_the_replays(whole: Whole) -> None:
    """One for each function that differs and each entry above it; near findings fail theirs, and the run."""
    ran = re.findall(r"^(\S+::\S+) (PASSED|FAILED|SKIPPED)", whole.output, re.M)
    assert ran[-5:] == [
        (FEE, "FAILED"),
        (LABEL, "PASSED"),
        (LOGIN, "PASSED"),
        (NUMBERS, "SKIPPED"),
        (FIRST, "PASSED"),
    ]
    assert {outcome for _name, outcome in ran[:-5]} == {"PASSED"}
    assert sum("staging/runshop" in name for name, _outcome in ran[:-5]) == len(ran) - 5 - 2
    assert whole.status == 1


def test_a_failure_shows_the_smallest_input_and_where_it_begins(whole: Whole) -> None:
    """For a person who reads a CI log."""
    shown = """
        fee(total=100)
            base       returned 0
            candidate  returned 10
            runshop/pricing.py:5  if total >= LIMIT:
                base       100 > 100 is false
                candidate  100 >= 100 is true
        """
    assert textwrap.dedent(shown) in whole.output
    assert re.search(
        r"^explored runshop\.pricing:fee: \d+ examples from 3 recorded inputs, \d+ the same", whole.output, re.M
    )
    assert "FAILED " + FEE + " - fee(total=100): base returned 0, candidate returned 10" in whole.output


def test_the_summary_shows_what_is_far_and_what_was_not_explored(whole: Whole) -> None:
    """And the totals in a line."""
    assert re.search(r"^differs: fee\(total=100\)$", whole.output, re.M)
    assert re.search(r"^far from what was recorded: label\(name='.*'\): base ", whole.output, re.M)
    assert "not explored: runshop.pricing:numbers: it is a generator function" in whole.output
    assert re.search(
        r"^runtime: explored 4 functions with \d+ examples: 1 difference, 1 far, \d+ rejected, \d+ inconclusive; "
        r"1 function not explored$",
        whole.output,
        re.M,
    )


def test_the_json_report_says_the_same(whole: Whole) -> None:
    """Counts and findings of each target, with their places."""
    report = whole.report
    assert (report["format"], report["passed"], report["counts"]["diverged"]) == (6, False, 0)
    found = {target["target"].rpartition(":")[2]: target for target in report["explored"]}
    assert list(found) == ["fee", "first", "label", "login", "numbers"]
    [finding] = found["fee"]["findings"]
    assert (finding["call"], finding["near"], finding["accepted"]) == ("fee(total=100)", True, False)
    assert (finding["location"]["file"], finding["location"]["line"]) == ("runshop/pricing.py", 5)
    assert finding["differences"] == [{"kind": "return", "field": "return", "base": 0, "candidate": 10}]
    assert [finding["near"] for finding in found["label"]["findings"]] == [False]
    assert found["numbers"]["reason"] == "it is a generator function"
    for target in found.values():
        counted = sum(target[name] for name in COUNTS)
        assert 0 <= target["examples"] - counted <= (target["examples"] if target["findings"] else 0)


def test_the_documentation_names_every_key_of_what_was_explored(whole: Whole) -> None:
    """`docs/report.md` is the format's description."""
    page = Path(__file__).resolve().parents[2] / "docs" / "report.md"
    if not page.exists():
        pytest.skip("the documentation is not part of this tree")
    text = page.read_text(encoding="utf-8")
    keys = {key for target in whole.report["explored"] for key in target}
    keys |= {key for target in whole.report["explored"] for finding in target["findings"] for key in finding}
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []


def test_no_value_of_the_baseline_leaves_unasked(whole: Whole) -> None:
    """Not in what pytest, Hypothesis, warnings and logs print, however loud; not in files; a secret nowhere at all."""
    written = {str(path): path.read_bytes() for path in whole.folder.rglob("*") if path.is_file()}
    assert [name for name, data in written.items() if SECRET.encode() in data] == []
    assert SECRET not in whole.output
    printed = [line for line in whole.output.splitlines() if PLANTED.lower() in line.lower()]
    assert printed == []
    assert "Trying example" not in whole.output
    assert "HypothesisWarning" not in whole.output
    holders = [name for name, data in written.items() if PLANTED.encode() in data and ".runtime" not in name]
    assert holders == []


def test_settings_of_the_projects_suite_are_left_alone(whole: Whole) -> None:
    """The profile that it loaded is the one that it finds afterwards; it is not used for exploring."""
    assert whole.file("profile.txt") == "debug 3 0:00:00.001000"
    [fee] = [target for target in whole.report["explored"] if target["target"].endswith(":label")]
    assert fee["examples"] > 30
    assert not (whole.folder / ".hypothesis" / "examples").exists()


def test_written_tests_pass_on_base_and_fail_on_the_candidate(
    whole: Whole, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With plain pytest: neither the plugin nor the baseline."""
    monkeypatch.setenv("PYTEST_ADDOPTS", without_plugins())
    text = whole.file("kept/test_base.py")
    for name, expected in (("base", {"passed": 2}), ("work", {"failed": 2})):
        folder = pytester.mkdir(name)
        shutil.copytree(whole.folder.parent / name / "runshop", folder / "runshop")
        (folder / "test_base.py").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(folder)
        plain = ("-p", "no:runtime", "-p", "no:hypothesispytest", "-p", "no:cacheprovider")
        result = pytester.runpytest_inprocess(*plain, f"--rootdir={folder}", folder / "test_base.py")
        result.assert_outcomes(**expected)
        for module in [module for module in sys.modules if module.partition(".")[0] == "runshop"]:
            del sys.modules[module]


# --- other runs ---------------------------------------------------------------------------------------------------


def test_far_inputs_fail_where_that_is_wanted(project: Project) -> None:
    """strict; and a node id runs that item alone."""
    result = project.run(*RUN, "--runtime-explore=40,strict", LABEL)
    result.assert_outcomes(failed=1)
    assert result.ret == 1
    assert "(far from what was recorded)" in output(result)


def test_what_is_accepted_passes(project: Project) -> None:
    """It is written down with the reason, and counts in the next run; what is far is not written."""
    result = project.run(*RUN, "--runtime-only", "--runtime-explore=40", "--runtime-accept", "TICKET-7: as agreed")
    assert result.ret == 0
    text = (project.path / "runtime-accepted.toml").read_text(encoding="utf-8")
    assert text.count("[[accepted]]") == 1
    assert 'entry = "runshop.pricing:fee"' in text
    assert "accepted: fee(total=100) (TICKET-7: as agreed)" in output(result)
    again = project.run(*RUN, "--runtime-only", "--runtime-explore=40")
    assert "differs: fee(total=100)" not in output(again)
    assert again.ret == 0


def test_what_was_accepted_of_exploring_is_not_missed_by_a_run_that_does_not_explore(project: Project) -> None:
    """It did not look there."""
    reader = open_reader(str(project.store))
    paths = [path_class.path for path_class in reader.classes() if path_class.entry == "runshop.pricing:fee"]
    reader.close()
    accepted = [
        Acceptance(
            entry="runshop.pricing:fee",
            path=path,
            conditions="total > LIMIT",
            field="return",
            kind="return",
            base="int",
            candidate="int",
            reason="TICKET-7",
            explored=True,
        )
        for path in paths
    ]
    write_acceptances(project.path / "runtime-accepted.toml", accepted)
    result = project.run(*RUN, "--runtime-only")
    assert "matches nothing any more" not in output(result)
    assert result.ret == 0


def test_two_workers_find_the_same(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """-n 2: the same findings, the same totals."""
    monkeypatch.setenv("COLUMNS", "200")
    result = project.run(*RUN, "--runtime-only", "--runtime-explore=20", "-n", "2", "-k", "fee or first")
    assert result.ret == 1
    assert re.search(r"^differs: fee\(total=100\)$", output(result), re.M)
    assert "explored 2 functions with " in output(result)
    assert [line for line in result.stdout.lines if line.startswith("FAILED")] == [
        f"FAILED {FEE} - fee(total=100): base returned 0, candidate returned 10"
    ]


def test_the_configuration_explores_in_every_run(project: Project) -> None:
    """Items are listed without running."""
    project.configure("explore = 30\n")
    listed = project.run(*RUN, "--runtime-only", "--co", "-q")
    assert [line for line in listed.stdout.lines if "exploration.rt" in line] == [FEE, LABEL, LOGIN, NUMBERS, FIRST]
    assert "explored" not in output(listed).replace("exploration", "")


def test_where_nothing_differs_nothing_is_explored(project: Project) -> None:
    """And the run passes."""
    shutil.copy(project.path.parent / "base" / "runshop" / "pricing.py", project.path / "runshop")
    result = project.run(*RUN, "--runtime-only", "--runtime-explore")
    assert result.ret == 0
    assert "nothing to replay" in output(result)
    assert "exploration.rt" not in output(result)


def test_a_hook_that_fails_fails_its_item_with_the_reason(project: Project) -> None:
    """An exception in a project's own rule is reported, and the rest goes on."""
    write(project.path, {"conftest.py": "def pytest_runtime_compare(field):\n    raise OSError('hook is broken')\n"})
    result = project.run(*RUN, "--runtime-only", "--runtime-explore=40", "-k", "explore and (fee or first)")
    result.assert_outcomes(failed=1, passed=1, deselected=result.parseoutcomes()["deselected"])
    assert "hook is broken" in output(result)
    assert "INTERNALERROR" not in output(result)


# --- usage errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["none", "0", "-5", "200,strickt", "100001", "½", "test_own.py"])
def test_a_way_to_explore_that_is_none_is_a_usage_error(project: Project, said: str) -> None:
    """With what there is, and how to write it."""
    result = project.run(*RUN, f"--runtime-explore={said}")
    assert result.ret == 4
    assert "is neither a number of examples (1 to 100000) nor strict" in output(result)


@pytest.mark.parametrize(("said", "message"), [("0", "at least one example"), ('"far"', "explore"), ("1.5", "explore")])
def test_a_setting_that_is_none_is_a_usage_error(project: Project, said: str, message: str) -> None:
    """It names the file."""
    result = project.configure(f"explore = {said}\n").run(*RUN)
    assert result.ret == 4
    assert "pyproject.toml: [tool.pytest-runtime]" in output(result)
    assert message in output(result)


def test_exploring_needs_base(project: Project) -> None:
    """A usage error where it was asked for; where the configuration says so, the run says why and goes on."""
    result = project.run("--runtime-baseline=staging", "--runtime-explore")
    assert result.ret == 4
    assert "--runtime-explore: exploring needs base" in output(result)
    project.configure("explore = true\n")
    result = project.run("--runtime-baseline=staging", "--runtime-only")
    assert result.ret == 0
    assert "nothing is explored: exploring needs base" in output(result)


def test_tests_that_cannot_be_written_are_no_pass(project: Project) -> None:
    """With the reason, although nothing differs."""
    project.write("kept", "a file")
    shutil.copy(project.path.parent / "base" / "runshop" / "pricing.py", project.path / "runshop")
    result = project.run(*RUN, "--runtime-only", "--runtime-write-tests=kept/test_base.py")
    assert result.ret == 1
    assert "a report cannot be written" in output(result)
