"""Recorder gaps: what goes past every boundary is named, with its line and what would record it."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.testing import Scenario

from ...servers.relay import Tripwire

SERVICE = """
    import socket

    class Cache:
        def __init__(self, port):
            self.port = port

        def get(self, key):
            with socket.create_connection(("127.0.0.1", self.port)) as asked:
                return len(asked.recv(10))

    def price(port):
        return Cache(port).get("a") + 1

    def free(port):
        return port
    """


@pytest.fixture
def port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number: int = listener.getsockname()[1]
    return number


def recorded(folder: Path, port: int, **options: object) -> Scenario:
    """A service that asks over a raw socket, and once does not."""

    def traffic(shop: ModuleType) -> None:
        with Tripwire(port):
            assert shop.price(port) == 1
        assert shop.free(port) == port

    return Scenario(folder, {"shop": SERVICE}, **options).record(traffic)


def test_a_raw_socket_is_named_with_its_line_and_what_would_record_it(tmp_path: Path, port: int) -> None:
    """At the end of the recording, in the baseline, and as the reason why the trace is not judged."""
    scenario = recorded(tmp_path, port)
    said = (
        f"a socket to 127.0.0.1:{port} is not recorded (shop:Cache.get, line 9); "
        'boundaries = ["shop.Cache"] would record it'
    )
    assert scenario.recording is not None
    assert said in scenario.plain(scenario.recording.summary())
    reader = open_reader(scenario.store)
    assert [scenario.plain(one.subject) for one in reader.absences() if one.kind == "not recorded"] == [said]
    reader.close()
    replayed = scenario.replay()
    assert replayed.counts == {"same": 1, "not judged": 1}
    assert {scenario.plain(reason) for reason in replayed.reasons} == {f"the recording has a gap: {said}"}


def test_the_setting_that_is_named_serves(tmp_path: Path, port: int) -> None:
    """With it nothing is named, and the trace is judged."""
    scenario = Scenario(tmp_path, {"shop": SERVICE})
    unique = scenario.unique("shop:Cache").replace(":", ".")

    def traffic(shop: ModuleType) -> None:
        with Tripwire(port):
            assert shop.price(port) == 1

    scenario.record(traffic, boundaries=(unique,))
    assert scenario.recording is not None
    assert "is not recorded" not in scenario.recording.summary()
    assert scenario.replay(boundaries=(unique,)).counts == {"same": 1}


def test_nothing_is_noticed_outside_of_traces_and_after_the_recording(tmp_path: Path, port: int) -> None:
    """Nothing stays."""
    scenario = recorded(tmp_path, port)
    with Tripwire(port), socket.create_connection(("127.0.0.1", port)):
        assert scenario.recording is not None
    assert scenario.recording.summary().count("is not recorded") == 1


DRIVER = '''
def connect(place):
    """Pretends to be written in C."""
    return place
'''


def test_a_known_driver_in_c_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket of Python is made: it is known by name, also where it connects before any trace."""
    from pytest_runtime.recorders.boundaries.drivers_in_c import DRIVERS_IN_C

    (tmp_path / "driver_of_c.py").write_text(DRIVER)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(DRIVERS_IN_C, "driver_of_c", ("connect",))
    service = """
        import driver_of_c
        EARLY = driver_of_c.connect("early")

        def ask():
            return driver_of_c.connect("late")
        """

    def traffic(shop: ModuleType) -> None:
        assert (shop.EARLY, shop.ask()) == ("early", "late")

    scenario = Scenario(tmp_path, {"shop": service}).record(traffic)
    assert scenario.recording is not None
    said = scenario.plain(scenario.recording.summary())
    assert "driver_of_c.connect is not recorded (shop:<module>, line 3)" in said
    assert 'driver_of_c.connect is not recorded (shop:ask, line 6); boundaries = ["shop.ask"] would record it' in said
    assert not hasattr(sys.modules["driver_of_c"].connect, "__wrapped__")
