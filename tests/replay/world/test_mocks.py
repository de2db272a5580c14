"""Mocks among the arguments: set up again as they were, and compared by how they were called."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from pytest_runtime.recorders.model.value_tree import DictNode, StandardNode
from pytest_runtime.replay.world.adapters.mocks import BUILDERS
from pytest_runtime.testing import Scenario

SHOP = """
    class Repo:
        def save(self, order): ...
        def find(self, key): ...

    def place(repo, mailer, order):
        if repo.find(order["id"]) is not None:
            return "known"
        repo.save(order)
        mailer.send("placed", to=order["mail"])
        return repo.count()

    async def fetch(session, name):
        result = await session.call_tool(name, {"a": 1})
        return [part.text for part in result.content]

    def failing(client):
        try:
            client.get("/")
        except ConnectionError as error:
            return str(error)

    def read(opener):
        with opener("x") as file:
            return file.read(), len(file)

    def kind(repo):
        return isinstance(repo, Repo), repo.name, hasattr(repo, "nope"), hasattr(repo, "gone")

    def asked(client):
        answer = client.ask(3)
        client.log(answer)
        return answer

    def twice(client):
        client.begin()
        client.end()
        return client

    def unused(client, number):
        return number + 1
    """


def place(shop: Any) -> None:
    """Answers in a row, over two traces."""
    repo, mailer = mock.Mock(), mock.MagicMock()
    repo.find.return_value = None
    repo.count.side_effect = [3, 4]
    for number in (3, 4):
        assert shop.place(repo, mailer, {"id": number, "mail": "ann@shop"}) == number


def fetch(shop: Any) -> None:
    """Awaited."""
    session = mock.AsyncMock()
    session.call_tool.return_value = mock.Mock(content=[mock.Mock(text="hi"), mock.Mock(text="ho")])
    assert asyncio.run(shop.fetch(session, "tool")) == ["hi", "ho"]


def failing(shop: Any) -> None:
    """An exception."""
    client = mock.Mock()
    client.get.side_effect = ConnectionError("down")
    assert shop.failing(client) == "down"


def read(shop: Any) -> None:
    """Special methods."""
    opener = mock.MagicMock()
    opener.return_value.__enter__.return_value.read.return_value = "text"
    opener.return_value.__enter__.return_value.__len__.return_value = 5
    assert shop.read(opener) == ("text", 5)


def kind(shop: Any) -> None:
    """One that is specified, with an attribute, and without another."""
    repo = mock.Mock(spec=[*dir(shop.Repo), "name", "gone"])
    repo.__class__ = shop.Repo
    repo.name = "main"
    del repo.gone
    assert shop.kind(repo) == (True, "main", False, False)


def asked(shop: Any) -> None:
    """A function of the test's own answers."""
    client = mock.Mock()
    client.ask.side_effect = lambda number: number * 7
    assert shop.asked(client) == 21


def twice(shop: Any) -> None:
    """It is handed out."""
    shop.twice(mock.Mock(name="client"))


def unused(shop: Any) -> None:
    """Nobody asks it anything."""
    shop.unused(mock.MagicMock(), 1)


TRAFFIC = (place, fetch, failing, read, kind, asked, twice, unused)


@pytest.mark.parametrize("traffic", TRAFFIC, ids=lambda one: one.__name__)
def test_they_answer_as_they_did(tmp_path: Path, traffic: Callable[[Any], None]) -> None:
    """Behind the wall, in a process that has no test in it."""
    replayed = Scenario(tmp_path, {"shop": SHOP}).record(traffic).judge(everything=True)
    assert (set(replayed.counts), replayed.reasons) == ({"same"}, set())


CHANGES = [
    (place, 'to=order["mail"]', 'to=order["mail"].upper()', "arguments[1][1].send.call_args_list[0][1].to"),
    (place, "repo.save(order)", "pass", "arguments[1][0].save"),
    (fetch, '{"a": 1}', '{"a": 2}', "arguments[1][0].call_tool.call_args_list[0][0][1].a"),
    (failing, 'client.get("/")', 'client.get("/x")', "arguments[1][0].get.call_args_list[0][0][0]"),
    (read, 'opener("x")', 'opener("y")', "arguments[1][0].call_args_list[0][0][0]"),
    (asked, "client.log(answer)", "client.log(answer + 1)", "arguments[1][0].log.call_args_list[0][0][0]"),
    (twice, "client.begin()\n    client.end()", "client.end()\n    client.begin()", "arguments[1][0].mock_calls"),
]


@pytest.mark.parametrize(("traffic", "old", "new", "field"), CHANGES, ids=[f"{c[0].__name__}-{c[3]}" for c in CHANGES])
def test_another_call_is_told(tmp_path: Path, traffic: Callable[[Any], None], old: str, new: str, field: str) -> None:
    """What they are called with, and in which order, is what the code does to the outside."""
    replayed = Scenario(tmp_path, {"shop": SHOP}).record(traffic).change("shop", old, new).judge()
    assert replayed.counts.get("diverged"), replayed.reasons
    assert any(name.startswith(field) for name in replayed.fields), replayed.fields


def test_asking_for_one_below_is_no_difference(tmp_path: Path) -> None:
    """A mock that nobody called and nobody set up comes into being by itself."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(unused)
    replayed = scenario.change("shop", "return number + 1", "client.settings.debug\n    return number + 1").judge()
    assert replayed.counts == {"same": 1}


@pytest.mark.parametrize(
    "parts",
    [
        ["Popen", None, None, None, [], None, {}, {}, [], []],
        ["Mock", None, "subprocess:Popen", None, [], None, {"assert_x": 1}, {}, [3], []],
        ["Mock", None, None, [3], [], None, {}, {}, [], []],
        ["Mock", None, None, None, None, None, {}, {}, [], []],
        ["Mock"],
    ],
)
def test_a_hostile_one_is_not_built(parts: list[Any]) -> None:
    """A baseline may say anything."""
    (builder,) = BUILDERS
    with pytest.raises((LookupError, TypeError, AttributeError, ValueError)):
        builder.build(*parts)


def test_the_class_that_one_is_specified_by_makes_nothing() -> None:
    """It is told from others, and cannot be called."""
    (builder,) = BUILDERS
    import subprocess

    made = builder.build("Mock", None, "subprocess:Popen", None, [], None, {}, {}, [], [])
    assert isinstance(made, subprocess.Popen)
    with pytest.raises(BaseException, match=r"makes a subprocess\.Popen"):
        made.__class__(["true"])


def test_one_that_calls_something_real_is_unknown(tmp_path: Path) -> None:
    """`wraps` is no data."""

    class Client:
        def ask(self, number: int) -> int:
            return number

    scenario = Scenario(tmp_path, {"shop": SHOP}).record(lambda shop: shop.unused(mock.Mock(wraps=Client()), 1))
    [trace] = scenario.traces()
    assert "it stands for an object that it calls" in str(trace.input)
    assert not isinstance(trace.input, (DictNode, StandardNode))
