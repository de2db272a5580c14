"""The explorer: inputs next to the recorded ones, tried on base and candidate of small services."""

from __future__ import annotations

import json
import random
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import settings

from pytest_runtime.replay.model.finding import Explored, decode_explored, encode_explored
from pytest_runtime.rules.compare_rule import CompareRule
from pytest_runtime.rules.project_rules import CompareHooks, ProjectRules
from pytest_runtime.testing import Scenario


def only(explored: Explored) -> Any:
    """The one finding."""
    [finding] = explored.findings
    return finding


def lasting(explored: dict[str, Explored]) -> dict[str, Explored]:
    """Without what one run has and another of the same may not have."""
    return {name: msgspec.structs.replace(target, seconds=0.0, kept=0) for name, target in explored.items()}


# --- one shop in which many things change -------------------------------------------------------------------------

SHOP = """
    import random
    import threading
    import time

    def stamp(total):
        return {"at": time.time(), "fee": 10 if total > 100 else 0}

    def fee(total):
        if total > 100:
            return 10
        return 0

    def mean(items):
        total = sum(items)
        return total if not items else total / len(items)

    def plain(count, name):
        if count > 3:
            return name * 2
        return name

    def folded(name):
        return name.lower()

    def size(items):
        return len(items)

    def strict(items):
        raise TypeError("never") if items else ValueError("empty")

    def grade(points):
        return points

    def report(points):
        return "passed" if grade(points) > 50 else "failed"

    def cents(price):
        return price * 100

    def bill(price):
        return cents(price) / 100

    def points_of(total):
        return total // 10

    def score(order):
        return {"points": points_of(order["total"]), "name": order["name"]}

    def ticket(name):
        return {"id": random.getrandbits(40), "name": name}

    def top(items):
        return sorted(items)[-1]

    def reserve(size):
        return size if size > 3_000_000_000 else 0

    def numbers(count):
        yield from range(count)

    def total(count):
        return next(numbers(count), 0)

    async def later(count):
        return count

    def began(count):
        coroutine = later(count)
        try:
            coroutine.send(None)
        except StopIteration as end:
            return end.value

    def nobody(count):
        return count

    def sent(lock, text):
        return len(text)

    def send(text):
        return sent(threading.Lock(), text)

    class Cart:
        def __init__(self, limit=5):
            self.limit = limit
            self.lines = []

        def add(self, line, count=1):
            if len(self.lines) + count > self.limit:
                return False
            self.lines += [line] * count
            return True

        @property
        def is_full(self):
            return len(self.lines) > self.limit - 1

        def state(self):
            return "full" if self.is_full else "open"

        @staticmethod
        def label(count):
            return "many" if count > 7 else "few"

        @classmethod
        def small(cls, limit):
            return cls(limit if limit < 3 else 3)
    """

CHANGES = {
    "10 if total > 100": "10 if total >= 100",
    "    if total > 100:": "    if total >= 100:",
    "return total if not items else total / len(items)": "return total / len(items)",
    "if count > 3:\n        return name * 2\n    return name": "return name if count <= 3 else name * 2",
    "name.lower()": "name.casefold()",
    "return len(items)\n\ndef strict": "return len(items or ())\n\ndef strict",
    'raise TypeError("never") if items else ValueError("empty")': (
        'raise TypeError("never") if len(items) > 1 else ValueError("empty")'
    ),
    "def grade(points):\n    return points": "def grade(points):\n    return points if points > 0 else points - 1",
    "return price * 100": "return price",
    "cents(price) / 100": "cents(price) / 1",
    "return total // 10": "return total // 10 if total != 40 else 5",
    '    return {"id": random': '    random.random()\n    return {"id": random',
    "return sorted(items)[-1]": "items.sort()\n    return items[-1]",
    "return size if size >": "return len(bytes(size)) if size >",
    "yield from range(count)": "yield from range(0, count)",
    "async def later(count):\n    return count": "async def later(count):\n    return 0 + count",
    "def nobody(count):\n    return count": "def nobody(count):\n    return count + 1",
    "return len(text)": "return len(text) + 0",
    "if len(self.lines) + count > self.limit": "if len(self.lines) + count >= self.limit",
    "len(self.lines) > self.limit - 1": "len(self.lines) > self.limit - 2",
    'return "many" if count > 7': 'return "many" if count >= 7',
    "cls(limit if limit < 3 else 3)": "cls(limit if limit < 4 else 3)",
}


