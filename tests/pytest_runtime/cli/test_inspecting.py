"""`list`, `show`, `explain` and `diff`: what is printed, as text and as JSON, of real baselines."""

from __future__ import annotations

import os
import random
import re
import shutil
import sqlite3
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import pytest_runtime

from .commands import PASSWORD, SHOP, record, run, usual


def entry_of(function: str) -> str:
    """The full name of an entry of the baseline `staging`."""
    names: list[str] = [entry["name"] for entry in run("show", "staging", "--json").json["entries"]]
    return next(name for name in names if name.endswith(f":{function}"))


def trace_of(function: str, words: str = "") -> str:
    """A kept trace of an entry, on a path with these words."""
    paths = run("show", "staging", entry_of(function), "--json").json["paths"]
    return next(str(path["traces"][0]) for path in paths if words in path["words"])


def test_without_a_baseline_the_list_says_how_to_make_one(here: Path) -> None:
    """Nothing is wrong: status 0."""
    assert run("list") == (0, "no baselines yet; pytest-runtime record --baseline NAME -- COMMAND\n", "")
    assert run("list", "--json").json == {"format": "pytest-runtime list", "version": 1, "baselines": [], "problem": ""}


def test_the_list_has_a_row_for_each_baseline(project: Path) -> None:
    """With entries, paths, traces, when it was recorded, and whether it is sealed."""
    listed = run("list")
    assert listed.status == 0
    assert listed.lines[0] == "baseline size entries paths recorded kept last recorded commit sealed"
    assert re.fullmatch(r"staging [\d.]+ KiB 3 6 7 7 20\d\d-\d\d-\d\d \d\d:\d\d UTC - no", listed.lines[1])
    (baseline,) = run("list", "--json").json["baselines"]
    assert baseline["size"] == os.path.getsize(project / ".runtime" / "staging.baseline")
    assert (baseline["entries"], baseline["paths"], baseline["recorded"], baseline["kept"]) == (3, 6, 7, 7)


def test_a_damaged_baseline_does_not_hide_the_others(project: Path) -> None:
    """It has a line that says why it cannot be read, and the status says that something was found."""
    (project / ".runtime" / "broken.baseline").write_text("hello " * 500)
    listed = run("list")
    assert listed.status == 1
    assert any(line.startswith("staging ") for line in listed.lines)
    assert any(line.startswith("broken: ") and "is not a readable baseline" in line for line in listed.lines)


def test_show_lists_entries_by_traffic(project: Path) -> None:
    """With their part of it, and the kinds of their outcomes."""
    entries = run("show", "staging", "--json").json["entries"]
    assert [entry["name"].rpartition(":")[2] for entry in entries] == ["fee", "check", "login"]
    assert [(entry["recorded"], entry["paths"], round(entry["share"], 3)) for entry in entries] == [
        (4, 3, 0.571),
        (2, 2, 0.286),
        (1, 1, 0.143),
    ]
    assert entries[1]["outcomes"] == {"ValueError": 1, "returned": 1}
    assert any(line.endswith(":fee 4 57 % 3 4 returned 100 %") for line in run("show", "staging").lines)


def test_show_has_branches_paths_and_examples_of_an_entry(project: Path) -> None:
    """Conditions in words, how often each arm is taken, shapes, and a call with its result for each path."""
    shown = run("show", "staging", entry_of("fee"))
    assert shown.status == 0
    assert any(re.match(r"total > 100 4 false 75 %, true 25 % \S+:fee:3", line) for line in shown.lines)
    assert "coupon is not None is false · 2 recorded, 50 %" in shown.lines
    assert "for example fee(total=200)" in shown.lines
    assert "returned {'fee': 0, 'coupon': 'SAVE'}" in shown.lines
    assert any(line.startswith("outcome ") and "int 0–10" in line for line in shown.lines)  # noqa: RUF001


