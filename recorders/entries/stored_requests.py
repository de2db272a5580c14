"""Requests over HTTP as they are stored, in the collector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..capture.thaw import thaw
from ..model.full_names import module_part
from ..model.inputs import HttpInput
from ..model.trace import Entry
from ..model.value_tree import BytesNode, DictNode

if TYPE_CHECKING:
    from ..model.value_tree import Tree
    from ..privacy.redact import Redactor
    from ..session.live_trace import LiveTrace

_PATHS = frozenset({"PATH_INFO", "SCRIPT_NAME", "REQUEST_URI", "RAW_URI"})

_PART_LENGTH = 8
"""Characters of a part of a path that is looked for in the rest of a request."""


class StoredRequests:
    """What the collector asks about traces of requests."""

    def encode(self, trace: LiveTrace) -> HttpInput:
        """The request as far as the application read it."""
        environ, body, read_all = trace.input
        names: list[Tree] = [name for name, _value in environ]
        return HttpInput(DictNode(names, [thaw(value) for _name, value in environ]), body, read_all)

    def name(self, trace: LiveTrace, redactor: Redactor | None) -> str:
        """Method and route; of an application without routes, its path without secrets."""
        name = trace.label[0]
        if redactor is None:
            return name
        environ, body, _read_all = trace.input
        beside = [(key, value) for key, value in environ if key not in _PATHS and isinstance(value, str)]
        parts = [part for part in name.split("/") if len(part) >= _PART_LENGTH]
        # Only where a part of the path says what something else in the request says: it may be named there.
        is_said = any(part in value for part in parts for _key, value in beside)
        if is_said or any(part.encode() in body for part in parts):
            given: list[tuple[str, Tree]] = [*beside, ("", BytesNode(body))]
            return redactor.entry_name(name, given)
        return redactor.entry_name(name)

    def describe(self, trace: LiveTrace, name: str, target: str, ran: str) -> Entry:
        """`target` is the application, `ran` the module of the first function that ran."""
        module = trace.label[1] or ran or module_part(target) or "application"
        return Entry(name, trace.recorder.kind, module, target)