def traffic(shop: Any) -> None:
    """None of it meets a boundary that the change moves."""
    for number in (50, 150, 20):
        shop.fee(number)
        shop.stamp(number)
    for items in ([1, 2], [4], [3, 4, 5]):
        shop.mean(items)
        shop.size(items)
        shop.top(items)
        with pytest.raises(TypeError):
            shop.strict([*items, *items])
    for count, name in ((1, "pen"), (9, "ink"), (2, "cup")):
        shop.plain(count, name)
        shop.folded(name)
        shop.ticket(name)
    for number in (2, 30, 80):
        shop.report(number)
        shop.bill(number)
        shop.score({"total": number, "name": "Ann"})
        shop.reserve(number)
        shop.total(number)
        shop.began(number)
        shop.Cart.label(number)
        shop.Cart.small(1)
    shop.send("hello")
    cart = shop.Cart(5)
    cart.add("pen")
    cart.add("ink", 2)
    assert cart.state() == "open"
    cart.add("cup", count=8)


def changed(folder: Path) -> Scenario:
    """The shop, recorded and changed."""
    scenario = Scenario(folder, {"shop": SHOP}).record(traffic)
    for old, new in CHANGES.items():
        scenario.change("shop", old, new)
    return scenario


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """The shop, recorded and changed."""
    return changed(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def explored(shop: Scenario) -> dict[str, Explored]:
    """What there is to find in it."""
    return shop.explore()


def test_a_moved_boundary_is_found_with_the_smallest_input(explored: dict[str, Explored]) -> None:
    """Where every recorded input is the same on both sides, at the constant that the change is about."""
    finding = only(explored["shop:fee"])
    assert (finding.call, finding.base, finding.candidate) == ("fee(total=100)", "returned 0", "returned 10")
    assert finding.near
    assert (finding.location.kind, finding.location.condition) == ("decision", "total >= 100")
    assert [
        (difference.kind, difference.field, difference.base_text, difference.candidate_text)
        for difference in finding.differences
    ] == [("return", "return", "0", "10")]
    assert explored["shop:fee"].recorded == 3


def test_an_empty_list_is_near_where_truth_is_tested(explored: dict[str, Explored]) -> None:
    """Although none was recorded."""
    finding = only(explored["shop:mean"])
    assert (finding.call, finding.near) == ("mean(items=[])", True)
    assert finding.candidate == "raised ZeroDivisionError('division by zero')"


@pytest.mark.parametrize("name", ["plain", "bill", "total", "Cart.small"])
def test_what_does_the_same_has_no_finding(explored: dict[str, Explored], name: str) -> None:
    """A refactoring is silent, however much is tried; every example is accounted for."""
    target = explored[f"shop:{name}"]
    assert (target.reason, target.findings) == ("", ())
    assert target.counts.same > 20
    counts = msgspec.structs.asdict(target.counts)
    assert counts.pop("examples") == sum(counts.values())


def test_unrecorded_letters_are_far(explored: dict[str, Explored]) -> None:
    """A difference on them is reported, and not near."""
    finding = only(explored["shop:folded"])
    assert not finding.near
    assert "ß" in finding.call


def test_what_base_was_never_meant_for_is_a_precondition_violation(explored: dict[str, Explored]) -> None:
    """Base raises TypeError on `None`, the candidate does not: which is right is unknown."""
    assert explored["shop:size"].findings == ()
    assert explored["shop:size"].counts.precondition_violations >= 1


def test_an_exception_that_was_recorded_is_evidence(explored: dict[str, Explored]) -> None:
    """A TypeError that base raised in the recording is what it does."""
    [finding] = [finding for finding in explored["shop:strict"].findings if finding.near]
    assert (finding.base, finding.candidate) == ("raised TypeError('never')", "raised ValueError('empty')")


REFUSING = """
    import re

    WORDS = re.compile(r"[a-z]+(?:-[a-z]+)*")

    class Unknown(LookupError):
        pass

    def number(text):
        return int(text)

    def kind(text):
        kinds = {"a": 1, "bb": 2}
        if text not in kinds:
            raise Unknown(text)
        return kinds[text]

    def valid(name):
        return WORDS.fullmatch(name) is not None

    def app(environ, start_response):
        from urllib.parse import parse_qs
        given = parse_qs(environ["QUERY_STRING"]).get("size", [""])[0]
        if not given.isdigit():
            start_response("400 Bad Request", [("Content-Type", "text/plain")])
            return [b"size is no number"]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [given.encode()]
    """


OTHER_WORDS = """try:
        return int(text)
    except ValueError:
        raise TypeError(f"{text!r} is none") from None"""


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Explored]:
    """Refusals in other words, and a pattern that backtracks without end, explored."""

    def traffic(shop: Any) -> None:
        for text in ("1", "22", "7"):
            shop.number(text)
        shop.kind("a")
        shop.kind("bb")
        for name in (
            "north-sea",
            "a",
            "the-long-way-home-to-the-islands",
            "Bad",
            "averyveryverylongnameindeed",
            "no_way",
        ):
            shop.valid(name)

    scenario = Scenario(tmp_path_factory.mktemp("refusing"), {"shop": REFUSING}).record(traffic)
    scenario.change("shop", "return int(text)", OTHER_WORDS)
    scenario.change("shop", "raise Unknown(text)", 'raise Unknown(f"no {text}")')
    scenario.change("shop", '"[a-z]+(?:-[a-z]+)*"', '"(?:[a-z]+-?)*[a-z]+"')
    return scenario.explore(examples=200)


