"""What the boundary of `aiohttp` leaves alone, and what it names as a gap; the rest is held by the contract."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_runtime.recorders.boundaries.aiohttp import install
from pytest_runtime.testing import Scenario

from ...servers.fixtures import http_service

pytestmark = pytest.mark.skipif(importlib.util.find_spec("aiohttp") is None, reason="needs aiohttp: the extra `test`")

__all__ = ["http_service"]

SERVICE = """
import asyncio

import aiohttp

BASE = "http://127.0.0.1:{port}"


def talk():
    async def run():
        async with aiohttp.ClientSession(BASE) as session:
            try:
                async with session.ws_connect("/talk"):
                    return "connected"
            except aiohttp.WSServerHandshakeError as error:
                return error.status

    return asyncio.run(run())


def kinds():
    async def run():
        async with aiohttp.ClientSession(BASE) as session:
            async with session.get("/chunked") as answer:
                kinds = [type(answer), type(answer.content), type(answer.connection)]
                left = answer.content.total_bytes == 0 or answer.content.is_eof()
        return [f"{kind.__module__}.{kind.__name__}" for kind in kinds], left in (True, False)

    return asyncio.run(run())


def hurried():
    async def run():
        async with aiohttp.ClientSession(BASE) as session:
            slow = asyncio.create_task(session.get("/slow"))
            async with session.get("/echo?n=1") as answer:
                number = (await answer.json())["n"]
            slow.cancel()
            (given_up,) = await asyncio.gather(slow, return_exceptions=True)
        return number, type(given_up).__name__

    return asyncio.run(run())
"""


def scenario_of(folder: Path, port: int) -> Scenario:
    """The service, which speaks to the server on a port."""
    return Scenario(folder, {"shop": SERVICE.replace("{port}", str(port))})


def test_a_websocket_is_a_named_gap(tmp_path: Path, http_service: int) -> None:
    """It passes, with the driver's own answer, and the trace says what of it is not recorded."""

    def traffic(shop: Any) -> None:
        assert shop.talk() == 404

    scenario = scenario_of(tmp_path, http_service).record(traffic)
    gaps = [gap for trace in scenario.traces() for gap in trace.gaps]
    assert len(gaps) == 1
    said = scenario.plain(gaps[0])
    assert said.startswith("aiohttp.client.ClientSession.ws_connect is not recorded (shop:talk, line 13)")
    assert scenario.replay().counts == {"not judged": 1}


def test_no_object_of_the_service_is_another_one(tmp_path: Path, http_service: int) -> None:
    """An answer, its body and its connection are of the library's classes while they are recorded."""
    seen: list[Any] = []

    def traffic(shop: Any) -> None:
        seen.append(shop.kinds())

    scenario_of(tmp_path, http_service).record(traffic)
    names = ["aiohttp.client_reqrep.ClientResponse", "aiohttp.streams.StreamReader", "aiohttp.connector.Connection"]
    assert seen == [(names, True)]


def test_a_task_that_was_given_up_is_given_up_again(tmp_path: Path, http_service: int) -> None:
    """A request that the program cancelled before it was answered waits in a replay until it is cancelled."""

    def traffic(shop: Any) -> None:
        assert shop.hurried() == (1, "CancelledError")

    scenario = scenario_of(tmp_path, http_service).record(traffic)
    replayed = scenario.replay()
    assert (replayed.counts, replayed.reasons, replayed.fields) == ({"same": 1}, set(), {})


def identities(owner: type) -> dict[str, int]:
    """What a class holds, by name: a function that is wrapped equals the one it wraps."""
    return {name: id(value) for name, value in vars(owner).items()}


def test_the_undo_restores_the_library() -> None:
    """Every class has its own functions again."""
    import aiohttp.client
    import aiohttp.streams

    module: ModuleType = aiohttp.client
    owners = (
        *(aiohttp.connector.BaseConnector, aiohttp.ClientRequest),
        *(aiohttp.ClientResponse, aiohttp.streams.StreamReader),
    )
    before = [identities(owner) for owner in owners]
    undo = install(module)
    assert [identities(owner) for owner in owners] != before
    undo()
    assert [identities(owner) for owner in owners] == before
