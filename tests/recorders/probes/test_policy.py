"""The policy for probes: who may place what where, closed where it cannot be read, and in the process, too."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from pytest_runtime import probes
from pytest_runtime.recorders.errors import PolicyProblem, ProbeRefused
from pytest_runtime.recorders.probes.model import Kind, Probe
from pytest_runtime.recorders.probes.policy import VARIABLE, load_policy

from .live import service

POLICY = """
    [[allow]]
    who = ["user:*"]
    paths = ["shop/*"]

    [[allow]]
    who = ["mcp:*"]
    kinds = ["log", "counter"]
    paths = ["shop/*"]
    condition = true
    hits = 10
    seconds = 60

    [[deny]]
    paths = ["shop/payments/*"]
"""


def probe(kind: Kind = "log", place: str = "shop/trading.py:1", by: str = "user:ada", **options: object) -> Probe:
    """What somebody asks for."""
    asked = Probe(id="0" * 8, kind=kind, place=place, by=by, hits=5, seconds=60, placed=0.0)
    return type(asked)(**{**{name: getattr(asked, name) for name in asked.__struct_fields__}, **options})


CASES = [
    (probe(), ""),
    (probe(by="mcp:x"), "a condition is needed there"),
    (probe(by="mcp:x", condition="a > 1"), ""),
    (probe(by="mcp:x", condition="a > 1", hits=11), "at most 10 hits are allowed there"),
    (probe(by="mcp:x", condition="a > 1", seconds=61), "at most 60 seconds are allowed there"),
    (probe(by="mcp:x", kind="snapshot", condition="a > 1"), "nothing allows mcp:x to place a snapshot"),
    (probe(by="cron"), "nothing allows cron to place a log at shop/trading.py:1"),
    (probe(place="other/x.py:1"), "nothing allows user:ada"),
    (probe(place="shop/payments/card.py:1"), "may not place a log at shop/payments/card.py:1"),
    (probe(place="shop.payments.card:pay"), "may not place a log"),
    (probe(place="/srv/app/shop/payments/card.py:1"), "may not place a log"),
]


@pytest.mark.parametrize(("asked", "reason"), CASES, ids=range(len(CASES)))
def test_a_policy_says_who_may_place_what_where(tmp_path: Path, asked: Probe, reason: str) -> None:
    """And why not, where not."""
    (tmp_path / "policy.toml").write_text(textwrap.dedent(POLICY))
    found = load_policy(tmp_path).refusal(asked)
    assert found.startswith(reason) if reason.startswith("nothing") else reason in found
    assert bool(found) == bool(reason)


def test_a_file_is_known_by_more_than_its_place(tmp_path: Path) -> None:
    """Whoever gives less of a path gets no further: the process knows the rest."""
    (tmp_path / "policy.toml").write_text('[[allow]]\n[[deny]]\npaths = ["shop/payments/*"]\n')
    policy, short = load_policy(tmp_path), probe(place="card.py:1")
    assert policy.refusal(short) == ""
    assert "may not place" in policy.refusal(short, ("/srv/shop/payments/card.py", "shop.payments.card"))


def test_no_policy_allows_everything_and_read_only_nothing(tmp_path: Path) -> None:
    """The folder's permissions say who may place any at all."""
    assert load_policy(tmp_path).refusal(probe()) == ""
    (tmp_path / "policy.toml").write_text("read_only = true\n")
    assert load_policy(tmp_path).refusal(probe()) == "probes are read only"


BROKEN = [
    *("[[allow", "read_onyl = true", "read_only = 3", "\x00"),
    *("[[allow]]\nkinds = ['everything']", "[[deny]]\nwhom = ['x']"),
]


@pytest.mark.parametrize("text", BROKEN)
def test_what_cannot_be_read_allows_nothing(tmp_path: Path, text: str) -> None:
    """Not the rest of it either."""
    (tmp_path / "policy.toml").write_text(text)
    with pytest.raises(PolicyProblem, match="nothing is allowed"):
        load_policy(tmp_path)


def test_a_policy_that_is_named_and_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is one that cannot be read."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere.toml"))
    with pytest.raises(PolicyProblem, match="nothing is allowed"):
        load_policy(tmp_path)
    (tmp_path / "policy.toml").mkdir()
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(PolicyProblem, match="nothing is allowed"):
        load_policy(tmp_path)


def test_it_holds_where_a_probe_is_placed_and_in_the_process(tmp_path: Path) -> None:
    """What is refused stands in the audit log, and a probe that came past the first check is refused by the second."""
    with service(tmp_path, "def work():\n    return 1\n") as shop:
        policy = tmp_path / "policy.toml"
        policy.write_text("read_only = true\n")
        with pytest.raises(ProbeRefused, match="the policy does not allow it: probes are read only"):
            shop.place("counter", "work")
        assert probes.list(root=tmp_path) == ()
        policy.write_text(f'[[allow]]\n[[deny]]\npaths = ["{tmp_path.name}/*"]\n')
        with pytest.raises(ProbeRefused, match="may not place a counter"):
            shop.place("counter", "work")
        policy.write_text("[[allow")
        with pytest.raises(PolicyProblem):
            shop.place("counter", "work")
        lines, problem = probes.audit(root=tmp_path)
        assert [line.what for line in lines] == ["refused", "placed", "refused"]
        assert problem == ""