def test_refusing_in_other_words_is_no_difference(refusing: dict[str, Explored]) -> None:
    """Nor by another exception that says the same, where base never raised its own in the recording."""
    assert refusing["shop:number"].findings == ()
    assert refusing["shop:kind"].findings == ()


def test_a_hang_is_near_where_letters_of_recorded_kinds_hang_too(refusing: dict[str, Explored]) -> None:
    """A blank was not recorded; a mark that was makes it backtrack as well."""
    assert any(finding.near and "did not end" in finding.candidate for finding in refusing["shop:valid"].findings)


def test_a_difference_that_its_entry_does_not_show_is_none(explored: dict[str, Explored]) -> None:
    """It is counted as not propagated."""
    assert explored["shop:grade"].findings == ()
    assert explored["shop:grade"].counts.not_propagated >= 1
    assert explored["shop:report"].findings == ()


def test_a_helper_whose_caller_was_adapted_is_explored_through_it(explored: dict[str, Explored]) -> None:
    """Cents instead of euros, with the caller changed alike, is no change of behaviour."""
    assert "its caller shop_" in explored["shop:cents"].reason
    assert explored["shop:bill"].findings == ()


def test_a_difference_that_leaves_through_the_entry_counts(explored: dict[str, Explored]) -> None:
    """With what the entry shows when that one call is made so; the entry itself is explored too."""
    finding = only(explored["shop:points_of"])
    assert (finding.call, finding.seen) == ("points_of(total=40)", "return.points 4 → 5")
    assert finding.entry.endswith(":score")
    assert only(explored["shop:score"]).call == "score(order={'total': 40, 'name': ''})"


def test_random_values_are_no_difference(explored: dict[str, Explored]) -> None:
    """The candidate draws one more than base: what follows is compared by shape."""
    assert (explored["shop:ticket"].reason, explored["shop:ticket"].findings) == ("", ())
    assert explored["shop:ticket"].counts.same > 20


def test_no_test_is_written_of_what_follows_from_the_clock(explored: dict[str, Explored]) -> None:
    """It would fail on base at once."""
    finding = only(explored["shop:stamp"])
    assert finding.call == "stamp(total=100)"
    assert finding.test == ""
    assert finding.no_test == "what it shows follows from the clock or from chance"


