"""The benchmark on strangers: its rules, which know no package, its mutants, and its table. Nothing is fetched here."""

from __future__ import annotations

import textwrap
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest
from strangers_bench.environment import Environment
from strangers_bench.measure import Judged, Result, known, ran, step_of
from strangers_bench.mutating import covers, draw, is_of_product
from strangers_bench.product import Place, Recorded, Verdict, read
from strangers_bench.qualify import Qualification, first
from strangers_bench.releases import Wheel, packages_of, why_test_tool
from strangers_bench.requirements import flatten, needs_of
from strangers_bench.steps import Steps
from strangers_bench.suite import Outcomes, Suite, why_no_suite
from strangers_bench.table import kind_of, numbers, passed_over, reasons, table, total

SHOP = """
    def price(total, member):
        \"\"\"A docstring is no statement.\"\"\"
        ...
        if total > 100 and member:
            total = total - 5
        return total

    def never():
        return 1
    """
SUITE = Suite((), ("a", "b"), (), (), 2.0)


def outcomes(passed: int, failed: int, skipped: int = 0, broken: int = 0) -> Outcomes:
    """The number of tests of each outcome, ten a file."""
    found = ["passed"] * passed + ["failed"] * failed + ["skipped"] * skipped
    names = {f"tests/test_{number // 10}.py::test_{number}": outcome for number, outcome in enumerate(found)}
    return Outcomes(names, tuple(f"tests/test_broken_{number}.py" for number in range(broken)))


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (outcomes(90, 10), ""),
        (outcomes(89, 11), "11 of 100 tests fail"),
        (outcomes(1, 0, skipped=99), ""),
        (outcomes(0, 3), "no test passes: 3 fail, 0 files cannot be collected"),
        (outcomes(0, 0, broken=2), "no test passes: none was collected, 2 files cannot be collected"),
        (outcomes(90, 0, broken=1), ""),
        (outcomes(80, 0, broken=1), "1 of 9 files cannot be collected"),
    ],
)
def test_what_a_suite_is(found: Outcomes, reason: str) -> None:
    """Nine in ten of the tests that are not skipped pass, and nine in ten of the files can be collected."""
    assert why_no_suite(found) == reason


def test_packages_are_taken_in_order() -> None:
    """The first that qualify, none exchanged, and those before them that do not; nothing is tried beyond the last."""
    tried = []

    def one(name: str) -> Qualification:
        tried.append(name)
        return Qualification(name, reason="" if name in "bde" else "tests fail: all of them")

    assert [row.name for row in first(list("abcdef"), 2, one)] == list("abcd")
    assert tried == list("abcd")
    assert passed_over(map(one, "ab")) == "tests fail: 1\n    a : all of them"


@pytest.mark.parametrize(
    ("files", "packages"),
    [
        (["shop/__init__.py", "shop/web.py", "tests/__init__.py", "shop.dist-info/METADATA"], ("shop",)),
        (["one.py", "shop/__init__.py", "docs/conf.py"], ("one", "shop")),
        (["space/a/__init__.py", "space/a/b/__init__.py", "space/c.py"], ("space.a", "space.c")),
        (["shop-1.data/purelib/x.py"], ()),
    ],
)
def test_packages_of_a_wheel(files: list[str], packages: tuple[str, ...]) -> None:
    """What an import finds, below namespace packages too, without tests and documentation."""
    assert packages_of(files) == packages


@pytest.mark.parametrize(
    ("changes", "is_tool"),
    [
        ({"summary": "Dates and times"}, False),
        ({"summary": "The latest and greatest"}, False),
        ({"summary": "Mock out responses"}, True),
        ({"classifiers": ("Topic :: Software Development :: Testing :: Mocking",)}, True),
        ({"groups": ("console_scripts", "pytest11")}, True),
    ],
)
def test_test_tools_are_known_by_what_they_say(changes: dict[str, object], is_tool: bool) -> None:
    """By classifier, entry point or summary, never by name."""
    plain: dict[str, object] = {"summary": "", "classifiers": (), "groups": ()}
    wheel = Wheel("pytest-like", "1", requires=(), packages=("x",), **{**plain, **changes})  # type: ignore[arg-type]
    assert bool(why_test_tool(wheel)) is is_tool