def test_show_prints_so_many_examples(project: Path) -> None:
    """None where none is asked for."""
    found = run("show", "staging", entry_of("fee"), "--examples", "2", "--json").json
    assert [len(path["examples"]) for path in found["paths"]] == [2, 1, 1]
    assert "for example" not in run("show", "staging", entry_of("fee"), "--examples", "0").out


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_secret_is_shown_as_its_pseudonym(project: Path, form: tuple[str, ...]) -> None:
    """In examples and in the explanation of a trace; the pseudonym is as long as the secret."""
    pseudonym = run("show", "staging", entry_of("login"), "--json").json["paths"][0]["examples"][0]["input"]
    assert re.search(rf"password='[^']{{{len(PASSWORD)}}}'", pseudonym)
    for argv in (("show", "staging", entry_of("login")), ("explain", trace_of("login"))):
        shown = run(*argv, *form)
        assert shown.status == 0
        assert "password" in shown.out
        assert PASSWORD not in shown.out


def test_explain_shows_a_trace_from_input_to_outcome(project: Path) -> None:
    """The call, the path with its places, the outcome, and that nobody knows yet whether it can be judged."""
    trace = trace_of("fee", "total > 100 is true")
    shown = run("explain", trace)
    assert shown.status == 0
    assert shown.lines[0].endswith(":fee · total > 100 is true")
    assert f"trace {trace} of baseline staging" in shown.out
    assert "fee(total=200)" in shown.lines
    assert any(re.fullmatch(r"total > 100 is true \S+:fee:3", line) for line in shown.lines)
    assert "returned 10" in shown.lines
    assert "not sealed: whether base replays it as recorded is not known (pytest-runtime seal staging)" in shown.lines


def test_explain_takes_the_beginning_of_a_name(project: Path) -> None:
    """Where it is that of one trace; where it is that of several, they are listed."""
    trace = trace_of("check", "number < 0 is true")
    whole = run("explain", trace, "--baseline", "staging")
    assert whole.lines[0].endswith(":check · number < 0 is true")
    assert run("explain", trace[:9]) == whole
    several = run("explain", "")
    assert (several.status, several.out) == (2, "")
    assert "several traces begin with ''" in several.err
    assert "Write more of the name" in several.err


def test_a_trace_is_found_beside_what_cannot_be_read(project: Path) -> None:
    """Also where two baselines keep it: then one has to be named."""
    trace = trace_of("check", "number < 0 is true")
    (project / ".runtime" / "broken.baseline").write_text("hello " * 500)
    assert run("explain", trace).status == 0
    shutil.copy(project / ".runtime" / "staging.baseline", project / ".runtime" / "copy.baseline")
    twice = run("explain", trace)
    assert twice.status == 2
    assert f"{trace} in copy, {trace} in staging" in twice.err
    assert "name the baseline with --baseline" in twice.err
    assert run("explain", trace, "--baseline", "copy").status == 0


def test_an_unknown_trace_is_named(project: Path) -> None:
    """With where it was looked for."""
    unknown = run("explain", "ffffffffffffffff")
    assert (unknown.status, unknown.out) == (2, "")
    assert "no trace 'ffffffffffffffff' is kept in staging" in unknown.err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("show", "stagin"), "no baseline 'stagin': "),
        (("show", "stagin"), "did you mean 'staging'?"),
        (("show", "staging", "shop:fe"), "has no entry 'shop:fe'; did you mean "),
        (("show", "staging", "shop:fe"), "List them with: pytest-runtime show staging"),
        (("diff", "staging", "other"), "no baseline 'other': "),
        (("explain", "00", "--baseline", "other"), "no baseline 'other': "),
        (("shwo", "staging"), "No such command 'shwo'. Did you mean 'show'?"),
        (("show", "staging", "--exampels", "3"), "No such option"),
    ],
)
def test_what_is_not_there_is_named_with_the_nearest(project: Path, argv: tuple[str, ...], said: str) -> None:
    """Status 2, on standard error alone."""
    ran = run(*argv)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


