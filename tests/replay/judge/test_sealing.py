"""Sealing: base is replayed first, under perturbation; what both sides lack cancels out, what changes by itself is
distinguished from what does not, and no end of a replay takes anything but its own trace along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.replay.judge.seal import FORMAT, OtherFormat, read_seal, write_seal
from pytest_runtime.testing import Scenario


def recorded(folder: Path, source: str, traffic: Any, **options: Any) -> Scenario:
    """One module, under traffic."""
    return Scenario(folder, {"shop": source}, **options).record(traffic)


# --- what depends on what ran before ------------------------------------------------------------------------------

CACHED = """
    import functools

    import courier

    @functools.lru_cache
    def rate(country):
        return courier.ask(country)

    def price(country, amount):
        return amount * rate(country)
    """
COURIER = """
    def ask(country):
        return len(country)
    """


def cached(folder: Path) -> Scenario:
    """The second price finds its rate in the cache, so its own recording holds no exchange."""
    modules = {"courier": COURIER, "shop": CACHED}
    scenario = Scenario(folder, modules, boundaries=())
    scenario._options["boundaries"] = (f"{scenario.names['courier']}.ask",)

    def traffic(courier: Any, shop: Any) -> None:
        for amount in (1, 2, 3):
            shop.price("DE", amount)

    return scenario.record(traffic)


def test_a_cache_that_an_earlier_request_filled_is_filled_from_its_recording(tmp_path: Path) -> None:
    """The missing exchange is fallbacks from the trace that asked, on both sides, and counted."""
    scenario = cached(tmp_path)
    seal = scenario.seal()
    sealed = [seal.trace(name) for name in seal.traces]
    assert sorted(one.fallbacks for one in sealed if one is not None) == [0, 1, 1]
    assert [one.why.sentence for one in sealed if one is not None] == ["", "", ""]
    assert scenario.judge(everything=True).counts == {"same": 3}


def test_a_change_behind_a_warm_cache_is_seen(tmp_path: Path) -> None:
    """The traces that found the cache warm are judged as well as the one that filled it."""
    replayed = cached(tmp_path).change("shop", "amount * rate(country)", "amount + rate(country)").judge()
    # 1 * 2 differs from 1 + 2, 2 * 2 does not from 2 + 2, 3 * 2 does from 3 + 2
    assert replayed.counts == {"diverged": 2, "same": 1}


COUNTER = """
    class Counter:
        def __init__(self):
            self.value = 0

        def next(self):
            self.value += 1
            return self.value

    _counter = None
    total = 0

    def ticket(step):
        global _counter, total
        if _counter is None:
            _counter = Counter()
        total += step
        return {"ticket": _counter.next(), "total": total}
    """

HIDDEN_COUNTER = """
    import itertools

    class Counter:
        def __init__(self):
            self.value = 0

        def next(self):
            self.value += 1
            return self.value

    def make():
        counter, total = Counter(), 0

        def ticket(step):
            nonlocal total
            total += step
            return {"ticket": counter.next(), "total": total}

        return ticket

    _ticket = make()

    def ticket(step):
        return _ticket(step)
    """
"""The same where no module or class holds it under a name."""


def tickets(shop: Any) -> None:
    """Three tickets in a row."""
    for step in (1, 10, 100):
        shop.ticket(step)


def test_what_earlier_calls_counted_is_not_judged_and_named(tmp_path: Path) -> None:
    """The first call replays as it was recorded; the others found a state that a replay does not come to."""
    scenario = recorded(tmp_path, HIDDEN_COUNTER, tickets)
    seal = scenario.seal()
    assert all(sealed.fresh for name in seal.traces if (sealed := seal.trace(name)) is not None and sealed.why)
    replayed = scenario.judge(everything=True)
    assert replayed.counts == {"same": 1, "not judged": 2}
    unjudged = [trace for trace in replayed.traces if trace.verdict == "not judged"]
    assert all(trace.reason.startswith("base does not replay as recorded: return.ticket: ") for trace in unjudged)
    assert {trace.why.code for trace in unjudged} == {"unexplained"}


def test_a_change_in_warm_state_is_seen_where_base_replays_as_recorded(tmp_path: Path) -> None:
    """And located, by the call that found nothing warm."""
    replayed = recorded(tmp_path, HIDDEN_COUNTER, tickets).change("shop", "value += 1", "value += 2").judge()
    assert replayed.counts == {"diverged": 1, "not judged": 2}
    assert replayed.fields["return.ticket"] == ("1", "2")


def test_what_earlier_calls_counted_in_a_module_is_counted_again(tmp_path: Path) -> None:
    """Each call finds what those before it leave on the code under test."""
    scenario = recorded(tmp_path, COUNTER, tickets)
    assert scenario.judge(everything=True).counts == {"same": 3}
    replayed = scenario.change("shop", "self.value += 1", "self.value += 2").judge()
    assert replayed.counts == {"diverged": 3}


def test_fidelity_says_what_base_does_not_repeat(tmp_path: Path) -> None:
    """By entry, with reasons."""
    scenario = recorded(tmp_path, HIDDEN_COUNTER, tickets)
    seal = scenario.seal()
    [fidelity] = seal.fidelity(dict.fromkeys(seal.traces, "ticket")).values()
    assert (fidelity.traces, fidelity.faithful) == (3, 1)
    assert all("recorded" in reason for reason in fidelity.reasons)


# --- what moves ------------------------------------------------------------------------------------------------------


def test_what_moves_with_the_hash_seed_is_volatile_and_nothing_else_is(tmp_path: Path) -> None:
    """A mask covers the exact field: the order of a set is compared by shape, the field beside it exactly."""
    source = """
        def tags(words):
            return {"joined": ",".join({word for word in words}), "count": len(words)}
        """
    words = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu"]
    scenario = recorded(tmp_path, source, lambda shop: shop.tags(words))
    seal = scenario.seal(launch="spawn")
    [sealed] = [seal.trace(name) for name in seal.traces]
    assert sealed is not None
    assert [mask.field for mask in sealed.masks] == ["return.joined"]
    assert sealed.leaves >= 1 + len(words)


STAMPED = """
    import datetime
    import uuid

    def order(days):
        number = uuid.uuid4().hex
        token = uuid.uuid4().hex[:8]
        now = datetime.datetime.now()
        due = now + datetime.timedelta(days=days)
        return {"id": number, "token": token, "made": now.isoformat(), "due": due.date().isoformat()}
    """


def test_draws_in_another_order_are_silent(tmp_path: Path) -> None:
    """Which of two random values goes where is nobody's business."""
    scenario = recorded(tmp_path, STAMPED, lambda shop: shop.order(30))
    scenario.change(
        "shop",
        "    number = uuid.uuid4().hex\n    token = uuid.uuid4().hex[:8]\n",
        "    token = uuid.uuid4().hex[:8]\n    number = uuid.uuid4().hex\n",
    )
    assert scenario.judge().counts == {"same": 1}


