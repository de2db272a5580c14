"""Verdicts: every trace ends in exactly one, with its reason or its differences."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path
from typing import Any
from wsgiref.handlers import SimpleHandler
from wsgiref.util import setup_testing_defaults

import pytest

from pytest_runtime.recorders.model.trace import decode_trace, encode_trace
from pytest_runtime.replay.execute.plan import CannotReplay
from pytest_runtime.replay.model.difference import DifferenceKind
from pytest_runtime.replay.model.reason import NO_REASON, Reason, ReasonCode
from pytest_runtime.replay.model.verdict import (
    ClassVerdict,
    FieldDifference,
    Location,
    TraceVerdict,
    decode_verdict,
    encode_verdict,
)
from pytest_runtime.testing import Scenario

SHOP = """
    import threading

    class Cart:
        def __init__(self, owner):
            self.owner = owner
            self._items = []

        def add(self, item):
            self._items.append(item)
            return len(self._items)

    def total(items):
        return sum(items)

    def clear(items):
        items.clear()
        return None

    def check(amount):
        if amount < 0:
            raise ValueError(f"negative: {amount}")
        return amount

    def stream():
        return (item for item in [1])

    def describe(cart):
        return cart.owner
    """


def shop(folder: Path, traffic: Any) -> Scenario:
    """The shop, recorded."""
    return Scenario(folder, {"shop": SHOP}).record(traffic)


def test_a_returned_value_that_differs_is_of_the_kind_return(tmp_path: Path) -> None:
    """What a function returns."""
    replayed = shop(tmp_path, lambda shop: shop.total([1, 2])).change("shop", "sum(items)", "sum(items) + 1").replay()
    assert (replayed.counts, replayed.kinds) == ({"diverged": 1}, {"return"})
    assert replayed.fields == {"return": ("3", "4")}


def test_a_changed_argument_is_of_the_kind_mutation(tmp_path: Path) -> None:
    """What a function does to its arguments."""
    replayed = shop(tmp_path, lambda shop: shop.clear([1])).change("shop", "items.clear()", "items = []").replay()
    assert (replayed.counts, replayed.kinds) == ({"diverged": 1}, {"mutation"})


def test_an_argument_that_is_changed_anew_is_of_the_kind_mutation(tmp_path: Path) -> None:
    """Where the recorded run changed nothing, too."""
    scenario = shop(tmp_path, lambda shop: shop.total([1])).change(
        "shop", "return sum(items)", "items.append(0)\n    return sum(items)"
    )
    assert scenario.replay().kinds == {"mutation"}


def refused(shop: Any) -> None:
    """A call that raises."""
    with pytest.raises(ValueError, match="negative: -1"):
        shop.check(-1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('f"negative: {amount}"', 'f"below zero: {amount}"'),
        ("raise ValueError", "raise KeyError"),
        ('raise ValueError(f"negative: {amount}")', "return 0"),
    ],
)
def test_type_and_message_of_an_exception_count(tmp_path: Path, old: str, new: str) -> None:
    """Another message, another type, none at all."""
    replayed = shop(tmp_path, refused).change("shop", old, new).replay()
    assert (replayed.counts, replayed.kinds) == ({"diverged": 1}, {"exception"})


def test_an_exception_where_there_was_a_value_counts(tmp_path: Path) -> None:
    """The recorded run returned; the candidate raises."""
    scenario = shop(tmp_path, lambda shop: shop.check(1)).change("shop", "amount < 0", "amount < 2")
    replayed = scenario.replay()
    assert (replayed.counts, replayed.kinds) == ({"diverged": 1}, {"exception"})
    assert replayed.fields == {"exception": ("1", "ValueError('negative: 1')")}


def test_system_exit_is_an_outcome_like_any_other(tmp_path: Path) -> None:
    """A change that ends the process does not end the run."""
    replayed = (
        shop(tmp_path, lambda shop: shop.check(1)).change("shop", "return amount", "raise SystemExit(3)").replay()
    )
    assert replayed.counts == {"diverged": 1}


WEB = """
    def app(environ, start_response):
        body = environ["PATH_INFO"].encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-Version", "1")])
        return [b"at ", body]
    """


def served(folder: Path) -> Scenario:
    """A WSGI application, recorded with one request through the standard library's own server interface."""

    def traffic(web: Any) -> None:
        environ: dict[str, Any] = {"PATH_INFO": "/here"}
        setup_testing_defaults(environ)
        handler = SimpleHandler(io.BytesIO(), io.BytesIO(), io.StringIO(), environ, multithread=False)
        handler.run(web.app)

    return Scenario(folder, {"web": WEB}, entries=("wsgi",), app="web:app").record(traffic)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("200 OK", "201 Created", "response.status"),
        ('"X-Version", "1"', '"X-Version", "2"', "response.headers.x-version"),
        ('b"at "', 'b"on "', "response.text[0]"),
    ],
)
def test_status_headers_and_body_of_a_response_count(tmp_path: Path, old: str, new: str, field: str) -> None:
    """Each is reported as a field of the response."""
    scenario = served(tmp_path)
    replayed = scenario.change("web", old, new).replay()
    assert (replayed.counts, replayed.kinds, list(replayed.fields)) == ({"diverged": 1}, {"response"}, [field])