def test_a_changed_argument_is_a_difference(explored: dict[str, Explored]) -> None:
    """A list that is sorted in place, where every recorded one was sorted already."""
    finding = explored["shop:top"].findings[0]
    assert finding.near
    assert {difference.kind for difference in finding.differences} == {"mutation"}
    assert finding.base.startswith("left arguments")


def test_what_asks_for_too_much_memory_is_bounded(explored: dict[str, Explored]) -> None:
    """It gets a MemoryError, and everything goes on."""
    finding = only(explored["shop:reserve"])
    assert (finding.base, finding.candidate) == ("returned 3000000001", "raised MemoryError()")


def test_looking_where_it_begins_is_bounded_too(explored: dict[str, Explored]) -> None:
    """The instrumented replay of an input that eats memory ends as the trial did, or does not take place."""
    location = only(explored["shop:reserve"]).location
    assert location is None or location.kind == "raise"


@pytest.mark.parametrize(
    ("name", "call", "base"),
    [
        ("Cart.label", "Cart.label(count=7)", "returned 'few'"),
        ("Cart.is_full", "Cart(limit=1, lines=[]).is_full", "returned False"),
    ],
)
def test_methods_and_properties_are_called_as_they_are(
    explored: dict[str, Explored], name: str, call: str, base: str
) -> None:
    """A static method through its class, a property of a recorded instance."""
    [finding] = [finding for finding in explored[f"shop:{name}"].findings if finding.near]
    assert (finding.call, finding.base) == (call, base)


def test_state_of_an_instance_is_part_of_the_input(explored: dict[str, Explored]) -> None:
    """A method is called on recorded instances with other attributes."""
    findings = explored["shop:Cart.add"].findings
    assert findings
    assert all(finding.call.startswith("Cart(limit=") for finding in findings)
    assert ("returned True", "returned False") in {(finding.base, finding.candidate) for finding in findings}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("numbers", "it is a generator function"),
        ("later", "it is a coroutine function"),
        ("nobody", "no recorded trace that base can replay runs it"),
    ],
)
def test_what_cannot_be_called_alone_is_listed_with_the_reason(
    explored: dict[str, Explored], name: str, reason: str
) -> None:
    """Nothing is left out in silence."""
    target = explored[f"shop:{name}"]
    assert (target.reason, target.counts.examples, target.findings) == (reason, 0, ())


def test_a_difference_is_reported_once(explored: dict[str, Explored], odd: Odd) -> None:
    """An input that is near once it is small is not listed among the far ones too."""
    calls = {
        name: [finding.call for finding in target.findings]
        for name, target in [*explored.items(), *odd.explored.items()]
    }
    assert [name for name, texts in calls.items() if len(set(texts)) < len(texts)] == []


def test_what_was_explored_travels_as_text(explored: dict[str, Explored]) -> None:
    """From a worker to the process that reports: `decode(encode(x)) == x`, with every finding."""
    for target in explored.values():
        assert decode_explored(encode_explored(target)) == target


# --- what is out of the ordinary ----------------------------------------------------------------------------------

COURIER = """
    def ask(country):
        return {"DE": 2, "FR": 3}[country]
    """
ODD = """
    import io
    import json
    import os
    import courier

    def price(country, amount):
        return amount * courier.ask(country)

    def countdown(number):
        while number > 0:
            number -= 1
        return number

    def ended(number):
        return number

    CACHE = {}

    def cost(item, count):
        key = (item, count)
        if key not in CACHE:
            CACHE[key] = len(item) * count
        return CACHE[key]

    def run(steps, pause):
        for step in steps:
            pause(step)
        return len(steps)

    class Basket:
        def __init__(self, prices):
            self.prices = prices

        def total(self):
            return sum(self.prices)

    def app(environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        document = json.loads(environ["wsgi.input"].read(length))
        status, answer = quote(document)
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    def quote(document):
        items = document["items"]
        if not items:
            return "422 Unprocessable", {"error": "no items"}
        return "200 OK", {"mean": sum(items) / len(items)}
    """
