"""The gate: a changed thing that recorded traffic ran, and that no faithful trace judged, is no pass."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from pytest_runtime.accept.acceptance_file import FILE, read_blindness, write_acceptances
from pytest_runtime.recorders.errors import AcceptanceError
from pytest_runtime.replay.judge.blindness import Blindness, agree
from pytest_runtime.replay.judge.gate import DESELECTED, UnjudgedChange, UnreachedLine, unjudged_changes, unjudged_lines
from pytest_runtime.replay.judge.selection import Touched
from pytest_runtime.replay.model.reason import Reason, ReasonCode, because
from pytest_runtime.replay.model.verdict import TraceVerdict, Verdict

from ...project import RUN, Project, output

FEE = Touched("function", "shop:fee", ("a", "b"))
TODAY = datetime.date(2026, 11, 27)

X = Reason(ReasonCode.UNKNOWN, "x")


def gate(*verdicts: TraceVerdict, ran: tuple[str, ...] = ("shop:fee",)) -> list[UnjudgedChange]:
    """What of one changed function nobody judged."""
    known = {one.trace: one for one in verdicts}
    return unjudged_changes([FEE], known, dict.fromkeys("ab", ran), dict.fromkeys("ab", "GET /fee"))


@pytest.mark.parametrize("verdict", ["same", "accepted", "diverged", "hung", "crashed"])
def test_one_judged_trace_that_ran_it_is_enough(verdict: Verdict) -> None:
    """Whatever the result was."""
    assert gate(TraceVerdict("a", verdict), TraceVerdict("b", "not judged", X)) == []


def test_traces_that_were_not_judged_say_why() -> None:
    """By cause; a trace that was deselected says that."""
    unjudged = TraceVerdict("a", "not judged", because(ReasonCode.STATE, "it reads shop.state"))
    [change] = gate(unjudged)
    assert change.reasons == (("it reads shop.state", 1), (DESELECTED, 1))
    assert change.describe() == (
        "shop:fee, run by 2 recorded traces: it reads shop.state (1 of 2); it was deselected in this run (1 of 2)"
    )


def test_a_judged_trace_whose_replay_did_not_run_it_is_no_evidence() -> None:
    """A cache answered it, or base took another path."""
    [change] = gate(TraceVerdict("a", "same"), TraceVerdict("b", "same"), ran=("shop:other",))
    assert change.reasons == (("its replay on base did not run it", 2),)


def test_a_trace_that_the_candidate_alone_kept_from_being_judged_fails_the_change() -> None:
    """Although others of the function were the same: a change may not make itself unseen."""
    silenced = TraceVerdict("b", "not judged", because(ReasonCode.CANDIDATE, "return: a generator was not captured"))
    [change] = gate(TraceVerdict("a", "same"), silenced)
    assert (change.name, change.traces) == ("shop:fee", 1)
    assert change.reasons == (("return: a generator was not captured", 1),)


# --- lines ----------------------------------------------------------------------------------------------------------

LINE = UnreachedLine("shop:fee", "shop.py:9  return total")
KNOWN = ("shop:fee", "name is None", 0, "false")
UNKNOWN = ("shop:fee", "name is None", 0, "true")


def lines(arms: dict[str, list[tuple[str, str, int, str]]], *verdicts: TraceVerdict) -> list[UnjudgedChange]:
    """What of one changed line that no replay reached is no blind spot."""
    known = {one.trace: one for one in verdicts}
    ran = dict.fromkeys("ab", ("shop:fee",))
    return unjudged_lines([LINE], ran, arms, known, dict.fromkeys("ab", "GET /fee"))


def test_a_changed_line_that_only_unjudged_traces_may_have_run_is_named() -> None:
    """They left its function by an arm that no judged trace took: the requests of those who are logged in."""
    arms = {"a": [UNKNOWN], "b": [KNOWN]}
    unjudged = TraceVerdict("b", "not judged", because(ReasonCode.REDACTED, "it computes with the redacted cookie"))
    [change] = lines(arms, TraceVerdict("a", "same"), unjudged)
    assert (change.kind, change.name) == ("line", "shop.py:9  return total")
    assert change.reasons == (("it computes with the redacted cookie", 1),)


def test_a_changed_line_is_a_blind_spot_where_judged_traces_took_all_recorded_arms() -> None:
    """No recorded trace ran it."""
    arms = {"a": [UNKNOWN, KNOWN], "b": [KNOWN]}
    assert lines(arms, TraceVerdict("a", "same"), TraceVerdict("b", "not judged", X)) == []


def test_a_line_of_a_function_that_nobody_judged_is_named_with_the_function_alone() -> None:
    """Once is enough."""
    assert lines({"a": [KNOWN], "b": [KNOWN]}, TraceVerdict("a", "not judged", X)) == []


# --- agreed blindness ---------------------------------------------------------------------------------------------


def change(name: str = "shop:fee", *entries: str) -> UnjudgedChange:
    """A function that nobody judged."""
    return UnjudgedChange("function", name, entries or ("GET /fee",), 1, (("x", 1),))


def test_blindness_covers_functions_or_entries_until_a_day() -> None:
    """By pattern; of entries all that ran it have to be named."""
    by_function = Blindness(function="shop:f*", reason="r")
    by_entry = Blindness(entry="GET /*", reason="r", until=TODAY)
    changes = (change(), change("shop:tax", "GET /tax", "POST /tax"), change("shop:left", "GET /left"))
    assert [one.name for one in agree(changes, [by_function], TODAY).left] == ["shop:tax", "shop:left"]
    assert [one.name for one in agree(changes, [by_entry], TODAY).left] == ["shop:tax"]
    over = agree(changes, [by_entry], TODAY + datetime.timedelta(days=1))
    assert (len(over.left), over.over) == (3, (by_entry,))


def test_blindness_is_read_and_kept(tmp_path: Path) -> None:
    """Writing acceptances does not lose it."""
    path = tmp_path / FILE
    path.write_text('[[blind]]\nentry = "GET /fee"\nreason = "until TICKET-3"\nuntil = 2027-01-31\n')
    [said] = read_blindness(path)
    assert said == Blindness(entry="GET /fee", reason="until TICKET-3", until=datetime.date(2027, 1, 31))
    write_acceptances(path, [])
    assert read_blindness(path) == (said,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[blind]]\nentry = "x"\n', "no 'reason'"),
        ('[[blind]]\nreason = "x"\n', "either an entry or a function"),
        ('[[blind]]\nentry = "x"\nfunction = "y"\nreason = "z"\n', "either an entry or a function"),
        ('[[blind]]\nentry = "x"\nreason = "z"\nuntil = "2027"\n', "line 4: 'until' is a date"),
        ('[[blind]]\nentri = "x"\nreason = "z"\n', "did you mean 'entry'?"),
        ('[[blnd]]\nentry = "x"\n', "did you mean 'blind'?"),
    ],
)
def test_a_mistake_in_it_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """And with what is right."""
    path = tmp_path / FILE
    path.write_text(text)
    with pytest.raises(AcceptanceError) as caught:
        read_blindness(path)
    assert said in str(caught.value).replace(f"{path}:", "line ") or said in str(caught.value)


# --- whole runs ---------------------------------------------------------------------------------------------------


def test_what_a_reviewer_agreed_to_leave_unjudged_passes_and_is_shown(project: Project) -> None:
    """Without it the same change is no pass."""
    project.commit().change("        return 10", "        return __import__('hashlib').sha256()")
    assert project.run(*RUN).ret == 1
    agreed = '[[blind]]\nfunction = "runshop.pricing:fee"\nreason = "TICKET-3"\nuntil = 2999-01-01\n'
    result = project.write("runtime-accepted.toml", agreed).run(*RUN)
    assert result.ret == 0
    assert "agreed not to be judged: runshop.pricing:fee until 2999-01-01 (TICKET-3)" in output(result)


def test_a_change_that_makes_some_of_its_traces_unjudgeable_is_no_pass(project: Project) -> None:
    """Base replays them all, and one is the same: what it does for the others nobody saw."""
    project.commit().change("        return 10", "        return __import__('hashlib').sha256()")
    text = output(project.run(*RUN))
    assert "changed and judged by no trace: runshop.pricing:fee, run by 2 recorded traces: return" in text


def test_a_run_that_deselects_everything_is_no_pass(project: Project) -> None:
    """It names what changed and why nobody judged it."""
    project.commit().moved_threshold()
    result = project.run(*RUN, "-k", "nothing_is_called_so")
    assert result.ret == 1
    assert "runshop.pricing:fee, run by 3 recorded traces: it was deselected in this run (3 of 3)" in output(result)


@pytest.mark.parametrize("home", ["lib", "services/x"])
def test_a_package_in_another_folder_is_judged(project: Project, home: str) -> None:
    """Where no import path leads to it before."""
    target = project.path / home
    target.mkdir(parents=True)
    (project.path / "runshop").rename(target / "runshop")
    project.commit().change("LIMIT = 100", "LIMIT = 500", f"{home}/runshop/pricing.py")
    result = project.run(*RUN)
    assert "2 diverged" in output(result)
    assert result.ret == 1


def test_a_slip_in_include_is_a_usage_error(project: Project) -> None:
    """It names what may be meant."""
    project.commit()
    path = project.path / "pyproject.toml"
    path.write_text(path.read_text().replace('include = ["runshop"]', 'include = ["runshopp"]'))
    result = project.run(*RUN)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "Did you mean 'runshop'?" in "\n".join(result.errlines)


def test_a_dirty_file_that_cannot_matter_does_not_hide_the_commits(project: Project) -> None:
    """A README, an untracked script: the branch is compared with where it left the main one."""
    project.write("README.md", "one").commit().git("switch", "--quiet", "--create", "change")
    project.moved_threshold().commit()
    project.write("README.md", "two").write("scratch.py", "print()")
    result = project.run(*RUN)
    assert "compared with merge base with main" in output(result)
    assert "2 diverged" in output(result)


ON_HEAD = ("--runtime-base=HEAD",)


@pytest.fixture
def ignoring(project: Project) -> Project:
    """The project with a module that git ignores: base gets it from the working tree."""
    return project.write(".gitignore", "runshop/stock.py\n").commit()


def test_a_changed_function_of_a_module_that_git_ignores_is_no_pass(ignoring: Project) -> None:
    """Base runs the same new text, so that nothing differs; the recording alone knows another."""
    result = ignoring.change("    return number", "    return number + 1", "runshop/stock.py").run(*RUN, *ON_HEAD)
    assert result.ret == 1
    assert "runshop.stock:left" in output(result)
    assert "git ignores its module" in output(result)


def test_a_changed_constant_of_a_module_that_git_ignores_is_reported(ignoring: Project) -> None:
    """A version number that a build writes is another at each commit: that fails no run."""
    result = ignoring.change("def left(", 'VERSION = "1.1"\ndef left(', "runshop/stock.py").run(*RUN, *ON_HEAD)
    assert result.ret == 0
    assert "because git ignores it: runshop.stock" in output(result)


def test_a_module_that_git_ignores_and_that_is_as_it_was_recorded_says_nothing(ignoring: Project) -> None:
    """Another one changed."""
    result = ignoring.moved_threshold().run(*RUN, *ON_HEAD)
    assert "git ignores" not in output(result)
