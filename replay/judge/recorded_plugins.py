"""Plugins that a baseline was recorded with, and those that are at work here."""

from __future__ import annotations

from collections.abc import Iterator

from ...recorders.installed import Plugins
from ...recorders.store.protocol import BaselineReader


def lacking(reader: BaselineReader, here: Plugins) -> Iterator[str]:
    """What keeps traces of a baseline from being judged here, in words: plugins that it was recorded with and that are
    not installed, or cannot be loaded."""
    faults = {plugin.name: plugin.fault for plugin in here.found if plugin.fault}
    recorded = {name: version for one in reader.revisions().values() for name, version in one.plugins.items()}
    for name, version in sorted(recorded.items()):
        if name in faults:
            yield f"the plugin {name} cannot be loaded: {faults[name]}; what it adds is not replayed"
        elif name not in here.versions():
            yield (
                f"recorded with the plugin {name} {version}, which is not installed here: what it adds is not "
                "replayed. Install it in this environment"
            )
