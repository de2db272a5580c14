"""Requests over HTTP as entries, whichever interface a server speaks: how they are stored, named, and found again."""

from __future__ import annotations

from types import ModuleType

from ..capture.thaw import thaw
from ..model.full_names import module_part
from ..model.inputs import HttpInput, Input
from ..model.trace import Entry, Trace
from ..model.value_tree import BytesNode, DictNode, Tree
from ..options import RecordOptions
from ..privacy.redact import Redactor
from ..session.live_trace import LiveTrace
from ..session.session import Session
from .application import locate_application

_PATHS = frozenset({"PATH_INFO", "SCRIPT_NAME", "REQUEST_URI", "RAW_URI"})

_PART_LENGTH = 8
"""Characters of a part of a path that is looked for in the rest of a request."""


class HttpRecorder:
    """What the collector asks of a recorder of requests. Its traces leave (environ, body, whether it was read to its
    end) in `input`, and (name, module of the handler) in `label`."""

    kind = ""
    hosts = False

    def __init__(self, session: Session, options: RecordOptions) -> None:
        self._session = session
        self._is_wanted = self.kind in options.entries
        self._app = options.app
        self._seen: object = None
        """The application that answered last."""

    def saw_module(self, module: ModuleType) -> None:
        """Modules are of no interest."""

    def encode(self, trace: LiveTrace) -> Input:
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

    def describe(self, trace: LiveTrace, name: str) -> Entry:
        """The application that answers it, and the module of its handler."""
        included = self._session.included
        target = self._app or locate_application(self._seen, included.covers)
        first = next(iter(trace.scope.path.codes.values()), None)
        ran = included.modules.get(first.co_filename, "") if first is not None else ""
        return Entry(name, self.kind, trace.label[1] or ran or module_part(target) or "application", target)

    def stored(self, trace: LiveTrace, stored: Trace) -> None:
        """Nothing is learnt of requests."""