def test_a_clock_that_is_read_more_often_is_silent(tmp_path: Path) -> None:
    """The number of readings never fails a change."""
    scenario = recorded(tmp_path, STAMPED, lambda shop: shop.order(30))
    scenario.change(
        "shop",
        "    due = now + datetime",
        "    now = datetime.datetime.now()\n    due = datetime.datetime.now() + datetime",
    )
    assert scenario.judge().counts == {"same": 1}


def test_a_wrong_date_is_seen_although_it_follows_from_the_clock(tmp_path: Path) -> None:
    """What follows from the clock is compared exactly, with the clock frozen where it is read in another way."""
    scenario = recorded(tmp_path, STAMPED, lambda shop: shop.order(30))
    scenario.change("shop", "timedelta(days=days)", "timedelta(days=days + 1)")
    replayed = scenario.judge()
    assert replayed.counts == {"diverged": 1}
    assert set(replayed.fields) == {"return.due"}


def test_a_token_of_another_length_is_seen_although_it_is_random(tmp_path: Path) -> None:
    """By its shape."""
    scenario = recorded(tmp_path, STAMPED, lambda shop: shop.order(30))
    scenario.change("shop", "hex[:8]", "hex[:9]")
    replayed = scenario.judge()
    assert set(replayed.fields) == {"return.token"}


def test_every_field_that_moves_leaves_nothing_to_judge(tmp_path: Path) -> None:
    """Masked as a whole is not judged, and never green."""
    source = """
        def address(_unused):
            return hash("a text whose hash follows from the seed")
        """
    scenario = recorded(tmp_path, source, lambda shop: shop.address(None))
    scenario.rewrite("shop", source.replace("return hash", "return  1 * hash"))
    replayed = scenario.judge(launch="spawn")
    assert replayed.counts == {"not judged": 1}
    assert "nothing is left to compare" in replayed.reasons.pop()


# --- how a replay ends ---------------------------------------------------------------------------------------------


ENDING = """
    import os

    def work(kind, amount):
        if kind == "exit":
            finish()
        if kind == "loop":
            wait()
        return amount

    def finish():
        pass

    def wait():
        pass
    """


def ending(folder: Path) -> Scenario:
    """Four traces."""

    def traffic(shop: Any) -> None:
        for kind in ("plain", "exit", "loop", "plain again"):
            shop.work(kind, 1)

    return recorded(folder, ENDING, traffic)


def test_a_replay_that_ends_its_process_is_its_own_verdict(tmp_path: Path) -> None:
    """The rest goes on."""
    replayed = (
        ending(tmp_path).change("shop", "finish():\n    pass", "finish():\n    os._exit(3)").judge(everything=True)
    )
    assert replayed.counts == {"same": 3, "crashed": 1}
    assert "status 3" in replayed.reasons.pop()


def test_a_replay_that_crashes_the_interpreter_is_its_own_verdict(tmp_path: Path) -> None:
    """With the signal and the line."""
    crash = "finish():\n    import ctypes\n    ctypes.string_at(0)"
    replayed = ending(tmp_path).change("shop", "finish():\n    pass", crash).judge(everything=True)
    assert replayed.counts == {"same": 3, "crashed": 1}
    reason = replayed.reasons.pop()
    assert "SIGSEGV" in reason