ODD_CHANGES = {
    "amount * courier": "(amount if amount != 9 else 8) * courier",
    "while number > 0:\n        number -= 1": "while number > 0 or number == -1:\n        number -= number > 0",
    "def ended(number):\n": "def ended(number):\n    if number == 7:\n        os._exit(3)\n",
    "key = (item, count)": "key = item",
    "pause(step)\n    return len(steps)": "pause(step)\n    return len(steps) if steps else -1",
    "self.prices = prices": "self._prices = prices",
    "sum(self.prices)": "sum(self._prices)",
    "if not items:": "if items is None:",
}


def odd_traffic(lines: list[Any]) -> Any:
    """Calls and requests; `lines` takes what a callable argument was called with."""

    def run(courier: Any, odd: Any) -> None:
        odd.price("DE", 2)
        odd.price("FR", 30)
        for number in (3, 12):
            odd.countdown(number)
            odd.ended(number)
        for item, count in (("pen", 1), ("ink", 2), ("pen", 3)):
            odd.CACHE.clear()
            odd.cost(item, count)
        odd.run(["a", "b"], pause=lambda step: lines.append(step))
        basket = odd.Basket.__new__(odd.Basket)
        basket.prices = [1, 2]
        basket.total()
        for items in ([1, 2], [3]):
            body = json.dumps({"items": items}).encode()
            environ = {
                "REQUEST_METHOD": "POST",
                "PATH_INFO": "/quotes",
                "CONTENT_TYPE": "application/json",
                "CONTENT_LENGTH": str(len(body)),
                "wsgi.input": BytesIO(body),
            }
            b"".join(odd.app(environ, lambda *_: None))

    return run


class Odd:
    """The odd shop: its scenario, what was found, and the list that a recorded callable belongs to."""

    def __init__(self, folder: Path) -> None:
        self.lines: list[Any] = []
        self.scenario = Scenario(folder, {"courier": COURIER, "odd": ODD}, app="odd:app")
        self.scenario._options["boundaries"] = (f"{self.scenario.names['courier']}.ask",)
        self.scenario.record(odd_traffic(self.lines))
        for old, new in ODD_CHANGES.items():
            self.scenario.change("odd", old, new)
        self.explored = self.scenario.explore(examples=40)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Odd:
    """The odd shop."""
    return Odd(tmp_path_factory.mktemp("odd"))


def test_what_leads_to_an_unrecorded_exchange_is_rejected(odd: Odd) -> None:
    """A country for which no exchange was recorded is no difference, whatever either side would have made of the
    answer."""
    price = odd.explored["odd:price"]
    assert price.counts.rejected >= 1
    assert {finding.near for finding in price.findings} == {True}
    assert all("amount=9" in finding.call for finding in price.findings)


def test_no_test_is_written_of_what_talks_to_another_system(odd: Odd) -> None:
    """Only the recording stands for it, in whichever step of an input it was asked."""
    findings = odd.explored["odd:price"].findings
    assert [(finding.call, finding.test) for finding in findings if finding.test] == []


def test_a_function_that_never_ends_is_stopped(odd: Odd) -> None:
    """And is a difference where base ends."""
    finding = only(odd.explored["odd:countdown"])
    assert finding.call.startswith("countdown(number=")
    assert (finding.base.startswith("returned "), finding.near) == (True, True)
    assert finding.candidate.startswith("did not end: it was still running after ")


def test_a_process_that_ends_is_a_difference_of_that_input_alone(odd: Odd) -> None:
    """`os._exit` takes the trial along, the other inputs are tried all the same."""
    ended = odd.explored["odd:ended"]
    assert only(ended).call == "ended(number=7)"
    assert only(ended).candidate == "it ended its process with status 3 (`os._exit`)"
    assert ended.counts.same >= 10


def test_what_is_kept_from_call_to_call_is_seen(odd: Odd) -> None:
    """A cache with too few keys differs at the second call only, and both calls are reported."""
    finding = odd.explored["odd:cost"].findings[0]
    first, second = finding.call.split(", then ")
    assert first.startswith("cost(item=")
    assert second.startswith("cost(item=")
    assert finding.base != finding.candidate


