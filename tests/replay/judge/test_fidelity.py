"""Fidelity: base speaks only for what it replays as recorded; what it does not is named, with its likely cause."""

from __future__ import annotations

import hashlib
import textwrap
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.replay.change.shared_state import Writer, shared_state, writers_for
from pytest_runtime.replay.model.verdict import TraceVerdict
from pytest_runtime.testing import Scenario


def only(scenario: Scenario) -> TraceVerdict:
    """The verdict of the last trace that is not judged, on unchanged code."""
    traces = [trace for trace in scenario.judge(everything=True).traces if trace.verdict == "not judged"]
    assert traces
    return traces[-1]


def test_state_that_cannot_be_put_back_is_named(tmp_path: Path) -> None:
    """State that is too large to be put back, and whose maker is too."""
    source = """
        state = {}

        def main(rate, size):
            state["rate"] = rate
            state["rows"] = [str(number) for number in range(size)]

        def fee(total):
            return total * state["rate"] * int(state["rows"][0] == "0")
        """

    def traffic(shop: Any) -> None:
        shop.state["rows"] = [str(number) for number in range(50_000)]
        shop.main(2, 50_000)
        shop.fee(3)

    scenario = Scenario(tmp_path, {"shop": source}).record(traffic)
    unjudged = only(scenario)
    assert unjudged.why.code == "input"
    assert scenario.plain(unjudged.reason) == (
        "base does not replay as recorded: it uses __getitem__() of a list that was not captured: "
        "larger than 100000 bytes or 2000 objects; list of length 50000"
    )
    assert scenario.change("shop", "total * state", "total + state").judge().counts == {"not judged": 1}


def test_code_that_computes_with_a_redacted_argument_is_named_with_it(tmp_path: Path) -> None:
    """Both sides would say no to the pseudonym, and be the same."""
    source = """
        import hashlib

        GOOD = hashlib.sha256(b"hunter2-hunter2").hexdigest()

        def allowed(password):
            return hashlib.sha256(password.encode()).hexdigest() == GOOD
        """
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.allowed("hunter2-hunter2"))
    unjudged = only(scenario)
    assert unjudged.why.code == "redacted"
    assert unjudged.why.cause == "it computes with the redacted argument `password`"
    assert unjudged.why.difference == "return: recorded True, replayed False"
    assert "keep = [...]" in unjudged.why.cure


def test_a_redacted_value_that_only_passes_through_is_judged(tmp_path: Path) -> None:
    """It is the same pseudonym wherever it stood."""
    source = "def echo(password):\n    return {'password': password, 'size': len(password)}\n"
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.echo("hunter2-hunter2"))
    assert scenario.judge(everything=True).counts == {"same": 1}
    assert scenario.change("shop", "len(password)", "len(password) + 1").judge().counts == {"diverged": 1}


def test_a_secret_that_the_code_itself_holds_stays_judged(tmp_path: Path) -> None:
    """The recording has a pseudonym where base shows the value: that is no difference."""
    source = "def made():\n    return {'token': 'c0ffee-c0ffee-c0ffee', 'n': 1}\n"
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.made())
    assert scenario.judge(everything=True).counts == {"same": 1}
    assert scenario.change("shop", "'n': 1", "'n': 2").judge().counts == {"diverged": 1}


def test_an_argument_that_cannot_be_rebuilt_is_named(tmp_path: Path) -> None:
    """By what it is, and what was used of it."""
    source = "def joined(first, second):\n    return f'{first}{second.hexdigest()}'\n"

    def traffic(shop: Any) -> None:
        shop.joined("a", hashlib.sha256(b"x"))

    unjudged = only(Scenario(tmp_path, {"shop": source}).record(traffic))
    assert unjudged.why.code == "input"
    assert "it uses .hexdigest() of a _hashlib.HASH that was not captured: " in unjudged.reason


def test_an_entry_that_is_gone_at_base_is_not_judged(tmp_path: Path) -> None:
    """Base and candidate would both raise the same."""
    scenario = Scenario(tmp_path, {"shop": "def fee(total):\n    return total\n"}).record(lambda shop: shop.fee(1))
    [file] = scenario.base.glob("*.py")
    file.write_text("def price(total):\n    return total\n")
    scenario.change("shop", "def fee", "def cost")
    [trace] = scenario.judge(everything=True).traces
    assert (trace.verdict, trace.why.code) == ("not judged", "gone")
    assert trace.why.cure == "record again: the baseline is older than base"


