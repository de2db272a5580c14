"""The command line: exit status and text of `record` and `status`, in process."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from pytest_runtime import __version__
from pytest_runtime.cli.main import main
from pytest_runtime.recorders.store.open import open_writer
from pytest_runtime.recorders.store.protocol import Batch, Revision

from .scenario import Scenario


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
    assert (status, "record" in out, "status" in out) == (0, True, True)
    status, out, _err = command("--version")
    assert (status, __version__ in out) == (0, True)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("recrd",), "No such command 'recrd'"),
        (("record", "--", "true"), "Missing option '--baseline'"),
        (("record", "--baseline", "x"), "Missing argument 'COMMAND...'"),
        (("record", "--baseline", "x", "--smple", "3", "true"), "No such option"),
        (("record", "--baseline", "x", "--sample", "often", "true"), "'often' is not a valid float"),
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
