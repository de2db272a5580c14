"""Declared boundaries: functions and classes that a project names are recorded, and work as before."""

from __future__ import annotations

import copy
import inspect
import pickle
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.boundaries import declared
from pytest_runtime.recorders.boundaries.live_world import LiveWorld
from pytest_runtime.recorders.capture.thaw import thaw
from pytest_runtime.recorders.context import Scope, within
from pytest_runtime.testing import Scenario

GATEWAY = """
import threading

calls = []

def rate(currency, *, day=None):
    '''The rate of a currency.'''
    calls.append(currency)
    if currency == "XXX":
        raise LookupError("no rate for XXX")
    return {"EUR": 1.1}.get(currency, 1.0)

class Client:
    kind = "payments"

    def __init__(self, url, retries=3):
        self.url = url
        self.retries = retries
        self.lock = threading.Lock()
        self.sent = []

    def charge(self, amount, currency="EUR"):
        self.sent.append(amount)
        return {"id": len(self.sent), "amount": amount, "rate": rate(currency)}

    def fail(self):
        raise ConnectionError("down")

    @property
    def last(self):
        return self.sent[-1]

    @staticmethod
    def ping(text="pong"):
        return text

    @classmethod
    def default(cls):
        return cls("https://pay.example")

    def _internal(self):
        return "internal"

class Special(Client):
    def charge(self, amount, currency="EUR"):
        return {"special": True, **super().charge(amount, currency)}
"""


@pytest.fixture
def gateway() -> Iterator[Any]:
    """A module with a function and a class, both declared; afterwards they are the very objects they were."""
    module: Any = types.ModuleType("gateway_of_tests")
    sys.modules[module.__name__] = module
    exec(compile(GATEWAY, "gateway_of_tests.py", "exec"), vars(module))
    before = dict(vars(module)), dict(vars(module.Client))
    undos = [declared.install(module, "rate"), declared.install(module, "Client")]
    yield module
    for undo in reversed(undos):
        undo()
    assert {name: vars(module)[name] for name in before[0]} == before[0]
    assert all(vars(module.Client)[name] is value for name, value in before[1].items() if name != "__dict__")
    del sys.modules[module.__name__]


@pytest.fixture
def world() -> Iterator[LiveWorld]:
    """A trace."""
    found = LiveWorld(lambda file: file == __file__)
    with within(Scope(found)):
        yield found


def names(world: LiveWorld) -> list[tuple[str, str, str]]:
    """(resource, operation, effect) of what was recorded."""
    return [(one.operation.resource, one.operation.name, one.operation.effect) for one in world.exchanges]


def test_a_function_is_one_exchange(world: LiveWorld, gateway: Any) -> None:
    """A call is recorded with its arguments and its answer."""
    assert gateway.rate("EUR", day=1) == 1.1
    (exchange,) = world.exchanges
    assert names(world) == [("gateway_of_tests", "rate", "write")]
    assert "TupleNode(items=['EUR'])" in str(thaw(exchange.request))
    assert "keys=['day'], values=[1]" in str(thaw(exchange.request))
    assert thaw(exchange.answer) == 1.1


def test_an_error_is_raised_and_recorded(world: LiveWorld, gateway: Any) -> None:
    """What the function raises goes on unchanged."""
    with pytest.raises(LookupError, match="no rate for XXX"):
        gateway.rate("XXX")
    assert "no rate for XXX" in str(thaw(world.exchanges[0].error))


def test_a_class_is_recorded_by_its_public_methods(world: LiveWorld, gateway: Any) -> None:
    """Construction is a session, methods are exchanges; static and class methods too, private ones not."""
    client = gateway.Client("https://pay.example")
    assert client.charge(5) == {"id": 1, "amount": 5, "rate": 1.1}
    assert gateway.Client.ping() == client.ping() == "pong"
    assert client._internal() == "internal"
    assert (client.last, client.kind) == (5, "payments")
    label = "gateway_of_tests.Client"
    assert names(world) == [
        *(
            (label, "__init__", "session"),
            (label, "charge", "write"),
            (label, "ping", "write"),
            (label, "ping", "write"),
        )
    ]
    assert isinstance(client, gateway.Client)


def test_what_a_boundary_calls_is_part_of_it(world: LiveWorld, gateway: Any) -> None:
    """A declared function inside a declared method is not recorded again; a class method makes one exchange."""
    gateway.Client("u").charge(1)
    assert gateway.calls == ["EUR"]
    assert [name for _, name, _ in names(world)] == ["__init__", "charge"]
    assert isinstance(gateway.Client.default(), gateway.Client)
    assert [name for _, name, _ in names(world)] == ["__init__", "charge", "default"]