def test_a_replay_that_hangs_is_stopped_and_its_own_verdict(tmp_path: Path) -> None:
    """With the line at which it was."""
    hang = "wait():\n    while True:\n        pass"
    replayed = ending(tmp_path).change("shop", "wait():\n    pass", hang).judge(everything=True, limit=0.5)
    assert replayed.counts == {"same": 3, "hung": 1}
    reason = replayed.reasons.pop()
    assert "still running after 0.5 s" in reason
    assert "line" in reason


def test_what_base_does_not_survive_either_is_not_judged(tmp_path: Path) -> None:
    """A base that ends its process has no answer to compare with."""
    source = ENDING.replace("def finish():\n        pass", "def finish():\n        if GONE: os._exit(3)").replace(
        "import os", "import os\n    GONE = os.environ.get('SHOP_GONE')"
    )
    scenario = recorded(tmp_path, source, lambda shop: shop.work("exit", 1))
    base = scenario.base / f"{scenario.names['shop']}.py"
    base.write_text(base.read_text().replace("if GONE:", "if True:"))
    scenario.change("shop", "return amount", "return amount + 0")
    replayed = scenario.judge(everything=True)
    assert replayed.counts == {"not judged": 1}
    assert "base gives no answer" in replayed.reasons.pop()


# --- the file ------------------------------------------------------------------------------------------------------


def test_a_seal_is_read_as_it_was_written(tmp_path: Path) -> None:
    """read(write(x)) == x."""
    seal = cached(tmp_path).seal()
    path = tmp_path / "one.seal"
    write_seal(path, seal)
    again = read_seal(path)
    assert [again.trace(name) for name in again.traces] == [seal.trace(name) for name in seal.traces]
    assert again.sources == seal.sources


@pytest.mark.parametrize(
    ("data", "message"),
    {
        "another format": (b"pytest-runtime seal 99\nx", f"format 99; this version reads and writes {FORMAT}"),
        "something else": (b"hello", "is no seal"),
        "damaged": (b"pytest-runtime seal %d\nx" % FORMAT, "is damaged"),
    }.values(),
)
def test_another_seal_is_an_error_that_says_so(tmp_path: Path, data: bytes, message: str) -> None:
    """Both formats are named; a seal is only a cache, so the caller makes it again."""
    path = tmp_path / "one.seal"
    path.write_bytes(data)
    with pytest.raises(OtherFormat, match=message):
        read_seal(path)


def test_a_second_run_finds_the_seal_and_a_damaged_one_is_made_again(tmp_path: Path) -> None:
    """Keyed by what it follows from."""
    scenario = cached(tmp_path).change("shop", "amount * rate(country)", "rate(country) * amount")
    assert scenario.judge().counts == {"same": 3}
    [path] = (tmp_path / ".runtime" / "seals").glob("*.seal")
    written = path.stat().st_mtime_ns
    assert scenario.judge().counts == {"same": 3}
    assert path.stat().st_mtime_ns == written
    path.write_bytes(b"pytest-runtime seal 99\n")
    assert scenario.judge().counts == {"same": 3}
    assert read_seal(path).traces


def test_unchanged_code_needs_no_replay(tmp_path: Path) -> None:
    """Comments, docstrings, formatting and type hints are no change."""
    scenario = cached(tmp_path)
    assert scenario.judge().counts == {}
    scenario.rewrite(
        "shop", CACHED.replace("def rate(country):", 'def rate(country: str) -> int:\n        """A rate."""')
    )
    assert scenario.judge().counts == {}


def test_only_what_ran_something_that_changed_is_replayed(tmp_path: Path) -> None:
    """Function by function."""
    source = """
        def first(number):
            return number + 1

        def second(number):
            return number + 2
        """

    def traffic(shop: Any) -> None:
        shop.first(1)
        shop.second(1)

    scenario = recorded(tmp_path, source, traffic).change("shop", "number + 2", "2 + number")
    replayed = scenario.judge()
    assert [one.entry.partition(":")[2] for one in replayed.classes] == ["second"]
    assert replayed.counts == {"same": 1}


def test_the_folder_of_the_project_is_no_difference(tmp_path: Path) -> None:
    """Base and candidate lie in different folders; a path inside is the same path."""
    source = """
        import os

        HERE = os.path.dirname(os.path.abspath(__file__))

        def place(name):
            return {"file": os.path.join(HERE, name), "raw": os.fsencode(HERE), "other": "/etc/hosts"}

        def failing(name):
            raise LookupError(f"{name} is not in {HERE}")
        """

    def traffic(shop: Any) -> None:
        shop.place("data.json")
        with pytest.raises(LookupError):
            shop.failing("x")

    scenario = recorded(tmp_path, source, traffic)
    assert scenario.judge(everything=True).counts == {"same": 2}
    scenario.change("shop", "os.path.join(HERE, name)", 'os.path.join(HERE, "x", name)')
    assert set(scenario.judge().fields) == {"return.file"}