def test_requirements_of_the_tests(tmp_path: Path) -> None:
    """From extras, groups with what they include, and files; development's only where tests have none."""
    (tmp_path / "PKG-INFO").write_text("Name: x\nProvides-Extra: dev\nProvides-Extra: Tests\n")
    (tmp_path / "pyproject.toml").write_text('[dependency-groups]\ntest = ["a", {include-group = "b"}]\nb = ["c>1"]\n')
    (tmp_path / "tox.ini").write_text("[testenv]\ndeps =\n  pytest\n  py27: old\n  -r{toxinidir}/more.txt\n  {[x]y}\n")
    (tmp_path / "setup.py").write_text("setup(tests_require=['d'])")
    (tmp_path / "requirements-test.txt").write_text("e\n")
    found = needs_of(tmp_path)
    assert found.extras == ("Tests",)
    assert dict(found.groups) == {
        "dependency group test": ("a", "c>1"),
        "setup.py": ("d",),
        "tox.ini": ("pytest", "-rmore.txt"),
        "files": ("-rrequirements-test.txt",),
    }
    assert flatten({"a": [{"include-group": "b"}], "b": ["x", {"include-group": "a"}]}, "a") == ["x"]


def test_what_an_installation_compiled_of_python_modules_is_not_measured(tmp_path: Path) -> None:
    """Extension modules beside a source of the same name go; those of the sdist, and those without a source, stay."""
    environment, end = Environment(tmp_path), EXTENSION_SUFFIXES[0]
    files = ["a.py", f"a{end}", "b.py", f"b{end}", f"c{end}"]
    (environment.project / "shop").mkdir(parents=True)
    for file in files:
        (environment.project / "shop" / file).touch()
    environment.remove_compiled(["shop/a.py", "shop/b.py", f"shop/b{end}"])
    assert environment.files() == sorted(f"shop/{file}" for file in files if file != f"a{end}")


def test_mutants_are_of_what_the_suite_ran(tmp_path: Path) -> None:
    """The same for the same seed, each another source, none of what did not run, of tests, or without an effect."""
    (tmp_path / "src" / "shop").mkdir(parents=True)
    file = tmp_path / "src" / "shop" / "web.py"
    file.write_text(textwrap.dedent(SHOP))
    lines = {"src/shop/web.py": {2, 4, 5, 6, 7}, "src/shop/tests/test_x.py": {1}, "tests/test_web.py": {1, 2}}
    drawn = draw(tmp_path, ("shop",), lines, 50, "seed")
    assert drawn == draw(tmp_path, ("shop",), lines, 50, "seed")
    assert len({one.source for one in drawn}) == len(drawn)
    assert {one.function for one in drawn} == {"price"}
    operators = {"comparison", "arithmetic", "boolean", "constant", "return value", "condition", "deletion"}
    assert {one.operator for one in drawn} == operators
    assert all(one.first != 4 for one in drawn)
    assert "total > 100 or member" in "".join(one.now for one in drawn if one.operator == "boolean")


def test_files_of_the_product() -> None:
    """Wherever packages lie in the tree, and no tests."""
    assert covers(("shop",), "src/shop/web.py")
    assert covers(("space.a", "one"), "lib/space/a/__init__.py")
    assert covers(("one",), "one.py")
    assert not covers(("shop",), "src/workshop/web.py")
    assert is_of_product("shop/contest.py")
    assert not any(map(is_of_product, ("shop/tests/x.py", "test_x.py", "shop/conftest.py", "shop/x_test.py")))


def test_a_function_of_a_file_is_found_among_those_that_ran() -> None:
    """By the module's name and the file's place, below whatever folder."""
    functions = frozenset({"shop.web:Cart.add", "shop:f"})
    assert ran(functions, "src/shop/web.py", "Cart.add")
    assert ran(functions, "shop/__init__.py", "f")
    assert not ran(functions, "src/other/web.py", "Cart.add")
    assert not ran(functions, "src/shop/web.py", "add")


def verdict(status: int | None, judged: tuple[str, ...] = (), place: Place | None = None, **counts: int) -> Verdict:
    """What a run said."""
    return Verdict(status, counts, {"no file 'x'": 2} if counts.get("not_judged") else {}, judged, place, 1, 2, {}, 1.0)


def mutant(killed: bool, found: Verdict, *, faithful: bool) -> Judged:
    """A mutant of lines 3 and 4 of a function."""
    return Judged("constant", "shop/web.py", "price", 3, 4, "-1\n+2", killed, True, found, faithful)


def result(name: str, *mutants: Judged, unchanged: Verdict, problem: str = "") -> Result:
    """A package that was measured."""
    recorded = Recorded(10, 5, "", ("a",) if problem else (), 4.0)
    return Result(Qualification(name, "1", suite=SUITE), recorded, unchanged, mutants, problem)


