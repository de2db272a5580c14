"""What was seen, on its way out of the process: redacted, cut to what is shown, and written."""

from __future__ import annotations

from types import CodeType
from typing import Final, Literal

from .. import taken
from ..errors import ProbeError
from ..included import Included
from ..model.value_tree import Tree
from ..privacy.redact import Redactor
from . import audit
from .armed import Armed, RawHit
from .folder import ProbeFolder
from .model import Call, Hit, Probe
from .render import shorten
from .template import Template

BATCH: Final = 100
"""Hits that are redacted and written at a time."""

_clock = taken.time_now


class Writer:
    """Writes hits of this process."""

    def __init__(self, folder: ProbeFolder, redactor: Redactor, included: Included) -> None:
        self._folder = folder
        self._redactor = redactor
        self._included = included
        self.pid = taken.getpid()

    def forked(self) -> None:
        """This is another process now."""
        self.pid = taken.getpid()

    def write(self, armed: Armed, template: Template | None) -> int:
        """Write what a probe saw; how many hits were left out, because all that were asked for are there."""
        lost = 0
        while armed.hits:
            raws = [armed.hits.popleft() for _hit in range(min(BATCH, len(armed.hits)))]
            hits = [self._hit(raw, template) for raw in raws]
            try:
                written, is_full = self._folder.append(armed.probe, hits)
            except OSError as error:
                armed.end("broken", f"its hits cannot be written: {error.strerror}")
                return lost + len(hits)
            lost += len(hits) - written
            if is_full:
                armed.end("done", "")
                self.end(armed.probe, "done")
        return lost

    def end(self, probe: Probe, life: Literal["done", "expired"]) -> None:
        """A probe is over for all; the process that ends it says so in the audit log."""
        try:
            if self._folder.end(probe, life):
                hits = self._folder.count(probe.id)
                audit.note(self._folder, life, "the process", probe, at=_clock(), hits=hits)
        except (ProbeError, OSError):
            return  # the folder went away

    def _hit(self, raw: RawHit, template: Template | None) -> Hit:
        named = [*raw.values, ("", " ".join(filter(None, raw.trace))), ("", raw.thread)]
        *trees, trace, thread = self._redactor.redact([(_context(name), tree) for name, tree in named])[0]
        return Hit(
            number=0,
            at=raw.at,
            pid=self.pid,
            thread=str(thread),
            trace=str(trace),
            text=template.line([_shown(tree) for tree in trees]) if template is not None else "",
            names=tuple(name for name, _tree in raw.values),
            values=tuple(shorten(tree) for tree in trees),
            stack=tuple(
                Call(function=self._name_of(code), file=code.co_filename, line=_line_at(code, offset))
                for code, offset in raw.stack
            ),
        )

    def _name_of(self, code: CodeType) -> str:
        module = self._included.modules.get(code.co_filename, "")
        return f"{module}:{code.co_qualname}" if module else code.co_qualname


def _line_at(code: CodeType, offset: int) -> int:
    """The line of an instruction; 0 where it has none."""
    for start, end, line in code.co_lines():
        if start <= offset < end:
            return line or 0
    return 0


def _context(name: str) -> str:
    """The name that says whether a value is secret: the last one of an expression."""
    return name.rpartition(".")[2].strip("'\")]") if "." in name else name


def _shown(tree: Tree) -> Tree:
    return shorten(tree)