def test_a_class_that_holds_its_state_in_another_way_is_listed(odd: Odd) -> None:
    """Where no recorded entry made the instance."""
    reason = odd.scenario.plain(odd.explored["odd:Basket.total"].reason)
    assert reason == "it needs a odd.Basket whose layout changed and which no recorded entry made"


def test_a_request_is_explored_through_its_fields(odd: Odd) -> None:
    """And written as a client would write it."""
    finding = only(odd.explored["POST /quotes"])
    assert finding.call == 'POST /quotes {"items": []}'
    assert finding.base == "answered 422 {'error': 'no items'}"
    assert finding.near


def test_a_callable_argument_is_answered_and_never_called_again(odd: Odd) -> None:
    """What is found of a function that takes one is reported, but not written down as a test."""
    [trace] = [trace for trace in odd.scenario.traces() if trace.entry.endswith(":run")]
    assert [exchange.boundary for exchange in trace.exchanges] == ["callable", "callable"]
    assert odd.lines == ["a", "b"]
    finding = only(odd.explored["odd:run"])
    assert finding.call.startswith("run(steps=[], pause=")
    assert finding.no_test == "it needs a callable that a test cannot write down"


def test_a_bound_method_written_in_c_comes_with_its_object(tmp_path: Path) -> None:
    """`pause=lines.append`: what the calls do is seen in the list."""
    lines: list[str] = []
    source = """
        def put(lines, pause):
            return [pause(line) for line in lines]
        """
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.put(["b"], pause=lines.append))
    assert lines == ["b"]
    assert scenario.judge(everything=True).counts == {"same": 1}
    scenario.change("shop", "pause(line) for", "pause(line + '!') for")
    assert scenario.judge().counts == {"diverged": 1}


# --- one run and the next -----------------------------------------------------------------------------------------

SMALL = """
    def fee(total):
        return 10 if total > 100 else 0

    def clean(name):
        return name.strip()
    """


@pytest.fixture
def small(tmp_path: Path) -> Scenario:
    """Two functions, one of them changed on the quiet, one on unrecorded letters."""

    def traffic(shop: Any) -> None:
        for total in (50, 150):
            shop.fee(total)
        for name in ("ann", "bob"):
            shop.clean(name)

    scenario = Scenario(tmp_path, {"shop": SMALL}).record(traffic)
    return scenario.change("shop", "> 100", ">= 100").change("shop", "name.strip()", 'name.strip(" ")')


def test_runs_are_alike_and_what_differed_is_tried_first(small: Scenario) -> None:
    """The same inputs give the same findings, whatever the project's own Hypothesis and `random` are set to; with what
    an earlier run kept, one example is enough."""
    first = small.explore()
    assert only(first["shop:fee"]).call == "fee(total=100)"
    kept = small.explore(examples=1)
    assert [(target.kept, [f.call for f in target.findings]) for target in kept.values()] == [
        (1, [f.call for f in target.findings]) for target in first.values()
    ]
    shutil.rmtree(small.folder / ".runtime" / "explored")
    profile, state = settings.get_current_profile_name(), random.getstate()
    settings.register_profile("of a project", max_examples=1, derandomize=True, database=None, phases=())
    settings.load_profile("of a project")
    try:
        own = settings.default
        assert lasting(small.explore()) == lasting(first)
        assert settings.default == own
        assert random.getstate() == state
    finally:
        settings.load_profile(profile)


def test_rules_of_comparison_count(small: Scenario) -> None:
    """What the project does not compare differs in no input either."""
    rules = ProjectRules((CompareRule(field="return", entry="*", ignore=True, reason="nobody reads it"),), CompareHooks)
    assert [target.findings for target in small.explore(tolerates=rules).values()] == [(), ()]


def test_a_large_integer_under_a_sensitive_name_is_replayed(tmp_path: Path) -> None:
    """Its pseudonym is an integer too."""
    source = "def token(number):\n    return number\n"
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.token(0x9E2FEB89414C343C))
    assert scenario.replay().counts == {"same": 1}