def test_code_that_changed_since_the_recording_is_named(tmp_path: Path) -> None:
    """Base does what a later commit intended; only a new recording can say so."""
    scenario = Scenario(tmp_path, {"shop": "def fee(total):\n    return total\n"}).record(lambda shop: shop.fee(1))
    [file] = scenario.base.glob("*.py")
    file.write_text("def fee(total):\n    return total + 1\n")
    unjudged = only(scenario)
    assert unjudged.why.code == "changed"
    assert scenario.plain(unjudged.why.cause) == "it runs shop.fee, which changed since the recording"


def test_a_path_that_no_replay_comes_to_is_no_evidence(tmp_path: Path) -> None:
    """Although it ends alike: what the change touches there was not run again."""
    source = """
        def visit(name):
            if name in visit.seen:
                name = name.strip()
            visit.seen.append(name)
            return name

        visit.seen = []
        """

    def traffic(shop: Any) -> None:
        shop.visit("a")
        shop.visit.seen.append("b")
        shop.visit("b")

    scenario = Scenario(tmp_path, {"shop": source}).record(traffic)
    unjudged = only(scenario)
    assert "recorded that name in visit.seen is true" in unjudged.why.difference
    assert unjudged.why.code == "state"


# --- shared state --------------------------------------------------------------------------------------------------

SOURCE = textwrap.dedent(
    """
    import shop.held as held

    state = {}
    engine = None

    class Builder:
        options = []
        def add(self, one):
            self.options.append(one)
        def all(self):
            return list(self.options)

    def setup(url):
        global engine
        engine = url

    def main(rate):
        state["rate"] = rate
        held.current = rate

    def local():
        state = {}
        state["x"] = 1
        return state

    def use():
        return engine, state, held.current
    """
)


@pytest.mark.parametrize(
    ("function", "written"),
    [
        ("setup", {"shop.engine"}),
        ("main", {"shop.state", "shop.held.current"}),
        ("Builder.add", {"shop.Builder.options"}),
        ("local", set()),
        ("use", set()),
    ],
)
def test_what_a_function_writes_is_seen_in_its_source(function: str, written: set[str]) -> None:
    """Bindings of globals, stores into containers and modules, methods that change; a local name is none."""
    assert shared_state("shop", SOURCE).writes.get(f"shop:{function}", frozenset()) == written


def test_writers_that_a_trace_did_not_run_come_first() -> None:
    """Another call set what it reads; its own writers may have done so in an earlier call."""
    assert writers_for(["shop:use"], {"shop": SOURCE}) == [
        Writer("shop.engine", "shop:setup"),
        Writer("shop.held.current", "shop:main"),
        Writer("shop.state", "shop:main"),
    ]
    assert writers_for(["shop:Builder.all"], {"shop": SOURCE}) == [Writer("shop.Builder.options", "shop:Builder.add")]
    assert writers_for(["shop:local"], {"shop": "def local(:\n"}) == []


@pytest.mark.parametrize(
    "since",
    [
        "def fee(total):\n    if 100 < total:\n        return ten(total)\n    return 0\n",
        "def fee(total):\n    return above(total)\n\ndef above(total):\n    return ten(total) if total > 100 else 0\n",
        "def fee(total):\n    return 10 * (total > 100)\n",
    ],
    ids=["condition", "extracted", "inlined"],
)
def test_a_refactoring_that_was_merged_since_leaves_the_baseline_as_it_is(tmp_path: Path, since: str) -> None:
    """Base comes to the recorded outcome on a path of its own: it is evidence for the next change."""
    ten = "\n\ndef ten(total):\n    if total > 1_000:\n        return 11\n    return 10\n"
    source = "def fee(total):\n    if total > 100:\n        return ten(total)\n    return 0\n"
    scenario = Scenario(tmp_path, {"shop": source + ten}).record(lambda shop: [shop.fee(total) for total in (50, 150)])
    [file] = scenario.base.glob("*.py")
    file.write_text(since + ten)
    scenario.rewrite("shop", since + ten + "\n\nVERSION = 2\n")
    assert scenario.judge(everything=True).counts == {"same": 2}
    scenario.rewrite("shop", (since + ten).replace("100", "120").replace("150", "1"))
    assert scenario.judge(everything=True).counts == {"same": 2}
    scenario.rewrite("shop", (since + ten).replace("100", "200"))
    assert scenario.judge(everything=True).counts == {"same": 1, "diverged": 1}
