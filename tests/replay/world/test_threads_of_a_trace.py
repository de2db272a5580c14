"""Threads of one trace ask the recorded world at once: what was recorded is given away once."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_runtime.recorders.model.trace import Exchange
from pytest_runtime.recorders.model.world import Operation
from pytest_runtime.replay.world.recorded_exchanges import ExchangeIndex

THREADS = 4
EACH = 400
SELECT = Operation("sqlite3", "SELECT", "", "read")


@pytest.fixture
def eager_switches() -> Iterator[None]:
    """Threads take turns as often as the interpreter lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(ask: Callable[[], Any]) -> Counter[Any]:
    """What threads are told that all ask at once, and how often it is told."""
    told: list[Any] = []
    ready = threading.Barrier(THREADS)

    def run() -> None:
        ready.wait()
        told.extend([ask() for _time in range(EACH)])

    threads = [threading.Thread(target=run) for _thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(told)


@pytest.mark.usefixtures("eager_switches")
def test_an_exchange_answers_one_of_them() -> None:
    """Threads that say the same are given one recorded exchange each, whatever lane they are in."""
    exchange = Exchange("sqlite3", "SELECT", "", "read", None, None, [], True, None, None, 0)
    index = ExchangeIndex([exchange] * (THREADS * EACH))
    assert at_once(lambda: index.match(SELECT, None)[0]) == Counter(range(THREADS * EACH))
