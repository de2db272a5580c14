"""A wait that takes its whole time moves the clock of a replay, so that rounds until a deadline come to an end."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from pytest_runtime.testing import Scenario

QUIET = "def work(x):\n    return x\n"
WAITS = {
    "in a thread of a library": """
        import multiprocessing
        import threading
        from multiprocessing import connection

        def work(x):
            reader, writer = multiprocessing.Pipe()
            thread = threading.Thread(target=connection.wait, args=([reader], 0.02))
            thread.start()
            thread.join()
            return x
        """,
    "for no time": """
        import multiprocessing
        import threading
        from multiprocessing import connection

        def work(x):
            reader, writer = multiprocessing.Pipe()
            thread = threading.Thread(target=reader.poll)
            thread.start()
            thread.join()
            return x
        """,
    "for results": """
        from concurrent import futures

        def work(x):
            try:
                next(futures.as_completed([futures.Future()], 0.02))
            except TimeoutError:
                return x
        """,
    "in an event loop": """
        import asyncio

        def work(x):
            asyncio.run(asyncio.sleep(0.02))
            return x
        """,
}


@pytest.mark.parametrize("source", WAITS.values(), ids=WAITS)
def test_waiting_until_a_deadline_comes_to_an_end(tmp_path: Path, source: str) -> None:
    """What such a loop reads of the clock, which else stands still, is unrecorded."""
    (tmp_path / "p").mkdir()
    scenario = Scenario(tmp_path / "p", {"shop": QUIET}).record(lambda shop: shop.work(3))
    for folder in (scenario.folder, scenario.base):
        (folder / f"{scenario.names['shop']}.py").write_text(textwrap.dedent(source))
    assert scenario.judge(everything=True).counts == {"same": 1}
