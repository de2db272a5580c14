"""Commands of Django are recorded and replayed as what was typed: words in, exit status and printed lines out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.entries.command import ended
from pytest_runtime.recorders.entries.stored_commands import named, words_of
from pytest_runtime.recorders.model.inputs import DataInput
from pytest_runtime.recorders.model.value_tree import DictNode, ListNode, field
from pytest_runtime.recorders.privacy.redact import Redactor
from pytest_runtime.recorders.store.open import open_reader

pytest.importorskip("django")

ROOT = Path(__file__).resolve().parents[3]
COMMAND = "shop/management/commands/bill.py"
FILES = {
    # As Django's own, which runs one command: of several there is one start.
    "manage.py": """
        import os, sys
        from django.core.management import execute_from_command_line
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
        ends = []
        for line in ("bill 100", "bill 100 --off 20", "bill -- -7", "bill much", "check"):
            sys.argv = ["./manage.py", *line.split()]
            try:
                execute_from_command_line(sys.argv)
                ends.append(0)
            except SystemExit as end:
                ends.append(end.code)
        assert ends == [0, 0, 1, 2, 0]
        """,
    "shop/__init__.py": "",
    "shop/settings.py": """
        SECRET_KEY = "x"
        INSTALLED_APPS = ["django.contrib.contenttypes", "shop"]
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        """,
    "shop/models.py": """
        from django.db import models

        class Bill(models.Model):
            amount = models.IntegerField()
        """,
    "shop/management/__init__.py": "",
    "shop/management/commands/__init__.py": "",
    COMMAND: """
        from django.core.management.base import BaseCommand, CommandError
        from shop.models import Bill

        class Command(BaseCommand):
            def add_arguments(self, parser):
                parser.add_argument("amount", type=int)
                parser.add_argument("--off", type=int, default=5)

            def handle(self, *args, **options):
                bill = Bill(amount=options["amount"])
                if bill.amount < 0:
                    raise CommandError("no negative bills")
                total = bill.amount - options["off"]
                self.stdout.write(f"to pay: {total}")
        """,
    "pyproject.toml": '[tool.pytest-runtime]\ninclude = ["shop"]\n[tool.pytest.ini_options]\naddopts = ""\n',
}


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Python with these arguments in the project."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, whose command was typed some times under the recorder; nobody else sees it."""
    folder = tmp_path_factory.mktemp("bills")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text))
    ran = run(folder, "-m", "pytest_runtime", "record", "--baseline", "x", "--", sys.executable, "manage.py")
    assert (ran.stdout.splitlines()[:2], ran.returncode) == (["to pay: 95", "to pay: 80"], 0), ran.stderr
    assert "CommandError: no negative bills" in ran.stderr
    shutil.copytree(folder / "shop", folder / "base" / "shop")
    sealed = run(folder, "-m", "pytest_runtime", "seal", "x", "--base", "base")
    assert "manage.py bill  4 of 4" in sealed.stdout, sealed.stdout + sealed.stderr
    return folder


def judged(recorded: Path, folder: Path, changes: Mapping[str, str]) -> dict[str, Any]:
    """The report on a copy with changes of the command."""
    shutil.copytree(recorded, folder, dirs_exist_ok=True)
    path = folder / COMMAND
    text = path.read_text()
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text)
    options = ("--runtime-baseline=x", "--runtime-base=base", "--runtime-json=report.json", "-pno:cacheprovider")
    ran = run(folder, "-m", "pytest", *options)
    assert (folder / "report.json").exists(), ran.stdout + ran.stderr
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return report


def test_a_command_line_is_recorded_with_its_exit_status(recorded: Path) -> None:
    """Commands of the included packages, and no others; with the error that is shown."""
    with closing(open_reader(str(recorded / ".runtime" / "x.baseline"))) as reader:
        traces = [stored.trace for stored in reader.traces() if stored.trace is not None]
        entries = reader.entries()
    assert {name: (entry.kind, entry.module, entry.target) for name, entry in entries.items()} == {
        "manage.py bill": ("command", "shop.management.commands.bill", "shop.settings")
    }
    shown = {}
    for trace in traces:
        assert isinstance(trace.input, DataInput)
        value = trace.outcome.value
        shown[" ".join(words_of(trace.input.data) or ())] = field(value, "exit"), field(value, "error")
    assert shown == {
        "manage.py bill 100": (0, None),
        "manage.py bill 100 --off 20": (0, None),
        "manage.py bill -- -7": (1, "no negative bills"),
        "manage.py bill much": (2, None),
    }


def test_what_is_inside_a_command_may_change(recorded: Path, tmp_path: Path) -> None:
    """An option gets another name inside, a local one too: whoever types the command sees nothing of it."""
    report = judged(
        recorded,
        tmp_path,
        {
            "default=5)": 'default=5, dest="rebate")',
            'total = bill.amount - options["off"]': 'due = bill.amount - options["rebate"]',
            'f"to pay: {total}"': 'f"to pay: {due}"',
        },
    )
    assert report["counts"]["same"] == 4, report
    assert report["passed"]


def test_what_is_typed_and_printed_may_not(recorded: Path, tmp_path: Path) -> None:
    """Another default, another error: exit status, its text, and what is printed."""
    report = judged(recorded, tmp_path, {"default=5": "default=6", "no negative bills": "bills are positive"})
    fields = {divergence["field"] for divergence in report["divergences"]}
    assert report["counts"]["diverged"] == 2, report
    assert fields == {"return.error", "stdout.print() [*]"}
    assert {divergence["location"]["file"] for divergence in report["divergences"]} == {COMMAND}


def test_a_command_that_is_gone_says_so(recorded: Path, tmp_path: Path) -> None:
    """Its traces come to no verdict of same."""
    shutil.copytree(recorded, tmp_path, dirs_exist_ok=True)
    (tmp_path / COMMAND).rename(tmp_path / COMMAND.replace("bill.py", "invoice.py"))
    ran = run(tmp_path, "-m", "pytest", "--runtime-baseline=x", "--runtime-base=base", "-pno:cacheprovider")
    assert ran.returncode == 1
    assert "there is no command 'bill' any more" in ran.stdout


@pytest.mark.parametrize(
    ("code", "shown"),
    [(None, {"exit": 0}), (0, {"exit": 0}), (3, {"exit": 3}), ("no", {"exit": 1, "error": "no"})],
)
def test_an_exit_is_what_a_shell_sees(code: object, shown: dict[str, object]) -> None:
    """A text is printed by the interpreter, which then ends with 1."""
    assert ended(SystemExit(code)) == shown
    assert ended(None) == {"exit": 0}


@pytest.mark.parametrize(
    "line",
    [
        "manage.py bill 100",
        "manage.py bill --off 20 -v 3 --force",
        "manage.py bill --off=20 --off= -- -7",
        "manage.py token --password hunter2 x=y - -- --",
    ],
)
def test_a_command_line_keeps_its_words(line: str) -> None:
    """Values stand under the names of their options, and the words come back as they were typed."""
    assert words_of(ListNode(named(line.split()))) == line.split()
    assert words_of(ListNode([7])) is None
    assert words_of(DictNode([], [])) is None


def test_a_secret_of_a_command_line_is_not_kept() -> None:
    """By the name of its option, whether a space or `=` stands between."""
    redactor = Redactor(b"k" * 32)
    for words in (["--password", "hunter2-and-more"], ["--password=hunter2-and-more"], ["--api-key", "0815-4711-x"]):
        shown, count = redactor.redact([("", ListNode(named(["manage.py", "login", *words])))])
        assert count == 1
        assert "hunter2" not in str(shown)
        assert "0815" not in str(shown)
