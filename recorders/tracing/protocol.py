"""What a tracer promises, whatever the interpreter gives it to trace with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from ..context import PathRecord, Watch

Compiler: TypeAlias = Callable[[str, str, str], CodeType]
"""Of (source, module, file) the module's code; raises `SyntaxError`."""

Entered: TypeAlias = Callable[[CodeType, FrameType], bool]
"""Called with a frame of included code that starts outside every trace, or in an open one; whether a trace begins."""


class Tracer(Protocol):
    """Fills the path record of the trace that runs."""

    name: str

    @property
    def head(self) -> Any:
        """What functions of included modules read first; `None` where they read nothing."""

    @property
    def compiler(self) -> Compiler | None:
        """What makes the code of included modules; `None` where Python's own import does."""

    looks: Callable[[], bool]
    """Whether entries are looked for in the next round; asked once a round."""

    def register(self, codes: list[CodeType]) -> None:
        """Add code objects of included modules."""

    def find_entries(self, entered: Entered) -> None:
        """Report frames of included code that may be entries."""

    def hold(self, code: CodeType) -> None:
        """A frame of this code is watched: whatever happens, its end is reported."""

    def release(self, code: CodeType, *, again: bool) -> None:
        """The frame ended; `again`: the next one of this code is to be seen, hot or not."""

    def watch(self, codes: Iterable[CodeType]) -> None:
        """Report frames of this code, which need not be included, to the running trace."""

    def unwatch(self, codes: Iterable[CodeType]) -> None:
        """The trace is over."""

    def rest_frame(self, watch: Watch, *, replacing: bool = True) -> bool:
        """The frame of a generator or coroutine goes on later: whether its watch will be notified (`resumed`). Without
        `replacing` it is not, where another watch waits for the same frame."""

    def waiting(self, frame: FrameType) -> Watch | None:
        """What waits for the frame of a generator or coroutine to go on; `None` where nothing does."""

    def start_later(self, watch: Watch) -> bool:
        """The frame of a coroutine that was made begins later: whether its watch will be notified (`resumed`)."""

    def forget(self, watch: Watch) -> None:
        """Its trace is over."""

    def begin(self, path: PathRecord) -> None:
        """A trace starts, or goes on, in this thread."""

    def end(self, path: PathRecord) -> None:
        """The trace ends, or pauses, in this thread."""

    def rest(self) -> None:
        """Called now and then by the collector: give back what no trace needs."""

    def prepare(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap the function of a thread that a trace starts."""

    def forked(self) -> None:
        """This process was forked: no trace runs in it, and entries are looked for."""

    def stop(self) -> None:
        """Give everything back."""


class NothingRests:
    """Of a tracer that nothing tells when the frame of a generator or coroutine goes on."""

    def rest_frame(self, watch: Watch, *, replacing: bool = True) -> bool:
        """Its watch is not notified."""
        return False

    def waiting(self, frame: FrameType) -> Watch | None:
        """Nothing waits."""
        return None

    def start_later(self, watch: Watch) -> bool:
        """Nor is it when one begins."""
        return False

    def forget(self, watch: Watch) -> None:
        """Nothing is waited for."""