def test_subclasses_work(world: LiveWorld, gateway: Any) -> None:
    """A subclass of a declared class calls through `super()`."""
    special = gateway.Special("u")
    assert special.charge(2) == {"special": True, "id": 1, "amount": 2, "rate": 1.1}
    assert [name for _, name, _ in names(world)] == ["__init__", "charge"]


def test_failing_methods(world: LiveWorld, gateway: Any) -> None:
    """A method's error is raised unchanged and recorded; wrong arguments fail as before."""
    client = gateway.Client("u")
    with pytest.raises(ConnectionError, match="down"):
        client.fail()
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        client.charge()
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        gateway.Client()
    assert [one.error is not None for one in world.exchanges] == [False, True, True, True]


def test_outside_a_trace_nothing_is_recorded(world: LiveWorld, gateway: Any) -> None:
    """Without a trace the declared things just work."""
    with within(None):
        client = gateway.Client("u")
        assert client.charge(1)["id"] == 1
        assert gateway.rate("EUR") == 1.1
    assert world.exchanges == []


def test_signatures_and_pickles(gateway: Any) -> None:
    """A declared function keeps signature, docstring and pickling name, an instance can be pickled and copied."""
    assert str(inspect.signature(gateway.rate)) == "(currency, *, day=None)"
    assert gateway.rate.__doc__ == "The rate of a currency."
    assert pickle.loads(pickle.dumps(gateway.rate)) is gateway.rate
    client = gateway.Client("u")
    assert str(inspect.signature(client.charge)) == "(amount, currency='EUR')"
    client.lock = None
    again = pickle.loads(pickle.dumps(client))
    assert (again.url, copy.deepcopy(client).url) == ("u", "u")
    assert pickle.loads(pickle.dumps(client.charge))(3)["amount"] == 3
    assert copy.deepcopy(client.charge)(4)["amount"] == 4


def test_what_was_recorded_later_changes_does_not_show(world: LiveWorld, gateway: Any) -> None:
    """Arguments and answers are frozen when they cross."""
    client = gateway.Client("u")
    amount = [1]
    answer = client.charge(amount)
    amount.append(2)
    answer["id"] = 99
    exchange = world.exchanges[-1]
    assert "ListNode(items=[1])" in str(thaw(exchange.request))
    assert "99" not in str(thaw(exchange.answer))


SERVICE = """
    import gateway
    from gateway import Client, rate

    def pay(amount):
        client = Client("https://pay.example")
        try:
            client.fail()
        except ConnectionError as error:
            failed = str(error)
        return [client.charge(amount), client.url, client.retries, failed, rate("EUR"), Client.ping("x")]
    """


def test_a_declared_boundary_replays(tmp_path: Path) -> None:
    """A class and a function behind their boundary are not run on replay, not even when their code is gone."""
    modules = {"gateway": GATEWAY, "shop": SERVICE}
    scenario = Scenario(tmp_path, modules)
    declared_names = tuple(f"{scenario.names['gateway']}.{name}" for name in ("Client", "rate"))
    scenario._options["boundaries"] = declared_names
    scenario.record(lambda gateway, shop: shop.pay(5))
    (trace,) = scenario.traces()
    assert [one.operation for one in trace.exchanges] == ["__init__", "fail", "charge", "rate", "ping"]
    scenario.change("gateway", 'return {"EUR": 1.1}.get(currency, 1.0)', "raise SystemExit('it ran')")
    assert scenario.replay().counts == {"same": 1}
    scenario.change("shop", "client.charge(amount)", "client.charge(amount * 2)")
    assert scenario.replay().counts == {"diverged": 1}


def test_a_declared_boundary_is_no_entry(tmp_path: Path) -> None:
    """What stands outside the service is not replayed as a part of it, even where its module is included."""
    scenario = Scenario(tmp_path, {"gateway": GATEWAY, "shop": SERVICE})
    scenario._options["boundaries"] = tuple(f"{scenario.names['gateway']}:{name}" for name in ("Client", "rate"))
    scenario.record(lambda gateway, shop: [gateway.rate("EUR"), gateway.Client("u").charge(1), shop.pay(5)])
    assert [trace.entry.partition(":")[2] for trace in scenario.traces()] == ["pay"]