def test_an_entry_that_is_gone_is_a_divergence(tmp_path: Path) -> None:
    """Callers of a function that was removed see an error."""
    replayed = shop(tmp_path, lambda shop: shop.total([1])).change("shop", "def total(", "def renamed(").replay()
    assert replayed.counts == {"diverged": 1}
    assert "total is gone" in replayed.fields["exception"][1]


def test_a_changed_signature_is_a_divergence(tmp_path: Path) -> None:
    """A parameter more makes the recorded call fail, as it does the real ones."""
    replayed = shop(tmp_path, lambda shop: shop.total([1])).change("shop", "total(items)", "total(items, tax)").replay()
    assert replayed.counts == {"diverged": 1}
    assert "missing 1 required positional argument" in replayed.fields["exception"][1]


def test_a_parameter_with_a_default_is_silent(tmp_path: Path) -> None:
    """Nobody has to pass it."""
    replayed = (
        shop(tmp_path, lambda shop: shop.total([1])).change("shop", "total(items)", "total(items, tax=0)").replay()
    )
    assert replayed.counts == {"same": 1}


def test_a_recorded_class_that_is_gone_is_not_judged(tmp_path: Path) -> None:
    """The argument cannot be built; the reason names the class."""
    scenario = shop(tmp_path, lambda shop: shop.describe(shop.Cart("x")))
    replayed = scenario.change("shop", "class Cart:", "class Basket:").replay()
    [reason] = [trace.reason for trace in replayed.traces if trace.verdict == "not judged"]
    assert "Cart" in reason
    assert "is gone" in reason
    assert "recorded input cannot be rebuilt" in reason


def test_a_method_replays_on_its_receiver(tmp_path: Path) -> None:
    """State of the receiver is part of the input; what is underscored counts for nothing in the comparison."""

    def traffic(shop: Any) -> None:
        cart = shop.Cart("x")
        cart.add("a")
        cart.add("b")

    scenario = shop(tmp_path, traffic)
    assert set(scenario.replay().counts) == {"same"}
    replayed = scenario.change("shop", "return len(self._items)", "return len(self._items) + 1").replay()
    assert replayed.counts["diverged"] == 2


def test_a_gap_in_the_recording_is_not_judged(tmp_path: Path) -> None:
    """What the recorder knows that it missed is said again."""
    scenario = shop(tmp_path, lambda shop: shop.total([1]))
    edit_traces(scenario, lambda trace: {"gaps": ["2 exchanges after the outcome"]})
    replayed = scenario.replay()
    assert replayed.counts == {"not judged": 1}
    assert replayed.reasons == {"the recording has a gap: 2 exchanges after the outcome"}


def edit_traces(scenario: Scenario, change: Any) -> None:
    """Write the kept traces anew, each with other fields, as a recorder could have written them."""
    import msgspec

    from pytest_runtime.recorders.store.open import open_reader, open_writer
    from pytest_runtime.recorders.store.protocol import Batch, KeptTrace

    reader = open_reader(scenario.store)
    entries, classes = list(reader.entries().values()), reader.classes()
    revisions, stored = reader.revisions(), list(reader.traces())
    reader.close()
    Path(scenario.store).unlink()
    writer = open_writer(scenario.store)
    writer.start(revisions[max(revisions)])
    kept = []
    for slot, one in enumerate(stored):
        assert one.trace is not None
        fields = {name: getattr(one.trace, name) for name in one.trace.__struct_fields__}
        data = encode_trace(type(one.trace)(**{**fields, **change(one.trace)}))
        assert isinstance(decode_trace(data), msgspec.Struct)
        kept.append(KeptTrace(one.entry, one.path, slot, f"{slot:012x}", data))
    described = {(one.entry, one.path): one.description for one in classes}
    counts = {(one.entry, one.path): one.count for one in classes}
    writer.write(Batch(entries, described, counts, kept, {}, {}))
    writer.close()


def test_an_outcome_that_was_not_captured_is_not_judged(tmp_path: Path) -> None:
    """Of a generator a recording has no items; where it stands for base, that nothing differs says nothing."""
    replayed = shop(tmp_path, lambda shop: shop.stream()).replay()
    assert replayed.counts == {"not judged": 1}
    assert "return: builtins.generator: a recording knows none of its items" in replayed.reasons.pop()


