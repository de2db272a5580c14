"""The processes that replay base and the candidate: what they load, and where they look for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ...recorders.store.protocol import BaselineReader, Revision
from ..change.base import Base
from ..change.checkout import checked_out
from ..change.versions import Versions
from ..entries.catalogue import needs_application
from ..execute.code_loader import search_path
from ..execute.plan import LoadPlan, RecordedVariables
from ..execute.process import ReplayerProcess
from ..execute.roots import recorded_roots
from .sealing import Runner
from .setup import Setup

MOST_EARLIER = 50
"""Recorded processes whose variables are handed on beside those of the latest."""

__all__ = ["base_process", "candidate_process", "instrumented_base", "latest_revision", "plan_of"]


def latest_revision(reader: BaselineReader) -> Revision:
    """The code that was recorded last: of the processes of the last run, what that one ran which loaded most of it."""
    revisions, processes = reader.revisions(), reader.processes()
    if not revisions:
        return Revision("", "", 0.0, {}, {})
    last = max(revisions)
    run = processes[last].run if last in processes else ""
    same = [number for number, process in processes.items() if run and process.run == run and number in revisions]

    def loaded(number: int) -> tuple[int, int, int]:
        return len(revisions[number].sources), len(revisions[number].variables), number

    return revisions[max(same, key=loaded, default=last)]


def plan_of(
    setup: Setup,
    reader: BaselineReader,
    root: str,
    *,
    instrumented: bool = False,
    extension: str = "",
    distributions: bool = False,
    changed_layout: Iterable[str] = (),
) -> LoadPlan:
    """What a replayer of the project in a folder loads."""
    latest = latest_revision(reader)
    return LoadPlan(
        include=setup.include,
        app=setup.app,
        boundaries=setup.boundaries,
        root=root,
        known_as=(setup.root,),
        recorded=recorded_roots(reader, setup.root),
        variables=dict(latest.variables),
        names=_names_of(reader),
        modules=tuple(dict.fromkeys(name for revision in reader.revisions().values() for name in revision.sources)),
        served=tuple(entry for entry in reader.entries().values() if needs_application(entry.kind)),
        instrumented=instrumented,
        extension=extension,
        distributions=distributions,
        changed_layout=tuple(sorted(changed_layout)),
        keys=setup.keys,
        hidden=(latest.key, latest.secrets),
        earlier=_earlier(reader, latest),
    )


def _earlier(reader: BaselineReader, latest: Revision) -> tuple[RecordedVariables, ...]:
    """What other processes read (a worker beside a server) and the latest one did not; of those that read the same, the
    last."""
    revisions = reader.revisions()
    found: dict[frozenset[str], Revision] = {}
    for number in sorted(revisions):
        further = frozenset(revisions[number].variables) - frozenset(latest.variables)
        if further:
            found.pop(further, None)
            found[further] = revisions[number]
    kept = list(found.values())[-MOST_EARLIER:]
    return tuple(RecordedVariables(dict(one.variables), one.key, one.secrets) for one in kept)


def _names_of(reader: BaselineReader) -> tuple[str, ...] | None:
    """Environment variables that were set in any session; `None` where one did not keep the names."""
    found: set[str] = set()
    for revision in reader.revisions().values():
        if revision.names is None:
            return None
        found.update(revision.names)
    return tuple(sorted(found))


def base_process(
    setup: Setup,
    reader: BaselineReader,
    folder: str,
    *,
    hash_seed: int = 0,
    instrumented: bool = False,
    extension: str = "",
    distributions: bool = False,
    changed_layout: Iterable[str] = (),
    lender: str = "",
) -> ReplayerProcess:
    """Base, checked out in a folder, in a process of its own; not loaded yet."""
    return ReplayerProcess(
        plan_of(
            setup,
            reader,
            folder,
            instrumented=instrumented,
            extension=extension,
            distributions=distributions,
            changed_layout=changed_layout,
        ),
        store=setup.store,
        path=search_path(setup.root, folder, setup.include, setup.homes),
        hash_seed=hash_seed,
        limit=setup.limits.replay,
        load_limit=setup.limits.load,
        launch=setup.launch,
        lender=lender,
    )


def candidate_process(
    setup: Setup, reader: BaselineReader, versions: Versions, *, instrumented: bool = False, extension: str = ""
) -> ReplayerProcess:
    """The working tree, in a process of its own, or a copy of one that is lent; not loaded yet."""
    is_plain = not (instrumented or extension)
    return base_process(
        setup,
        reader,
        setup.root,
        instrumented=instrumented,
        extension=extension,
        changed_layout=versions.changed_layout,
        lender=setup.lender if is_plain else "",
    )


@contextmanager
def instrumented_base(setup: Setup, reader: BaselineReader, base: Base) -> Iterator[Runner]:
    """Base once more, with decisions and values reported; raises `CannotReplay`."""
    with checked_out(base) as folder:
        process = base_process(setup, reader, str(folder), instrumented=True)
        try:
            process.load()
            yield process
        finally:
            process.stop()