def test_outside_of_any_project_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration was found on the way up."""
    monkeypatch.chdir(tmp_path)
    ran = run("show", "staging")
    assert ran.status == 2
    assert "There is no pyproject.toml at or above" in ran.err


def test_exchanges_are_shown_in_order(here: Path) -> None:
    """What was asked, what was answered, and where."""
    source = """
        import sqlite3

        def names(least):
            connection = sqlite3.connect(":memory:")
            try:
                connection.execute("CREATE TABLE users (name TEXT, age INTEGER)")
                connection.executemany("INSERT INTO users VALUES (?, ?)", [("ann", 3), ("bob", 9)])
                return [row[0] for row in connection.execute("SELECT name FROM users WHERE age > ?", (least,))]
            finally:
                connection.close()
        """
    record(here, "staging", lambda shop: shop.names(5), source)
    trace = trace_of("names")
    exchanges = run("explain", trace, "--json").json["exchanges"]
    labels = [exchange["label"] for exchange in exchanges]
    assert labels[0] == "CONNECT"
    assert [label for label in labels if "users" in label] == ["CREATE users", "INSERT users", "SELECT users"]
    shown = run("explain", trace)
    assert any(line.endswith("'parameters': {'age': 5}}") for line in shown.lines)
    assert "item ('bob',)" in shown.lines


def test_a_sealed_trace_says_whether_base_is_evidence(project: Path) -> None:
    """What changed by itself is no evidence, with the reason; what replays as recorded is judged."""
    source = SHOP.replace('return {"user": user', 'return {"id": id(object()), "user": user')
    assert source != SHOP
    scenario = record(project, "moving", usual, source)
    name = scenario.names["shop"]
    (project / "pyproject.toml").write_text(f'[tool.pytest-runtime]\ninclude = ["{name}"]\n', encoding="utf-8")
    base = project.parent / f"{project.name}-old"
    base.mkdir()
    shop = (project / f"{name}.py").read_text(encoding="utf-8")
    (base / f"{name}.py").write_text(shop.replace("return number", "return number + 1"), encoding="utf-8")
    sealed = run("seal", "moving", "--base", str(base))
    assert (sealed.status, sealed.err) == (0, "")
    rows = {row["name"]: row for row in run("list", "--json").json["baselines"]}
    assert rows["staging"]["seal"] is None
    assert (rows["moving"]["seal"]["traces"], rows["moving"]["seal"]["no_evidence"]) == (7, 1)
    paths = run("show", "moving", f"{name}:check", "--json").json["paths"]
    unjudged = next(path for path in paths if path["no_evidence"])
    shown = run("explain", unjudged["traces"][0], "--baseline", "moving")
    assert any(line.startswith("not judged on ") and "recorded 1, replayed 2" in line for line in shown.lines)
    assert any(line.startswith("to have it judged: record again") for line in shown.lines)
    (login,) = run("show", "moving", f"{name}:login", "--json").json["paths"]
    evidence = run("explain", login["traces"][0], "--baseline", "moving", "--json").json["evidence"]
    assert (evidence["judged"], evidence["volatile"]) == (True, ["return.id"])


@pytest.fixture
def replayable(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project with its configuration and the source of the baseline."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    name = entry_of("fee").partition(":")[0]
    (project / "pyproject.toml").write_text(f'[tool.pytest-runtime]\ninclude = ["{name}"]\n', encoding="utf-8")
    (project / f"{name}.py").write_text(textwrap.dedent(SHOP), encoding="utf-8")
    return project


def test_explain_shows_the_values_of_decisions_by_a_replay(replayable: Path) -> None:
    """Of the working tree, where there is no base; the recording itself has none."""
    trace = trace_of("fee", "coupon is not None is true")
    assert "coupon = 'SAVE'" not in run("explain", trace).out
    shown = run("explain", trace, "--values")
    assert (shown.status, shown.err) == (0, "")
    lines = shown.lines[shown.lines.index("replayed on the working tree") :]
    assert lines[1] == "decision values where"
    assert lines[2].startswith("total > 100 is false total = 5")
    assert lines[3].startswith("coupon is not None is true coupon = 'SAVE'")
    assert lines[4] == "returned {'fee': 0, 'coupon': 'SAVE'}"


def test_values_of_a_replay_are_those_of_the_named_base(replayable: Path) -> None:
    """Whose code may do something else; an exception that leaves is shown too."""
    base = replayable / "old"
    base.mkdir()
    name = entry_of("fee").partition(":")[0]
    (base / f"{name}.py").write_text(textwrap.dedent(SHOP).replace("number < 0", "number < -5"), encoding="utf-8")
    trace = trace_of("check", "number < 0 is true")
    steps = run("explain", trace, "--base", "old", "--json").json["replayed"]
    assert [(step["text"], step["operands"][0]) for step in steps["steps"]] == [
        ("number < -5 is false", {"source": "number", "value": "-1"})
    ]
    assert steps["outcome"] == "returned -1"
    steps = run("explain", trace, "--values", "--json").json["replayed"]["steps"]
    assert [step["text"] for step in steps] == ["number < 0 is true", "ValueError('no -1') raised"]


def test_a_replay_computes_with_the_secret_and_shows_the_pseudonym(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is at hand, and the decision is made as it was; no value of it is shown."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(here)])
    condition = f"password == {PASSWORD[:4]!r} + {PASSWORD[4:]!r}"
    source = f"def login(user, password):\n    if {condition}:\n        return user\n    return None\n"
    (here / "keyed_shop.py").write_text(source, encoding="utf-8")
    (here / "pyproject.toml").write_text('[tool.pytest-runtime]\ninclude = ["keyed_shop"]\nsample = "all"\n')
    with pytest_runtime.record("staging", root=here):
        import keyed_shop  # type: ignore[import-not-found]  # of the project

        keyed_shop.login("bob", PASSWORD)
    del sys.modules["keyed_shop"]
    for form in ((), ("--json",)):
        shown = run("explain", trace_of("login"), "--values", *form)
        assert shown.status == 0
        assert "returned 'bob'" in shown.out
        assert PASSWORD not in shown.out
    (step,) = run("explain", trace_of("login"), "--values", "--json").json["replayed"]["steps"]
    assert step["text"].endswith(" is true")
    (operand,) = [operand for operand in step["operands"] if operand["source"] == "password"]
    assert len(operand["value"]) == len(repr(PASSWORD))


def test_what_cannot_be_replayed_is_said(replayable: Path) -> None:
    """Code that does not import, a base that is not there, nothing under validation: status 2."""
    trace = trace_of("fee", "total > 100 is true")
    missing = run("explain", trace, "--values", "--base", "no-such-revision")
    assert (missing.status, "lies in no git repository" in missing.err) == (2, True)
    (replayable / f"{entry_of('fee').partition(':')[0]}.py").write_text("import not_installed_here\n", encoding="utf-8")
    broken = run("explain", trace, "--values")
    assert broken.status == 2
    assert "cannot be replayed here: " in broken.err
    (replayable / "pyproject.toml").write_text("[tool.pytest-runtime]\n", encoding="utf-8")
    assert "nothing is under validation" in run("explain", trace, "--values").err


def test_a_baseline_does_not_differ_from_itself(project: Path) -> None:
    """Status 0, and a line that says so; under another name as well."""
    shutil.copy(project / ".runtime" / "staging.baseline", project / ".runtime" / "copy.baseline")
    same = run("diff", "staging", "copy")
    assert same == (0, "staging and copy have the same entries, paths, rates and shapes\n", "")


def test_diff_shows_what_traffic_does_that_it_did_not(here: Path) -> None:
    """New and gone entries and paths, rates that moved by more than chance, and shapes."""

    def before(shop: Any) -> None:
        for number in range(200):
            shop.fee(101 if number % 2 else 1)
        shop.check(1)
        shop.check(2)

    def after(shop: Any) -> None:
        for number in range(200):
            shop.fee(101 if number % 10 == 0 else 1)
        for _twice in range(2):
            shop.fee(1, coupon="SAVE")
        shop.login("bob", PASSWORD)

    record(here, "before", before)
    record(here, "after", after)
    ran = run("diff", "before", "after", "--json")
    assert ran.status == 1
    found = ran.json
    assert [entry["name"].rpartition(":")[2] for entry in found["new_entries"]] == ["login"]
    assert [entry["name"].rpartition(":")[2] for entry in found["gone_entries"]] == ["check"]
    (fee,) = found["entries"]
    assert [path["words"] for path in fee["new_paths"]] == ["coupon is not None is true"]
    assert fee["gone_paths"] == []
    arms = {rate["name"].partition(" ")[2]: (rate["before"], round(rate["after"], 2)) for rate in fee["branches"]}
    assert arms == {"total > 100 is false": (0.5, 0.9), "total > 100 is true": (0.5, 0.1)}
    assert {(change["part"], change["place"], change["change"]) for change in fee["shapes"]} >= {
        ("outcome", "$", "dict is new"),
    }
    text = run("diff", "before", "after")
    assert "new path coupon is not None is true → returned · 2 recorded, <1 %" in text.lines
    assert any(line.startswith("new entry ") and ":login · 1 recorded" in line for line in text.lines)


def test_whatever_byte_changes_no_command_fails_without_a_message(project: Path) -> None:
    """A damaged baseline is read as far as it goes, or named. 20,000 runs with other seeds found nothing more."""
    file = project / ".runtime" / "staging.baseline"
    content, entry, trace = file.read_bytes(), entry_of("fee"), trace_of("fee")
    used = [place for place in range(100, len(content)) if content[place]]
    choose = random.Random(11)
    commands = (
        ("list",),
        ("show", "staging"),
        ("show", "staging", entry),
        ("explain", trace, "--baseline", "staging"),
        ("status", "staging"),
        ("check", "staging"),
        ("scan", "staging"),
        ("merge", "whole", "staging"),
        ("diff", "good", "staging"),
    )
    shutil.copy(file, project / ".runtime" / "good.baseline")
    for _ in range(60):
        changed = bytearray(content)
        for _twice in range(2):
            changed[choose.choice(used)] ^= 1 << choose.randrange(8)
        file.write_bytes(changed)
        ran = run(*choose.choice(commands))
        assert ran.status in (0, 1, 2)
        assert ran.out or ran.err


@pytest.mark.parametrize(
    ("statement", "command", "status"),
    [
        ("UPDATE entry SET dictionary = x'7801ff'", ("scan", "staging"), 0),
        ("UPDATE part SET data = x'00'", ("merge", "whole", "staging"), 2),
        ("DELETE FROM path_class WHERE entry LIKE '%:login'", ("diff", "good", "staging"), 1),
        ("UPDATE path_class SET count = -count", ("diff", "good", "staging"), 0),
        ("DELETE FROM entry WHERE name LIKE '%:fee'", ("explain", "TRACE", "--baseline", "staging"), 0),
    ],
)
def test_what_is_missing_or_nonsense_is_no_fault_of_the_command(
    project: Path, statement: str, command: tuple[str, ...], status: int
) -> None:
    """It is passed over, or named."""
    trace, file = trace_of("fee"), project / ".runtime" / "staging.baseline"
    shutil.copy(file, project / ".runtime" / "good.baseline")
    connection = sqlite3.connect(file)
    with connection:
        connection.execute("INSERT INTO part VALUES ('x', x'00')")
        connection.execute(statement)
        if "part" not in statement:
            connection.execute("DELETE FROM part")
    connection.close()
    ran = run(*(trace if word == "TRACE" else word for word in command))
    assert (ran.status, bool(ran.err)) == (status, status == 2)


def test_names_of_a_hostile_baseline_are_made_printable(here: Path) -> None:
    """An entry whose name holds control characters and workflow commands is harmless in every form."""
    from pytest_runtime.recorders.model.trace import Entry, PathClass
    from pytest_runtime.recorders.store.open import open_writer
    from pytest_runtime.recorders.store.protocol import Batch, Revision

    hostile = "a\x1b[2Jb\n::error::c ##[group]d"
    writer = open_writer(str(here / ".runtime" / "staging.baseline"))
    writer.start(Revision("", "3.12", 1.0, {}, {}))
    classes = {(hostile, "p"): PathClass([], "returned", False)}
    writer.write(Batch([Entry(hostile, "function", "m", "m:f")], classes, {(hostile, "p"): 3}, [], {}, {}))
    writer.close()
    for argv in (("show", "staging"), ("show", "staging", hostile), ("show", "staging", "--json")):
        ran = run(*argv)
        assert ran.status == 0
        assert "\x1b" not in ran.out
        assert "##[" not in ran.out
        assert not any(line.startswith("::") for line in ran.out.splitlines())
    assert run("show", "staging", "--json").json["entries"][0]["name"] == hostile
