"""The entropy boundary: what is random is recorded, what the program seeded itself is not."""

from __future__ import annotations

import copy
import os
import pickle
import random
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.boundaries import entropy
from pytest_runtime.recorders.boundaries.live_world import LiveWorld
from pytest_runtime.recorders.context import Scope, within
from pytest_runtime.testing import Scenario

OWNERS: tuple[Any, ...] = (os, random, random.Random, random.SystemRandom, uuid, secrets)


@pytest.fixture(autouse=True)
def boundary() -> Iterator[None]:
    """The boundary in place; afterwards every function is the very object it was before."""
    before = [_functions(owner) for owner in OWNERS]
    undos = [entropy.install(), entropy.install_uuid(uuid), entropy.install_random(random)]
    yield
    while undos:
        undos.pop()()
    assert [_functions(owner) for owner in OWNERS] == before


def _functions(owner: Any) -> dict[str, int]:
    return {name: id(value) for name, value in vars(owner).items() if callable(value) and name != "_sha512"}


@contextmanager
def traced() -> Iterator[LiveWorld]:
    """A block inside a trace; this file is the included code."""
    world = LiveWorld(lambda file: file == __file__)
    with within(Scope(world)):
        yield world


def sources(world: LiveWorld) -> set[str]:
    """What was drawn from."""
    return {source for source, *_ in world.readings}


@pytest.mark.parametrize(
    ("draw", "source"),
    [
        (lambda: random.random(), "random.random"),
        (lambda: random.getrandbits(64), "random.getrandbits/64"),
        (lambda: random.randint(1, 8), "random.getrandbits/4"),
        (lambda: random.choice("abcd"), "random.getrandbits/3"),
        (lambda: random.sample(range(4), 4), "random.getrandbits/3"),
        (lambda: random.uniform(0, 1), "random.random"),
        (lambda: random.Random().gauss(0, 1), "random.random"),
        (lambda: random.normalvariate(0, 1), "random.random"),
        (lambda: random.shuffle([1, 2]), "random.getrandbits/2"),
        (lambda: random.randbytes(4), "random.getrandbits/32"),
        (lambda: random.Random().random(), "random.random"),
        (lambda: random.Random(None).getrandbits(8), "random.getrandbits/8"),
        (lambda: os.urandom(5), "os.urandom/5"),
        (lambda: uuid.uuid4(), "os.urandom/16"),
        (lambda: uuid.uuid1(), "uuid.uuid1"),
        (lambda: uuid.getnode(), "uuid.getnode"),
        (lambda: secrets.token_hex(4), "os.urandom/4"),
        (lambda: secrets.token_urlsafe(4), "os.urandom/4"),
        (lambda: secrets.token_bytes(4), "os.urandom/4"),
        (lambda: secrets.randbelow(8), "os.urandom/1"),
        (lambda: secrets.choice("abcd"), "os.urandom/1"),
        (lambda: random.SystemRandom().random(), "os.urandom/7"),
    ],
)
def test_each_source_is_recorded(draw: Any, source: str) -> None:
    """Every way to randomness comes down to a draw that is recorded, under the function that wanted it."""
    outside = draw()
    with traced() as world:
        assert type(draw()) is type(outside)
    assert source in sources(world)
    assert all(included is not None for _, _, included, _ in world.readings)
    count = len(world.readings)
    draw()
    assert len(world.readings) == count


def test_the_drawn_values_are_recorded() -> None:
    """What the program got is what the recording holds, bit for bit."""
    with traced() as world:
        drawn: list[Any] = [random.random(), random.getrandbits(64), os.urandom(8), uuid.uuid1()]
    assert [value for *_, value in world.readings] == drawn


def test_the_reader_stands_outside_the_random_module() -> None:
    """The function that wanted the draw is named, not the helpers of `random` in between."""
    with traced() as world:
        random.sample(range(100), 3)
    assert {reader.co_name for _, reader, _, _ in world.readings} == {
        "test_the_reader_stands_outside_the_random_module"
    }


