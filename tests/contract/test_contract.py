"""The contract of boundaries: what is recorded against the real thing is replayed without it, alike."""

from __future__ import annotations

import gc
import importlib.util
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_runtime.recorders.privacy.encryption import new_private_key, recipient_of
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.testing import Replayed, Scenario

from ..servers.relay import ClosedPort, Relay, Tripwire
from .row import SECRET, Row
from .rows import ROWS

# The services hold clients in their modules, as services do, and never close them.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

CALLS = ("work", "fail", "many", "secret", "refused")


class Bench:
    """A service that was recorded, and the relay through which it reached its server."""

    def __init__(self, row: Row, port: int, folder: Path) -> None:
        self.row = row
        self.nobody = ClosedPort()
        """Where nobody listens."""
        self.closed = self.nobody.port
        self._relay = Relay(port) if row.by_port else None
        self.port = self._relay.port if self._relay is not None else port
        self._folder = folder
        if row.set_up:
            module = sys.modules["contract_set_up"] = ModuleType("contract_set_up")
            exec(compile(self._filled(row.set_up, port), "<set-up>", "exec"), vars(module))
            del sys.modules["contract_set_up"]
        self.key = new_private_key()
        service = {"shop": self._filled(row.service, self.port)}
        self.scenario = Scenario(folder, service, recipients=(recipient_of(self.key),))
        self.answers: dict[str, Any] = {}

    def _filled(self, text: str, port: int) -> str:
        known = {"port": str(port), "closed": str(self.closed), "folder": str(self._folder), "terces": SECRET[::-1]}
        for name, value in known.items():
            text = text.replace("{" + name + "}", value)
        return textwrap.dedent(text)

    def record(self, *calls: str) -> Bench:
        """Call functions of the service against the server, then stop it."""

        def traffic(shop: ModuleType) -> None:
            for call in calls:
                self.answers[call] = getattr(shop, call)()

        self.scenario.record(traffic)
        self.stop()
        return self

    def stop(self) -> None:
        """The server is gone."""
        if self._relay is not None:
            self._relay.stop()

    def close(self) -> None:
        """The ports are given away."""
        self.stop()
        self.nobody.close()
        if self._relay is not None and self._relay.closed is not None:
            self._relay.closed.close()

    @property
    def where_it_was(self) -> ClosedPort:
        """The port of the server, when that is gone."""
        assert self._relay is not None
        assert self._relay.closed is not None
        return self._relay.closed

    def replay(self) -> Replayed:
        """Replay in this process, against what was recorded."""
        return self.scenario.replay(keys=[self.key])

    def judge(self) -> Replayed:
        """Replay everything behind the wall, sealed on the code that was recorded."""
        return self.scenario.judge(everything=True, keys=[self.key])

    @property
    def connections(self) -> int:
        """How often the server was reached."""
        return self._relay.connections if self._relay is not None else 1


@pytest.fixture(params=ROWS, ids=lambda row: row.name)
def row(request: pytest.FixtureRequest) -> Row:
    """Each driver in turn."""
    found: Row = request.param
    for package in found.packages:
        module = found.imports.get(package, package.replace("-", "_"))
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{package} is not installed: `pip install {package}`, or the extra `test`")
    return found


@pytest.fixture
def bench(row: Row, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """The service of a driver, before it was recorded."""
    made = Bench(row, request.getfixturevalue(row.server), tmp_path)
    yield made
    made.close()
    del made
    gc.collect()  # clients that nobody closed warn when they go: here, where that is no error


def test_unchanged_code_replays_alike(bench: Bench) -> None:
    """What the service did against the server, it does without: values, errors, tasks and refusals alike."""
    bench.record(*CALLS)
    assert bench.connections > 0
    replayed = bench.replay()
    assert (replayed.reasons, replayed.fields) == (set(), {})
    assert replayed.counts.keys() == {"same"}


def test_the_service_sees_no_difference(bench: Bench) -> None:
    """Recorded or not, the service gets the same answers, and leaves the library as it was."""
    plain = bench.scenario
    with plain._importable():
        (shop,) = plain.load()
        expected = {call: getattr(shop, call)() for call in CALLS}
    bench.record(*CALLS)
    assert bench.answers == expected
    assert all(expected[call] for call in CALLS)


@pytest.mark.any_python
def test_changed_requests_are_named(bench: Bench) -> None:
    """A changed request diverges, and the report names the request and what of it changed."""
    bench.record("work")
    source = next(bench.scenario.folder.glob("shop_*.py")).read_text(encoding="utf-8")
    for change in bench.row.changes:
        bench.scenario.change("shop", change.old, change.new)
        replayed = bench.replay()
        assert (replayed.counts, replayed.reasons) == ({**replayed.counts, "diverged": 1}, set()), change
        assert any(change.named in field for field in replayed.fields), (change.named, replayed.fields)
        bench.scenario.rewrite("shop", source)


def test_interleaved_tasks_keep_their_own(bench: Bench) -> None:
    """Of many tasks at once, each gets the answers to its own requests, recorded and replayed."""
    bench.record("many")
    answers = bench.answers["many"]
    assert [asked for asked, _answer in answers] == list(range(len(answers)))
    assert all(asked == answer for asked, answer in answers)

    assert [gap for trace in bench.scenario.traces() for gap in trace.gaps] == []
    replayed = bench.replay()
    assert (replayed.reasons, replayed.fields) == (set(), {})


@pytest.mark.any_python
def test_secrets_are_not_stored(bench: Bench) -> None:
    """Sent or received, a secret is nowhere in the baseline; the trace is judged all the same."""
    bench.record("secret")
    with closing(open_reader(bench.scenario.store)) as reader:
        held = b"".join(data for _where, data in reader.contents())
    assert held.count(SECRET.encode()) == 0
    replayed = bench.replay()
    assert (replayed.reasons, replayed.fields) == (set(), {})


def test_errors_are_the_library_s_own(bench: Bench) -> None:
    """An error of the server, and one of connecting, is raised again as the class that it was, with what it says."""
    bench.record("fail", "refused")
    replayed = bench.replay()
    assert (replayed.reasons, replayed.fields) == (set(), {})


def test_nothing_reaches_the_network(bench: Bench) -> None:
    """Behind the wall, sealed on base and judged in processes of their own, nobody knocks where the server was."""
    bench.record(*CALLS)
    if not bench.row.by_port:
        replayed = bench.judge()
    else:
        with Tripwire(bench.where_it_was) as wire, Tripwire(bench.nobody) as other:
            replayed = bench.judge()
        assert (wire.visitors, other.visitors) == (0, 0)
    assert (replayed.reasons, set(replayed.counts)) == (set(), {"same"})
