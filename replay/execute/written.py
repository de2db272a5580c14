"""What a replay writes: files are effects that others see, compared between base and candidate as outbound writes.

What counts is how files are at the end of the trace. A recording does not hold what was written, so it says nothing
about whether base replays as it was recorded. Temporary files are no effect: nobody knows their names.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Final, NamedTuple

from ...recorders.boundaries.files import content_of, removing, working_directory, writing
from ...recorders.model.trace import Trace
from ...recorders.model.value_tree import BytesNode, ListNode, Tree, field, record
from ..model.observation import Outbound
from .overlay import Overlay

READ: Final = content_of("")
"""The operation of what a trace read."""

WORKING: Final = working_directory()
"""The operation of where it began."""

LIMIT: Final = 1_000_000
"""Bytes of a file that are compared one by one; of larger ones the digest is."""

Changes = Mapping[str, bytes | None]
"""As in `Overlay.changes`."""


def writes(before: Changes, after: Changes, root: str) -> list[Outbound]:
    """The files that a replay changed, as outbound writes; those that lie below `root` are named from there."""
    found = []
    for name in sorted(after):
        if name in before and before[name] == after[name]:
            continue
        content, is_folder = after[name], name.endswith(os.sep)
        shown = os.path.relpath(name, root) + (os.sep if is_folder else "") if _is_below(name, root) else name
        operation = removing(shown) if content is None else writing(shown)
        is_file = content is not None and not is_folder
        request = record(path=shown, content=_tree(content or b"")) if is_file else record(path=shown)
        found.append(Outbound(operation, request, None, True, None, 0))
    return found


def _is_below(name: str, root: str) -> bool:
    return bool(root) and name.startswith(root.rstrip(os.sep) + os.sep)


def _tree(content: bytes) -> Tree:
    if len(content) > LIMIT:
        return record(size=len(content), digest=hashlib.sha256(content).hexdigest())
    try:
        return ListNode(list(content.decode().splitlines(keepends=True)))
    except UnicodeDecodeError:
        return BytesNode(content)


class ReplayFiles:
    """The files of one replay after the other."""

    def __init__(self, overlay: Overlay, root: str, ours: Callable[[], AbstractContextManager[None]]) -> None:
        """`ours` is around what this package does itself."""
        self._overlay = overlay
        self._root = root
        self._ours = ours

    @contextmanager
    def of(self, trace: Trace) -> Iterator[None]:
        """Around a replay: what the trace found outside of the project is there, and nothing of it stays."""
        with self._overlay.on():
            found = [one for one in trace.exchanges if one.boundary == READ.boundary and one.operation == READ.name]
            with self._ours():
                self._give([(str(field(one.request, "path")), one.answer) for one in found])
                self._go(next((one.answer for one in trace.exchanges if one.operation == WORKING.name), None))
            yield

    def _go(self, folder: Tree) -> None:
        """Be where the trace began."""
        if not isinstance(folder, str) or not _is_name(folder):
            return
        if _is_below(folder, self._root):
            with suppress(OSError):  # a folder that the candidate has no more is missed where it is needed
                os.chdir(folder)
        elif folder != self._root:
            self._overlay.give_folder(folder)
            self._overlay.working_directory = folder

    def _give(self, found: list[tuple[str, Tree]]) -> None:
        outside = [(name, tree) for name, tree in found if _is_name(name) and not _is_below(name, self._root)]
        for name, tree in outside:
            if isinstance(tree, (str, BytesNode)):
                data = tree.data if isinstance(tree, BytesNode) else tree.encode("utf-8", "replace")
                with suppress(OSError):  # a recording that contradicts itself is missed where it is needed
                    self._overlay.give(name, data)
        for name, tree in outside:
            if isinstance(tree, ListNode):
                with suppress(OSError):
                    self._give_folder(name, tree.items)

    def _give_folder(self, name: str, items: list[Tree]) -> None:
        self._overlay.give_folder(name)
        for child in filter(None, map(_child, items)):
            within = os.path.join(name, child.name)
            if child.is_folder:
                self._overlay.give_folder(within)
            else:
                self._overlay.give(within, None, child.size, child.changed)

    @contextmanager
    def written(self) -> Iterator[list[Outbound]]:
        """Around the run itself: afterwards the list holds what it wrote. What was made before belongs to what made its
        input."""
        before = self._overlay.changes()
        found: list[Outbound] = []
        yield found
        self._overlay.end()
        with self._ours():
            found += writes(before, self._overlay.changes(), self._root)


def _is_name(name: str) -> bool:
    """Whether a recording names a file as a recorder does: whole, and leading nowhere else."""
    return os.path.isabs(name) and os.path.normpath(name) == name != os.sep and name[:2] != "//" and "\0" not in name


class _Child(NamedTuple):
    name: str
    is_folder: bool
    size: int = 0
    changed: int | None = None
    """In nanoseconds since the epoch."""


def _child(tree: Tree) -> _Child | None:
    """What a folder holds; nothing else is believed of a recording."""
    if not isinstance(tree, ListNode) or len(tree.items) not in (2, 4):
        return None
    name, is_folder, *more = tree.items
    if not isinstance(name, str) or not name or name in (os.curdir, os.pardir) or os.sep in name or "\0" in name:
        return None
    if not more:
        return _Child(name, is_folder is True)
    size, changed = more
    if type(size) is not int or type(changed) is not int or not (size >= 0 and 0 <= changed < 1 << 62):
        return None
    return _Child(name, is_folder is True, size, changed)