@pytest.mark.parametrize(
    "seed",
    [
        lambda: random.Random(7),
        lambda: random.Random(x="seven"),
        lambda: _seeded(random.Random(), 7),
        lambda: _restored(random.Random()),
    ],
)
def test_a_seeded_generator_is_its_own(seed: Any) -> None:
    """A generator that the program seeds within the trace repeats by itself and is not recorded."""
    with traced() as world:
        generator = seed()
        generator.random(), generator.randint(1, 10), generator.shuffle([1, 2, 3])
    assert world.readings == []


def _seeded(generator: random.Random, seed: int) -> random.Random:
    generator.seed(seed)
    return generator


def _restored(generator: random.Random) -> random.Random:
    generator.setstate(STATE)
    return generator


STATE = random.Random(3).getstate()


def test_seeding_gives_the_sequence_it_always_gave() -> None:
    """Seeds mean what they mean without the boundary."""
    with traced():
        assert random.Random(7).random() == 0.32383276483316237
        random.seed(7)
        assert random.random() == 0.32383276483316237
    random.seed(7)
    assert random.random() == 0.32383276483316237
    assert random.Random(7).sample(range(100), 3) == [41, 19, 50]


def test_the_module_can_be_seeded() -> None:
    """`random.seed(7)` makes the module's own generator the program's; `random.seed()` does not."""
    with traced() as world:
        random.seed(7)
        random.random()
    assert world.readings == []
    with traced() as world:
        random.seed()
        random.random()
    assert "random.random" in sources(world)


def test_a_generator_seeded_before_the_trace_is_recorded() -> None:
    """Where it stands in its sequence is not known to the trace."""
    generator = random.Random(7)
    with traced() as world:
        generator.random()
    assert sources(world) == {"random.random"}


def test_a_subclass_is_recorded_once() -> None:
    """A subclass that adds its own methods draws through the same two functions."""

    class Dice(random.Random):
        def roll(self) -> int:
            return self.randint(1, 6)

    with traced() as world:
        assert 1 <= Dice().roll() <= 6
    assert sources(world) <= {"random.getrandbits/3", "os.urandom/2496"}


def test_generators_can_be_pickled_and_copied() -> None:
    """A generator survives pickling with its state, with the boundary in place."""
    generator = random.Random(7)
    generator.random()
    again = pickle.loads(pickle.dumps(generator))
    assert again.random() == generator.random()
    assert copy.deepcopy(generator).random() == generator.random()
    assert len(pickle.loads(pickle.dumps(os.urandom))(4)) == 4
    assert pickle.loads(pickle.dumps(uuid.uuid1)) is uuid.uuid1


def test_functions_keep_their_names() -> None:
    """Wrapped functions are still known by name, and methods of the hidden instance still bound to it."""
    assert os.urandom.__name__ == "urandom"
    assert random.random.__name__ == "random"
    assert random.getrandbits.__self__ is random.choice.__self__  # type: ignore[attr-defined]  # bound methods
    assert uuid.uuid1.__name__ == "uuid1"


def test_gauss_repeats_although_half_of_it_was_drawn_before(tmp_path: Path) -> None:
    """`gauss` keeps every second value for the next call; a trace that gets one from before it replays the same."""
    scenario = Scenario(
        tmp_path,
        {"noise": "import random\ndef sample(sigma):\n    return random.gauss(5, sigma), random.gauss(5, sigma)\n"},
    )

    def traffic(noise: Any) -> None:
        random.gauss(0, 1)
        noise.sample(2)

    scenario.record(traffic)
    assert scenario.replay().counts == {"same": 1}
    scenario.change("noise", "random.gauss(5, sigma), ", "random.gauss(6, sigma), ")
    assert scenario.replay().counts == {"diverged": 1}