def test_the_table() -> None:
    """Bad ones first, then by what was not judged; the last row is the sum, and what must be 0 is counted."""
    at_line = Place("shop/web.py", 4, "price", "")
    inner = Place("shop/web.py", 9, "price.<locals>.<lambda>", "")
    flagged = mutant(True, verdict(1, ("t",), at_line, diverged=1), faithful=True)
    in_function = mutant(True, verdict(1, ("t",), inner, hung=1), faithful=True)
    silent = mutant(True, verdict(1, not_judged=1), faithful=False)
    extra = mutant(False, verdict(1, ("t",), at_line, diverged=1), faithful=True)
    false_green = mutant(True, verdict(0, ("t",), same=1), faithful=False)
    good = result("good", flagged, in_function, extra, unchanged=verdict(0, ("t", "u"), same=2))
    half = result("half", silent, unchanged=verdict(0, ("t",), same=1, not_judged=1))
    bad = result("bad", false_green, unchanged=verdict(0, ("t",), same=1))
    broken = result("broken", unchanged=verdict(None), problem="no verdict")
    rows = table([good, half, bad, broken]).splitlines()
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["broken", "bad", "half", "good", "all 4"]
    found = numbers(good)
    assert (found.mutants, found.killed, found.flagged, found.function, found.line) == (3, 2, 2, 2, 1)
    assert (found.judged_killed, found.judged_flagged, found.survivors_flagged) == (2, 2, 1)
    whole = total(map(numbers, [good, half, bad, broken]))
    assert (whole.green_unjudged, whole.red, whole.only_recorded, whole.judged, whole.kept) == (1, 1, 1, 4, 5)
    assert reasons([half], lambda one: one.unchanged.reasons) == "      2  no file '…'  (1: half)"


def test_a_report_is_read() -> None:
    """Judged are those with a verdict about sameness; the place is that of the most traces."""
    report = {
        "not_judged": [{"reason": "no reason", "trace_ids": ["c"]}],
        "errors": [],
        "fidelity": {"shop:f": {"traces": 3, "faithful": 2, "reasons": {"other text": 1}}},
        "counts": {"same": 1, "diverged": 1, "not_judged": 1},
        "causes": [
            {"location": None, "traces": 9},
            {"location": {"file": "shop.py", "line": 3, "function": "shop:f", "how": "x"}, "traces": 1},
        ],
        "changed_lines": {"reached": 1, "all": 2},
        "reason": "",
    }
    kinds = {"a": "same", "b": "diverged", "c": "not judged"}
    found = read(report, [{"traces": [{"trace": key, "verdict": kind} for key, kind in kinds.items()]}], 1, 2.0)
    assert found.judged == ("a", "b")
    assert found.place == Place("shop.py", 3, "f", "x")
    assert (found.faithful, found.replayed, found.flagged, found.green, found.reached) == (2, 3, True, False, True)


def test_reasons_are_grouped_without_the_single_case() -> None:
    """Names in quotes, paths, functions and numbers are left out."""
    assert kind_of("open('/tmp/x') at /srv/shop/web.py:3 of shop.web:Cart.add, 12 times") == (
        "open('…') at /… of NAME, N times"
    )


def test_what_is_known_is_printed_without_measuring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the first mutant that was not judged; a package that was not recorded says so."""
    monkeypatch.setattr("strangers_bench.measure.digest_of", lambda root: "version")
    steps = Steps(tmp_path / "results" / "version" / "shop")
    recorded, unchanged = Recorded(3, 2, "", (), 1.0), Verdict(0, {"same": 2}, {}, ("a",), None, 2, 2, {}, 1.0)
    steps.make("recorded", lambda: recorded)
    steps.make("unchanged", lambda: unchanged)
    for number in (0, 1, 3):
        steps.make(step_of(number), lambda: mutant(True, unchanged, faithful=True))
    found = known(Qualification("shop"), tmp_path, 5)
    assert (found.recorded, found.unchanged, len(found.mutants), found.problem) == (recorded, unchanged, 2, "")
    assert known(Qualification("other"), tmp_path, 5).problem == "not measured"


def test_finished_steps_are_not_done_again(tmp_path: Path) -> None:
    """A result is taken from where it was kept; one of another form is made anew."""
    steps, made = Steps(tmp_path / "x"), []

    def make() -> Qualification:
        made.append(1)
        return Qualification("x", "1")

    assert steps.step("one", Qualification, make) == steps.step("one", Qualification, make)
    assert len(made) == 1
    (tmp_path / "x" / "one.json").write_text("[]")
    steps.step("one", Qualification, make)
    assert len(made) == 2
