"""The boundary, against the real server: recorded, replayed without it, and what a change of the service shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kvstore.server import Server

from pytest_runtime.recorders.installed import loaded
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.testing import Scenario

CODE = "tok-9f8e7d6c5b4a"
CARTS = """
    from kvstore.client import Client, KeyValueError

    def put(url, cart, price, code):
        client = Client(url)
        total = client.add(f"cart:{cart}", price)
        client.set(f"token:{cart}", code)
        return {"total": total, "large": total > 100}

    def look(url, cart):
        client = Client(url)
        try:
            client.add("name", 1)
        except KeyValueError as error:
            return str(error)
        return client.get(f"cart:{cart}")
    """


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of this test."""
    server = Server().start()
    yield server
    server.stop()


@pytest.fixture
def recorded(tmp_path: Path, server: Server) -> Scenario:
    """A service that was recorded against a server, which is gone now."""
    server.values["name"] = "shop"

    def traffic(carts: Any) -> None:
        assert carts.put(server.url, 7, 60, CODE) == {"total": 60, "large": False}
        assert carts.put(server.url, 7, 60, CODE) == {"total": 120, "large": True}
        assert carts.look(server.url, 7) == "name is no number"

    return Scenario(tmp_path, {"carts": CARTS}).record(traffic)


def test_the_plugin_is_installed() -> None:
    """It was found by its entry point, like any other's."""
    assert loaded().versions() == {"kvstore": "1.0.0"}


def test_unchanged_code_replays_without_the_server(recorded: Scenario, server: Server) -> None:
    """Every command is answered from the recording, errors too."""
    server.values.clear()
    replayed = recorded.replay()
    assert replayed.reasons == set()
    assert replayed.counts == {"same": 3}
    assert server.values == {}


def test_a_changed_command_is_named(recorded: Scenario) -> None:
    """What the service asks for differently is named in the words of the codec."""
    recorded.change("carts", 'client.set(f"token:{cart}"', 'client.set(f"session:{cart}"')
    replayed = recorded.replay()
    assert replayed.counts["diverged"] == 2
    assert any("SET token:7" in field or "SET session:7" in field for field in replayed.fields)


def test_a_changed_value_is_a_difference(recorded: Scenario) -> None:
    """A command with another value is the same operation, and answered; its value is compared."""
    recorded.change("carts", ", price)\n", ", price + 1)\n")
    assert recorded.replay().counts["diverged"] == 2


def test_values_are_redacted_by_their_key(recorded: Scenario) -> None:
    """The kind of a key is the name of its value."""
    reader = open_reader(recorded.store)
    try:
        assert not any(CODE.encode() in content for _place, content in reader.contents())
        assert [revision.plugins for revision in reader.revisions().values()] == [{"kvstore": "1.0.0"}]
    finally:
        reader.close()
