"""The revision that a process records: its sources, variables, versions and keys, as the store keeps them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from .. import taken
from ..boundaries.environ import names_now
from ..boundaries.outside_world import SessionVariables
from ..included import Included
from ..installed import Plugins
from ..model.value_tree import DictNode
from ..options import RecordOptions
from ..privacy.encryption import WrappedKey
from ..privacy.redact import Redactor
from ..privacy.source_literals import without_secrets
from ..store.protocol import Revision

_time = taken.time_now


class CurrentRevision:
    """What is running here, read anew each time; nothing of it in clear that is secret."""

    def __init__(
        self,
        options: RecordOptions,
        plugins: Plugins,
        included: Included,
        redactor: Redactor,
        keys: Sequence[WrappedKey],
        variables: SessionVariables,
    ) -> None:
        """`keys` are the session's key, wrapped for each recipient; `variables` those that included code reads."""
        self._options = options
        self._plugins = plugins
        self._included = included
        self._redactor = redactor
        self._keys = keys
        self._variables = variables
        self._names: dict[str, None] = {}
        """Names of environment variables that were set at some time, so that others are known to have been unset."""

    def read(self, at_end: bool) -> Revision:
        """The revision as it is now, or `at_end` of the recording, when what is secret is known from its traces."""
        included = self._included
        modules = list(included.modules.items())
        sources = {module: without_secrets(included.sources.get(file, "")) for file, module in modules}
        read = self._variables.read(everything=at_end)
        variables = redacted_variables(read, self._redactor)
        locker = self._redactor.locker
        hidden = locker.variables(read, variables) if locker is not None else ("", b"")
        python = ".".join(map(str, sys.version_info[:3]))
        self._names.update(dict.fromkeys(names_now()))
        names = tuple(self._names)
        options = self._options
        plugins = self._plugins.versions()
        return Revision(
            options.commit, python, _time(), sources, variables, options.root, names, *hidden, self._keys, plugins
        )


def redacted_variables(variables: Mapping[str, str | None], redactor: Redactor) -> dict[str, str | None]:
    """Environment variables, fit to be written."""
    trees, _replaced = redactor.redact([("", DictNode(list(variables), list(variables.values())))])
    shown = redactor.found.tree(trees[0])
    values: Any = shown.values if isinstance(shown, DictNode) else []
    return dict(zip(variables, values, strict=True))
