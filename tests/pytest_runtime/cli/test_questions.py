"""`compare` and `why`: questions to recorded traces, as a person asks them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.replay.inspect.side_by_side import SideBySide
from pytest_runtime.reports.html.side_by_side import side_by_side_html

from .commands import record, run

SHOP = """
    import os

    def price(net, rate, note=""):
        if net > 70:
            raise ValueError("too dear")
        if os.environ.get("SHOP_ROUNDING") == "down":
            return net * (100 + rate) // 100
        return net * (100 + rate) / 100
    """

FAIL = 'exception.type == "ValueError"'


def traffic(shop: Any) -> None:
    """Sixty prices, of which fifteen are too dear."""
    for net in range(20, 80):
        try:
            shop.price(net, 20, note="<b>bold</b>" if net % 2 else "")
        except ValueError:
            continue


@pytest.fixture
def asked(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two baselines of one service, which round in two ways."""
    record(here, "staging", traffic, SHOP)
    monkeypatch.setenv("SHOP_ROUNDING", "down")
    record(here, "production", traffic, SHOP)
    (here / "CODEOWNERS").write_text("*.py @pricing\n", encoding="utf-8")
    module = next(path.stem for path in here.glob("shop_*.py"))
    (here / "pyproject.toml").write_text(f'[tool.pytest-runtime]\ninclude = ["{module}"]\n', encoding="utf-8")
    return here


def test_compare_lays_two_baselines_side_by_side(asked: Path) -> None:
    """What separates them comes first, and what was given the same and came out differently is shown."""
    shown = run("compare", "staging", "production")
    assert (shown.status, shown.err) == (0, "")
    assert any(line.startswith("environment.SHOP_ROUNDING given, certain not set") for line in shown.lines)
    assert "given the same, and another result" in shown.lines
    assert any(line.startswith("{'args': {'net': ") and " production: " in line for line in shown.lines)
    assert not any(line.startswith("baseline ") for line in shown.lines)


def test_compare_groups_by_a_condition(asked: Path) -> None:
    """Of one baseline; picked variables alone, in the order asked for."""
    shown = run("compare", "staging", "--group", FAIL, "--pick", "net", "--pick", "rate", "--rows", "2")
    assert shown.lines[0].startswith("29 of ") or " by exception.type == " in shown.lines[0]
    assert any(line.startswith("args.net given, certain 71 … 79") for line in shown.lines)
    document = run("compare", "staging", "--group", FAIL, "--pick", "net", "--json").json
    assert document["format"] == "pytest-runtime compare"
    assert [column["path"] for column in document["columns"]] == ["args.net"]
    assert document["columns"][0]["kind"] == "separating"


def test_compare_writes_a_page_in_which_nothing_is_markup(asked: Path) -> None:
    """It loads nothing."""
    assert run("compare", "staging", "--group", FAIL, "--html", "page.html").status == 0
    page = (asked / "page.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<b>" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_page_without_groups_is_whole() -> None:
    """No trace at all, too."""
    empty = SideBySide(group="", groups={}, columns=(), shown=(), rows=(), twins=(), traces=0, kept=0)
    assert side_by_side_html(empty).endswith("</html>\n")


def test_why_ranks_what_separates_and_names_place_and_owner(asked: Path) -> None:
    """With where it first shows, how much it hits, and the traces to look at."""
    shown = run("why", "staging", "--fail", FAIL)
    assert (shown.status, shown.err) == (0, "")
    assert shown.lines[1].startswith("first shows in included code: net > 70 is true in ")
    assert shown.lines[2].startswith("at shop_")
    assert shown.lines[2].endswith(".py:5, owned by @pricing")
    assert any(line.startswith("1 net > 70 is true ") and "certain" in line for line in shown.lines)
    assert any("args.net > 70" in line for line in shown.lines)
    assert run("why", "staging", "--fail", FAIL, "--json").json["shows"]["domain"] == "included code"


def test_why_writes_a_postmortem_with_the_test_that_would_have_caught_it(asked: Path) -> None:
    """As Markdown, with the evidence."""
    assert run("why", "staging", "--fail", FAIL, "--postmortem", "post.md").status == 0
    text = (asked / "post.md").read_text(encoding="utf-8")
    assert text.startswith('# Postmortem: `exception.type == "ValueError"`\n')
    assert "owned by `@pricing`" in text
    assert "| `net > 70 is true` |" in text
    assert "def test_it_does_not_fail_so():" in text
    assert "pytest.raises(ValueError" in text


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("why", "staging", "--fail", "a b"), "is no expression"),
        (("why", "staging", "--fail", "net > 1000"), "none of "),
        (("why", "staging", "--fail", "nett > 70"), "did you mean args.net?"),
        (("compare", "staging", "--where", "open('x')"), "cannot be called in a condition"),
        (("compare", "staging", "--entry", "nobody"), "has no entry 'nobody'"),
        (("compare",), "say which baseline is meant: there are production, staging"),
        (("compare", "staging", "--html", "no/such/folder/page.html"), "cannot be written"),
    ],
)
def test_what_cannot_be_answered_says_what_to_ask(asked: Path, command: tuple[str, ...], said: str) -> None:
    """With status 2."""
    ran = run(*command)
    assert ran.status == 2
    assert said in ran.err


def test_a_scope_narrows_what_is_looked_at(asked: Path) -> None:
    """By condition and time; nothing left is said."""
    assert run("compare", "staging", "--where", "net == 25", "--json").json["traces"] <= 1
    assert run("compare", "staging", "--since", "2999").lines == [
        "no trace is left: widen --entry, --where, --since and --until"
    ]
    assert run("why", "staging", "--fail", FAIL, "--until", "1999").status == 2
