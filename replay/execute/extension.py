"""Extensions of the process that replays: a compiler, probes of single replays, and answers to further questions.

Replaying does not know who extends it. A `Plan` names a module, which is imported where the code under test is loaded;
its `EXTENSION` is asked from then on. Without a name nothing is added.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import CodeType
from typing import NamedTuple, Protocol

from ...recorders.model.value_tree import Tree
from ...recorders.session.assemble import Paths
from ...recorders.tracing.protocol import Tracer
from ..world.resolver import Resolver
from .child_process import StartChild
from .masking import Masks, OpenedTrace
from .relocation import Relocation
from .roots import Roots
from .worker import Worker


class Parts(NamedTuple):
    """What an extension may use of a loaded replayer."""

    worker: Worker
    resolver: Resolver
    roots: Roots
    tracer: Tracer
    paths: Paths
    relocation: Relocation
    masks: Masks
    modules: Mapping[str, str]
    """File of each included module → its name."""
    use_fallback: Callable[[], None]
    """From here on what a trace lacks is answered from other traces."""
    ours: Callable[[], AbstractContextManager[None]]
    """Around what the process does for itself, and not for the code under test."""


class Probe(Protocol):
    """Watches one replay."""

    def trees(self) -> Sequence[Tree]:
        """Values that it saw; they are masked together with everything else that the replay shows."""

    def answer(self, trees: Sequence[Tree]) -> bytes:
        """The answer about the replay, in the extension's own encoding; `trees` are its values, masked."""


class Handler(Protocol):
    """Answers the questions of one name in the loaded process."""

    def answer(self, question: bytes) -> bytes:
        """The answer, in the extension's own encoding."""

    def end(self) -> None:
        """Nothing more is asked: no process of it stays."""


class Extension(Protocol):
    """What is added to the process that replays."""

    def compile(self, source: str, module: str, file: str) -> CodeType:
        """The code of an included module; raises `SyntaxError` as `compile` does."""

    def probe(self, parts: Parts, request: bytes, given: OpenedTrace) -> AbstractContextManager[Probe]:
        """Around the replay of a job that has a request for it."""

    def handlers(self, parts: Parts, start: StartChild | None) -> Mapping[str, Handler]:
        """Name → what answers its questions; without `start` everything is done in this process."""


class NoProbe:
    """Watches nothing."""

    def trees(self) -> Sequence[Tree]:
        """None."""
        return ()

    def answer(self, trees: Sequence[Tree]) -> bytes:
        """Empty."""
        return b""


def compile_plain(source: str, module: str, file: str) -> CodeType:
    """A module's code, as it is; raises `SyntaxError`."""
    return compile(source, file, "exec", dont_inherit=True)


class NoExtension:
    """Adds nothing."""

    def compile(self, source: str, module: str, file: str) -> CodeType:
        """The code as it is."""
        return compile_plain(source, module, file)

    @contextmanager
    def probe(self, parts: Parts, request: bytes, given: OpenedTrace) -> Iterator[Probe]:
        """Watches nothing."""
        yield NoProbe()

    def handlers(self, parts: Parts, start: StartChild | None) -> Mapping[str, Handler]:
        """None."""
        return {}


def load_extension(module: str) -> Extension:
    """The extension that a module offers; one that adds nothing where no module is named."""
    if not module:
        return NoExtension()
    found: Extension = importlib.import_module(module).EXTENSION
    return found
