"""What a boundary is: where it is put in place, and what its exchanges mean.

A boundary is one value of class `Boundary` in one module. Its `install` replaces functions of a library, each of which
asks the world of the running trace (see `model.world`) instead of the library; its codec says what the exchanges that
come of it mean. A codec is pure functions from data to data: replays call it without importing the library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from ..model.trace import Exchange
from ..model.value_tree import Tree
from ..model.world import Effect, Operation

if TYPE_CHECKING:
    from ..patching import Undo

Visit: TypeAlias = Callable[[str, Tree], Tree]
"""Of (name that a part stands under, empty where it has none; the part): what stands there in its place."""

UNNAMED = "token"
"""What a text is called whose name is not known: it is a secret if it looks like one."""


class ExchangeCodec(Protocol):
    """What the exchanges of a boundary mean. Trees are as they were captured, and are never changed."""

    rest_is_gap: bool
    """Whether a replay that reads on, where the recorded run left a stream unread, lacks something."""

    def label(self, operation: Operation, request: Tree) -> str:
        """A request in a few words: `POST fraud/validate`, `INSERT trades`."""

    def canonical(self, operation: Operation, request: Tree) -> Tree:
        """A request as the fields that are compared: equal for requests that say the same in other words."""

    def operation_key(self, operation: Operation, request: Tree) -> str:
        """Equal for requests whose answers can stand for each other."""

    def effect(self, operation: Operation, request: Tree) -> Effect:
        """What an exchange does to the other side."""

    def adapt_answer(self, asked: Tree, recorded: Tree, answer: Tree) -> Tree:
        """A recorded answer, as it answers a request that says the same as the recorded one in other words."""

    def as_broken_off(self, exchange: Exchange, request: Tree) -> Tree | None:
        """The part of a request that was sent before the recorded exchange broke off; `None` where it did not."""

    def join(self, items: list[Tree]) -> list[Tree]:
        """The items of a stream as they are stored: pieces of one thing become one item."""

    def names(self, exchanges: Sequence[Exchange]) -> Any:
        """What the exchanges of one trace tell about names of values; given to `visit`."""

    def visit(self, exchange: Exchange, names: Any, visit: Visit) -> Exchange:
        """The exchange with `visit(name, part)` in place of each part; redaction knows by the name what a value is."""

    def prepare(self, request: Tree) -> None:
        """Do once what the other functions would do for each process that is forked from this one."""


class PlainCodec:
    """Exchanges that are calls of functions: requests are compared as they are. The base of other codecs."""

    rest_is_gap = True

    def label(self, operation: Operation, request: Tree) -> str:
        """Resource and name of the function."""
        return f"{operation.resource}.{operation.name}()"

    def canonical(self, operation: Operation, request: Tree) -> Tree:
        """The request as it is."""
        return request

    def operation_key(self, operation: Operation, request: Tree) -> str:
        """The function, whatever it is given."""
        return f"{operation.boundary} {operation.resource} {operation.name}"

    def effect(self, operation: Operation, request: Tree) -> Effect:
        """What the boundary said."""
        return operation.effect

    def adapt_answer(self, asked: Tree, recorded: Tree, answer: Tree) -> Tree:
        """The answer as it is."""
        return answer

    def as_broken_off(self, exchange: Exchange, request: Tree) -> Tree | None:
        """Calls do not break off."""
        return None

    def join(self, items: list[Tree]) -> list[Tree]:
        """The items as they are."""
        return items

    def names(self, exchanges: Sequence[Exchange]) -> Any:
        """Nothing."""
        return None

    def visit(self, exchange: Exchange, names: Any, visit: Visit) -> Exchange:
        """Every part without a name of its own; parts that have names inside are found by redaction."""
        return self.visited(exchange, visit, visit("", exchange.request), [visit("", item) for item in exchange.items])

    def visited(
        self, exchange: Exchange, visit: Visit, request: Tree, items: list[Tree], *, answer: str = ""
    ) -> Exchange:
        """The exchange with this request and these items; its answer visited under the name `answer`, the rest
        without a name."""
        return Exchange(
            boundary=exchange.boundary,
            operation=exchange.operation,
            resource=str(visit("", exchange.resource)),
            effect=exchange.effect,
            request=request,
            answer=visit(answer, exchange.answer),
            items=items,
            ended=exchange.ended,
            error=visit("", exchange.error),
            site=exchange.site,
            lane=exchange.lane,
        )

    def prepare(self, request: Tree) -> None:
        """Nothing."""


CODEC = PLAIN = PlainCodec()


class Boundary(NamedTuple):
    """A place where a service touches the world."""

    name: str
    """As in `Operation.boundary`, by which a replay finds the codec."""
    module: str
    """The module that it waits for: it costs nothing until that is imported. Empty: it is put in place at once."""
    install: Callable[[Any], Undo]
    """Puts it in place, to record and to replay; gets the module, or `None` where it waits for none."""
    codec: ExchangeCodec = PLAIN
    exceptions: tuple[str, ...] = ()
    """Packages whose exceptions it passes on: a replay raises those that the code under test has loaded."""
    sees_all: bool = True
    """Whether it sees whatever its package asks of the world: then what connects there is no gap of the recorder."""


def operation_of(exchange: Exchange) -> Operation:
    """What a recorded exchange asked for, as the boundary said it."""
    return Operation(exchange.boundary, exchange.operation, exchange.resource, exchange.effect)
