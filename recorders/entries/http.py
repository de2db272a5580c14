"""Requests over HTTP as entries, whichever interface a server speaks: how they are stored, named, and found again."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from ..late import Late
from .application import locate_application

if TYPE_CHECKING:
    from ..model.inputs import Input
    from ..model.trace import Entry, Trace
    from ..options import RecordOptions
    from ..privacy.redact import Redactor
    from ..session.live_trace import LiveTrace
    from ..session.session import Session
    from .stored_requests import StoredRequests


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

        def stored() -> StoredRequests:
            from .stored_requests import StoredRequests  # with what thaws

            return StoredRequests()

        self._stored = Late(stored)

    def saw_module(self, module: ModuleType) -> None:
        """Modules are of no interest."""

    def encode(self, trace: LiveTrace) -> Input:
        """The request as far as the application read it."""
        return self._stored().encode(trace)

    def name(self, trace: LiveTrace, redactor: Redactor | None) -> str:
        """Method and route; of an application without routes, its path without secrets."""
        return self._stored().name(trace, redactor)

    def describe(self, trace: LiveTrace, name: str) -> Entry:
        """The application that answers it, and the module of its handler."""
        included = self._session.included
        target = self._app or locate_application(self._seen, included.covers)
        first = next(iter(trace.scope.path.codes.values()), None)
        ran = included.modules.get(first.co_filename, "") if first is not None else ""
        return self._stored().describe(trace, name, target, ran)

    def stored(self, trace: LiveTrace, stored: Trace) -> None:
        """Nothing is learnt of requests."""