def test_an_outcome_that_cannot_be_captured_any_more_is_not_same(tmp_path: Path) -> None:
    """Where one side alone was captured, nobody can say whether it differs."""
    scenario = shop(tmp_path, lambda shop: shop.total([1]))
    replayed = scenario.change("shop", "return sum(items)", "return __import__('hashlib').sha256()").replay()
    assert replayed.counts == {"not judged": 1}
    [reason] = replayed.reasons
    assert reason.startswith("return: a _hashlib.HASH was not captured: ")


def test_a_corrupt_trace_costs_one_trace(tmp_path: Path) -> None:
    """The others are judged."""

    def traffic(shop: Any) -> None:
        shop.total([1])
        shop.total([1, 2, 3])

    scenario = shop(tmp_path, traffic)
    connection = sqlite3.connect(scenario.store)
    with connection:
        connection.execute("UPDATE trace SET data = x'00' WHERE slot = 0")
    connection.close()
    replayed = scenario.replay()
    assert replayed.counts == {"same": 1, "not judged": 1}
    assert "it is corrupt" in replayed.reasons.pop()


def test_a_package_that_cannot_be_imported_stops_the_run(tmp_path: Path) -> None:
    """The error names the package and the way out."""
    scenario = shop(tmp_path, lambda shop: shop.total([1])).change(
        "shop", "import threading", "import not_installed_here"
    )
    with pytest.raises(
        CannotReplay, match=r"cannot import the included package 'shop_\d+': .*Install 'not_installed_here'"
    ):
        scenario.replay()


def test_an_unknown_application_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    """An application that cannot be built is the verdict `error`, not a crash."""
    scenario = served(tmp_path)
    replayed = scenario.replay(app="web:missing")
    assert replayed.counts == {"error": 1}
    assert "cannot be built here: AttributeError" in replayed.reasons.pop()


def test_a_fault_of_the_replay_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong in the harness is reported as that, and costs one trace."""
    from pytest_runtime.replay.execute import job_runner

    scenario = shop(tmp_path, lambda shop: shop.total([1]))
    monkeypatch.setattr(job_runner, "reading_digest", lambda readings: 1 / 0)
    replayed = scenario.replay()
    assert replayed.counts == {"error": 1}
    assert replayed.reasons == {"the replay itself failed: ZeroDivisionError: division by zero"}


def test_a_verdict_travels_as_text() -> None:
    """decode(encode(x)) == x, values of JSON included."""
    import msgspec

    difference = FieldDifference(
        DifferenceKind.RETURN, "return.a", msgspec.Raw(b"1"), msgspec.Raw(b'"\\u00e9"'), "1", "'é'"
    )
    location = Location("shop.py", 3, "shop:total", "a > 1", "base: true   candidate: false")
    trace = TraceVerdict("ab12", "diverged", NO_REASON, (difference,), location)
    verdict = ClassVerdict(
        "shop:total",
        "p",
        "item",
        "words",
        7,
        (trace, TraceVerdict("cd34", "not judged", Reason(ReasonCode.UNKNOWN, "why"))),
    )
    again = decode_verdict(encode_verdict(verdict))
    assert encode_verdict(again) == encode_verdict(verdict)
    assert again.traces[0].location == location
    assert (again.count("diverged"), again.count("same")) == (1, 0)


def test_state_of_one_replay_does_not_reach_into_the_next(tmp_path: Path) -> None:
    """Every trace gets values of its own: what a replay does to its arguments is done to copies."""

    def traffic(shop: Any) -> None:
        shop.clear([1, 2])
        shop.clear([1, 2])

    scenario = shop(tmp_path, traffic)
    assert set(scenario.replay().counts) == {"same"}
    assert set(scenario.replay().counts) == {"same"}


LOGIN = """
    import hashlib

    STORED = hashlib.sha256(b"correct horse").hexdigest()

    def login(password):
        return hashlib.sha256(password.encode()).hexdigest() == STORED

    def greeting(name):
        return "hello " + name
    """


def test_a_redacted_value_that_code_computes_with_is_no_divergence(tmp_path: Path) -> None:
    """A password that is checked cannot be replayed; while its code is as it was, that is not judged, and told."""
    scenario = Scenario(tmp_path, {"shop": LOGIN}).record(
        lambda shop: [shop.login("correct horse"), shop.greeting("ann")]
    )
    replayed = scenario.replay()
    assert replayed.counts == {"same": 1, "not judged": 1}
    assert "redacted value" in next(iter(replayed.reasons))
    scenario.change("shop", '"hello "', '"good day "')
    assert scenario.replay().counts == {"diverged": 1, "not judged": 1}


def test_a_change_of_code_that_got_a_redacted_value_diverges(tmp_path: Path) -> None:
    """Where the code that ran did change, a difference counts, redacted or not."""
    scenario = Scenario(tmp_path, {"shop": LOGIN}).record(lambda shop: shop.login("correct horse"))
    scenario.change("shop", "hexdigest() == STORED", "hexdigest() in (STORED, None)")
    assert scenario.replay().counts == {"diverged": 1}
