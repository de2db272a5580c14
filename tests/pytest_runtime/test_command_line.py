"""The command line: exit status and text of its commands, in process. For `prune` see `test_prune`."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pytest_runtime import __version__
from pytest_runtime.cli.main import main
from pytest_runtime.cli.sample import sample_value
from pytest_runtime.config import read_table
from pytest_runtime.recorders.options import Sample
from pytest_runtime.recorders.store.open import open_writer
from pytest_runtime.recorders.store.protocol import Batch, Revision
from pytest_runtime.testing import Scenario

from ..project import record_project


def command(*argv: str) -> tuple[int, str, str]:
    """(exit status, standard output, standard error)."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.stdout, sys.stderr
    status = main(argv, out, err)
    assert (sys.stdout, sys.stderr) == before
    return status, out.getvalue(), err.getvalue()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, as working directory."""
    (tmp_path / "pyproject.toml").write_text("[tool.pytest-runtime]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_help_and_version() -> None:
    """Both succeed and say what there is."""
    status, out, _err = command("--help")
    assert (status, [name for name in ("prune", "record", "seal", "status") if name not in out]) == (0, [])
    status, out, _err = command("--version")
    assert (status, __version__ in out) == (0, True)


@pytest.mark.parametrize(("text", "sample"), [("all", "all"), ("auto", "auto"), ("2.5", 2.5), ("0", 0.0)])
def test_the_sample_on_the_command_line_is_that_of_the_configuration(text: str, sample: Sample) -> None:
    """`--sample` takes what `sample` under `[tool.pytest-runtime]` takes."""
    assert sample_value(text) == sample
    assert read_table({"sample": sample}, Path("pyproject.toml")).sample == sample


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "ALL", ""])
def test_no_other_sample_is_taken(text: str) -> None:
    """What is neither a number of traces nor one of the words is a usage error."""
    with pytest.raises(click.BadParameter, match="neither a number of traces a second, nor all, nor auto"):
        sample_value(text)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("recrd",), "No such command 'recrd'"),
        (("record", "--", "true"), "Missing option '--baseline'"),
        (("record", "--baseline", "x"), "Missing argument 'COMMAND...'"),
        (("record", "--baseline", "x", "--smple", "3", "true"), "No such option"),
        (("record", "--baseline", "x", "--sample", "often", "true"), "'often' is neither a number of traces a second"),
    ],
)
def test_a_command_that_cannot_be_understood_has_status_2(argv: tuple[str, ...], said: str) -> None:
    """With the reason on standard error, and nothing on standard output."""
    status, out, err = command(*argv)
    assert (status, out) == (2, "")
    assert said in err


def test_recording_needs_something_to_record() -> None:
    """Status 4, with both ways to say it."""
    status, _out, err = command("record", "--baseline", "staging", "--", "true")
    assert status == 4
    assert "--include PKG" in err
    assert 'include = ["PKG"] under [tool.pytest-runtime]' in err
    assert "Traceback" not in err


def test_a_command_that_is_not_there_is_named(here: Path) -> None:
    """Status 1."""
    status, _out, err = command("record", "--baseline", "x", "--include", "shop", "--", "no-such-command-here")
    assert status == 1
    assert "cannot run 'no-such-command-here': No such file or directory. Is it on the PATH?" in err


def test_a_mistake_in_the_configuration_has_status_4(here: Path) -> None:
    """Whichever command it is."""
    (here / "pyproject.toml").write_text("[tool.pytest-runtime]\ninclud = 1\n", encoding="utf-8")
    for argv in (("status",), ("record", "--baseline", "x", "true")):
        status, _out, err = command(*argv)
        assert (status, "did you mean 'include'?" in err) == (4, True)


def test_status_without_a_baseline() -> None:
    """The list, or how to make the first one."""
    assert command("status") == (0, "no baselines yet; pytest-runtime record --baseline NAME -- COMMAND\n", "")


def test_status_of_an_unknown_baseline_lists_those_that_there_are(here: Path) -> None:
    """Status 4."""
    writer = open_writer(str(here / ".runtime" / "staging.baseline"))
    writer.start(Revision("", "3.12", 0.0, {}, {}))
    writer.close()
    assert command("status") == (0, "staging\n", "")
    status, out, err = command("status", "stagin")
    assert (status, out) == (4, "")
    assert "no baseline 'stagin'" in err
    assert "there are: staging" in err


def test_status_of_something_else(here: Path) -> None:
    """Status 4, with what is wrong."""
    (here / ".runtime").mkdir()
    (here / ".runtime" / "staging.baseline").write_text("hello " * 500)
    status, _out, err = command("status", "staging")
    assert status == 4
    assert "is not a readable baseline" in err


SHOP = """
    def fee(total):
        if total > 100:
            return 10
        return 0
    """


def test_status_says_what_a_baseline_holds(here: Path) -> None:
    """Sessions, entries, path classes with counts, shapes, counters."""
    scenario = Scenario(here, {"shop": SHOP})
    scenario.record(lambda shop: [shop.fee(total) for total in (1, 2, 200)])
    (here / ".runtime").mkdir()
    target = here / ".runtime" / "staging.baseline"
    target.write_bytes(Path(scenario.store).read_bytes())
    writer = open_writer(str(target))
    writer.write(Batch([], {}, {}, [], {}, {"dropped for a reason": 3}))
    writer.close()
    status, out, err = command("status", "staging")
    assert (status, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    version = ".".join(map(str, sys.version_info[:2]))
    assert lines[0] == f"baseline staging at {target}"
    assert any(line.startswith("session 1: ") and f"Python {version}" in line and "1 modules" in line for line in lines)
    assert f"{scenario.names['shop']}:fee" in lines
    assert "1 x returned 1 kept total > 100 is true" in lines
    assert "2 x returned 2 kept total > 100 is false" in lines
    assert "counted 3: dropped for a reason" in lines


def test_recording_loads_nothing_that_judges() -> None:
    """The command line is also what starts the recorder in production."""
    code = (
        "import sys, pytest_runtime.cli.main\n"
        "names = [name for name in sys.modules if name.startswith(('pytest_runtime.replay', '_pytest', 'sqlglot'))]\n"
        "assert names == [], names\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- seal ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def recorded(here: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a baseline, as working directory; its sources are the base."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    record_project(here)
    return here


def test_sealing_says_how_faithful_base_is(recorded: Path) -> None:
    """Base and why, traces, per entry how many replay as recorded and why others do not, what moves, time."""
    stock = recorded / "runshop" / "stock.py"
    stock.write_text(stock.read_text().replace("return number", "return number + 1"))
    pricing = recorded / "runshop" / "pricing.py"
    pricing.write_text(pricing.read_text().replace('f"hello {name}"', "id(object())"))
    status, out, err = command("seal", "staging", "--base", ".")
    assert (status, err) == (0, "")
    sealing, base, *lines = out.splitlines()
    assert sealing.startswith("sealing directory ")
    assert re.fullmatch(r"base: directory \S+, because --runtime-base names the folder \S+", base)
    assert re.fullmatch(r"sealed 7 traces in \d+\.\d s, 1 of them no evidence, which will not be judged", lines[0])
    assert lines[1:11] == [
        "base replays that equal the recorded outcome:",
        "  runshop.pricing:fee    3 of 3",
        "  runshop.pricing:label  1 of 1",
        "  runshop.pricing:login  1 of 1",
        "  runshop.stock:left     1 of 2",
        "not judged, 1 trace: it runs runshop.stock.left, which changed since the recording",
        "    for example runshop.stock:left: return: recorded 1, replayed 2",
        "    to have them judged: record again, or accept the change of base in runtime-accepted.toml "
        "(--runtime-accept)",
        "volatile fields: 1 in 1 trace, compared by shape",
        "      1 x runshop.pricing:label · return",
    ]
    assert len(list((recorded / ".runtime" / "seals").glob("*.seal"))) == 1


def test_sealing_renews(recorded: Path) -> None:
    """Also where there is a seal already."""
    for _twice in range(2):
        status, out, _err = command("seal", "staging", "--base", ".")
        assert (status, "sealed 7 traces" in out) == (0, True)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("stagin",), "no baseline 'stagin': "),
        (("staging",), "lies in no git repository"),
        (("staging", "--base", "HEAD"), "lies in no git repository"),
    ],
)
def test_what_cannot_be_sealed_is_reported_in_a_line(recorded: Path, argv: tuple[str, ...], said: str) -> None:
    """Status 4, on standard error."""
    status, out, err = command("seal", *argv)
    assert (status, out) == (4, "")
    assert said in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_a_base_that_does_not_import_is_reported_in_a_line(recorded: Path) -> None:
    """With the way out."""
    (recorded / "runshop" / "__init__.py").write_text("import not_installed_here\n")
    status, _out, err = command("seal", "staging", "--base", ".")
    assert status == 4
    assert "cannot be replayed in this environment: cannot import the included package 'runshop'" in err


def test_an_empty_baseline_is_not_sealed(here: Path) -> None:
    """There is nothing to replay."""
    (here / "pyproject.toml").write_text('[tool.pytest-runtime]\ninclude = ["shop"]\n', encoding="utf-8")
    writer = open_writer(str(here / ".runtime" / "staging.baseline"))
    writer.start(Revision("", "3.12", 0.0, {}, {}))
    writer.close()
    status, _out, err = command("seal", "staging")
    assert (status, "baseline 'staging' holds no trace: there is nothing to seal" in err) == (4, True)
